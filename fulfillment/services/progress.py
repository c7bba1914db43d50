"""What a report of a company means for a delivery and its share, and what is to be asked of it next."""

from __future__ import annotations

import enum
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from fulfillment import events
from fulfillment.choices import (
    DELIVERY_RANKS,
    FINAL_DELIVERY_STATES,
    PREPARING,
    CollectionFailure,
    DeliveryState,
    PickupCodePurpose,
    PickupCodeStatus,
    RejectReason,
    Way,
)
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import Collection, PickupCode, TrailPoint
from fulfillment.services import collecting, deadlines, handover, labelling, silence
from fulfillment.services.codes import issue_code
from fulfillment.services.dispatch import dispatch_courier, hint_delivery, is_riding
from fulfillment.services.routing import reject_offer
from fulfillment.services.shares import cancel_share
from omni.kernel import geo
from omni.kernel.outbox import publish
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.clients import CourierReport
    from fulfillment.models import Consignment, Delivery, FulfillmentOrder

logger = logging.getLogger(__name__)

# A courier of whom nothing was heard is asked about after this long, then less and less often.
QUIET_SECONDS = (30, 60, 120, 300, 600)
NO_SHOW_AFTER = timedelta(minutes=15)
CONFLICT = "conflict: "
# A courier who rides on leaves a point of the trail every so often.
TRAIL_METRES = 50
PICKED_UP_RANK = DELIVERY_RANKS[DeliveryState.PICKED_UP]
FINAL_RANK = DELIVERY_RANKS[DeliveryState.DELIVERED]

IN_STORE = frozenset({Status.ACCEPTED, Status.PICKING, Status.PACKED, Status.AWAITING_COURIER, Status.LABELLED})
ENDED_WITHOUT_GOODS = frozenset({DeliveryState.CANCELLED, DeliveryState.CREATE_FAILED})
COMING_BACK = frozenset({DeliveryState.RETURNING, DeliveryState.RETURNED, DeliveryState.RETURN_CONFIRMED})


class Errand(enum.Enum):
    """What is to be asked of the courier company next."""

    NOTHING = enum.auto()
    QUOTE = enum.auto()
    CREATE = enum.auto()
    SEND_CODE = enum.auto()
    PICKUP = enum.auto()
    CANCEL = enum.auto()
    CANCEL_NO_SHOW = enum.auto()
    CONFIRM_RETURN = enum.auto()
    QUERY = enum.auto()


class Outcome(enum.StrEnum):
    """What a report came to; kept with the callback that brought it."""

    APPLIED = "applied"
    KNOWN = "known"
    LATE = "late"
    CONFLICT = "conflict"
    UNKNOWN_DELIVERY = "unknown_delivery"
    DUPLICATE = "duplicate"


def choose_errand(owner: Consignment, delivery: Delivery, *, now: datetime) -> Errand:
    """Decide what to ask of the courier company about a delivery now."""
    state = DeliveryState(delivery.state)
    if state in FINAL_DELIVERY_STATES:
        return Errand.QUERY if delivery.last_error.startswith(CONFLICT) else Errand.NOTHING
    if state is DeliveryState.REQUESTED:
        return Errand.CREATE if delivery.offer_id else Errand.QUOTE
    if delivery.wants_cancel:
        return Errand.CANCEL
    if DELIVERY_RANKS[state] < PICKED_UP_RANK:
        return _errand_before_pickup(owner, delivery, now=now)
    # A store scans what came back to it; a sender has it when the courier says so.
    is_taken = isinstance(owner, Collection) or owner.status == Status.RETURNED_TO_STORE
    return Errand.CONFIRM_RETURN if is_taken and state is DeliveryState.RETURNED else Errand.QUERY


def _errand_before_pickup(owner: Consignment, delivery: Delivery, *, now: datetime) -> Errand:
    """Decide what to ask while the courier is still to come, or stands at the desk or the door.

    A sender's code goes to the company with the request, and the courier asks for it at the door. An express company
    has none: its driver scans the label, and the company says so.
    """
    if not isinstance(owner, Collection):
        code = find_courier_code(owner)
        if code is not None and code.pk != delivery.pickup_code_id:
            return Errand.SEND_CODE
        if code is not None and owner.status == Status.HANDED_OVER:
            return Errand.PICKUP
    return Errand.CANCEL_NO_SHOW if is_no_show(delivery, now=now) else Errand.QUERY


