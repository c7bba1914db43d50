"""What must hold of stock, whatever happened.

Each audit returns how many rows it checked, how many are wrong, and up to twenty of those named. Those of stock read
every level: its counters are changed in place, so a mistake in one shows nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from inventory import sql
from inventory.choices import RECEIVABLE
from inventory.sql import listing as listing_sql
from inventory.sql import shipments as shipments_sql

if TYPE_CHECKING:
    from datetime import datetime

Audit = tuple[int, int, list[str] | None]


def audit_movements() -> Audit:
    """Check that what is on hand of every stock level is what its movements sum to."""
    return _run(sql.AUDIT_MOVEMENTS)


def audit_counters() -> Audit:
    """Check that the held and the allocated units of every stock level are those of its live reservations."""
    return _run(sql.AUDIT_COUNTERS)


def audit_listings(*, now: datetime, overdue: datetime) -> Audit:
    """Check that lists and search know every product: its price now, and the words it was last given.

    `overdue` is the moment before which a price that began or ended, or new words, should have been dealt with.
    """
    return _run(listing_sql.AUDIT_LISTINGS, {"now": now, "overdue": overdue})


def audit_transit() -> Audit:
    """Check that what stands in a brand's place for goods on their way is what its stores sent and nobody received."""
    return _run(shipments_sql.AUDIT_TRANSIT, {"receivable": list(RECEIVABLE)})


def audit_receipts() -> Audit:
    """Check that what was received of a shipment is what its receipts say, and is on the books once."""
    return _run(shipments_sql.AUDIT_RECEIPTS, {})


def audit_late_transfers(*, overdue: datetime) -> Audit:
    """Check that every transfer that should have been received by a moment is received, or was noticed to be late."""
    return _run(shipments_sql.AUDIT_LATE, {"overdue": overdue, "receivable": list(RECEIVABLE)})


def _run(statement: str, values: dict[str, Any] | None = None) -> Audit:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        verdict: Audit = cursor.fetchone()
    return verdict
