"""Paying a counter's basket: placed and held, paid by tenders and by what comes back, settled once."""

from datetime import datetime, timedelta

import pytest

from inventory.models import CountTask
from members import services as members_services
from members.models import Coupon
from omni.kernel.transactions import entry
from orders import queries, rules, services
from orders.choices import CounterLineKind, ManualMode
from orders.models import CounterBasket, LineAdjustment, Order, PaymentIntent, Refund, Return, TryOn
from orders.services import payment
from stores.models import Staff
from tests.audit_fixture import Audited
from tests.cast import HOME, World
from tests.factories.counter import CLERK, begun, lines_of, opened_basket, paying_basket, piece_of, tendered
from tests.factories.members import MemberFactory
from tests.factories.offers import CouponTemplateFactory
from tests.factories.orders import proof_of, run_deliveries
from tests.factories.returns import delivered_order
from tests.factories.till import opened_drawer
from tests.factories.try_ons import arrived, decide

SHIRT = 49900


@pytest.fixture(autouse=True)
def _at_noon(audited: Audited, now: datetime) -> None:
    """Everything must hold after each of these."""
    audited.now = now


def order_of(basket: CounterBasket) -> Order:
    return Order.objects.get(checkout=basket.checkout_id)


def on_hand(world: World, size: str = "S") -> tuple[int, int]:
    level = world.level("A", size)
    return level.on_hand, level.held + level.allocated


def test_begin_payment_places_the_order_and_holds_its_goods(world: World, now: datetime) -> None:
    basket = paying_basket(world, "S", "M")

    order = order_of(basket)
    assert (basket.status, order.status, order.total_fen, order.channel) == ("paying", "placed", 2 * SHIRT, "counter")
    assert set(order.lines.values_list("selling_store", "guide", "guide_evidence")) == {
        (world.stores["A"].pk, basket.staff_id, f"counter:{basket.number}")
    }
    assert (on_hand(world), queries.counter_due(basket)) == ((10, 1), 2 * SHIRT)


def test_cash_settles_the_basket_and_the_goods_leave(world: World, now: datetime) -> None:
    basket, drawer = paying_basket(world, "S"), opened_drawer(world)

    assert tendered(basket, drawer, SHIRT) is True

    assert (basket.status, basket.finished_at, basket.due_at) == ("settled", now, None)
    assert on_hand(world) == (9, 0)
    run_deliveries(now)
    assert order_of(basket).status == "completed"


def test_two_tenders_settle_with_the_second(world: World, now: datetime) -> None:
    basket, drawer = paying_basket(world, "S"), opened_drawer(world)

    assert tendered(basket, drawer, 20000) is False
    assert queries.counter_due(basket) == 29900
    assert tendered(basket, drawer, 29900, once="b") is True

    assert basket.status == "settled"
    run_deliveries(now)


def test_a_tender_above_what_is_left_is_refused(world: World, now: datetime) -> None:
    basket, drawer = paying_basket(world, "S"), opened_drawer(world)

    with pytest.raises(services.TenderTooHigh):
        tendered(basket, drawer, SHIRT + 1)

    assert (PaymentIntent.objects.count(), queries.counter_due(basket)) == (0, SHIRT)


def test_an_even_exchange_settles_without_a_tender(world: World, now: datetime) -> None:
    sold = delivered_order(world, ("S", 1))
    basket = opened_basket(world, "M")
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=now)
    begun(basket)

    with entry():
        assert services.settle_basket(basket.pk, actor=CLERK, now=now) is True
    run_deliveries(now)

    assert (order_of(basket).status, Return.objects.get().refund_fen, Refund.objects.get().reason) == (
        *("completed", SHIRT),
        "exchanged",
    )
    assert on_hand(world, "M") == (1, 0)


def test_an_uneven_exchange_takes_only_the_difference(world: World, now: datetime) -> None:
    sold = delivered_order(world, ("L", 1), lat=HOME[0], lng=HOME[1])
    basket, drawer = opened_basket(world, "S"), opened_drawer(world)
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=now)
    begun(basket)
    assert (queries.counter_due(basket), Return.objects.count()) == (10000, 0)

    assert tendered(basket, drawer, 10000) is True
    run_deliveries(now)

    assert (order_of(basket).status, Return.objects.get().status) == ("completed", "closed")
    methods = PaymentIntent.objects.filter(checkout=basket.checkout_id).order_by("amount_fen")
    assert list(methods.values_list("method", "amount_fen")) == [("cash", 10000), ("return_credit", 39900)]


def test_a_dearer_piece_that_comes_back_is_refunded_once(world: World, now: datetime) -> None:
    sold = delivered_order(world, ("S", 1))
    basket = opened_basket(world, "L")
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=now)
    begun(basket)
    assert queries.counter_due(basket) == -10000

    with entry():
        services.settle_basket(basket.pk, actor=CLERK, now=now)
        services.settle_basket(basket.pk, actor=CLERK, now=now)
    run_deliveries(now)

    refunds = Refund.objects.order_by("amount_fen").values_list("amount_fen", "reason")
    assert list(refunds) == [(10000, "goods_returned"), (39900, "exchanged")]


