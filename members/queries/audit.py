"""What must hold of offers and points, whatever happened.

Each audit returns how many rows it checked, how many are wrong, and up to twenty of those named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from members import sql

if TYPE_CHECKING:
    from datetime import datetime

Audit = tuple[int, int, list[str] | None]


def audit_points() -> Audit:
    """Check that every counter of points is what its entries, its pending sales and its uses sum to."""
    return _run(sql.AUDIT_POINTS, {})


def audit_offers() -> Audit:
    """Check that a used coupon has one owner and no other has any, and that all limits count what there is."""
    return _run(sql.AUDIT_OFFERS, {})


def audit_due_rows(*, overdue: datetime) -> Audit:
    """Check that no points wait to become available, and no coupon to end, since before a moment."""
    return _run(sql.AUDIT_DUE, {"overdue": overdue})


def audit_arrivals(*, overdue: datetime) -> Audit:
    """Check that nobody who waits for a size was forgotten since before a moment, or told without a message."""
    return _run(sql.AUDIT_ARRIVALS, {"overdue": overdue})


def _run(statement: str, values: dict[str, Any]) -> Audit:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        verdict: Audit = cursor.fetchone()
    return verdict
