"""What becomes of goods once they leave the store: given out, delivered, coming back, back, lost.

Every function here changes a share whose Fulfillment the caller has locked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfillment import events
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.choices import Way
from fulfillment.services import deadlines
from fulfillment.services.codes import revoke_codes
from fulfillment.services.shares import close_if_done
from inventory import services as inventory_services
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.models import FulfillmentOrder

# The way from each status to the courier's hands; the store may not have written down every step.
STEPS_TO_HAND_OVER: dict[str, tuple[Status, ...]] = {
    Status.ACCEPTED: (Status.PACKED, Status.AWAITING_COURIER, Status.HANDED_OVER),
    Status.PICKING: (Status.PACKED, Status.AWAITING_COURIER, Status.HANDED_OVER),
    Status.PACKED: (Status.AWAITING_COURIER, Status.HANDED_OVER),
    Status.AWAITING_COURIER: (Status.HANDED_OVER,),
    Status.LABELLED: (Status.HANDED_OVER,),
    Status.CANCEL_REQUESTED: (Status.HANDED_OVER,),
}


@step
def give_to_courier(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Write that a courier or the express van has the goods: their stock is consumed.

    Locks StockLevel. Emits FulfillmentOrderHandedOver.

    :raises StateConflict: when the share is not in the store's hands.
    """
    for status in STEPS_TO_HAND_OVER.get(share.status, (Status.HANDED_OVER,)):
        transition(share, to=status, actor=actor, now=now)
    _consume(share, actor=actor, now=now)
    if share.fulfillment.way == Way.EXPRESS:
        deadlines.await_word(share, now=now)
    publish(
        events.FulfillmentOrderHandedOver(
            fulfillment_id=share.fulfillment_id,
            fulfillment_order_id=share.pk,
            store_id=store_of(share),
            handed_over_at=now,
        ),
        now=now,
    )


