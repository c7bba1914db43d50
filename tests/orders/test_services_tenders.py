"""Tenders of a checkout: each pays a part of it or all, once; what covers it pays its orders in that moment."""

from typing import Any

import pytest

from omni.kernel.errors import DomainError, NotFound
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import IntentStatus, OrderStatus, PaymentMethod, RefundReason
from orders.models import DrawerMovement, IntentAllocation, Order, PaymentIntent, Refund, TillSlip
from orders.services import ending, payment, refunds
from settlement.queries import trial_balance
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.orders import proof_of, run_deliveries
from tests.factories.till import (
    CLERK,
    RECEIPT_ON,
    charge_card,
    counter_orders,
    intents_of,
    let_mall_collect,
    opened_drawer,
    pay_cash,
    show_mall_receipt,
    slip,
)

pytestmark = pytest.mark.django_db


def statuses(*orders: Order) -> list[str]:
    return list(
        Order.objects.filter(pk__in=[order.pk for order in orders]).order_by("pk").values_list("status", flat=True)
    )


def allocations() -> list[tuple[int, int, int]]:
    return list(IntentAllocation.objects.order_by("intent", "order").values_list("intent_id", "order_id", "amount_fen"))


def told(name: str) -> list[dict[str, object]]:
    return [event.payload for event in Event.objects.filter(name=f"orders.{name}").order_by("pk")]


def balance(world: World) -> dict[str, int]:
    return {row.account: row.debit_fen - row.credit_fen for row in trial_balance(world.brand.pk)}


def test_cash_for_two_orders_pays_both_and_books_each(world: World, audited: Audited) -> None:
    audited.now = NOON
    first, second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    intent_id = pay_cash(first, drawer, 99800)
    assert statuses(first, second) == [OrderStatus.PAID, OrderStatus.PAID]
    assert allocations() == [(intent_id, first.pk, 49900), (intent_id, second.pk, 49900)]
    assert [event["amount_fen"] for event in told("OrderPaid")] == [49900, 49900]
    assert [event["checkout_id"] for event in told("CheckoutSettled")] == [first.checkout_id]
    assert (DrawerMovement.objects.get().amount_fen, TillSlip.objects.get().given_fen) == (99800, 100000)
    assert queries.expected_fen(drawer) == 149800
    run_deliveries()
    assert balance(world) == {"cash:store": 99800, "prepayment": -99800}


def test_tenders_together_cover_a_checkout(world: World, audited: Audited) -> None:
    audited.now = NOON
    first, second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    cash = pay_cash(first, drawer, 60000)
    assert statuses(first, second) == [OrderStatus.PAID, OrderStatus.PLACED]
    assert (queries.checkout_due(first.checkout_id), told("CheckoutSettled")) == (39800, [])
    card = charge_card(first, drawer, 39800)
    assert statuses(first, second) == [OrderStatus.PAID, OrderStatus.PAID]
    assert allocations() == [(cash, first.pk, 49900), (cash, second.pk, 10100), (card, second.pk, 39800)]
    assert [event["amount_fen"] for event in told("OrderPaidInPart")] == [10100]
    assert (queries.checkout_due(first.checkout_id), len(told("CheckoutSettled"))) == (0, 1)
    run_deliveries()
    assert balance(world) == {"card_transit": 39800, "cash:store": 60000, "prepayment": -99800}


def test_wechat_pays_what_cash_left(world: World, audited: Audited) -> None:
    audited.now = NOON
    first, second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    with entry():
        wechat = services.start_wechat(first.checkout_id, amount_fen=40000, actor=CLERK, now=NOON, drawer_id=drawer.pk)
    pay_cash(first, drawer, 59800)
    wechat.refresh_from_db()
    assert (wechat.status, statuses(first, second)) == (IntentStatus.CREATED, [OrderStatus.PLACED, OrderStatus.PAID])
    with entry():
        payment.record_payment(wechat.pk, proof_of(wechat), actor="provider:wechat", now=NOON)
    assert statuses(first, second) == [OrderStatus.PAID, OrderStatus.PAID]
    assert len(told("CheckoutSettled")) == 1
    run_deliveries()


