"""Members, their addresses and wishes, and what they say."""

import io
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory
from PIL import Image

from members import services
from members.models import AccountAddress, FollowUp, Member, MemberNote, ReviewPhoto, Wish
from omni.kernel import numbers, sealing
from omni.kernel.transactions import entry
from tests.factories.accounts import ShopperUserFactory
from tests.factories.inventory import VariantFactory
from tests.factories.stores import BrandFactory, DistrictFactory, GuideFactory

if TYPE_CHECKING:
    from orders.models import Order

SAID_AT = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)


class MemberFactory(DjangoModelFactory[Member]):
    """A member with a phone and no account."""

    class Meta:
        model = Member

    class Params:
        phone = Sequence(lambda n: f"+86139{n:08d}")

    brand = SubFactory(BrandFactory)
    number = LazyFunction(lambda: numbers.public_number("M"))
    name = "王小雨"
    phone_sealed = LazyAttribute(lambda member: sealing.seal(member.phone))
    phone_index = LazyAttribute(lambda member: sealing.blind_index(member.phone))
    joined_at = datetime(2026, 1, 1, tzinfo=UTC)


class FollowUpFactory(DjangoModelFactory[FollowUp]):
    """Something a guide means to do for a member on the day of the tests."""

    class Meta:
        model = FollowUp

    member = SubFactory(MemberFactory)
    staff = SubFactory(GuideFactory, store__brand=SelfAttribute("...member.brand"))
    text = "新款到店，请来试穿"
    due_on = date(2026, 3, 16)
    created_at = datetime(2026, 3, 1, tzinfo=UTC)


class MemberNoteFactory(DjangoModelFactory[MemberNote]):
    """What a guide noted of a member."""

    class Meta:
        model = MemberNote

    member = SubFactory(MemberFactory)
    staff = SubFactory(GuideFactory, store__brand=SelfAttribute("...member.brand"))
    text = "常穿 M，喜欢真丝"
    written_at = datetime(2026, 3, 1, tzinfo=UTC)


class AccountAddressFactory(DjangoModelFactory[AccountAddress]):
    """An address in Jing'an that a person keeps for every brand."""

    class Meta:
        model = AccountAddress

    class Params:
        phone = "+8613900000000"

    user = SubFactory(ShopperUserFactory)
    recipient = "王小雨"
    phone_sealed = LazyAttribute(lambda address: sealing.seal(address.phone))
    district = SubFactory(DistrictFactory)
    street = "南京西路 1 号"
    created_at = datetime(2026, 1, 1, tzinfo=UTC)


class WishFactory(DjangoModelFactory[Wish]):
    """A colour and size that a person wishes for."""

    class Meta:
        model = Wish

    user = SubFactory(ShopperUserFactory)
    variant = SubFactory(VariantFactory)
    product = SelfAttribute("variant.product")
    created_at = datetime(2026, 1, 1, tzinfo=UTC)


def picture(width: int = 40, height: int = 30, image_format: str = "JPEG", **options: object) -> bytes:
    """Return a picture as a phone would send it."""
    drawn = io.BytesIO()
    Image.new("RGB", (width, height), "#a3341f").save(drawn, image_format, **options)
    return drawn.getvalue()


def said_of(order: "Order", *photos: services.StoredPhoto, stars: int = 5, **changes: object) -> services.NewFeedback:
    """Return what a shopper says of the first line of an order."""
    line = order.lines.order_by("pk")[0]
    review = services.NewReview(
        owner=f"order_line:{line.pk}",
        product_id=line.variant.product_id,
        variant_id=line.variant_id,
        stars=stars,
        fit="small",
        text="料子很舒服",
        photos=photos,
    )
    said = {
        "owner": f"order:{order.pk}", "brand_id": order.brand_id, "store_id": None, "member_id": order.member_id,
        "author": "王小雨", "order_stars": 5, "service_stars": 5, "text": "", "reviews": (review,),
    }  # fmt: skip
    return services.NewFeedback(**{**said, **changes})  # type: ignore[arg-type]  # whatever a test wants


def review_photo(order: "Order", *, is_shown: bool, stars: int = 5) -> ReviewPhoto:
    """Return the photo of a review of an order."""
    stored = services.drive_photo(picture())
    with entry():
        services.give_feedback(said_of(order, stored, stars=stars), now=SAID_AT)
        photo = ReviewPhoto.objects.get(key=stored.key)
        if is_shown:
            services.judge_photos([photo.pk], is_shown=True, actor="user:1", now=SAID_AT)
    return photo
