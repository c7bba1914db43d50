"""What a return does to points and coupons, said before it is done: exactly what is done then."""

import pytest
from django.test import Client
from django.urls import reverse

from members import queries as members_queries
from members.models import Coupon, Member, PointsEntry
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import queries, services
from orders.models import Order, Return
from tests.cast import World
from tests.factories.offers import CouponFactory, PointsProgramFactory, give_points
from tests.factories.returns import NEXT_DAY, agreed_return, delivered_order, inspect, wish_to_return

pytestmark = pytest.mark.django_db

COUPON = "CABCD-EFGHJ-KMNPQ"


@pytest.fixture
def coupon(member: Member) -> Coupon:
    return CouponFactory.create(member=member, code=COUPON, template__brand=member.brand)


@pytest.fixture
def order(world: World, member: Member, coupon: Coupon) -> Order:
    """Return an order of four pieces, paid with a coupon and a number of points that divides badly."""
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 1001)
    return delivered_order(
        world, ("S", 3), ("M", 1), member_id=member.pk, coupon_codes=(COUPON,), points=1001, language="en"
    )


def quoted(order: Order, *units: int) -> members_queries.OffersBack | None:
    wish = wish_to_return(order, *units)
    quote = queries.quote_return(order, wish.lines, reason=wish.reason, way=wish.way, now=NEXT_DAY)
    return queries.quote_offers(order, quote.pieces, now=NEXT_DAY)


def of_return(case: Return) -> members_queries.OffersBack | None:
    return queries.offers_of_return(Return.objects.get(pk=case.pk), now=NEXT_DAY)


def points() -> tuple[int, int]:
    """Return how many points were ever taken back, and given back."""
    taken = given = 0
    for row in PointsEntry.objects.filter(kind__in=["reversed", "given_back"]):
        change = row.pending + row.available - row.owed
        taken -= min(change, 0)
        given += max(change, 0)
    return taken, given


def bring(world: World, case: Return) -> None:
    with entry():
        services.receive_return(case.pk, world.stores["B"].pk, actor="user:1", now=NEXT_DAY)
    inspect(case)


@pytest.mark.parametrize(("policy", "is_back"), [("restore", True), ("lapse", False)])
def test_offers_of_a_return_are_to_the_point_what_is_done(
    world: World, order: Order, coupon: Coupon, policy: str, is_back: bool
) -> None:
    coupon.template.restore_policy = policy
    coupon.template.save()
    name = (coupon.template.name_zh,)
    total_taken = total_given = 0
    for units in ((1, 0), (2, 0), (0, 1)):
        seen = quoted(order, *units)
        assert seen is not None
        case = agreed_return(order, *units)
        assert of_return(case) == seen
        before = points()

        bring(world, case)

        taken, given = points()
        assert (taken - before[0], given - before[1]) == (seen.points_taken, seen.points_given)
        assert of_return(case) == seen
        is_last = units == (0, 1)
        assert (seen.coupons_back, seen.coupons_kept) == ((name, ()) if is_last and is_back else ((), name))
        total_taken, total_given = total_taken + seen.points_taken, total_given + seen.points_given
    coupon.refresh_from_db()
    assert coupon.status == ("issued" if is_back else "expired")
    assert total_given == 1001
    earned = sum(PointsEntry.objects.filter(kind="earned").values_list("pending", flat=True))
    assert (total_taken, earned > 0) == (earned, True)


def test_offers_of_a_guest_or_a_return_called_off_are_none(world: World, order: Order) -> None:
    case = agreed_return(order, 1, 0)
    with entry():
        services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)
    guests = delivered_order(world, now=NEXT_DAY)

    assert (of_return(case), quoted(guests, 1)) == (None, None)


def test_return_pages_show_points_and_coupons(order: Order, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NEXT_DAY)
    shopper = Client(headers={"accept-language": "en"})
    shopper.get(reverse("orders:track", args=[order.number]), {"t": queries.sign_order_token(order.number)})
    lines = [f"line-{pk}" for pk in order.lines.order_by("pk").values_list("pk", flat=True)]
    some, everything = quoted(order, 1, 0), quoted(order, 3, 1)
    assert some is not None
    assert everything is not None

    sent = {lines[0]: "1", lines[1]: "0", "reason": "not_wanted", "way": "bring"}
    part = shopper.get(reverse("orders:return-new", args=[order.number]), sent).content.decode()
    whole = shopper.get(
        reverse("orders:return-new", args=[order.number]), sent | {lines[0]: "3", lines[1]: "1"}
    ).content.decode()
    case = agreed_return(order, 3, 1)
    page = shopper.get(reverse("orders:return", args=[case.number])).content.decode()

    assert f"<span data-points-taken>−{some.points_taken}</span>" in part
    assert f"<span data-points-given>+{some.points_given}</span>" in part
    assert "The coupon “Fifty yuan off” stays used." in part
    for text in (whole, page):
        assert f"<span data-points-taken>−{everything.points_taken}</span>" in text
        assert "<span data-points-given>+1001</span>" in text
        assert "The coupon “Fifty yuan off” can be used again." in text
