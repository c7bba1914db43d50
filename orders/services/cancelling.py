"""Cancelling: at once while nothing is paid; after that the stores are asked, and what they release is refunded."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from fulfillment import services as fulfillment_services
from omni.kernel.errors import Conflict
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from orders import locks, sql
from orders.choices import Ending, OrderStatus
from orders.models import Order
from orders.queries import shares
from orders.services import ending

if TYPE_CHECKING:
    from datetime import datetime

MAX_REASON_LENGTH = 120


class OrderNotCancellable(Conflict):
    """The order is finished."""

    code = "order_not_cancellable"


class NothingParked(Conflict):
    """No share of the order waits for a decision."""

    code = "nothing_parked"


@step
def cancel_order(order_id: int, *, actor: str, now: datetime, reason: str = "") -> None:
    """Cancel an order, or ask its stores to; asking again for what is asked or done changes nothing.

    Unpaid: its payments are closed, then its goods go back. Paid: what no store has begun is cancelled and refunded,
    for the rest the store answers. Locks Checkout, its payments, Order, Fulfillment and below.

    :raises OrderNotCancellable: when it has expired or is completed.
    :raises FulfillmentFinished: when everything has left the stores.
    """
    lock = locks.lock_order(order_id)
    order = lock.order
    if order.status in {OrderStatus.CANCELLED, OrderStatus.CANCEL_REQUESTED}:
        return
    if order.status == OrderStatus.PLACED:
        if order.ending_as != Ending.CANCELLED:  # one that is expiring may still be paid, one that is cancelled not
            text = reason[:MAX_REASON_LENGTH]
            ending.begin_ending(lock, ending=Ending.CANCELLED, actor=actor, reason=text, now=now)
        return
    if order.status not in {OrderStatus.PAID, OrderStatus.PROCESSING}:
        raise OrderNotCancellable(_("This order can no longer be cancelled."), field="order")
    held_status = order.status
    transition(order, to=OrderStatus.CANCEL_REQUESTED, actor=actor, now=now, reason=reason[:MAX_REASON_LENGTH])
    order.held_status, order.cancel_reason = held_status, reason[:MAX_REASON_LENGTH]
    order.save(update_fields=["held_status", "cancel_reason"])
    fulfillment_services.request_cancel(order.fulfillment_id, actor=actor, now=now)


@step
def cancel_unfillable(order_id: int, *, actor: str, now: datetime) -> None:
    """Give up the parked shares of an order: they are cancelled, and refunded by their events.

    Locks Checkout, its payments, Order, Fulfillment and below.

    :raises NothingParked: when none of its shares is parked.
    """
    order = locks.lock_order(order_id).order
    parked = shares.parked_ids(order)
    if not parked:
        raise NothingParked(_("Nothing of this order waits for a decision."), field="order")
    for share_id in parked:
        fulfillment_services.cancel_unfillable(share_id, actor=actor, now=now)
    Order.objects.filter(pk=order.pk).update(due_at=None, attempts=0)


@step
def retry_parked(order_id: int, *, actor: str, now: datetime) -> None:
    """Route the parked shares of an order afresh, as if nobody had refused them.

    Locks Checkout, its payments, Order, Fulfillment.

    :raises NothingParked: when none of its shares is parked.
    """
    order = locks.lock_order(order_id).order
    parked = shares.parked_ids(order)
    if not parked:
        raise NothingParked(_("Nothing of this order waits for a decision."), field="order")
    for share_id in parked:
        fulfillment_services.retry_unfillable(share_id, actor=actor, now=now)
    Order.objects.filter(pk=order.pk).update(due_at=None, attempts=0)


@step
def give_to_store(order_id: int, number: str, *, store_id: int | None, actor: str, now: datetime) -> None:
    """Have another store do a share of an order that is parked, or that its store lets lie; None: the best one.

    Locks Checkout, its payments, Order, Fulfillment and below.

    :raises NothingParked: when the order has no such share.
    :raises StateConflict, CannotReassign: as `fulfillment.services.reassign` does.
    """
    order = locks.lock_order(order_id).order
    share_id = shares.find_id(order, number)
    if share_id is None:
        raise NothingParked(_("Nothing of this order waits for a decision."), field="order")
    fulfillment_services.reassign(share_id, to_store_id=store_id, actor=actor, now=now)
    if not shares.parked_ids(order):
        Order.objects.filter(pk=order.pk).update(due_at=None, attempts=0)


def _cancel_parked_for_long(order: Order, *, now: datetime) -> None:
    """Give up the shares about which nobody has decided in time; the order is due again with the next one."""
    patience = timedelta(hours=settings.ORDERS_PARKED_REFUND_HOURS)
    for share_id in shares.parked_until(order, now - patience):
        fulfillment_services.cancel_unfillable(share_id, actor=ending.ACTOR, now=now)
    next_one = shares.first_parked_at(order)
    Order.objects.filter(pk=order.pk).update(due_at=next_one and next_one + patience, attempts=0)


@drive
def drive_order(order_id: int, *, now: datetime) -> None:
    """Do what a due order waits for: expire it when it is unpaid, else cancel what has been parked for too long.

    The attempt is committed before, so that one which fails is not due again at once.
    """
    with entry(), connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_ORDER, {"id": order_id, "now": now})
        if cursor.rowcount == 0:
            return
    with entry():
        order = locks.lock_order(order_id).order
        if order.status == OrderStatus.PLACED:
            ending.expire_order(order_id, now=now)
        else:
            _cancel_parked_for_long(order, now=now)