def find_courier_code(share: FulfillmentOrder) -> PickupCode | None:
    """Return the code that the courier should show, or that was used at the desk."""
    codes = PickupCode.objects.filter(fulfillment_order=share, purpose=PickupCodePurpose.COURIER)
    return codes.exclude(status=PickupCodeStatus.REVOKED).order_by("pk").last()


def is_no_show(delivery: Delivery, *, now: datetime) -> bool:
    """Tell whether an assigned courier is a quarter of an hour later than promised."""
    is_assigned = delivery.state == DeliveryState.ASSIGNED
    return is_assigned and delivery.eta_at is not None and now >= delivery.eta_at + NO_SHOW_AFTER


@step
def apply_report(owner: Consignment, delivery: Delivery, report: CourierReport, *, now: datetime) -> Outcome:
    """Move a delivery by what the company reports, with all that follows for its owner; it may come in any order.

    A report moves the delivery when its rank is higher, or when another courier was assigned before the pick-up. Two
    different ends are a conflict: it is shown and asked about. The caller has locked the owner. Locks StockLevel.
    """
    state = DeliveryState(delivery.state)
    if state in FINAL_DELIVERY_STATES:
        return _compare_ends(delivery, report, now=now)
    is_reassigned = report.assignment > delivery.assignment and DELIVERY_RANKS[state] < PICKED_UP_RANK
    is_ahead = report.assignment >= delivery.assignment and DELIVERY_RANKS[report.state] > DELIVERY_RANKS[state]
    is_news = report.seq >= delivery.last_seq
    is_told = False
    if is_news:
        is_told = _keep_stages(delivery, report)
        _copy_facts(delivery, report)
        if not report.stages:
            _keep_trail(delivery, report, now=now)
    if is_reassigned or is_ahead:
        delivery.state, delivery.assignment = report.state, report.assignment
        delivery.attempts, delivery.last_error = 0, ""
        if not isinstance(owner, Collection):
            forget_refusals(owner)
            if report.state not in ENDED_WITHOUT_GOODS and report.waybills:
                labelling.label(owner, report.waybills, now=now)
            if is_reassigned and not delivery.wants_cancel and owner.status in IN_STORE | {Status.CANCEL_REQUESTED}:
                issue_code(owner, PickupCodePurpose.COURIER, now=now)
        _follow(owner, delivery, now=now)
    if not isinstance(owner, Collection) and (is_told or owner.deadline_at is None):
        _await_next_word(owner, delivery, now=now)
    schedule(owner, delivery, now=now)
    if is_reassigned or is_ahead:
        return Outcome.APPLIED
    return Outcome.KNOWN if is_news else Outcome.LATE


@step
def schedule(owner: Consignment, delivery: Delivery, *, now: datetime) -> None:
    """Save a delivery with the moment when the company is next to be called about it. The owner is locked."""
    errand = choose_errand(owner, delivery, now=now)
    if errand is Errand.NOTHING:
        delivery.next_attempt_at = None
    elif errand is not Errand.QUERY:
        # After a call without effect the lease of the claim stands: what was asked is not asked again at once.
        delivery.next_attempt_at = now if delivery.attempts == 0 else delivery.next_attempt_at or now
    elif delivery.state not in FINAL_DELIVERY_STATES:
        quiet = timedelta(seconds=QUIET_SECONDS[min(delivery.attempts, len(QUIET_SECONDS) - 1)])
        delivery.next_attempt_at = now + quiet
    delivery.updated_at = now
    delivery.save()
    if delivery.next_attempt_at is not None and delivery.next_attempt_at <= now:
        hint_delivery(delivery)


@step
def end_uncreated(owner: Consignment, delivery: Delivery, state: DeliveryState, *, reason: str, now: datetime) -> None:
    """End a delivery of which it is certain that the company does not have it. The owner is locked."""
    delivery.state, delivery.reason = state, reason[:60]
    _follow(owner, delivery, now=now)
    schedule(owner, delivery, now=now)


