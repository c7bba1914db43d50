"""Offers and baskets in several checkouts at once, through placing; each race with a control."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from fulfillment import services as fulfillment_services
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
    meeting, offer_for = Barrier(buyers, timeout=30), members_queries.offer_for

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


def without_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a promotion be counted whatever its limit is."""
    objects = Promotion.objects
    plain = objects.filter

    def unguarded(*named: object, **values: object) -> object:
        values.pop("used_count__lt", None)
        return plain(*named, **values)

    monkeypatch.setattr(objects, "filter", unguarded)


def test_promotion_without_its_guard_is_stopped_by_the_constraint(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: without guard and constraint, all who saw the promotion have it."""
    PromotionFactory.create(brand=shop.brand, total_limit=3)
    meet_before_using(monkeypatch)
    without_guard(monkeypatch)

    def buy() -> None:
        with entry():
            services.place_order(wish(shop, ("S", 1), seen_total_fen=44900), now=NOON)

    outcomes = at_once([buy] * WORKERS)

    assert sorted(outcomes) == ["IntegrityError"] * (WORKERS - 3) + ["done"] * 3
    constraint = "members_promotion_within_limit"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE members_promotion DROP CONSTRAINT {constraint}")
        cursor.execute("UPDATE members_promotion SET used_count = 2")
    try:
        meet_before_using(monkeypatch, 3)
        assert at_once([buy] * 3) == ["done"] * 3
        assert Promotion.objects.get().used_count == 5
    finally:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE members_promotion SET used_count = 0")
            cursor.execute(
                f"ALTER TABLE members_promotion ADD CONSTRAINT {constraint}"
                " CHECK (total_limit IS NULL OR used_count <= total_limit)"
            )


def test_ending_that_gives_back_goods_before_offers_deadlocks(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: against the order of locks, an ending holds stock and wants the member, a buyer the other way round."""
    member: Member = MemberFactory.create(brand=shop.brand)
    template = CouponFactory.create(member=member, template__brand=shop.brand, template__per_member_limit=9).template
    first, second = (CouponFactory.create(member=member, template=template) for _number in range(2))
    order = placed_order(shop, member_id=member.pk, coupon_codes=(first.code,))
    both_hold_one = Barrier(2, timeout=30)
    give_goods_back, take_offer = fulfillment_services.give_back, members_services.take_offer
    give_offer_back = members_services.give_back_offer

    def meet() -> None:
        with contextlib.suppress(BrokenBarrierError):
            both_hold_one.wait(2)

    def give_goods_back_first(fulfillment_id: int, *, actor: str, now: datetime) -> None:
        give_goods_back(fulfillment_id, actor=actor, now=now)
        meet()
        give_offer_back(f"order:{order.pk}", now=now)

    def take_offer_and_wait(*args: Any, **named: Any) -> None:  # noqa: ANN401  whatever placing sends
        take_offer(*args, **named)
        meet()

    monkeypatch.setattr(fulfillment_services, "give_back", give_goods_back_first)
    monkeypatch.setattr(members_services, "give_back_offer", lambda *_args, **_named: None)
    monkeypatch.setattr(members_services, "take_offer", take_offer_and_wait)

    def end() -> None:
        with entry():
            services.expire_order(order.pk, now=NOON + timedelta(hours=1))

    def buy() -> None:
        with entry():
            services.place_order(wish(shop, member_id=member.pk, coupon_codes=(second.code,)), now=NOON)

    assert sorted(at_once([end, buy], 2)) == ["Busy", "done"]


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
