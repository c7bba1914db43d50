"""A counter's basket until it is paid."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from inventory.models import Price
from members.models import Member
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterLineKind, ManualMode
from orders.models import CounterBasket, CounterLine, Order
from stores.models import Staff
from tests.cast import World, actor_of
from tests.factories.counter import CLERK, lines_of, opened_basket, paying_basket, piece_of
from tests.factories.members import MemberFactory
from tests.factories.offers import CouponFactory, CouponTemplateFactory, PointsProgramFactory, give_points
from tests.factories.returns import delivered_order

SHIRT = 49900


def quote(basket: CounterBasket, now: datetime) -> queries.CounterQuote:
    basket.refresh_from_db()
    return queries.quote_counter(basket, queries.counter_lines(basket), now=now)


def cut(mode: str, value: int, reason: str = "线头") -> queries.ManualCut:
    return queries.ManualCut(mode, value, reason)


def test_open_counter_basket_is_the_sellers(world: World, now: datetime, clerk_a: Staff) -> None:
    with entry():
        basket = services.open_counter_basket(world.stores["A"].pk, staff_id=clerk_a.pk, now=now)

    assert (basket.status, basket.staff, basket.store, basket.brand) == (
        *("open", clerk_a, world.stores["A"]),
        world.brand,
    )
    assert (basket.due_at, len(basket.token)) == (now + timedelta(days=1), 32)


def test_add_to_counter_counts_the_same_article_on_one_line(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S", "M", "S")

    assert lines_of(basket) == [("sale", "SHIRT-S", 2), ("sale", "SHIRT-M", 1)]
    assert quote(basket, now).net_fen == 3 * SHIRT
    assert world.level("A", "S").held == 0


def test_change_counter_line_to_none_removes_it(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S", "M")
    small, _medium = basket.lines.order_by("pk")

    with entry():
        services.change_counter_line(basket.pk, small.pk, 0, now=now)

    assert lines_of(basket) == [("sale", "SHIRT-M", 1)]


def test_swap_counter_line_joins_the_line_that_has_it(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S", "M")
    small, medium = basket.lines.order_by("pk")

    with entry():
        services.swap_counter_line(basket.pk, small.pk, "SHIRT-M", now=now)

    assert [(line.pk, line.quantity) for line in basket.lines.all()] == [(medium.pk, 2)]


def test_send_counter_line_makes_another_order_of_it(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S", "M")
    small = basket.lines.order_by("pk")[0]

    with entry():
        services.send_counter_line(basket.pk, small.pk, CounterLineKind.SEND_HOME, now=now)

    orders = quote(basket, now).orders
    assert sorted((order.way, order.bill.total_fen) for order in orders) == [("courier", SHIRT), ("take_away", SHIRT)]


@pytest.mark.parametrize(
    ("mode", "value", "net_fen"),
    [
        (ManualMode.PRICE, 45000, 45000),
        (ManualMode.AMOUNT, 4990, 44910),
        (ManualMode.PERCENT, 100_000, 44910),
        (ManualMode.PERCENT, 33_333, 48237),
    ],
)
def test_discount_counter_line_within_the_limit_needs_nobody(
    world: World, now: datetime, mode: str, value: int, net_fen: int
) -> None:
    basket = opened_basket(world, "S")
    (line,) = basket.lines.all()

    with entry():
        services.discount_counter_line(basket.pk, line.pk, cut(mode, value), approved_by=None, now=now)

    found = quote(basket, now)
    assert (found.net_fen, found.problems) == (net_fen, {})


def test_discount_counter_line_above_the_limit_needs_a_manager(world: World, now: datetime, manager_a: Staff) -> None:
    basket = opened_basket(world, "S")
    (line,) = basket.lines.all()

    with pytest.raises(services.ManagerNeeded), entry():
        services.discount_counter_line(basket.pk, line.pk, cut(ManualMode.AMOUNT, 4991), approved_by=None, now=now)
    assert quote(basket, now).net_fen == SHIRT

    with entry():
        services.discount_counter_line(
            basket.pk, line.pk, cut(ManualMode.AMOUNT, 4991), approved_by=manager_a.pk, now=now
        )
    assert quote(basket, now).net_fen == SHIRT - 4991


def test_change_counter_line_forgets_what_a_manager_approved_for_another_number(
    world: World, now: datetime, manager_a: Staff
) -> None:
    basket = opened_basket(world, "S")
    (line,) = basket.lines.all()
    with entry():
        services.discount_counter_line(
            basket.pk, line.pk, cut(ManualMode.AMOUNT, 30000), approved_by=manager_a.pk, now=now
        )

    with entry():
        services.change_counter_line(basket.pk, line.pk, 2, now=now)

    assert quote(basket, now).net_fen == 2 * SHIRT


def test_quote_of_a_discount_that_grew_above_the_limit_is_a_problem(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S", "S")
    (line,) = basket.lines.all()
    with entry():
        services.discount_counter_line(basket.pk, line.pk, cut(ManualMode.AMOUNT, 9000), approved_by=None, now=now)

    with entry():
        services.change_counter_line(basket.pk, line.pk, 1, now=now)

    assert list(quote(basket, now).problems) == [line.pk]


BAD_CUTS: dict[str, tuple[queries.ManualCut, str, str]] = {
    "nothing off": (cut(ManualMode.AMOUNT, 0), "manual_too_much", "value"),
    "a higher price": (cut(ManualMode.PRICE, SHIRT + 1), "manual_too_much", "value"),
    "more than it costs": (cut(ManualMode.AMOUNT, SHIRT + 1), "manual_too_much", "value"),
    "no reason": (cut(ManualMode.AMOUNT, 100, "  "), "reason_missing", "reason"),
    "an endless reason": (cut(ManualMode.AMOUNT, 100, "长" * 200), "reason_missing", "reason"),
}


@pytest.mark.parametrize("case", BAD_CUTS)
def test_discount_counter_line_that_cannot_be_changes_nothing(
    world: World, now: datetime, manager_a: Staff, case: str
) -> None:
    wanted, code, field = BAD_CUTS[case]
    basket = opened_basket(world, "S")
    (line,) = basket.lines.all()

    with pytest.raises(DomainError) as caught, entry():
        services.discount_counter_line(basket.pk, line.pk, wanted, approved_by=manager_a.pk, now=now)

    assert (caught.value.code, caught.value.field) == (code, field)
    assert CounterLine.objects.get().manual_mode == ""


def test_quote_takes_offers_first_and_what_staff_take_off_from_the_rest(world: World, now: datetime) -> None:
    member = MemberFactory.create(brand=world.brand)
    template = CouponTemplateFactory.create(brand=world.brand, benefit="amount", amount_fen=5000, threshold_fen=0)
    coupon = CouponFactory.create(template=template, member=member)
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 1000)
    basket = opened_basket(world, "S", member=member)
    with entry():
        services.choose_counter_offers(basket.pk, [coupon.code], 1000, now=now)
        (line,) = basket.lines.all()
        services.discount_counter_line(basket.pk, line.pk, cut(ManualMode.PERCENT, 100_000), approved_by=None, now=now)

    # 499 − 50 by the coupon = 449; ten percent of that are 44.90; 1000 points pay ten yuan.
    found = quote(basket, now)
    assert (found.net_fen, found.coupon_problem) == (49900 - 5000 - 4490 - 1000, "")


def test_choose_counter_offers_of_somebody_else_is_refused(world: World, now: datetime) -> None:
    other = CouponFactory.create(template__brand=world.brand, member__brand=world.brand)
    basket = opened_basket(world, "S", member=MemberFactory.create(brand=world.brand))

    with pytest.raises(DomainError) as caught, entry():
        services.choose_counter_offers(basket.pk, [other.code], 0, now=now)

    basket.refresh_from_db()
    assert (caught.value.field, basket.coupon_codes) == ("coupon", [])


def test_know_member_again_leaves_out_what_was_somebody_elses(world: World, now: datetime, member: Member) -> None:
    basket = opened_basket(world, "S", member=member, coupon_codes=["C"], points=5)

    with entry():
        services.know_member(basket.pk, MemberFactory.create(brand=world.brand).pk, now=now)

    basket.refresh_from_db()
    assert (basket.coupon_codes, basket.points) == ([], 0)


def test_return_at_counter_takes_its_worth_off_the_net(world: World, now: datetime) -> None:
    order = delivered_order(world, ("S", 1))
    basket = opened_basket(world, "M")

    with entry():
        services.return_at_counter(basket.pk, [piece_of(order)], now=now)

    found = quote(basket, now)
    assert (found.sales_fen, found.returns_fen, found.net_fen, found.problems) == (SHIRT, SHIRT, 0, {})


def test_return_at_counter_out_of_time_is_a_problem_until_a_manager_allows_it(
    world: World, now: datetime, manager_a: Staff
) -> None:
    order = delivered_order(world, ("S", 1))
    later, basket = now + timedelta(days=60), opened_basket(world, "M")
    with entry():
        services.return_at_counter(basket.pk, [piece_of(order)], now=later)
    assert list(quote(basket, later).problems) == [basket.lines.get(kind="return").pk]

    with entry():
        services.return_at_counter(basket.pk, [piece_of(order)], allowed_by=manager_a.pk, now=later)

    assert quote(basket, later).problems == {}


def test_return_at_counter_of_another_brands_sale_is_not_found(world: World, now: datetime) -> None:
    order = delivered_order(world, ("S", 1))
    Order.objects.filter(pk=order.pk).update(brand=world.other_brand)
    basket = opened_basket(world, "M")

    with pytest.raises(NotFound), entry():
        services.return_at_counter(basket.pk, [piece_of(order)], now=now)

    assert lines_of(basket) == [("sale", "SHIRT-M", 1)]


def test_quote_of_what_is_withdrawn_names_the_line(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S", "M")
    Price.objects.filter(variant=world.variants["S"]).delete()

    found = quote(basket, now)

    assert (list(found.problems), found.net_fen) == ([basket.lines.order_by("pk")[0].pk], SHIRT)


def test_park_and_resume_keep_the_basket_for_days(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")

    with entry():
        services.park_basket(basket.pk, note="  蓝色大衣 ", actor=CLERK, now=now)
    basket.refresh_from_db()
    assert (basket.status, basket.note, basket.due_at) == ("parked", "蓝色大衣", now + timedelta(days=7))
    with pytest.raises(services.BasketNotOpen), entry():
        services.add_to_counter(basket.pk, "SHIRT-M", now=now)

    with entry():
        services.resume_basket(basket.pk, actor=CLERK, now=now)
    basket.refresh_from_db()
    assert (basket.status, lines_of(basket)) == ("open", [("sale", "SHIRT-S", 1)])


def test_drop_basket_ends_it(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")

    with entry():
        services.drop_basket(basket.pk, actor=CLERK, now=now)

    basket.refresh_from_db()
    assert (basket.status, basket.finished_at, basket.due_at) == ("dropped", now, None)
    with pytest.raises(StateConflict), entry():
        services.drop_basket(basket.pk, actor=CLERK, now=now)


def test_drop_basket_that_is_being_paid_is_refused(world: World, now: datetime) -> None:
    basket = paying_basket(world, "S")

    with pytest.raises(StateConflict), entry():
        services.drop_basket(basket.pk, actor=CLERK, now=now)


def test_drive_counter_basket_drops_what_nobody_touched_for_a_day(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")

    services.drive_counter_basket(basket.pk, now=now + timedelta(hours=23))
    assert CounterBasket.objects.get().status == "open"
    services.drive_counter_basket(basket.pk, now=now + timedelta(hours=24))

    assert CounterBasket.objects.get().status == "dropped"


def test_change_seller_to_nobody_of_the_store_is_refused(world: World, now: datetime, clerk_b: Staff) -> None:
    basket = opened_basket(world, "S")
    seller = basket.staff

    with pytest.raises(services.InvalidChoice) as caught, entry():
        services.change_seller(basket.pk, clerk_b.pk, now=now)

    basket.refresh_from_db()
    assert (caught.value.field, basket.staff) == ("staff", seller)


def test_open_counter_basket_beyond_sixty_is_refused(world: World, now: datetime, clerk_a: Staff) -> None:
    for _number in range(60):
        opened_basket(world)

    with pytest.raises(services.TooManyBaskets), entry():
        services.open_counter_basket(world.stores["A"].pk, staff_id=clerk_a.pk, now=now)

    assert CounterBasket.objects.count() == 60


BAD_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown SKU": ({"sku": "NO-SUCH"}, "unknown_sku"),
    "a SKU that is no text": ({"sku": "A\x00"}, "unknown_sku"),
    "no unit": ({"sku": "SHIRT-S", "quantity": 0}, "invalid_quantity"),
    "too many": ({"sku": "SHIRT-S", "quantity": 100}, "invalid_quantity"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_add_to_counter_of_what_cannot_be_changes_nothing(world: World, now: datetime, case: str) -> None:
    wanted, code = BAD_INPUT[case]
    basket = opened_basket(world, "M")

    with pytest.raises(DomainError) as caught, entry():
        services.add_to_counter(basket.pk, now=now, **wanted)

    assert caught.value.code == code
    assert lines_of(basket) == [("sale", "SHIRT-M", 1)]


def test_counter_basket_of_is_for_its_store_alone(
    world: World, clerk_a: Staff, clerk_b: Staff, stranger: Staff
) -> None:
    basket = opened_basket(world, "S")

    store_id = world.stores["A"].pk
    assert queries.counter_basket_of(actor_of(clerk_a), store_id, basket.number) == basket
    for somebody, place in ((clerk_b, store_id), (stranger, store_id), (clerk_b, world.stores["B"].pk)):
        with pytest.raises(NotFound):
            queries.counter_basket_of(actor_of(somebody), place, basket.number)
