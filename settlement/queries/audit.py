"""What must hold of the ledger and the credit, whatever happened.

Each audit returns how many rows it checked, how many are wrong, and up to twenty of those named. `after` leaves out
rows of an append-only table that an earlier audit has checked; 0 checks all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from settlement import sql

if TYPE_CHECKING:
    from datetime import datetime

Audit = tuple[int, int, list[str] | None]


def audit_journals(*, after: int) -> Audit:
    """Check that every journal entry after an id has two lines or more, whose debits equal their credits."""
    return _run(sql.AUDIT_JOURNALS, {"after": after})


def audit_sales(*, after: int) -> Audit:
    """Check that every recognised sale after an id has its one journal entry, of its amount, and its credit."""
    return _run(sql.AUDIT_SALES, {"after": after})


def audit_credit(*, after: int) -> Audit:
    """Check that the credit of every recognised sale after an id sums to it, by exactly the shares of its rule."""
    return _run(sql.AUDIT_CREDIT, {"after": after})


def audit_reversals(*, after: int) -> Audit:
    """Check that returns after an id took back of each credit no more than it was, and all of it with the last unit."""
    return _run(sql.AUDIT_REVERSALS, {"after": after})


def audit_order_money(*, after_entry: int, after_sale: int, after_transition: int) -> Audit:
    """Check that paid less refunded is prepaid plus recognised, for orders whose money moved after the given ids."""
    is_full = not (after_entry or after_sale or after_transition)
    marks = {"after_entry": after_entry, "after_sale": after_sale, "after_transition": after_transition}
    return _run(sql.AUDIT_ORDER_MONEY, {"is_full": is_full, **marks})


def audit_orphans() -> Audit:
    """Check that money which came too late is refunded once, and that the ledger owes what has not gone back yet."""
    return _run(sql.AUDIT_ORPHANS, {})


def last_entry_before(moment: datetime, *, after: int) -> int:
    """Return the id up to which all journal entries are older than a moment; `after` when none is."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LAST_ENTRY, {"before": moment, "after": after})
        return int(cursor.fetchone()[0])


def _run(statement: str, values: dict[str, Any]) -> Audit:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        verdict: Audit = cursor.fetchone()
    return verdict
