"""What must hold of promises, places and the next steps, whatever happened.

Each audit returns how many rows it checked, how many are wrong, and up to twenty of those named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from fulfillment import sql
from fulfillment.choices import FINAL_DELIVERY_STATES, LIVE_COLLECTIONS, MOST_REFUSALS, MOST_REQUESTS
from fulfillment.choices import FulfillmentOrderStatus as Status

if TYPE_CHECKING:
    from datetime import date, datetime

Audit = tuple[int, int, list[str] | None]

# The goods stand in the store, promised.
PROMISED = (
    Status.OFFERED,
    Status.ACCEPTED,
    Status.PICKING,
    Status.PACKED,
    Status.AWAITING_COURIER,
    Status.LABELLED,
    Status.READY_FOR_PICKUP,
    Status.CHECKED_IN,
    Status.IN_ROOM,
)
# The next step has a time of its own; a courier company is asked for as soon as a store has accepted.
WAITING = (Status.PENDING_ROUTING, Status.OFFERED, Status.READY_FOR_PICKUP)
# The store has to do something; its silence has a consequence at the deadline.
ANSWERING = (
    Status.ACCEPTED,
    Status.PICKING,
    Status.LABELLED,
    Status.CANCEL_REQUESTED,
    Status.CHECKED_IN,
    Status.IN_ROOM,
    Status.SET_ASIDE,
    Status.RETURNING,
    Status.PICKUP_EXPIRED,
)
WITH_EXPRESS = (Status.PACKED, Status.LABELLED, Status.HANDED_OVER)
WITH_COURIER = (Status.ACCEPTED, Status.PICKING, Status.PACKED, Status.AWAITING_COURIER, Status.HANDED_OVER)
# Goods may be set aside for these; some of them still look for goods, or give them back soon.
HOLDING = (
    *PROMISED,
    Status.PLANNED,
    Status.PENDING_ROUTING,
    Status.CANCEL_REQUESTED,
    Status.PICKUP_EXPIRED,
    Status.SET_ASIDE,
)


def audit_holds() -> Audit:
    """Check that every live reservation belongs to one fulfillment order that still needs it: store, SKU and units."""
    return _run(sql.AUDIT_HOLDS, {"holding": list(HOLDING)})


def audit_promises() -> Audit:
    """Check that every line of a fulfillment order that a store has before it, or works on, has its stock set aside."""
    return _run(sql.AUDIT_PROMISES, {"promised": list(PROMISED)})


def audit_capacity(*, since: date) -> Audit:
    """Check that the places used of every store and day, from a day on, are those of its fulfillment orders."""
    return _run(sql.AUDIT_CAPACITY, {"since": since})


def audit_due_rows(*, overdue: datetime) -> Audit:
    """Check that nothing has waited since before a moment, or for nothing, and that no courier is asked for in vain.

    What waits: routing, offers, preparing, answers to cancellations, collections, deliveries.
    """
    values = {
        "overdue": overdue,
        "waiting": list(WAITING),
        "answering": list(ANSWERING),
        "with_courier": list(WITH_COURIER),
        "with_express": list(WITH_EXPRESS),
        "final_deliveries": sorted(FINAL_DELIVERY_STATES),
        "most_refusals": MOST_REFUSALS,
        "most_requests": MOST_REQUESTS,
        "collecting": list(LIVE_COLLECTIONS),
    }
    return _run(sql.AUDIT_DUE, values)


def _run(statement: str, values: dict[str, Any]) -> Audit:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        verdict: Audit = cursor.fetchone()
    return verdict