def test_a_return_alone_is_refunded_the_way_it_was_paid(world: World, now: datetime) -> None:
    sold = delivered_order(world, ("S", 1))
    basket = opened_basket(world)
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=now)
        services.begin_payment(basket.pk, seen_net_fen=-SHIRT, actor=CLERK, now=now)
        services.settle_basket(basket.pk, actor=CLERK, now=now)

    basket.refresh_from_db()
    assert (basket.status, basket.checkout) == ("settled", None)
    assert Refund.objects.values_list("amount_fen", "intent__method").get() == (SHIRT, "wechat_native")


def test_wechat_pays_what_is_left_and_the_event_settles(world: World, now: datetime) -> None:
    sold = delivered_order(world, ("L", 1), lat=HOME[0], lng=HOME[1])
    basket, drawer = opened_basket(world, "S"), opened_drawer(world)
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=now)
    begun(basket)
    tendered(basket, drawer, 4000)
    with entry():
        intent = services.start_wechat(basket.checkout_id or 0, amount_fen=6000, actor=CLERK, now=now)

    with entry():
        payment.record_payment(
            intent.pk, proof_of(intent, now, transaction_id="42-2"), actor="provider:wechat", now=now
        )
    run_deliveries(now)

    basket.refresh_from_db()
    assert (basket.status, order_of(basket).status) == ("settled", "completed")


def test_give_up_gives_everything_back_and_opens_the_basket(world: World, now: datetime) -> None:
    member = MemberFactory.create(brand=world.brand)
    template = CouponTemplateFactory.create(brand=world.brand, benefit="amount", amount_fen=5000, threshold_fen=0)
    with entry():
        coupon = Coupon.objects.get(pk=members_services.issue_coupon(template.pk, member.pk, now=now))
    basket, drawer = paying_basket(world, "S", member=member, coupon_codes=[coupon.code]), opened_drawer(world)
    tendered(basket, drawer, 20000)

    with entry():
        assert services.give_up_payment(basket.pk, actor=CLERK, now=now) is True
    run_deliveries(now)

    basket.refresh_from_db()
    coupon.refresh_from_db()
    assert (basket.status, basket.checkout, lines_of(basket)) == ("open", None, [("sale", "SHIRT-S", 1)])
    assert (coupon.status, on_hand(world), Order.objects.get().status) == ("issued", (10, 0), "cancelled")
    assert Refund.objects.values_list("amount_fen", "intent__method").get() == (20000, "cash")
    again = begun(basket)
    assert queries.counter_due(again) == SHIRT - 5000


def test_give_up_while_wechat_is_open_waits_until_it_is_closed(world: World, now: datetime) -> None:
    basket = paying_basket(world, "S")
    with entry():
        services.start_wechat(basket.checkout_id or 0, amount_fen=SHIRT, actor=CLERK, now=now)

    with entry():
        assert services.give_up_payment(basket.pk, actor=CLERK, now=now) is False
    basket.refresh_from_db()
    assert (basket.status, basket.is_giving_up, on_hand(world)) == ("paying", True, (10, 1))
    with pytest.raises(services.BasketNotPaying), entry():
        services.lock_paying(basket.pk, amount_fen=100)

    PaymentIntent.objects.update(status="closed", next_attempt_at=None)
    from orders import locks
    from orders.services import ending

    with entry():
        lock = locks.lock_order(order_of(basket).pk)
        ending.finish_ending(lock.order, lock.intents, actor="t", now=now)
    services.drive_counter_basket(basket.pk, now=now + timedelta(minutes=1))

    basket.refresh_from_db()
    assert (basket.status, basket.checkout, on_hand(world)) == ("open", None, (10, 0))


def test_give_up_of_what_is_settled_is_refused(world: World, now: datetime) -> None:
    basket, drawer = paying_basket(world, "S"), opened_drawer(world)
    tendered(basket, drawer, SHIRT)

    with pytest.raises(services.BasketNotPaying), entry():
        services.give_up_payment(basket.pk, actor=CLERK, now=now)

    assert on_hand(world) == (9, 0)
    run_deliveries(now)


def test_drive_counter_basket_opens_one_whose_order_expired(world: World, now: datetime, audited: Audited) -> None:
    basket = paying_basket(world, "S")
    later = now + timedelta(minutes=16)
    audited.now = later
    with entry():
        services.expire_order(order_of(basket).pk, now=later)

    services.drive_counter_basket(basket.pk, now=later)

    basket.refresh_from_db()
    assert (basket.status, basket.checkout, on_hand(world)) == ("open", None, (10, 0))
    run_deliveries(later)


