"""Returns that a courier fetches: what the courier's ride means for them. Each locks the return's order first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fulfillment import choices as fulfillment_choices
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries
from orders.choices import Condition, ReturnStatus
from orders.events import ReturnCollected, ReturnNotCollected
from orders.models import Return, ReturnLine
from orders.services import receiving, returning

if TYPE_CHECKING:
    from datetime import datetime

ACTOR = "system:courier"


@step
def follow_pickup(collection_id: int, *, store_id: int, now: datetime) -> None:
    """A courier has the goods of a return; a wish to call it off came too late.

    Locks Checkout, its payments, Order. Emits ReturnCollected.
    """
    lock = _find_lock(collection_id)
    if lock is None or lock.case.status != ReturnStatus.APPROVED:
        return  # the store was faster
    case = lock.case
    transition(case, to=ReturnStatus.IN_TRANSIT, actor=ACTOR, now=now)
    case.due_at, case.cancel_asked_at, case.attempts = None, None, 0
    case.save(update_fields=["due_at", "cancel_asked_at", "attempts"])
    publish(ReturnCollected(case.order_id, case.pk, store_id, now), now=now)


@step
def follow_arrival_at_store(collection_id: int, *, now: datetime) -> None:
    """The goods are at the store, still to be scanned there: in the time that it has to look at them.

    Locks Checkout, its payments, Order.
    """
    lock = _find_lock(collection_id)
    if lock is None or lock.case.status != ReturnStatus.IN_TRANSIT:
        return
    lock.case.due_at = now + timedelta(hours=queries.return_policy(lock.case.brand_id).inspect_hours)
    lock.case.save(update_fields=["due_at"])


@step
def follow_failure(collection_id: int, *, reason: str, now: datetime) -> None:
    """No courier brings the goods: the shopper may, without the fee, unless they called it off; lost ones are paid.

    Locks Checkout, its payments, Order. Emits ReturnNotCollected or ReturnGivenUp, of lost goods SaleReversed and
    ReturnTakenBack.
    """
    lock = _find_lock(collection_id)
    if lock is None or lock.case.status not in {ReturnStatus.APPROVED, ReturnStatus.IN_TRANSIT}:
        return
    case = lock.case
    if case.status == ReturnStatus.APPROVED and case.cancel_asked_at is not None:
        returning.give_up(case, to=ReturnStatus.CANCELLED, actor=ACTOR, now=now)
    elif case.status == ReturnStatus.IN_TRANSIT and reason == fulfillment_choices.CollectionFailure.LOST:
        _take_back_lost(lock, now=now)
    else:
        _give_back_to_shopper(case, reason=reason, now=now)


def _find_lock(collection_id: int) -> locks.ReturnLock | None:
    """Lock the return of a collection; None when it is not a return's."""
    return_id = Return.objects.filter(collection=collection_id).values_list("pk", flat=True).first()
    return None if return_id is None else locks.lock_return(return_id)


def _give_back_to_shopper(case: Return, *, reason: str, now: datetime) -> None:
    """Leave a return to be brought; what had left the house has the whole time to arrive again."""
    if case.status == ReturnStatus.IN_TRANSIT:
        transition(case, to=ReturnStatus.APPROVED, actor=ACTOR, now=now, reason=reason)
        case.due_at = now + timedelta(days=queries.return_policy(case.brand_id).arrive_days)
        case.save(update_fields=["due_at"])
    returning.bring_instead(case)
    publish(ReturnNotCollected(case.order_id, case.pk, now, reason), now=now)


def _take_back_lost(lock: locks.ReturnLock, *, now: datetime) -> None:
    """Pay for what our courier lost, as if it were back; the ride costs nothing."""
    case = lock.case
    case.collection_fen = 0
    case.save(update_fields=["collection_fen"])
    pieces = list(case.lines.filter(is_live=True).select_related("order_line", "sale").order_by("pk"))
    for piece in pieces:
        piece.condition = Condition.LOST
    ReturnLine.objects.bulk_update(pieces, ["condition"])
    receiving.take_back(lock, pieces, actor=ACTOR, now=now)
