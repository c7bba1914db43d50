"""What becomes of a return when its time is up: nobody brought it, nobody looked at it, nobody paid the difference."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from omni.kernel.transactions import drive, entry, step
from orders import locks, queries, sql
from orders.choices import Condition, ReturnStatus
from orders.models import Return
from orders.services import exchanging, receiving, returning

if TYPE_CHECKING:
    from datetime import datetime


@drive
def drive_return(return_id: int, *, now: datetime) -> None:
    """Do what a due return waits for. The attempt is committed before, so that one which fails is not due at once."""
    with entry(), connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_RETURN, {"id": return_id, "now": now})
        if cursor.rowcount == 0:
            return
    with entry():
        end_wait(return_id, now=now)


@step
def end_wait(return_id: int, *, now: datetime) -> None:
    """Give up a return that never arrived; take back unseen what nobody looked at; settle an exchange.

    What a courier brought and nobody scanned is received first.
    Locks Checkout, its payments, Order, Fulfillment, StockLevel. Emits ReturnGivenUp, or SaleReversed and
    ReturnTakenBack, or OrderPaid.
    """
    case, order, intents = locks.lock_return(return_id)
    if case.status == ReturnStatus.APPROVED and not returning.call_courier_off(case, now=now):
        return  # the lease of the claim stands until the courier company has confirmed
    if case.status == ReturnStatus.APPROVED:
        returning.give_up(case, to=ReturnStatus.EXPIRED, actor=returning.ACTOR, now=now)
    elif case.status == ReturnStatus.IN_TRANSIT and case.collection is not None:
        receiving.receive_return(return_id, case.collection.store_id, actor=returning.ACTOR, now=now)
    elif case.status == ReturnStatus.RECEIVED and is_fresh(case, now):
        return  # it came in while this wait for it was being ended: its own time has begun
    elif case.status == ReturnStatus.RECEIVED:
        pieces = case.lines.filter(is_live=True).values_list("pk", flat=True)
        unseen = dict.fromkeys(pieces, Condition.REFURBISH)
        receiving.inspect_return(return_id, unseen, actor=returning.ACTOR, now=now)
    elif case.status == ReturnStatus.INSPECTED:
        exchanging.settle_exchange(case, order, intents, now=now)
    else:
        Return.objects.filter(pk=return_id).update(due_at=None, attempts=0)


def is_fresh(case: Return, now: datetime) -> bool:
    """Tell whether a received return may still be looked at within the brand's time."""
    hours = queries.return_policy(case.brand_id).inspect_hours
    return case.received_at is not None and now < case.received_at + timedelta(hours=hours)
