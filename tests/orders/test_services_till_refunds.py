"""Refunds of tenders: in their order, back the way they came, and each once."""

import pytest

from omni.kernel.errors import NotFound
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import OrderStatus, RefundReason, RefundStatus
from orders.models import DrawerMovement, Order, Refund, TillSlip
from orders.services import refunds
from settlement.queries import trial_balance
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.orders import run_deliveries
from tests.factories.till import (
    CLERK,
    RECEIPT_ON,
    counter_orders,
    intents_of,
    let_mall_collect,
    opened_drawer,
    paid_at_till,
    pay_cash,
    show_mall_receipt,
    slip,
)

pytestmark = pytest.mark.django_db


def cancelled(order: Order) -> list[Refund]:
    """Cancel a paid order, and return its refunds."""
    with entry():
        services.cancel_order(order.pk, actor=CLERK, now=NOON)
    run_deliveries()
    assert Order.objects.get(pk=order.pk).status == OrderStatus.CANCELLED
    return list(order.refunds.order_by("pk"))


def books(world: World) -> dict[str, int]:
    return {row.account: row.debit_fen - row.credit_fen for row in trial_balance(world.brand.pk)}


def test_cash_is_paid_out_once_at_the_till(world: World, audited: Audited) -> None:
    audited.now = NOON
    order, drawer = paid_at_till(world, "cash")
    (refund,) = cancelled(order)
    assert (refund.status, refund.next_attempt_at, refund.amount_fen) == (RefundStatus.REQUESTED, None, 49900)
    with entry():
        services.pay_out_refund(refund.pk, drawer.pk, actor=CLERK, now=NOON)
    with pytest.raises(services.RefundNotWaiting), entry():
        services.pay_out_refund(refund.pk, drawer.pk, actor=CLERK, now=NOON)
    refund.refresh_from_db()
    assert (refund.status, refund.drawer_id, refund.succeeded_at) == (RefundStatus.SUCCEEDED, drawer.pk, NOON)
    assert queries.expected_fen(drawer) == 50000
    run_deliveries()
    assert books(world) == {"cash:store": 0, "prepayment": 0}


def test_card_goes_back_before_cash(world: World, audited: Audited) -> None:
    audited.now = NOON
    order, drawer = paid_at_till(world, "cash", "card")
    cash, card = intents_of(order)
    with entry():
        made = refunds.refund_order(
            [cash, card], order=order, amount_fen=30000, reason=RefundReason.LOST, cause="test", now=NOON
        )
    assert [(row.intent_id, row.amount_fen, row.cause) for row in Refund.objects.order_by("pk")] == [
        (card.pk, 24950, "test"), (cash.pk, 5050, "test:rest"),
    ]  # fmt: skip
    with pytest.raises(services.RefundNotWaiting), entry():
        services.pay_out_refund(made.pk, drawer.pk, actor=CLERK, now=NOON)
    with pytest.raises(services.SlipKnown) as caught, entry():
        services.record_card_refund(made.pk, drawer.pk, slip("000002"), actor=CLERK, now=NOON)
    with entry():
        services.record_card_refund(made.pk, drawer.pk, slip("000009"), actor=CLERK, now=NOON)
    made.refresh_from_db()
    assert (caught.value.field, made.status, made.slip.trace) == ("trace", RefundStatus.SUCCEEDED, "000009")


def test_three_tenders_are_given_back_in_three_parts(world: World, audited: Audited) -> None:
    audited.now = NOON
    order, drawer = paid_at_till(world, "cash", "card", "cash")
    made = cancelled(order)
    cause = made[0].cause
    assert [(row.intent.method, row.amount_fen, row.cause) for row in made] == [
        ("card", 16633, cause), ("cash", 16633, f"{cause}:rest"), ("cash", 16634, f"{cause}:rest:2"),
    ]  # fmt: skip
    for refund in order.refunds.order_by("pk"):
        with entry():
            if refund.intent.method == "cash":
                services.pay_out_refund(refund.pk, drawer.pk, actor=CLERK, now=NOON)
            else:
                services.record_card_refund(refund.pk, drawer.pk, slip("000009"), actor=CLERK, now=NOON)
    run_deliveries()
    assert (queries.expected_fen(drawer), books(world)["prepayment"]) == (50000, 0)


def test_mall_gives_back_what_its_till_took(world: World, audited: Audited) -> None:
    audited.now = NOON
    (order,) = counter_orders(world, "S")
    let_mall_collect(world, order)
    drawer = opened_drawer(world)
    show_mall_receipt(order, drawer, 49900)
    (refund,) = cancelled(order)
    with entry():
        services.record_mall_refund(
            refund.pk, drawer.pk, number="M-2", receipt_on=RECEIPT_ON, actor=CLERK, now=NOON
        )  # fmt: skip
    run_deliveries()
    assert TillSlip.objects.get(refund=refund).mall_id == world.stores["A"].mall_id
    assert books(world) == {"mall_receivable": 0, "prepayment": 0}


def test_cash_is_not_paid_out_in_a_store_that_has_nothing_to_do_with_it(world: World) -> None:
    order, _drawer = paid_at_till(world, "cash")
    (refund,) = cancelled(order)
    elsewhere = opened_drawer(world, store="B")
    with pytest.raises(NotFound), entry():
        services.pay_out_refund(refund.pk, elsewhere.pk, actor=CLERK, now=NOON)
    refund.refresh_from_db()
    assert (refund.status, DrawerMovement.objects.filter(session=elsewhere).count()) == (RefundStatus.REQUESTED, 0)


def test_drawer_pays_out_no_more_than_it_has(world: World) -> None:
    order, first = paid_at_till(world, "cash")
    (refund,) = cancelled(order)
    poor = opened_drawer(world, till="2", float_fen=49899)
    with pytest.raises(services.NotEnoughCash), entry():
        services.pay_out_refund(refund.pk, poor.pk, actor=CLERK, now=NOON)
    with entry():
        services.count_drawer(first.pk, {10000: 9}, note="", actor=CLERK, now=NOON)
    with pytest.raises(services.DrawerNotOpen), entry():
        services.pay_out_refund(refund.pk, first.pk, actor=CLERK, now=NOON)
    refund.refresh_from_db()
    assert (refund.status, DrawerMovement.objects.count()) == (RefundStatus.REQUESTED, 1)


def test_given_up_part_payment_waits_at_the_till(world: World, audited: Audited) -> None:
    audited.now = NOON
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    intent_id = pay_cash(order, drawer, 20000)
    (refund,) = cancelled(order)
    assert (refund.amount_fen, refund.cause) == (20000, f"difference:{intent_id}:{order.pk}")
    with entry():
        services.pay_out_refund(refund.pk, drawer.pk, actor=CLERK, now=NOON)
    run_deliveries()
    assert books(world) == {"cash:store": 0, "prepayment": 0}
