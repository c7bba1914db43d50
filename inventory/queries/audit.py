"""What must hold of stock, whatever happened.

Each audit returns how many rows it checked, how many are wrong, and up to twenty of those named. Both read every level:
its counters are changed in place, so a mistake in one shows nowhere else.
"""

from __future__ import annotations

from django.db import connection

from inventory import sql

Audit = tuple[int, int, list[str] | None]


def audit_movements() -> Audit:
    """Check that what is on hand of every stock level is what its movements sum to."""
    return _run(sql.AUDIT_MOVEMENTS)


def audit_counters() -> Audit:
    """Check that the held and the allocated units of every stock level are those of its live reservations."""
    return _run(sql.AUDIT_COUNTERS)


def _run(statement: str) -> Audit:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        verdict: Audit = cursor.fetchone()
    return verdict
