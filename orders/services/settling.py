"""Settling: what money that came in, and goods that came back, do to the orders of a checkout."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from fulfillment import services as fulfillment_services
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries
from orders.choices import (
    LIVE_INTENTS,
    STORE_CHANNELS,
    Ending,
    IntentStatus,
    OrderStatus,
    ReturnStatus,
)
from orders.events import CheckoutSettled, OrderPaid, OrderPaidInPart
from orders.models import Order, PaymentIntent, Return
from orders.services import ending, refunds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ACTOR = "system:settling"


@step
def take_payment(lock: locks.IntentLock, *, paid_at: datetime, actor: str, now: datetime) -> None:
    """Take over that a payment brought its money: its orders are paid by it, or all of it is owed back.

    It is owed back when it was given up, or one of its orders was, or would be paid twice. What is open still and would
    be too much now is closed. Locks Fulfillment and below. Emits OrderPaid or OrderPaidInPart for each order, or
    OrphanPaid; CheckoutSettled with the last of a store.
    """
    intent, sales = lock
    shares = queries.allocations_of(intent)
    if intent.status not in LIVE_INTENTS or not all(_is_wanted(sale.order, shares[sale.order.pk]) for sale in sales):
        refunds.refund_orphan(intent, paid_at=paid_at, actor=actor, now=now)
        for order, intents in sales:
            ending.finish_ending(order, intents, actor=actor, now=now)
        return
    transition(intent, to=IntentStatus.SUCCEEDED, actor=actor, now=now)
    _lock_goods([sale.order for sale in sales])
    for sale in sales:
        _close_what_is_too_much(sale, actor=actor, now=now)
        _pay(sale.order, intent, shares[sale.order.pk], paid_at=paid_at, actor=actor, now=now)
    _tell_if_settled(intent.checkout_id, sales, now=now)


@step
def settle_checkout(checkout_id: int, *, actor: str, now: datetime) -> bool:
    """Pay those orders of a checkout that are covered by what came in; tell whether all are, and it is settled.

    To be called after goods were taken back in the checkout, whose credit covers some, or when nothing is to be paid.
    One that is settled stays so. Locks Checkout, its payments, Orders, Fulfillment and below. Emits OrderPaid and
    CheckoutSettled.
    """
    sales = locks.lock_orders((), checkout_id=checkout_id)
    waiting = [sale.order for sale in sales if sale.order.status == OrderStatus.PLACED]
    covered = [order for order in waiting if queries.paid_fen(order) == order.total_fen]
    _lock_goods(covered)
    for order in covered:
        last = max((row.pk for row in queries.succeeded_intents(order)), default=0)
        pay_order(order, last, 0, paid_at=now, actor=actor, now=now)
    if len(covered) < len(waiting):
        return False
    if covered:
        publish(CheckoutSettled(checkout_id, now), now=now)
    return True


@step
def pay_order(order: Order, intent_id: int, amount_fen: int, *, paid_at: datetime, actor: str, now: datetime) -> None:
    """Mark the order paid in full and let its goods go to routing. The order is locked; locks Fulfillment and below.

    The amount is what this last payment brought; nothing, when all of it was told already. Emits OrderPaid.
    """
    transition(order, to=OrderStatus.PAID, actor=actor, now=now)
    order.paid_at, order.ending_as, order.due_at, order.attempts = paid_at, "", None, 0
    order.save(update_fields=["paid_at", "ending_as", "due_at", "attempts"])
    fulfillment_services.release_for_routing(order.fulfillment_id, now=now)
    publish(OrderPaid(order.pk, intent_id, paid_at, amount_fen), now=now)


def _lock_goods(orders: Sequence[Order]) -> None:
    """Lock the goods of several orders together: two checkouts of the same goods would cross, paid order by order."""
    if len(orders) > 1:
        fulfillment_services.lock_goods([order.fulfillment_id for order in orders])


def _tell_if_settled(checkout_id: int, sales: Sequence[locks.OrderLock], *, now: datetime) -> None:
    """Publish that a store's checkout is settled, when none of its orders waits for money any more."""
    is_of_store = any(sale.order.channel in STORE_CHANNELS for sale in sales)
    if is_of_store and not Order.objects.filter(checkout=checkout_id, status=OrderStatus.PLACED).exists():
        publish(CheckoutSettled(checkout_id, now), now=now)


def _is_wanted(order: Order, amount_fen: int) -> bool:
    """Tell whether an order still waits for so much; one that expires does, one that is cancelled does not."""
    if order.status != OrderStatus.PLACED or order.ending_as == Ending.CANCELLED:
        return False
    return amount_fen <= order.total_fen - queries.paid_fen(order)


def _close_what_is_too_much(sale: locks.OrderLock, *, actor: str, now: datetime) -> None:
    """Have those payments closed that would bring more than is left of the order."""
    left_fen = queries.left_to_pay_fen(sale.order)
    for intent_id, allocation in queries.allocations_to(sale.order, sale.intents).items():
        if allocation.amount_fen > left_fen:
            intent = next(row for row in sale.intents if row.pk == intent_id)
            ending.begin_closing(intent, actor=actor, now=now)


def _pay(order: Order, intent: PaymentIntent, amount_fen: int, *, paid_at: datetime, actor: str, now: datetime) -> None:
    """Pay a part of an order; with the last part its goods go to routing."""
    if queries.paid_fen(order) < order.total_fen:
        _keep_part(order, now=now)
        publish(OrderPaidInPart(order.pk, intent.pk, paid_at, amount_fen), now=now)
        return
    pay_order(order, intent.pk, amount_fen, paid_at=paid_at, actor=actor, now=now)


def _keep_part(order: Order, *, now: datetime) -> None:
    """Let an order wait for the rest: somebody stands at the till, or goods of an exchange are to come back.

    Of an exchange what is there already is settled now.
    """
    is_replacement = Return.objects.filter(replacement=order).exists()
    until = now if is_replacement else max(order.expires_at, now + timedelta(minutes=settings.ORDERS_UNPAID_MINUTES))
    order.ending_as, order.due_at, order.expires_at, order.attempts = "", until, until, 0
    order.save(update_fields=["ending_as", "due_at", "expires_at", "attempts"])
    Return.objects.filter(replacement=order, status=ReturnStatus.INSPECTED).update(due_at=now, attempts=0)