def test_begin_payment_at_another_net_than_was_seen_is_refused(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")

    with pytest.raises(services.NetChanged) as caught, entry():
        services.begin_payment(basket.pk, seen_net_fen=1, actor=CLERK, now=now)

    assert caught.value.params == {"net_fen": SHIRT, "seen_net_fen": 1}
    assert (Order.objects.count(), on_hand(world)) == (0, (10, 0))


def test_begin_payment_of_nothing_is_refused(world: World, now: datetime) -> None:
    basket = opened_basket(world)

    with pytest.raises(services.NothingInBasket), entry():
        services.begin_payment(basket.pk, seen_net_fen=None, actor=CLERK, now=now)

    basket.refresh_from_db()
    assert basket.status == "open"


def test_begin_payment_with_a_discount_that_lacks_its_manager_is_refused(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")
    basket.lines.update(manual_mode=ManualMode.AMOUNT, manual_value=30000, manual_reason="x")

    with pytest.raises(services.BasketHasProblems), entry():
        services.begin_payment(basket.pk, seen_net_fen=None, actor=CLERK, now=now)

    assert Order.objects.count() == 0


def test_a_discount_is_frozen_for_what_comes_back(world: World, now: datetime, manager_a: Staff) -> None:
    basket, drawer = opened_basket(world, "S", "S"), opened_drawer(world)
    (line,) = basket.lines.all()
    with entry():
        services.discount_counter_line(
            basket.pk,
            line.pk,
            queries.ManualCut(ManualMode.AMOUNT, 30001, "样衣"),
            approved_by=manager_a.pk,
            now=now,
        )
    begun(basket)
    tendered(basket, drawer, 2 * SHIRT - 30001)
    run_deliveries(now)
    assert LineAdjustment.objects.values_list("kind", "amount_fen", "note", "approved_by").get() == (
        *("manual", 30001, "样衣"),
        manager_a.pk,
    )

    back = opened_basket(world)
    with entry():
        order = order_of(basket)
        services.return_at_counter(back.pk, [piece_of(order), piece_of(order, 1)], now=now)
    quote = queries.quote_counter(back, queries.counter_lines(back), now=now)
    assert sorted(quote.worth_fen.values()) == [34899, 34900]


def test_something_sent_home_is_an_order_of_its_own(world: World, now: datetime) -> None:
    basket, drawer = opened_basket(world, "S", "M"), opened_drawer(world)
    with entry():
        services.send_counter_line(basket.pk, basket.lines.order_by("pk")[1].pk, CounterLineKind.SEND_HOME, now=now)
        services.name_recipient(
            basket.pk, name="王小雨", phone="13800138000", district_code="310106", street="南京西路 1 号", now=now
        )
    begun(basket)

    assert tendered(basket, drawer, 2 * SHIRT) is True
    run_deliveries(now)

    orders = Order.objects.filter(checkout=basket.checkout_id).order_by("pk")
    assert sorted(orders.values_list("channel", "fulfillment__way", "status")) == [
        ("counter", "take_away", "completed"),
        ("endless_aisle", "courier", "paid"),
    ]


def test_something_sent_home_to_nobody_is_refused(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")
    basket.lines.update(kind=CounterLineKind.SEND_HOME)

    with pytest.raises(rules.InvalidName), entry():
        services.begin_payment(basket.pk, seen_net_fen=None, actor=CLERK, now=now)

    assert (Order.objects.count(), on_hand(world)) == (0, (10, 0))


def test_what_is_kept_of_a_try_on_is_sold_from_what_was_set_aside(world: World, now: datetime) -> None:
    try_on = decide(arrived(world, "S", "M"), "SHIRT-M")
    basket, drawer = opened_basket(world), opened_drawer(world)
    with entry():
        assert services.sell_kept(basket.pk, try_on.pk, now=now) == 1
    assert on_hand(world, "M") == (2, 1)

    begun(basket)
    assert on_hand(world, "M") == (2, 1)
    tendered(basket, drawer, SHIRT)
    run_deliveries(now)

    assert (on_hand(world, "M"), CountTask.objects.count()) == ((1, 0), 0)
    assert TryOn.objects.get().finished_at is not None


def test_follow_checkout_leaves_a_covered_basket_that_cannot_be_settled_to_the_clerk(
    world: World, now: datetime
) -> None:
    sold = delivered_order(world, ("S", 1))
    basket = opened_basket(world, "M")
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=now)
    begun(basket)
    with entry():
        services.take_back_here(services.CounterReturn(world.stores["A"].pk, (piece_of(sold),)), actor=CLERK, now=now)

    with entry():
        services.follow_checkout(basket.checkout_id or 0, now=now)
    basket.refresh_from_db()
    assert basket.status == "paying"

    with entry():
        services.leave_line_out(basket.pk, basket.lines.get(kind="return").pk, now=now)
    basket.refresh_from_db()
    assert queries.counter_due(basket) == SHIRT
    run_deliveries(now)