def test_same_cash_sent_twice_is_taken_once(world: World) -> None:
    first, _second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    assert pay_cash(first, drawer, 40000) == pay_cash(first, drawer, 40000)
    assert (PaymentIntent.objects.count(), DrawerMovement.objects.count()) == (1, 1)
    assert queries.checkout_due(first.checkout_id) == 59800


def test_open_wechat_payment_that_became_too_much_is_closed(world: World) -> None:
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    with entry():
        wechat = services.start_wechat(order.checkout_id, amount_fen=49900, actor=CLERK, now=NOON)
    pay_cash(order, drawer, 100)
    wechat.refresh_from_db()
    assert (wechat.status, statuses(order)) == (IntentStatus.CLOSING, [OrderStatus.PLACED])


def test_wechat_paid_while_it_is_closed_for_cash_goes_back_whole(world: World, audited: Audited) -> None:
    audited.now = NOON
    first, second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    with entry():
        wechat = services.start_wechat(first.checkout_id, amount_fen=99800, actor=CLERK, now=NOON)
    pay_cash(first, drawer, 99800)
    with entry():
        payment.record_payment(wechat.pk, proof_of(wechat), actor="provider:wechat", now=NOON)
    run_deliveries()
    wechat.refresh_from_db()
    assert (wechat.status, wechat.refunded_fen) == (IntentStatus.ORPHAN_PAID, 99800)
    assert statuses(first, second) == [OrderStatus.PAID, OrderStatus.PAID]


def test_payment_of_several_orders_goes_back_when_one_was_cancelled(world: World, audited: Audited) -> None:
    audited.now = NOON
    first, second = counter_orders(world, "S", "M")
    with entry():
        wechat = services.start_wechat(first.checkout_id, amount_fen=99800, actor=CLERK, now=NOON)
    with entry():
        services.cancel_order(second.pk, actor=CLERK, now=NOON)
    with entry():
        payment.record_payment(wechat.pk, proof_of(wechat), actor="provider:wechat", now=NOON)
    wechat.refresh_from_db()
    assert (wechat.status, statuses(first, second)) == (
        IntentStatus.ORPHAN_PAID,
        [OrderStatus.PLACED, OrderStatus.CANCELLED],
    )
    run_deliveries()


def test_cancelled_order_gives_back_its_own_part_of_a_tender(world: World, audited: Audited) -> None:
    audited.now = NOON
    first, second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    pay_cash(first, drawer, 60000)
    with entry():
        services.cancel_order(second.pk, actor=CLERK, now=NOON)
    refund = Refund.objects.get()
    assert (refund.order_id, refund.amount_fen, refund.status, refund.next_attempt_at) == (
        second.pk, 10100, "requested", None,
    )  # fmt: skip
    assert statuses(first, second) == [OrderStatus.PAID, OrderStatus.CANCELLED]
    run_deliveries()


def test_refund_of_an_order_never_takes_from_another_ones_part(world: World) -> None:
    first, _second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    intent = PaymentIntent.objects.get(pk=pay_cash(first, drawer, 99800))
    first.refresh_from_db()
    asked: dict[str, Any] = {"amount_fen": 49901, "reason": RefundReason.CANCELLED, "cause": "test", "now": NOON}
    with pytest.raises(services.RefundExceedsPayment), entry():
        refunds.refund_order([intent], order=first, **asked)
    with pytest.raises(services.RefundExceedsPayment), entry():
        refunds.request_refund(intent, order=first, **asked)
    intent.refresh_from_db()
    assert (intent.refunded_fen, Refund.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"amount_fen": 49901, "given_fen": 60000}, services.TenderTooHigh, "amount"),
        ({"amount_fen": 0}, services.TenderTooHigh, "amount"),
        ({"given_fen": 49899}, services.GivenTooLittle, "given"),
    ],
)
def test_take_cash_of_a_wrong_amount_changes_nothing(
    world: World, change: dict[str, int], error: type[DomainError], field: str
) -> None:
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    values = {"amount_fen": 49900, "given_fen": 49900} | change
    with pytest.raises(error) as caught, entry():
        services.take_cash(order.checkout_id, drawer.pk, **values, once="a", actor=CLERK, now=NOON)
    assert (caught.value.field, PaymentIntent.objects.count(), DrawerMovement.objects.count()) == (field, 0, 0)


