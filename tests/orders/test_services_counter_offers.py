"""Offers of a basket whose goods leave by two ways: reckoned over all of it, used once, given back with the rest."""

from datetime import datetime

import pytest

from members import services as members_services
from members.models import Coupon, CouponTemplate, Member, OfferUse, PointsAccount, Promotion
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterLineKind
from orders.models import CounterBasket, LineAdjustment, Order
from stores.models import Brand
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.counter import CLERK, begun, opened_basket, piece_of, tendered
from tests.factories.members import MemberFactory
from tests.factories.offers import (
    CouponTemplateFactory,
    PointsProgramFactory,
    PromotionFactory,
    give_points,
)
from tests.factories.orders import run_deliveries
from tests.factories.till import opened_drawer

# S is taken away (499), L is sent home (399).
GROSS = 49900 + 39900


@pytest.fixture(autouse=True)
def _at_noon(audited: Audited, now: datetime) -> None:
    """Everything must hold after each of these."""
    audited.now = now


@pytest.fixture
def member(world: World) -> Member:
    """Return a member with a thousand points, each worth a fen, that pay up to 30% of a line."""
    member = MemberFactory.create(brand=world.brand)
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 1000)
    return member


@pytest.fixture
def coupon(world: World, member: Member, now: datetime) -> Coupon:
    """Return a coupon of 100.01 from 800 yuan, which neither order reaches alone; the mall bears 60% of it."""
    template = CouponTemplateFactory.create(
        brand=world.brand, amount_fen=10001, threshold_fen=80000, brand_ppm=400_000, mall_ppm=600_000
    )
    with entry():
        members_services.issue_coupon(template.pk, member.pk, now=now)
    return Coupon.objects.get()


def mixed_basket(world: World, member: Member, now: datetime, *coupons: Coupon, points: int = 0) -> CounterBasket:
    """Return a basket of which a shirt is taken away and another one sent home."""
    basket = opened_basket(world, "S", member=member)
    with entry():
        services.add_to_counter(basket.pk, "SHIRT-L", kind=CounterLineKind.SEND_HOME, now=now)
        services.name_recipient(
            basket.pk, name="王小雨", phone="13800138000", district_code="310106", street="南京西路 1 号", now=now
        )
        services.choose_counter_offers(basket.pk, [coupon.code for coupon in coupons], points, now=now)
    basket.refresh_from_db()
    return basket


def orders_of(basket: CounterBasket) -> tuple[Order, Order]:
    """Return the order that is taken away, and the one that is sent home."""
    orders = Order.objects.filter(checkout=basket.checkout_id)
    return orders.get(channel="counter"), orders.get(channel="endless_aisle")


def points_of(member: Member) -> tuple[int, int]:
    account = PointsAccount.objects.get(member=member)
    return account.available, account.spent


def cut_fen(order: Order, kind: str) -> int:
    return sum(LineAdjustment.objects.filter(order_line__order=order, kind=kind).values_list("amount_fen", flat=True))