@step
def end_out_of_reach(owner: Consignment, delivery: Delivery, *, reason: str, now: datetime) -> None:
    """End a request that no courier can ride. An order goes back to routing: another store may be nearer.

    The owner is locked. Locks StoreCapacity, StockLevel.
    """
    delivery.state, delivery.reason = DeliveryState.CREATE_FAILED, reason[:60]
    schedule(owner, delivery, now=now)
    actor = f"courier:{delivery.pk}"
    if isinstance(owner, Collection):
        is_known = reason in CollectionFailure.values
        collecting.give_up(owner, CollectionFailure(reason if is_known else "no_courier"), now=now)
    elif owner.status == Status.CANCEL_REQUESTED:
        cancel_share(owner, actor=actor, now=now)
    elif owner.status in IN_STORE:
        reject_offer(owner.pk, reason=RejectReason.NO_COURIER, actor=actor, now=now)


@step
def forget_refusals(share: FulfillmentOrder) -> None:
    """Let nobody look any more at a packed share for which a courier comes after all. The Fulfillment is locked."""
    if share.status in {Status.PACKED, Status.AWAITING_COURIER, Status.LABELLED} and share.overdue_at is not None:
        share.overdue_at = None
        share.save(update_fields=["overdue_at"])


@step
def refuse_cancellation(share: FulfillmentOrder, delivery: Delivery, *, now: datetime) -> None:
    """Write that a delivery under way cannot be stopped: the goods go to the recipient. The Fulfillment is locked.

    Emits FulfillmentCancelRefused.
    """
    delivery.wants_cancel = False
    if share.status == Status.HANDED_OVER:
        publish(
            events.FulfillmentCancelRefused(
                fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, refused_at=now
            ),
            now=now,
        )


def _copy_facts(delivery: Delivery, report: CourierReport) -> None:
    """Take over what a report says beside the state."""
    delivery.provider_id = report.delivery_id
    delivery.last_seq = report.seq
    delivery.fee_fen = report.fee_fen or delivery.fee_fen
    delivery.cancel_fee_fen = report.cancel_fee_fen
    delivery.eta_at = report.eta_at
    delivery.courier_name, delivery.courier_phone_masked = report.courier_name, report.courier_phone_masked
    delivery.courier_lat, delivery.courier_lng = report.courier_lat, report.courier_lng
    delivery.reason = report.reason
    delivery.carrier = report.carrier or delivery.carrier
    delivery.waybill = report.waybill or delivery.waybill
    delivery.sort_code = report.sort_code or delivery.sort_code


def _keep_stages(delivery: Delivery, report: CourierReport) -> bool:
    """Write down the stages that were not told before: a report has them all, so a lost one is made good.

    Returns whether there were any.
    """
    new = [stage for stage in report.stages if stage.seq > delivery.last_seq]
    TrailPoint.objects.bulk_create(
        TrailPoint(delivery=delivery, state=stage.state, words=stage.words, heard_at=stage.at) for stage in new
    )
    return bool(new)


def _await_next_word(share: FulfillmentOrder, delivery: Delivery, *, now: datetime) -> None:
    """Wait for the next stage of a parcel that is on the road, there or back."""
    is_coming = share.status == Status.HANDED_OVER or (share.status == Status.RETURNING and is_riding(delivery))
    if is_coming and share.fulfillment.way == Way.EXPRESS:
        deadlines.await_word(share, now=now)


def _keep_trail(delivery: Delivery, report: CourierReport, *, now: datetime) -> None:
    """Write down a new state, or that the courier has moved on by some distance. Points are WGS-84."""
    last = TrailPoint.objects.filter(delivery=delivery).order_by("pk").last()
    if last is not None and last.state == report.state and not _has_moved(last, report):
        return
    TrailPoint.objects.create(
        delivery=delivery,
        state=report.state,
        lat=report.courier_lat,
        lng=report.courier_lng,
        courier_name=report.courier_name,
        reason=report.reason[:60],
        heard_at=now,
    )


