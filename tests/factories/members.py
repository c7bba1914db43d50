"""Members and their addresses."""

from datetime import UTC, datetime

from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from members.models import AccountAddress, Member, Wish
from omni.kernel import numbers, sealing
from tests.factories.accounts import ShopperUserFactory
from tests.factories.inventory import VariantFactory
from tests.factories.stores import BrandFactory, DistrictFactory


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