@step
def give_to_shopper(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Write that the shopper collected the goods: stock is consumed. Locks StockLevel. Emits FulfillmentOrderDelivered.

    :raises StateConflict: when the share is not READY_FOR_PICKUP.
    """
    transition(share, to=Status.COLLECTED, actor=actor, now=now)
    _consume(share, actor=actor, now=now)
    _tell_delivered(share, actor=actor, now=now)


@step
def give_at_once(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Write that the shopper leaves with goods that are paid now. Locks StockLevel. Emits FulfillmentOrderDelivered.

    Units whose hold was displaced meanwhile are in the shopper's hands all the same: they are booked in as found.

    :raises StateConflict: when the share is not PLANNED.
    """
    transition(share, to=Status.COLLECTED, actor=actor, now=now)
    allocated = set(inventory_services.allocate_reservations(reservation_ids(share)))
    for line in share.lines.exclude(reservation__in=allocated).select_related("fulfillment_line").order_by("pk"):
        line.reservation_id = inventory_services.allocate_found(
            store_of(share),
            line.fulfillment_line.variant_id,
            line.quantity,
            owner=f"fulfillment_order:{share.pk}",
            cause=f"taken_away:{line.pk}",
            actor=actor,
            now=now,
        )
        line.save(update_fields=["reservation"])
    _consume(share, actor=actor, now=now)
    _tell_delivered(share, actor=actor, now=now)


@step
def send_back(share: FulfillmentOrder, *, reason: str, actor: str, now: datetime) -> None:
    """Write that goods which could not be delivered come back to their store, which is to see to them by a deadline.

    :raises StateConflict: when no courier has them.
    """
    transition(share, to=Status.RETURNING, actor=actor, now=now, reason=reason)
    deadlines.await_goods(share, now=now)


@step
def mark_delivered(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Write that the recipient has the goods. Emits FulfillmentOrderDelivered.

    :raises StateConflict: when no courier has them.
    """
    transition(share, to=Status.DELIVERED, actor=actor, now=now)
    _forget_waiting(share)
    _tell_delivered(share, actor=actor, now=now)


@step
def mark_lost(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Write that the courier lost the goods; their stock stays consumed. Emits FulfillmentOrderCancelled ("lost").

    :raises StateConflict: when no courier has them.
    """
    transition(share, to=Status.LOST, actor=actor, now=now)
    _forget_waiting(share)
    _finish(share, actor=actor, now=now)
    _tell_cancelled(share, reason="lost", now=now)


@step
def take_back(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Put goods that came back into stock again. Locks StockLevel. Emits FulfillmentOrderCancelled ("returned").

    :raises StateConflict: when the share is not RETURNING.
    """
    transition(share, to=Status.RETURNED_TO_STORE, actor=actor, now=now)
    inventory_services.return_to_stock(reservation_ids(share), actor=actor, now=now)
    _forget_waiting(share)
    _finish(share, actor=actor, now=now)
    _tell_cancelled(share, reason="returned", now=now)


@step
def end_waiting(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Write that the shopper did not come: the code is void, the goods are to be put back on the shelf by a deadline.

    Emits FulfillmentOrderCancelled ("not_collected").

    :raises StateConflict: when the share is not READY_FOR_PICKUP.
    """
    transition(share, to=Status.PICKUP_EXPIRED, actor=actor, now=now)
    _forget_waiting(share)
    deadlines.await_goods(share, now=now)
    _tell_cancelled(share, reason="not_collected", now=now)


@step
def put_on_shelf(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Write that goods nobody collected, or nobody keeps after trying on, may be sold again. Locks StockLevel.

    :raises StateConflict: when the share is neither PICKUP_EXPIRED nor being tried on or set aside after it.
    """
    transition(share, to=Status.RESTOCKED, actor=actor, now=now)
    inventory_services.release_reservations(reservation_ids(share))
    _forget_waiting(share)
    _finish(share, actor=actor, now=now)


def reservation_ids(share: FulfillmentOrder) -> list[int]:
    """Return the reservations of a share's lines, in the order of the lines."""
    lines = share.lines.filter(reservation__isnull=False).order_by("pk")
    return [reservation_id for reservation_id in lines.values_list("reservation_id", flat=True) if reservation_id]


def store_of(share: FulfillmentOrder) -> int:
    """Return the store of a share that a store has accepted."""
    if share.store_id is None:
        raise ValueError("A share that a store worked on has a store.")
    return share.store_id


def _consume(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Take the share's goods off the books of its store; its codes and its deadline mean nothing any more."""
    inventory_services.consume_reservations(reservation_ids(share), actor=actor, now=now)
    _forget_waiting(share)


def _forget_waiting(share: FulfillmentOrder) -> None:
    """Void the share's codes and clear what only meant something while it waited in the store."""
    revoke_codes(share)
    share.deadline_at, share.held_deadline_at, share.overdue_at, share.held_status = None, None, None, ""
    share.save(update_fields=["deadline_at", "held_deadline_at", "overdue_at", "held_status"])


def _tell_cancelled(share: FulfillmentOrder, *, reason: str, now: datetime) -> None:
    """Emit FulfillmentOrderCancelled."""
    publish(
        events.FulfillmentOrderCancelled(
            fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, cancelled_at=now, reason=reason
        ),
        now=now,
    )


def _tell_delivered(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Emit FulfillmentOrderDelivered, and close the demand if this was its last share."""
    _finish(share, actor=actor, now=now)
    publish(
        events.FulfillmentOrderDelivered(
            fulfillment_id=share.fulfillment_id,
            fulfillment_order_id=share.pk,
            store_id=store_of(share),
            delivered_at=now,
        ),
        now=now,
    )


def _finish(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Write when the share ended, and close the demand with the last one."""
    share.finished_at = now
    share.save(update_fields=["finished_at"])
    close_if_done(share.fulfillment, actor=actor, now=now)