def _has_moved(last: TrailPoint, report: CourierReport) -> bool:
    if report.courier_lat is None or report.courier_lng is None:
        return False
    if last.lat is None or last.lng is None:
        return True
    return geo.great_circle_metres(last.lat, last.lng, report.courier_lat, report.courier_lng) >= TRAIL_METRES


def _compare_ends(delivery: Delivery, report: CourierReport, *, now: datetime) -> Outcome:
    """Compare a report with the end that is written already; a different end is shown, and asked about once."""
    if report.state == delivery.state:
        if delivery.last_error.startswith(CONFLICT):
            delivery.last_error, delivery.next_attempt_at = "", None
            delivery.save()
        return Outcome.KNOWN
    if DELIVERY_RANKS[report.state] < FINAL_RANK:
        return Outcome.LATE
    logger.error("Delivery %s ended as %s, the courier reports %s", delivery.pk, delivery.state, report.state)
    is_first = not delivery.last_error.startswith(CONFLICT)
    delivery.last_error = f"{CONFLICT}ended as {delivery.state}, the courier reports {report.state}"
    delivery.next_attempt_at = now if is_first else None
    delivery.save()
    return Outcome.CONFLICT


def _follow(owner: Consignment, delivery: Delivery, *, now: datetime) -> None:
    """Do to the share or the collection what the delivery's new state means."""
    if isinstance(owner, Collection):
        collecting.follow(owner, delivery, now=now)
        return
    delivery.save()
    state, actor = DeliveryState(delivery.state), f"courier:{delivery.pk}"
    if state in ENDED_WITHOUT_GOODS:
        _follow_end_without_goods(owner, delivery, actor=actor, now=now)
    elif DELIVERY_RANKS[state] >= PICKED_UP_RANK:
        _follow_goods(owner, delivery, actor=actor, now=now)


def _follow_end_without_goods(share: FulfillmentOrder, delivery: Delivery, *, actor: str, now: datetime) -> None:
    """Ask for another courier, finish what the courier was called off for, or expect goods back that were handed over.

    A store that packed while it was to lose the order keeps it, and gets another courier.
    """
    labelling.unlabel(share, actor=actor, now=now)
    if share.status in PREPARING and delivery.wants_cancel:
        silence.give_to_others(share, now=now)
    elif share.status in IN_STORE:
        dispatch_courier(share, now=now)
    elif share.status == Status.CANCEL_REQUESTED and delivery.wants_cancel:
        cancel_share(share, actor=actor, now=now)
    elif share.status == Status.HANDED_OVER:
        # The desk gave the goods out, the company says nobody rides: the store must see them back, or report a loss.
        logger.error("Delivery %s ended as %s after the hand-over", delivery.pk, delivery.state)
        handover.send_back(share, reason=delivery.reason, actor=actor, now=now)
    delivery.wants_cancel = False


def _follow_goods(share: FulfillmentOrder, delivery: Delivery, *, actor: str, now: datetime) -> None:
    """Move the share with the goods: out of the store first, whatever the desk has written, then as far as they are."""
    if share.status in handover.STEPS_TO_HAND_OVER:
        # A pick-up wins. Of a cancellation the courier is asked to turn round; a store that lost time is forgiven.
        delivery.wants_cancel = share.status == Status.CANCEL_REQUESTED
        handover.give_to_courier(share, actor=actor, now=now)
    state = DeliveryState(delivery.state)
    if share.status not in {Status.HANDED_OVER, Status.RETURNING}:
        if share.status not in {Status.DELIVERED, Status.RETURNED_TO_STORE, Status.LOST}:
            delivery.last_error = f"goods are {state} although the order is {share.status}"
            logger.error("Delivery %s: %s", delivery.pk, delivery.last_error)
    elif state is DeliveryState.DELIVERED:
        if delivery.wants_cancel:
            refuse_cancellation(share, delivery, now=now)
        handover.mark_delivered(share, actor=actor, now=now)
    elif state is DeliveryState.LOST:
        handover.mark_lost(share, actor=actor, now=now)
    elif state in COMING_BACK:
        delivery.wants_cancel = False
        if share.status == Status.HANDED_OVER:
            handover.send_back(share, reason=delivery.reason, actor=actor, now=now)
        elif state is DeliveryState.RETURNED:
            deadlines.await_goods(share, now=now)