def test_take_cash_at_a_counted_till_or_of_another_brand_changes_nothing(world: World) -> None:
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    with entry():
        services.count_drawer(drawer.pk, {10000: 5}, note="", actor=CLERK, now=NOON)
    with pytest.raises(services.DrawerNotOpen):
        pay_cash(order, drawer, 49900)
    with entry():
        foreign = services.open_drawer(world.other_store.pk, till="1", float_fen=0, actor=CLERK, now=NOON)
    with pytest.raises(NotFound):
        pay_cash(order, foreign, 49900)
    assert (PaymentIntent.objects.count(), DrawerMovement.objects.count()) == (0, 0)


def test_nothing_is_due_of_a_checkout_that_is_paid(world: World) -> None:
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    pay_cash(order, drawer, 49900)
    with pytest.raises(services.NothingDue):
        pay_cash(order, drawer, 100, once="b")
    assert queries.expected_fen(drawer) == 99900


def test_unknown_card_result_stays_unknown_until_its_slip_is_matched(world: World, audited: Audited) -> None:
    audited.now = NOON
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    with entry():
        card = services.start_card(order.checkout_id, drawer.pk, amount_fen=49900, actor=CLERK, now=NOON)
    with entry():
        services.record_card_unknown(card.pk, actor=CLERK, now=NOON)
    with entry():
        ending.expire_order(order.pk, now=order.expires_at)
    card.refresh_from_db()
    assert (card.status, statuses(order)) == (IntentStatus.UNKNOWN, [OrderStatus.PLACED])
    with entry():
        assert services.record_card(card.pk, slip(), actor=CLERK, now=NOON)
    with entry():
        assert not services.record_card(card.pk, slip(), actor=CLERK, now=NOON)
    card.refresh_from_db()
    assert (card.status, statuses(order)) == (IntentStatus.SUCCEEDED, [OrderStatus.PAID])
    run_deliveries()


def test_card_matched_after_its_order_ended_is_owed_back(world: World, audited: Audited) -> None:
    audited.now = NOON
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    with entry():
        card = services.start_card(order.checkout_id, drawer.pk, amount_fen=49900, actor=CLERK, now=NOON)
    with entry():
        services.cancel_order(order.pk, actor=CLERK, now=NOON)
    assert statuses(order) == [OrderStatus.CANCELLED]
    with entry():
        services.record_card(card.pk, slip(), actor=CLERK, now=NOON)
    card.refresh_from_db()
    refund = Refund.objects.get()
    assert (card.status, refund.amount_fen, refund.next_attempt_at) == (IntentStatus.ORPHAN_PAID, 49900, None)
    with entry():
        services.record_card_refund(refund.pk, drawer.pk, slip("000002"), actor=CLERK, now=NOON)
    card.refresh_from_db()
    assert card.status == IntentStatus.ORPHAN_REFUNDED
    run_deliveries()


