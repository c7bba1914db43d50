"""Offers and baskets in several checkouts at once, through placing; each race with a control."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest
from pytest_django import Settings

from members import queries as members_queries
from members import services as members_services
from members.models import Coupon, Member, OfferUse, Promotion
from omni.kernel.transactions import entry
from orders import queries, services, sql
from orders.models import BasketLine, LineAdjustment, Order
from tests.cast import NOON, World, build_world
from tests.factories.members import MemberFactory
from tests.factories.offers import CouponFactory, PromotionFactory
from tests.factories.orders import placed_order, wish
from tests.orders.wechat import Provider
from tests.races.test_stock_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 8
COUPON = "CABCD-EFGHJ-KMNPQ"


@pytest.fixture(autouse=True)
def _merchant(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


@pytest.fixture
def shop() -> World:
    """Return the small world, committed."""
    return build_world()


@pytest.fixture
def coupon(shop: World) -> Coupon:
    member = MemberFactory.create(brand=shop.brand)
    return CouponFactory.create(member=member, code=COUPON, template__brand=shop.brand)


def meet_before_using(monkeypatch: pytest.MonkeyPatch, buyers: int = WORKERS) -> None:
    """Let so many buyers see what they are offered before the first of them uses it."""
    meeting, offer_for = Barrier(buyers), members_queries.offer_for

    def offer_together(*args: object, **named: object) -> object:
        offer = offer_for(*args, **named)  # type: ignore[arg-type]
        with contextlib.suppress(BrokenBarrierError):
            meeting.wait(2)
        return offer

    monkeypatch.setattr(members_queries, "offer_for", offer_together)


def buy_with(shop: World, coupon: Coupon) -> Callable[[], None]:
    wanted = wish(shop, ("S", 1), member_id=coupon.member_id, coupon_codes=(COUPON,), seen_total_fen=44900)

    def buy() -> None:
        with entry():
            services.place_order(wanted, now=NOON)

    return buy


def test_one_coupon_in_eight_checkouts_is_used_once(
    shop: World, coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet_before_using(monkeypatch)

    outcomes = at_once([buy_with(shop, coupon)] * WORKERS)

    assert sorted(outcomes) == ["CouponUsed"] * (WORKERS - 1) + ["done"]
    order = Order.objects.get()
    assert order.total_fen == 44900
    assert OfferUse.objects.get().owner == f"order:{order.pk}"


def test_one_coupon_in_eight_checkouts_that_do_not_use_it_up_is_used_by_all(
    shop: World, coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet_before_using(monkeypatch)
    monkeypatch.setattr(members_services, "take_offer", lambda *_args, **_named: None)

    outcomes = at_once([buy_with(shop, coupon)] * WORKERS)

    assert outcomes == ["done"] * WORKERS
    assert LineAdjustment.objects.count() == Order.objects.count() == WORKERS


def test_promotion_with_three_left_is_given_to_three_and_nobody_pays_more_than_they_saw(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    promotion = PromotionFactory.create(brand=shop.brand, total_limit=3)
    meet_before_using(monkeypatch)

    def buy() -> None:
        with entry():
            services.place_order(wish(shop, ("S", 1), seen_total_fen=44900), now=NOON)

    outcomes = at_once([buy] * WORKERS)

    assert (outcomes.count("done"), Order.objects.count()) == (3, 3)
    assert set(outcomes) - {"done"} <= {"CouponUsedUp", "TotalChanged"}
    assert Promotion.objects.get(pk=promotion.pk).used_count == 3


def test_ordering_and_ending_of_one_member_never_deadlock(shop: World) -> None:
    member: Member = MemberFactory.create(brand=shop.brand)
    template = CouponFactory.create(member=member, template__brand=shop.brand, template__per_member_limit=9).template
    coupons = [CouponFactory.create(member=member, template=template) for _number in range(6)]
    orders = [placed_order(shop, member_id=member.pk, coupon_codes=(coupon.code,)) for coupon in coupons[:3]]
    late = NOON + timedelta(hours=1)

    def end(order: Order) -> None:
        with entry():
            services.expire_order(order.pk, now=late)

    def buy(coupon: Coupon) -> None:
        with entry():
            services.place_order(wish(shop, member_id=member.pk, coupon_codes=(coupon.code,)), now=NOON)

    endings = [lambda order=order: end(order) for order in orders]
    buying = [lambda coupon=coupon: buy(coupon) for coupon in coupons[3:]]
    outcomes = at_once([*endings, *buying], 6)

    assert outcomes == ["done"] * 6
    assert OfferUse.objects.filter(given_back_at=None).count() == 3


def test_guests_basket_that_joins_twice_at_once_arrives_once(shop: World) -> None:
    with entry():
        services.add_to_basket("guest", shop.brand.pk, "SHIRT-S", quantity=2, now=NOON)

    def join() -> None:
        with entry():
            services.join_baskets("guest", 7, now=NOON)

    assert at_once([join] * WORKERS) == ["done"] * WORKERS
    assert queries.count_units(queries.token_of_account(7)) == 2


def test_guests_basket_that_is_copied_before_it_is_emptied_arrives_twice(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying = sql.MOVE_BASKET_LINES.replace(
        "DELETE FROM orders_basketline line USING orders_basket basket\n"
        "    WHERE basket.id = line.basket_id AND basket.token = %(guest)s\n"
        "    RETURNING line.id, basket.brand_id, line.variant_id, line.quantity, line.seen_price_fen",
        "SELECT line.id, basket.brand_id, line.variant_id, line.quantity, line.seen_price_fen\n"
        "    FROM orders_basketline line JOIN orders_basket basket ON basket.id = line.basket_id\n"
        "    WHERE basket.token = %(guest)s",
    )
    assert copying != sql.MOVE_BASKET_LINES
    monkeypatch.setattr(sql, "MOVE_BASKET_LINES", copying)
    monkeypatch.setattr(sql, "DROP_BASKETS", "SELECT %(guest)s")
    with entry():
        services.add_to_basket("guest", shop.brand.pk, "SHIRT-S", quantity=2, now=NOON)

    def join() -> None:
        with entry():
            services.join_baskets("guest", 7, now=NOON)

    assert at_once([join] * WORKERS) == ["done"] * WORKERS
    assert BasketLine.objects.get(basket__token=queries.token_of_account(7)).quantity == 2 * WORKERS
