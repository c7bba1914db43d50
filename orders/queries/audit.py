"""What must hold of orders and their money, whatever happened.

Each audit returns how many rows it checked, how many are wrong, and up to twenty of those named. `after` leaves out
what an earlier audit has checked and what cannot have changed since; 0 checks all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from fulfillment import choices as fulfillment_choices
from orders import rules, sql
from orders.sql import counter as counter_sql

if TYPE_CHECKING:
    from datetime import datetime

Audit = tuple[int, int, list[str] | None]

# Units in such a share are sold or cancelled, or went on into another share. Uncollected ones are cancelled at once.
GIVEN_UP_OR_DONE = sorted(
    fulfillment_choices.FINAL_FULFILLMENT_ORDER_STATUSES | {fulfillment_choices.FulfillmentOrderStatus.PICKUP_EXPIRED}
)


def audit_paid_orders(*, after_transition: int) -> Audit:
    """Check that every unit of a paid order is sold, cancelled or on its way, and that a finished one's money went so.

    A unit on its way may be parked. Orders that are finished are checked once, after their last change of status.
    """
    return _run(sql.AUDIT_PAID, {"after": after_transition, "given_up_or_done": GIVEN_UP_OR_DONE})


def audit_owners() -> Audit:
    """Check that every fulfillment order under way serves an order that is not over; unpaid, it is planned."""
    return _run(sql.AUDIT_OWNERS, {"given_up_or_done": GIVEN_UP_OR_DONE})


def audit_adjustments(*, after: int) -> Audit:
    """Check that every line's discount is what its offers take off, and that what others bear is booked with its sales.

    Lines of unpaid orders and of those with a recognised sale after an id; 0 checks all.
    """
    return _run(sql.AUDIT_ADJUSTMENTS, {"after": after, "brand": rules.BRAND})


def audit_due_rows(*, overdue: datetime) -> Audit:
    """Check that no order, payment or refund has waited since before a moment, or for nothing."""
    return _run(sql.AUDIT_DUE, {"overdue": overdue})


def audit_invoices(*, overdue: datetime) -> Audit:
    """Check that an issued invoice is for what was sold and kept, and that none waits since before a moment."""
    return _run(sql.AUDIT_INVOICES, {"overdue": overdue})


def audit_try_ons(*, now: datetime) -> Audit:
    """Check that goods are held to be tried on for live bookings alone, and that each booking to come has its place."""
    return _run(sql.AUDIT_TRY_ONS, {"now": now, "given_up_or_done": GIVEN_UP_OR_DONE})


def audit_returns(*, after_transition: int) -> Audit:
    """Check that every return is what its pieces, their reversed sales, their stock and its refund say."""
    return _run(sql.AUDIT_RETURNS, {"after": after_transition})


def audit_exchanges(*, after_transition: int) -> Audit:
    """Check that every replacement is held for a return under way, paid by it, or given back with what was paid."""
    return _run(sql.AUDIT_EXCHANGES, {"after": after_transition})


def audit_counter_baskets(*, after_transition: int, overdue: datetime) -> Audit:
    """Check that every settled basket is paid, its pieces back and handed over, and that no other one is forgotten.

    Settled ones are checked once, after their last change of status.
    """
    values = {"after": after_transition, "overdue": overdue}
    return _run(counter_sql.AUDIT_COUNTER_BASKETS, values)


def audit_due_returns(*, overdue: datetime) -> Audit:
    """Check that no return has waited since before a moment, or for nothing."""
    return _run(sql.AUDIT_RETURNS_DUE, {"overdue": overdue})


def audit_tills(*, stale: datetime) -> Audit:
    """Check that counted tills expect what moved, and that the cash of every payment and refund has moved once.

    A difference that nobody confirms fails when it has waited since before `stale`.
    """
    return _run(sql.AUDIT_TILLS, {"stale": stale})


def audit_tenders(*, after_transition: int, stale: datetime) -> Audit:
    """Check that payments are for orders to the fen, their refunds counted, and those taken at a till on a slip.

    A card whose result nobody has found out fails when it has waited since before `stale`.
    """
    return _run(sql.AUDIT_TENDERS, {"after": after_transition, "stale": stale})


def last_recognition_before(moment: datetime, *, after: int) -> int:
    """Return the id up to which all recognised sales are older than a moment; `after` when none is."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LAST_RECOGNITION, {"before": moment, "after": after})
        return int(cursor.fetchone()[0])


def _run(statement: str, values: dict[str, Any]) -> Audit:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        verdict: Audit = cursor.fetchone()
    return verdict
