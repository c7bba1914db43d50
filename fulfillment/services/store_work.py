"""What people in a store do with an order: accept, pick, pack, hand over, answer a cancellation, take back.

Every use case locks the Fulfillment first. Who may do it is decided at the edge (`queries.get_task_for`).
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from fulfillment import events, locks
from fulfillment.choices import DELIVERY_RANKS, DeliveryState, PickupCodePurpose, RejectReason, Way
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.locks import lock_in, wrong_state
from fulfillment.models import Delivery, FulfillmentOrder
from fulfillment.services import deadlines, handover
from fulfillment.services.codes import PickupCodeReplaced, redeem_code, redeem_shown
from fulfillment.services.dispatch import (
    call_off_courier,
    dispatch_courier,
    end_by_hand,
    find_live_delivery,
    is_riding,
    make_due,
)
from fulfillment.services.packing import check_all_scanned
from fulfillment.services.routing import reject_offer
from fulfillment.services.shares import cancel_share
from omni.kernel.errors import Conflict
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from omni.kernel.errors import DomainError

logger = logging.getLogger(__name__)

# An expiry that failed is tried again after this long.
EXPIRY_RETRY = timedelta(minutes=10)


class CancellationUnderWay(Conflict):
    """The store agreed to cancel already; the courier company is being asked."""

    code = "cancellation_under_way"


class GoodsStillWithCourier(Conflict):
    """The courier company says that a courier has the goods, so they are neither lost nor back."""

    code = "goods_with_courier"


@step
def accept_offer(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Take an offered order, to be prepared by a deadline; a courier is asked for at once when one is to bring it.

    An answer after the deadline counts as long as the offer has not been taken away. Locks Fulfillment.
    Emits FulfillmentOrderAccepted.

    :raises StateConflict: when it is not offered any more.
    """
    share = lock_in(fulfillment_order_id, Status.OFFERED)
    transition(share, to=Status.ACCEPTED, actor=actor, now=now)
    share.accepted_by = actor
    share.save(update_fields=["accepted_by"])
    deadlines.start_preparation(share, now=now)
    if share.fulfillment.way == Way.COURIER:
        dispatch_courier(share, now=now)
    publish(
        events.FulfillmentOrderAccepted(
            fulfillment_id=share.fulfillment_id,
            fulfillment_order_id=share.pk,
            store_id=handover.store_of(share),
            accepted_at=now,
        ),
        now=now,
    )


@step
def reject_task(
    fulfillment_order_id: int,
    *,
    reason: RejectReason,
    actor: str,
    now: datetime,
    affected: Mapping[int, int] | None = None,
) -> None:
    """Give an order back before it is packed; the courier who was asked for is called off and the next store is found.

    `affected` maps line ids to units that are missing (NOT_FOUND) or damaged (DAMAGED); none given means all.
    Locks Fulfillment, StoreCapacity, StockLevel.

    :raises StateConflict: when it is packed, gone or taken away already.
    """
    lock_in(fulfillment_order_id, Status.OFFERED, Status.ACCEPTED, Status.PICKING)
    reject_offer(fulfillment_order_id, reason=reason, actor=actor, now=now, affected=affected)