def test_threshold_is_reached_by_the_whole_basket_and_the_coupon_is_split_to_the_fen(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    basket = mixed_basket(world, member, now, coupon, points=500)
    quote = queries.quote_counter(basket, queries.counter_lines(basket), now=now)
    assert (quote.coupon_problem, quote.net_fen) == ("", GROSS - 10001 - 500)
    begun(basket)

    here, home = orders_of(basket)
    coupon.refresh_from_db()
    assert (coupon.status, OfferUse.objects.get(coupon=coupon).owner) == ("used", f"checkout:{basket.checkout_id}")
    # By what is left of each line: 49900 and 39900 of 89800.
    assert (cut_fen(here, "coupon"), cut_fen(home, "coupon")) == (5557, 4444)
    assert (cut_fen(here, "points") + cut_fen(home, "points"), points_of(member)) == (500, (500, 500))
    parts = LineAdjustment.objects.filter(kind="coupon").values_list("funders", flat=True)
    borne = [dict(map(tuple, funders)) for funders in parts]
    assert {party: sum(row.get(party, 0) for row in borne) for party in ("brand", "mall")} == {
        "brand": 4000,
        "mall": 6001,
    }
    assert here.total_fen + home.total_fen == GROSS - 10001 - 500
    assert tendered(basket, opened_drawer(world), GROSS - 10501) is True
    run_deliveries(now)


def test_promotion_with_a_limit_counts_a_basket_of_two_orders_once(world: World, member: Member, now: datetime) -> None:
    promotion = PromotionFactory.create(brand=world.brand, amount_fen=5000, total_limit=1, per_member_limit=1)
    basket = begun(mixed_basket(world, member, now))

    assert (Promotion.objects.get().used_count, OfferUse.objects.get().promotion) == (1, promotion)
    assert sum(cut_fen(order, "promotion") for order in orders_of(basket)) == 5000

    with entry():
        services.give_up_payment(basket.pk, actor=CLERK, now=now)
    run_deliveries(now)
    assert (Promotion.objects.get().used_count, OfferUse.objects.filter(given_back_at=None).count()) == (0, 0)


def test_basket_that_is_given_up_gives_coupon_and_points_back_once(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    basket = begun(mixed_basket(world, member, now, coupon, points=501))
    with entry():
        services.give_up_payment(basket.pk, actor=CLERK, now=now)
    run_deliveries(now)

    coupon.refresh_from_db()
    assert (coupon.status, points_of(member), set(Order.objects.values_list("status", flat=True))) == (
        *("issued", (1000, 0)),
        {"cancelled"},
    )
    basket.refresh_from_db()
    begun(basket)
    coupon.refresh_from_db()
    assert (coupon.status, points_of(member)) == ("used", (499, 501))


def test_cancelling_one_of_two_orders_gives_its_points_back_and_keeps_the_coupon_until_nothing_is_kept(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    basket, drawer = begun(mixed_basket(world, member, now, coupon, points=501)), opened_drawer(world)
    tendered(basket, drawer, GROSS - 10502)
    run_deliveries(now)
    here, home = orders_of(basket)
    spent_here = cut_fen(here, "points")

    with entry():
        services.cancel_order(home.pk, actor="guest", now=now)
    run_deliveries(now)
    home.refresh_from_db()
    coupon.refresh_from_db()
    assert (home.status, coupon.status, points_of(member)[1]) == ("cancelled", "used", spent_here)

    with entry():
        services.take_back_here(services.CounterReturn(world.stores["A"].pk, (piece_of(here),)), actor=CLERK, now=now)
    run_deliveries(now)
    coupon.refresh_from_db()
    assert (coupon.status, points_of(member)) == ("issued", (1000, 0))


def test_return_says_that_the_coupon_stays_used_while_something_of_the_other_order_is_kept(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    basket, drawer = begun(mixed_basket(world, member, now, coupon)), opened_drawer(world)
    tendered(basket, drawer, GROSS - 10001)
    run_deliveries(now)
    here, home = orders_of(basket)
    piece = queries.quote_pieces(here, [piece_of(here).key], reason="too_small").pieces

    kept = queries.quote_offers(here, piece, now=now)
    assert kept is not None
    assert (len(kept.coupons_kept), len(kept.coupons_back)) == (1, 0)

    with entry():
        services.cancel_order(home.pk, actor="guest", now=now)
    run_deliveries(now)
    back = queries.quote_offers(here, piece, now=now)
    assert back is not None
    assert (len(back.coupons_kept), len(back.coupons_back)) == (0, 1)


def test_basket_of_one_way_is_priced_alone_as_before(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    basket = opened_basket(world, "S", "M", member=member)
    with entry():
        services.choose_counter_offers(basket.pk, [coupon.code], 0, now=now)
    basket.refresh_from_db()
    begun(basket)

    order = Order.objects.get(checkout=basket.checkout_id)
    assert (order.has_shared_offers, OfferUse.objects.get().owner, order.total_fen) == (
        *(False, f"order:{order.pk}"),
        99800 - 10001,
    )


def test_order_that_offers_pay_in_full_is_settled_with_the_other_one(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    CouponTemplate.objects.filter(pk=coupon.template_id).update(amount_fen=GROSS)
    Brand.objects.filter(pk=world.brand.pk).update(delivery_fee_fen=0)
    basket, drawer = begun(mixed_basket(world, member, now, coupon)), opened_drawer(world)
    totals = sorted(order.total_fen for order in orders_of(basket))
    assert totals == [0, 1]

    assert tendered(basket, drawer, 1) is True
    run_deliveries(now)

    assert sorted(order.status for order in orders_of(basket)) == ["completed", "paid"]
