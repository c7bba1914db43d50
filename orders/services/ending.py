"""The end of an unpaid order: its payments are closed first, then its goods go back. Locks are the caller's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from fulfillment import services as fulfillment_services
from omni.kernel.outbox import hint, publish
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries
from orders.choices import (
    LIVE_INTENTS,
    PROVIDER_METHODS,
    Ending,
    IntentStatus,
    OrderStatus,
    PaymentMethod,
    RefundReason,
    ReturnStatus,
)
from orders.events import OrderCancelled, OrderExpired
from orders.models import Order, PaymentIntent, Return
from orders.services import offers, refunds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

ACTOR = "system:orders"
# How long the goods wait for a provider that cannot be reached to confirm a closing.
CLOSING_PATIENCE = timedelta(minutes=10)
WAIT_FOR_RETURN = timedelta(days=1)
# How long goods are held for a card payment whose result nobody knows: until the terminal's batch is closed.
WAIT_FOR_SLIP = timedelta(days=1)


@step
def expire_order(order_id: int, *, now: datetime) -> None:
    """Begin to end an order that was not paid in time; nothing when it was paid or ended meanwhile.

    A replacement that waits for goods under way to us is looked at again a day later: the return's own time ends it. An
    order whose card payment has no known result is looked at again, for as long as somebody may still find it out.
    Locks Checkout, its payments, Order, Fulfillment. Emits OrderExpired when no payment is open.
    """
    lock = locks.lock_order(order_id)
    if lock.order.status == OrderStatus.PLACED and not lock.order.ending_as and lock.order.expires_at <= now:
        if queries.waits_for_return(lock.order):
            later = now + WAIT_FOR_RETURN
            Order.objects.filter(pk=order_id).update(expires_at=later, due_at=later, attempts=0)
            return
        if any(_may_be_charged(intent, now) for intent in lock.intents):
            later = now + timedelta(minutes=settings.ORDERS_UNPAID_MINUTES)
            Order.objects.filter(pk=order_id).update(expires_at=later, due_at=later, attempts=0)
            return
        begin_ending(lock, ending=Ending.EXPIRED, actor=ACTOR, reason="", now=now)


def _may_be_charged(intent: PaymentIntent, now: datetime) -> bool:
    """Tell whether a card may have been charged, and the slip of the terminal is still looked for."""
    is_unknown = intent.method == PaymentMethod.CARD and intent.status in LIVE_INTENTS
    return is_unknown and now < intent.created_at + WAIT_FOR_SLIP


@step
def begin_ending(lock: locks.OrderLock, *, ending: Ending, actor: str, reason: str, now: datetime) -> None:
    """Close the open payments of an unpaid order, which can no longer be paid anew; with none open, end it now."""
    lock.order.ending_as, lock.order.cancel_reason, lock.order.due_at = ending, reason, None
    lock.order.save(update_fields=["ending_as", "cancel_reason", "due_at"])
    for intent in lock.intents:
        begin_closing(intent, actor=actor, now=now)
    finish_ending(lock.order, lock.intents, actor=actor, now=now)


@step
def end_replacement(case: Return, *, actor: str, reason: str, now: datetime) -> None:
    """Give the replacement of an exchange back, if it is not paid: its goods, and the difference if that was paid.

    The checkout is locked. Locks the replacement, Fulfillment and below. Emits OrderCancelled when no payment is open.
    """
    if case.replacement_id is None:
        return
    lock = locks.lock_order(case.replacement_id)
    if lock.order.status == OrderStatus.PLACED and lock.order.ending_as != Ending.CANCELLED:
        begin_ending(lock, ending=Ending.CANCELLED, actor=actor, reason=reason, now=now)


@step
def begin_closing(intent: PaymentIntent, *, actor: str, now: datetime) -> None:
    """Have a payment closed at the provider, if it is open. What a terminal does nobody can close."""
    if intent.status not in LIVE_INTENTS or intent.status == IntentStatus.CLOSING:
        return
    if intent.method not in PROVIDER_METHODS:
        return
    transition(intent, to=IntentStatus.CLOSING, actor=actor, now=now)
    intent.closing_since, intent.next_attempt_at, intent.attempts, intent.failures = now, now, 0, 0
    intent.save(update_fields=["closing_since", "next_attempt_at", "attempts", "failures"])
    hint("orders.drive_intent", intent_id=intent.pk)


@step
def finish_ending(order: Order, intents: Sequence[PaymentIntent], *, actor: str, now: datetime) -> bool:
    """End an unpaid order whose payments are all closed, or could not be for ten minutes; give goods and offers back.

    What is paid after that is an orphan, refunded once. Of an exchange's replacement the difference goes back, and what
    came back for it is due to be refunded. Locks Member, Fulfillment and below. Emits OrderExpired or
    OrderCancelled. Returns whether the order ended now.
    """
    if order.status != OrderStatus.PLACED or not order.ending_as:
        return False
    if any(is_awaited(intent, now) for intent in intents):
        return False
    ending = Ending(order.ending_as)
    transition(order, to=ending.value, actor=actor, now=now, reason=order.cancel_reason)
    order.finished_at = now
    order.save(update_fields=["finished_at"])
    offers.give_back_unpaid(order, now=now)
    fulfillment_services.give_back(order.fulfillment_id, actor=actor, now=now)
    _give_money_back(order, intents, now=now)
    if ending == Ending.EXPIRED:
        publish(OrderExpired(order.pk, now), now=now)
    else:
        publish(OrderCancelled(order.pk, now), now=now)
    return True


def _give_money_back(order: Order, intents: Sequence[PaymentIntent], *, now: datetime) -> None:
    """Give back what was paid of an order in part, and wake the return whose money waited for it."""
    paid = [intent for intent in intents if intent.status == IntentStatus.SUCCEEDED]
    allocations = queries.allocations_to(order, paid)
    for intent in paid:
        left_fen = allocations[intent.pk].amount_fen - allocations[intent.pk].refunded_fen
        if left_fen:
            refunds.request_refund(
                intent,
                order=order,
                amount_fen=left_fen,
                reason=RefundReason.CANCELLED,
                cause=f"difference:{intent.pk}:{order.pk}",
                now=now,
            )
    Return.objects.filter(replacement=order, status=ReturnStatus.INSPECTED).update(due_at=now, attempts=0)


def is_awaited(intent: PaymentIntent, now: datetime) -> bool:
    """Tell whether a payment may still come in before the order is ended."""
    if intent.status not in LIVE_INTENTS or intent.method not in PROVIDER_METHODS:
        return False
    return intent.closing_since is None or now < intent.closing_since + CLOSING_PATIENCE
