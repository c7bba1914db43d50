"""What silence leads to: an offer goes elsewhere, an unprepared order too in the end, a cancellation counts as agreed.

The sweeper claims every share whose deadline has passed; the claim writes a later one as its lease. Whoever in the
store is faster writes another deadline, or another status, and the silence is over.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from fulfillment import locks, sql
from fulfillment.choices import PREPARING, Way
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.services import deadlines, routing
from fulfillment.services.dispatch import call_off_courier, find_live_delivery, is_riding
from fulfillment.services.shares import cancel_share, free_goods
from omni.kernel.errors import DomainError
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fulfillment.models import FulfillmentOrder

logger = logging.getLogger(__name__)

ACTOR = "system:silence"
# A clerk is to write that the goods are here, or on the shelf.
COMING_BACK = frozenset({Status.RETURNING, Status.PICKUP_EXPIRED})
# How often it is looked whether goods have been seen since somebody was told.
REPORTED_PATIENCE = timedelta(days=1)
# How long the courier company may take to confirm that nobody comes, before it is looked at again.
CALL_OFF_PATIENCE = timedelta(minutes=10)


@step
def end_silence(fulfillment_order_id: int, *, leased_until: datetime, now: datetime) -> None:
    """Do what the passed deadline of a share means; nothing when the store was faster than this worker.

    `leased_until` is the deadline that the claim wrote. Locks Fulfillment, StoreCapacity, StockLevel.
    Emits FulfillmentOrderOverdue or FulfillmentOrderCancelled.
    """
    share = locks.lock_share(fulfillment_order_id)
    if share.deadline_at != leased_until:
        return
    if share.status == Status.OFFERED:
        routing.time_out_offer(fulfillment_order_id, now=now)
    elif share.status == Status.CANCEL_REQUESTED:
        _agree_to_cancel(share, now=now)
    elif share.status in PREPARING and share.overdue_at is None:
        deadlines.escalate(share, now=now)
    elif share.status in PREPARING and share.fulfillment.way == Way.TRY_ON:
        deadlines.put_off(share, CALL_OFF_PATIENCE, now=now)  # who booked ends it
    elif share.status in PREPARING:
        _take_away(share, now=now)
    elif share.status in COMING_BACK:
        _report_missing(share, now=now)
    elif share.status in {Status.LABELLED, Status.HANDED_OVER}:
        # No van came, or the store forgot to hand it over; or the express company tells nothing of it any more.
        deadlines.mark_overdue(share, now=now)
        deadlines.put_off(share, REPORTED_PATIENCE, now=now)


@step
def give_to_others(share: FulfillmentOrder, *, now: datetime) -> int:
    """End a share that its store did not prepare, and have its goods found elsewhere; return the follower's id.

    It is certain that no courier comes for the goods. The Fulfillment is locked. Locks StoreCapacity, StockLevel.
    """
    transition(share, to=Status.TIMED_OUT, actor=ACTOR, now=now, reason="not prepared")
    free_goods([share])
    return routing.follow(share, now=now)


def _take_away(share: FulfillmentOrder, *, now: datetime) -> None:
    """Take the share from its store once no courier can come for it: until then a pick-up wins, and so does packing."""
    if call_off_courier(share, now=now):
        give_to_others(share, now=now)
    else:
        deadlines.put_off(share, CALL_OFF_PATIENCE, now=now)


def _report_missing(share: FulfillmentOrder, *, now: datetime) -> None:
    """Have somebody above the store look for goods that nobody has seen back; not while a courier rides with them.

    A parcel by express rides for days: its deadline is when the company has told nothing new for too long.
    """
    is_by_courier = share.status == Status.RETURNING and share.fulfillment.way != Way.EXPRESS
    if not (is_by_courier and is_riding(find_live_delivery(share))):
        deadlines.mark_overdue(share, now=now)
        deadlines.put_off(share, REPORTED_PATIENCE, now=now)
    else:
        deadlines.put_off(share, CALL_OFF_PATIENCE, now=now)


def _agree_to_cancel(share: FulfillmentOrder, *, now: datetime) -> None:
    """Take silence for consent; with a courier under way, as soon as the company has confirmed."""
    delivery = find_live_delivery(share)
    is_under_way = delivery is not None and delivery.wants_cancel
    if not is_under_way and call_off_courier(share, now=now):
        cancel_share(share, actor=ACTOR, now=now)
    else:
        deadlines.put_off(share, CALL_OFF_PATIENCE, now=now)


@drive
def drive_due_routing(limit: int, *, now: datetime) -> int:
    """End silences and route what is due, each in an entry of its own; return how many were tried.

    One that fails is put off, longer each time, and holds nobody else up.
    """

    def end(share_id: int, due_at: datetime) -> None:
        end_silence(share_id, leased_until=due_at, now=now)

    def route(share_id: int, _due_at: datetime) -> None:
        routing.route(share_id, now=now)

    tried = 0
    while tried < limit and _attempt(sql.CLAIM_SILENT, end, None, now=now):
        tried += 1
    while tried < limit and _attempt(sql.CLAIM_TO_ROUTE, route, None, now=now):
        tried += 1
    return tried


@drive
def drive_route(fulfillment_order_id: int, *, now: datetime) -> bool:
    """Route a share that is due, in an entry of its own; False when it is not due or another worker has it."""

    def route(share_id: int, _due_at: datetime) -> None:
        routing.route(share_id, now=now)

    return _attempt(sql.CLAIM_TO_ROUTE, route, fulfillment_order_id, now=now)


def _attempt(claim: str, work: Callable[[int, datetime], object], share_id: int | None, *, now: datetime) -> bool:
    """Claim a due share (this one, or the one due longest), and work on it; False when there is none."""
    with entry(), connection.cursor() as cursor:
        cursor.execute(claim, {"now": now, "delays": list(routing.RETRY_SECONDS), "share_id": share_id})
        row = cursor.fetchone()
    if row is None:
        return False
    try:
        with entry():
            work(row[0], row[1])
    except DomainError as refusal:
        logger.warning("Fulfillment order %s is put off: %s", row[0], refusal.code)
    except Exception:
        logger.exception("Fulfillment order %s is put off", row[0])
    return True
