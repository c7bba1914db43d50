"""The end of shares: cancelling them, giving their goods back, and closing the demand with the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fulfillment import locks
from fulfillment.choices import FINAL_FULFILLMENT_ORDER_STATUSES, FulfillmentStatus
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.events import FulfillmentCancelRefused, FulfillmentOrderCancelled
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine
from fulfillment.services import deadlines
from fulfillment.services.dispatch import call_off_courier
from inventory import services as inventory_services
from omni.kernel.errors import Conflict
from omni.kernel.outbox import publish
from omni.kernel.states import StateConflict, transition
from omni.kernel.transactions import step
from stores import services as stores_services

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fulfillment.models import Fulfillment

UNTOUCHED = frozenset({Status.PENDING_ROUTING, Status.OFFERED, Status.UNFILLABLE})
BEGUN = frozenset(
    {
        Status.ACCEPTED,
        Status.PICKING,
        Status.PACKED,
        Status.AWAITING_COURIER,
        Status.LABELLED,
        Status.READY_FOR_PICKUP,
    }
)


class FulfillmentFinished(Conflict):
    """Everything of the demand was delivered or cancelled already."""

    code = "fulfillment_finished"


@step
def request_cancel(fulfillment_id: int, *, actor: str, now: datetime) -> None:
    """Cancel what can be cancelled of a paid demand, ask the stores for what they have begun.

    What no store has accepted is CANCELLED at once, and so is what is only accepted, once it is certain that no courier
    comes. What is being picked or packed is CANCEL_REQUESTED (`held_status` keeps the former status) until the store
    answers; what is with the courier stays. Locks Fulfillment, StoreCapacity, StockLevel.
    Emits FulfillmentOrderCancelled and FulfillmentCancelRefused.

    :raises FulfillmentFinished: when the demand is not active (any more).
    """
    fulfillment = locks.lock_fulfillment(fulfillment_id)
    if fulfillment.status != FulfillmentStatus.ACTIVE:
        raise FulfillmentFinished(_("There is nothing left to cancel."))
    shares = list(FulfillmentOrder.objects.filter(fulfillment=fulfillment).order_by("pk"))
    for share in shares:
        share.fulfillment = fulfillment
    ending = [share for share in shares if share.status in UNTOUCHED]
    for share in shares:
        if share.status in BEGUN:
            was_accepted = share.status == Status.ACCEPTED
            _ask_store(share, actor=actor, now=now)
            if was_accepted and call_off_courier(share, now=now):
                ending.append(share)
        elif share.status == Status.HANDED_OVER:
            _refuse(share, now=now)
    _cancel(ending, actor=actor, now=now, reason="requested")
    close_if_done(fulfillment, actor=actor, now=now)


@step
def cancel_share(share: FulfillmentOrder, *, actor: str, now: datetime, reason: str = "requested") -> None:
    """Cancel a share whose goods have not left the store: stock and capacity go back.

    The caller has locked the Fulfillment (`locks.lock_share`) and made sure that no courier comes. Locks StoreCapacity,
    StockLevel. Emits FulfillmentOrderCancelled, and closes the demand if this was its last share.

    :raises StateConflict: when it cannot be cancelled from its status.
    """
    _cancel([share], actor=actor, now=now, reason=reason)
    close_if_done(share.fulfillment, actor=actor, now=now)


@step
def cancel_unfillable(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Give up a share that no store can fulfill. Locks Fulfillment; emits FulfillmentOrderCancelled ("unfillable").

    :raises StateConflict: when it is not parked any more.
    """
    share = locks.lock_share(fulfillment_order_id)
    if share.status != Status.UNFILLABLE:
        raise StateConflict(_("This order is not parked any more."), field="status", status=share.status)
    cancel_share(share, actor=actor, now=now, reason="unfillable")


@step
def close_if_done(fulfillment: Fulfillment, *, actor: str, now: datetime) -> None:
    """Close an ACTIVE demand whose shares are all final: COMPLETED when anything was delivered, else CANCELLED.

    The caller has locked the Fulfillment. Call it after every transition of a share to a final status.
    """
    statuses = set(FulfillmentOrder.objects.filter(fulfillment=fulfillment).values_list("status", flat=True))
    if fulfillment.status != FulfillmentStatus.ACTIVE or not statuses <= FINAL_FULFILLMENT_ORDER_STATUSES:
        return
    is_delivered = bool(statuses & {Status.DELIVERED, Status.COLLECTED})
    outcome = FulfillmentStatus.COMPLETED if is_delivered else FulfillmentStatus.CANCELLED
    transition(fulfillment, to=outcome, actor=actor, now=now)


def free_goods(shares: Sequence[FulfillmentOrder]) -> None:
    """Give capacity and stock of several shares back, in the order in which everybody locks them."""
    taken = [(share.store_id, share.capacity_on) for share in shares if share.store_id and share.capacity_on]
    for store_id, on_date in sorted(taken):
        stores_services.give_back_capacity(store_id, on_date)
    reserved = FulfillmentOrderLine.objects.filter(fulfillment_order__in=shares, reservation__isnull=False)
    inventory_services.release_reservations(list(reserved.values_list("reservation_id", flat=True)))
    FulfillmentOrder.objects.filter(pk__in=[share.pk for share in shares]).update(capacity_on=None)
    for share in shares:
        share.capacity_on = None


def _cancel(shares: Sequence[FulfillmentOrder], *, actor: str, now: datetime, reason: str) -> None:
    """Cancel the shares, give back what they hold, and tell those above."""
    for share in shares:
        transition(share, to=Status.CANCELLED, actor=actor, now=now, reason=reason)
    free_goods(shares)
    FulfillmentOrder.objects.filter(pk__in=[share.pk for share in shares]).update(
        finished_at=now, deadline_at=None, held_deadline_at=None, route_due_at=None, parked_at=None
    )
    for share in shares:
        publish(
            FulfillmentOrderCancelled(
                fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, cancelled_at=now, reason=reason
            ),
            now=now,
        )


def _ask_store(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Keep the status, and let the store answer until its silence agrees."""
    share.held_status = share.status
    transition(share, to=Status.CANCEL_REQUESTED, actor=actor, now=now)
    share.save(update_fields=["held_status"])
    deadlines.await_answer(share, now=now)


def _refuse(share: FulfillmentOrder, *, now: datetime) -> None:
    """Tell those above that the goods are on their way."""
    publish(
        FulfillmentCancelRefused(fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, refused_at=now),
        now=now,
    )