@step
def start_picking(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Write that somebody is fetching the goods from the shelves: the time to prepare starts anew. Locks Fulfillment.

    :raises StateConflict: when it is not accepted.
    """
    share = lock_in(fulfillment_order_id, Status.ACCEPTED)
    transition(share, to=Status.PICKING, actor=actor, now=now)
    deadlines.start_preparation(share, now=now)


@drive
def drive_hand_over(fulfillment_order_id: int, *, code: str, actor: str, now: datetime) -> None:
    """Give packed goods to the courier who shows the code; stock is consumed and the company told.

    A wrong code is counted and committed before it is refused, hence a drive. Locks Fulfillment, StockLevel.
    Emits FulfillmentOrderHandedOver.

    :raises StateConflict: when the goods do not wait for a courier.
    :raises ParcelsNotScanned: when it has several parcels, and not each was scanned.
    :raises WrongPickupCode: PickupCodeReplaced after the fifth time, PickupCodeUsed when they are gone already.
    """
    with entry():
        refusal = _hand_over(fulfillment_order_id, code=code, actor=actor, now=now)
    if refusal is not None:
        raise refusal


@drive
def drive_collect(fulfillment_order_id: int, *, code: str, actor: str, now: datetime) -> None:
    """Give packed goods to the shopper who shows the code; stock is consumed.

    Collecting wins over a wish to cancel that nobody has answered yet. A wrong code is counted and committed before it
    is refused, hence a drive. Locks Fulfillment, StockLevel. Emits FulfillmentOrderDelivered.

    :raises StateConflict: when the goods do not wait for the shopper.
    :raises WrongPickupCode: PickupCodeReplaced after the fifth time, PickupCodeUsed when they are gone already.
    """
    with entry():
        refusal = _collect(fulfillment_order_id, code=code, actor=actor, now=now)
    if refusal is not None:
        raise refusal


@step
def collect_shown(codes: Mapping[int, int], *, actor: str, now: datetime) -> None:
    """Give packed goods to the shopper who has shown their codes (by share id, the code's id); all or nothing.

    As `drive_collect`, for an act that does more than this in one transaction. Locks Fulfillments, StockLevels.
    Emits FulfillmentOrderDelivered for each.

    :raises StateConflict: when goods do not wait for the shopper any more.
    :raises PickupCodeUsed: when they were handed out already. Conflict: when the code was replaced.
    """
    shares = locks.lock_shares(codes)
    for share in shares:
        _check_waits(share)
        redeem_shown(share, codes[share.pk], actor=actor, now=now)
    for share in shares:
        _give_to_shopper(share, actor=actor, now=now)


@step
def answer_cancel(fulfillment_order_id: int, *, accept: bool, actor: str, now: datetime) -> None:
    """Answer the wish to cancel an order that the store has begun.

    No answer by the deadline is consent. Accepted, it is CANCELLED at once when no courier can come for it; else as
    soon as the courier company has confirmed, so that a pick-up in the same moment wins and stock and money agree.
    Refused, it goes on as before. Locks Fulfillment, StoreCapacity, StockLevel.
    Emits FulfillmentOrderCancelled or FulfillmentCancelRefused.

    :raises StateConflict: when nobody wishes to cancel it.
    :raises CancellationUnderWay: when the store has agreed already.
    """
    share = lock_in(fulfillment_order_id, Status.CANCEL_REQUESTED)
    delivery = find_live_delivery(share)
    if delivery is not None and delivery.wants_cancel:
        raise CancellationUnderWay(_("The cancellation was agreed; the courier is being called off."))
    if not accept:
        _go_on(share, actor=actor, now=now)
    elif call_off_courier(share, now=now):
        cancel_share(share, actor=actor, now=now)


@step
def confirm_return(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Write that goods which could not be delivered are back in the store: they are sold again from now on.

    Locks Fulfillment, StockLevel. Emits FulfillmentOrderCancelled ("returned").

    :raises StateConflict: when they are not on their way back.
    """
    share = lock_in(fulfillment_order_id, Status.RETURNING)
    handover.take_back(share, actor=actor, now=now)
    delivery = find_live_delivery(share)
    if delivery is not None:
        make_due(delivery, now=now)


@step
def report_lost(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Write that goods on the road are lost: the company has nothing of them any more, or tells nothing of them.

    Locks Fulfillment. Emits FulfillmentOrderCancelled ("lost").

    :raises StateConflict: when they are not on the road.
    :raises GoodsStillWithCourier: when the company is still on the way with them, and not overdue to tell of it.
    """
    share = lock_in(fulfillment_order_id, Status.HANDED_OVER, Status.RETURNING)
    delivery = find_live_delivery(share)
    if share.overdue_at is None and (share.status == Status.HANDED_OVER or is_riding(delivery)):
        raise GoodsStillWithCourier(_("The courier is still on the way with these goods."))
    handover.mark_lost(share, actor=actor, now=now)
    if delivery is not None:
        end_by_hand(delivery, DeliveryState.LOST, reason="not seen back", now=now)


@step
def confirm_arrival(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Write that a parcel has arrived of which the express company tells nothing any more: the recipient says so.

    Locks Fulfillment. Emits FulfillmentOrderDelivered.

    :raises StateConflict: when it is not on its way to the recipient.
    :raises GoodsStillWithCourier: when the company still has time to tell it.
    """
    share = lock_in(fulfillment_order_id, Status.HANDED_OVER)
    if share.overdue_at is None:
        raise GoodsStillWithCourier(_("The courier is still on the way with these goods."))
    handover.mark_delivered(share, actor=actor, now=now)
    delivery = find_live_delivery(share)
    if delivery is not None:
        end_by_hand(delivery, DeliveryState.DELIVERED, reason="told by the recipient", now=now)


@step
def restock(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Write that goods nobody collected, or kept and did not buy, are on the shelf again: they may be sold from now on.

    Locks Fulfillment, StockLevel.

    :raises StateConflict: when they still wait for the shopper, or are back already.
    """
    share = lock_in(fulfillment_order_id, Status.PICKUP_EXPIRED, Status.SET_ASIDE)
    handover.put_on_shelf(share, actor=actor, now=now)


@step
def expire_pickup(fulfillment_order_id: int, *, now: datetime) -> bool:
    """End the waiting for a shopper who did not collect; False when it is not due. The store puts the goods back.

    Locks Fulfillment. Emits FulfillmentOrderCancelled ("not_collected").
    """
    share = locks.lock_share(fulfillment_order_id)
    is_waiting = share.status == Status.READY_FOR_PICKUP and share.fulfillment.way == Way.PICKUP
    if not is_waiting or share.deadline_at is None or share.deadline_at > now:
        return False
    handover.end_waiting(share, actor="system:expiry", now=now)
    return True


@drive
def drive_due_pickups(limit: int, *, now: datetime) -> int:
    """End all waiting that is over, each in an entry of its own; return how many were tried."""
    due = FulfillmentOrder.objects.filter(
        status=Status.READY_FOR_PICKUP, deadline_at__lte=now, fulfillment__way=Way.PICKUP
    )
    share_ids = list(due.order_by("deadline_at", "pk").values_list("pk", flat=True)[:limit])
    for share_id in share_ids:
        try:
            with entry():
                expire_pickup(share_id, now=now)
        except Exception:
            logger.exception("Fulfillment order %s did not expire", share_id)
            with entry():
                FulfillmentOrder.objects.filter(pk=share_id).update(
                    deadline_at=now + EXPIRY_RETRY, failures=F("failures") + 1
                )
    return len(share_ids)


@step
def _hand_over(fulfillment_order_id: int, *, code: str, actor: str, now: datetime) -> DomainError | None:
    """Check the courier's code and give the goods out; return the refusal, to be raised once it is committed."""
    share = lock_in(fulfillment_order_id, Status.AWAITING_COURIER, Status.HANDED_OVER)
    if share.status == Status.AWAITING_COURIER:
        check_all_scanned(share)
    refusal = redeem_code(share, PickupCodePurpose.COURIER, code, actor=actor, now=now)
    if refusal is None:
        handover.give_to_courier(share, actor=actor, now=now)
    delivery = find_live_delivery(share)
    is_news = refusal is None or isinstance(refusal, PickupCodeReplaced)
    if delivery is not None and is_news and _is_known_to_courier(delivery):
        make_due(delivery, now=now)
    return refusal


@step
def _collect(fulfillment_order_id: int, *, code: str, actor: str, now: datetime) -> DomainError | None:
    """Check the shopper's code and give the goods out; return the refusal, to be raised once it is committed."""
    share = locks.lock_share(fulfillment_order_id)
    _check_waits(share)
    refusal = redeem_code(share, PickupCodePurpose.SHOPPER, code, actor=actor, now=now)
    if refusal is None:
        _give_to_shopper(share, actor=actor, now=now)
    return refusal


def _check_waits(share: FulfillmentOrder) -> None:
    """Check that a locked share waits for its shopper; of one that was collected its code says when.

    :raises StateConflict: when it does not.
    """
    is_packed = share.status in {Status.READY_FOR_PICKUP, Status.COLLECTED} or (
        share.status == Status.CANCEL_REQUESTED and share.held_status == Status.READY_FOR_PICKUP
    )
    if not is_packed or share.fulfillment.way != Way.PICKUP:
        raise wrong_state(share)


@step
def _give_to_shopper(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Give a locked share out; that wins over a wish to cancel which nobody has answered."""
    if share.status == Status.CANCEL_REQUESTED:
        transition(share, to=Status.READY_FOR_PICKUP, actor=actor, now=now, reason="collected")
    handover.give_to_shopper(share, actor=actor, now=now)


def _is_known_to_courier(delivery: Delivery) -> bool:
    """Tell whether the company has the delivery: one that is still to be requested keeps its own pace."""
    return DELIVERY_RANKS[DeliveryState(delivery.state)] > DELIVERY_RANKS[DeliveryState.REQUESTED]


def _go_on(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Put a share back where it was before the wish to cancel, with a courier if the last one is gone."""
    transition(share, to=Status(share.held_status), actor=actor, now=now)
    share.held_status, share.deadline_at, share.held_deadline_at = "", share.held_deadline_at, None
    share.save(update_fields=["held_status", "deadline_at", "held_deadline_at"])
    is_asked_for = share.fulfillment.way == Way.COURIER or (
        share.fulfillment.way == Way.EXPRESS and share.status == Status.PACKED
    )
    if is_asked_for and find_live_delivery(share) is None:
        dispatch_courier(share, now=now)
    publish(
        events.FulfillmentCancelRefused(
            fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, refused_at=now
        ),
        now=now,
    )