def test_declined_card_leaves_the_checkout_to_another_tender(world: World) -> None:
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    with entry():
        card = services.start_card(order.checkout_id, drawer.pk, amount_fen=49900, actor=CLERK, now=NOON)
    with entry():
        again = services.start_card(order.checkout_id, drawer.pk, amount_fen=49900, actor=CLERK, now=NOON)
    assert again == card
    with entry():
        services.record_card_declined(card.pk, actor=CLERK, now=NOON)
    with pytest.raises(services.CardNotWaiting), entry():
        services.record_card(card.pk, slip(), actor=CLERK, now=NOON)
    pay_cash(order, drawer, 49900)
    assert [intent.status for intent in intents_of(order)] == [IntentStatus.FAILED, IntentStatus.SUCCEEDED]


def test_slip_of_another_payment_is_refused(world: World) -> None:
    first, second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    charge_card(first, drawer, 49900)
    with pytest.raises(services.SlipKnown) as caught:
        charge_card(second, drawer, 49900)
    assert (caught.value.field, TillSlip.objects.count(), statuses(second)) == ("trace", 1, [OrderStatus.PLACED])


@pytest.mark.parametrize(
    ("wrong", "field"), [({"terminal": " "}, "terminal"), ({"batch": "1" * 13}, "batch"), ({"trace": "\x00"}, "trace")]
)
def test_incomplete_slip_is_refused(world: World, wrong: dict[str, str], field: str) -> None:
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    with entry():
        card = services.start_card(order.checkout_id, drawer.pk, amount_fen=49900, actor=CLERK, now=NOON)
    bad = services.CardSlip(**({"terminal": "T1", "batch": "1", "trace": "1"} | wrong))
    with pytest.raises(services.SlipIncomplete) as caught, entry():
        services.record_card(card.pk, bad, actor=CLERK, now=NOON)
    assert (caught.value.field, TillSlip.objects.count()) == (field, 0)


def test_mall_receipt_pays_where_the_mall_collects(world: World, audited: Audited) -> None:
    audited.now = NOON
    (order,) = counter_orders(world, "S")
    let_mall_collect(world, order)
    drawer = opened_drawer(world)
    intent_id = show_mall_receipt(order, drawer, 49900)
    assert show_mall_receipt(order, drawer, 49900) == intent_id
    paper = TillSlip.objects.get()
    assert (paper.mall_id, paper.receipt_number, paper.receipt_on) == (world.stores["A"].mall_id, "M-1", RECEIPT_ON)
    assert (statuses(order), DrawerMovement.objects.count()) == ([OrderStatus.PAID], 0)
    run_deliveries()
    assert balance(world) == {"mall_receivable": 49900, "prepayment": -49900}


def test_mall_receipt_of_another_payment_is_refused(world: World) -> None:
    (first,) = counter_orders(world, "S")
    (second,) = counter_orders(world, "M")
    for order in (first, second):
        let_mall_collect(world, order)
    drawer = opened_drawer(world)
    show_mall_receipt(first, drawer, 49900)
    with pytest.raises(services.SlipKnown) as caught:
        show_mall_receipt(second, drawer, 49900)
    assert (caught.value.field, statuses(second)) == ("receipt", [OrderStatus.PLACED])


def test_brand_and_mall_do_not_take_each_others_money(world: World) -> None:
    (own,) = counter_orders(world, "S")
    (malls,) = counter_orders(world, "M")
    let_mall_collect(world, malls)
    drawer = opened_drawer(world)
    with pytest.raises(services.MallDoesNotCollect) as refused:
        show_mall_receipt(own, drawer, 49900)
    with pytest.raises(services.MallCollects):
        pay_cash(malls, drawer, 49900)
    assert (refused.value.field, PaymentIntent.objects.count()) == ("method", 0)


def test_open_payment_by_another_method_leaves_what_it_is_for(world: World) -> None:
    first, second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    with entry():
        card = services.start_card(first.checkout_id, drawer.pk, amount_fen=49900, actor=CLERK, now=NOON)
    cash = pay_cash(first, drawer, 49900)
    assert allocations() == [(card.pk, first.pk, 49900), (cash, second.pk, 49900)]
    assert PaymentMethod(PaymentIntent.objects.get(pk=cash).method) == PaymentMethod.CASH
