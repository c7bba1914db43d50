"""The audit: what must hold at any time, whatever failed before. It changes nothing but its own marks.

Every claim is one statement, so one snapshot, and what is still to be delivered counts as owed: it may run beside
everything else. An audit goes on where the last one that found nothing wrong has ended; a mark stays an hour behind
the clock, since younger rows may have effects still to come.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Max, Min, Q

from fulfillment import queries as fulfillment_queries
from inventory import queries as inventory_queries
from members import queries as members_queries
from omni.accounts import queries as accounts_queries
from omni.kernel.clock import business_date
from omni.kernel.models import DeliveryState, EventDelivery, Transition
from omni.kernel.transactions import drive, entry
from omni.pages import exporting
from omni.pages.models import AuditMark
from orders import queries as orders_queries
from settlement import queries as settlement_queries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

MARK_LAG = timedelta(hours=1)
# How late a due row may be before nobody can be said to be working on it.
PATIENCE = timedelta(minutes=10)
# How old an event may get that fails and is tried again.
LONGEST_DELIVERY = timedelta(days=1)
# How long a card payment of unknown result, or a difference of a till, may wait for somebody.
LONGEST_TILL_WAIT = timedelta(days=7)
# Capacity of days further back is only looked at by a full audit.
CAPACITY_PAST = timedelta(days=14)
MAX_NAMED = 20

Verdict = tuple[int, int, list[str] | None]


class Marks(NamedTuple):
    """The last rows that need not be looked at again: journal entry, recognised sale, change of a status."""

    entry: int = 0
    sale: int = 0
    transition: int = 0


class Finding(NamedTuple):
    """Whether a claim holds: rows checked, rows wrong, and up to twenty of the wrong ones named."""

    claim: str
    checked: int
    wrong: int
    named: tuple[str, ...]


@drive
def drive_audit(*, now: datetime, is_full: bool = False) -> Iterator[Finding]:
    """Check every claim and yield each finding as it comes; when all hold, note how far the next audit may skip.

    `is_full` skips nothing.
    """
    known = Marks() if is_full else _read_marks()
    newest = _newest_marks(known, now - MARK_LAG)
    is_sound = True
    for finding in _findings(known, now):
        is_sound = is_sound and finding.wrong == 0
        yield finding
    if is_sound:
        with entry():
            _write_marks(newest, now)


def _findings(marks: Marks, now: datetime) -> Iterator[Finding]:
    """Check claim after claim."""
    overdue = now - PATIENCE
    is_full = marks == Marks()
    since = business_date(now - CAPACITY_PAST) if not is_full else business_date(now) - timedelta(days=36_500)
    yield from _money_findings(marks)
    yield from _order_findings(marks, now)
    yield from _stock_findings(overdue)
    listings = inventory_queries.audit_listings(now=now, overdue=overdue)
    yield _finding("Lists and search know every product as it is", listings)
    yield _finding("Every hold and allocation has a live owner", fulfillment_queries.audit_holds())
    yield _finding("Every promise of a store has its stock", fulfillment_queries.audit_promises())
    yield _finding("Capacity used is that of its orders", fulfillment_queries.audit_capacity(since=since))
    yield _finding("No step of fulfillment is overdue", fulfillment_queries.audit_due_rows(overdue=overdue))
    yield _finding("Invoices are for what was sold and kept", orders_queries.audit_invoices(overdue=overdue))
    yield _finding("No step of orders is overdue", orders_queries.audit_due_rows(overdue=overdue))
    yield _finding("Points are what their entries sum to", members_queries.audit_points())
    yield _finding("Coupons are used by one, and limits are counted", members_queries.audit_offers())
    yield _finding("Nobody who waits for a size is forgotten", members_queries.audit_arrivals(overdue=overdue))
    yield _finding("No step of members is overdue", members_queries.audit_due_rows(overdue=overdue))
    yield _finding("No erasure is overdue", accounts_queries.audit_erasures(overdue=overdue))
    yield _finding("No copy of somebody's data is overdue", exporting.audit_exports(overdue=overdue))
    yield _finding("No return is overdue", orders_queries.audit_due_returns(overdue=overdue))
    yield _finding("No event is parked or overdue", _audit_deliveries(overdue, now - LONGEST_DELIVERY))


def _stock_findings(overdue: datetime) -> Iterator[Finding]:
    """Check what must hold of stock."""
    yield _finding("Movements sum to what is on hand", inventory_queries.audit_movements())
    yield _finding("Held and allocated are the live reservations", inventory_queries.audit_counters())
    yield _finding("Goods on their way are what stores sent", inventory_queries.audit_transit())
    yield _finding("Goods received are on the books once", inventory_queries.audit_receipts())
    yield _finding("No late transfer goes unnoticed", inventory_queries.audit_late_transfers(overdue=overdue))


def _money_findings(marks: Marks) -> Iterator[Finding]:
    """Check what the ledger and the credit say."""
    settled = settlement_queries
    yield _finding("Journal entries balance", settled.audit_journals(after=marks.entry))
    money = settled.audit_order_money(after_entry=marks.entry, after_sale=marks.sale, after_transition=marks.transition)
    yield _finding("Paid less refunded is prepaid plus recognised", money)
    yield _finding("Every sale is booked once, and credited", settled.audit_sales(after=marks.sale))
    yield _finding("Credit sums to its rule", settled.audit_credit(after=marks.sale))
    yield _finding("Returns take back what was credited", settled.audit_reversals(after=marks.sale))
    yield _finding("Money that came too late goes back once", settled.audit_orphans())


def _order_findings(marks: Marks, now: datetime) -> Iterator[Finding]:
    """Check what was agreed and paid."""
    paid = orders_queries.audit_paid_orders(after_transition=marks.transition)
    yield _finding("Every paid order is fulfilled, parked, refunded or on its way", paid)
    adjusted = orders_queries.audit_adjustments(after=marks.sale)
    yield _finding("What a line is cheaper by is what its offers take off", adjusted)
    yield _finding("Every fulfillment order serves an order that is not over", orders_queries.audit_owners())
    yield _finding("Goods to try on are held for live bookings", orders_queries.audit_try_ons(now=now))
    returned = orders_queries.audit_returns(after_transition=marks.transition)
    yield _finding("Every return is what its pieces say", returned)
    exchanged = orders_queries.audit_exchanges(after_transition=marks.transition)
    yield _finding("Every replacement has its return, and is paid by it", exchanged)
    tenders = orders_queries.audit_tenders(after_transition=marks.transition, stale=now - LONGEST_TILL_WAIT)
    yield _finding("Every payment is for its orders, and has its slip", tenders)
    tills = orders_queries.audit_tills(stale=now - LONGEST_TILL_WAIT)
    yield _finding("Tills hold what moved", tills)
    baskets = orders_queries.audit_counter_baskets(after_transition=marks.transition, overdue=now - PATIENCE)
    yield _finding("Counter baskets are settled to the fen, and none is forgotten", baskets)


def _finding(claim: str, verdict: Verdict) -> Finding:
    checked, wrong, named = verdict
    return Finding(claim, checked, wrong, tuple(named or ()))


def _audit_deliveries(overdue: datetime, stale: datetime) -> Verdict:
    """Check that no event waits parked, for longer than its time, or for days."""
    unfinished = EventDelivery.objects.exclude(state=DeliveryState.DONE)
    is_wrong = Q(state=DeliveryState.PARKED) | Q(due_at__lt=overdue) | Q(event__created_at__lt=stale)
    wrong = unfinished.filter(is_wrong)
    rows = wrong.order_by("pk").values_list("pk", "event__name", "entity", "subscriber", "state", "attempts")
    named = [
        f"delivery {key} of {name} ({entity}) to {subscriber}: {state}, {attempts} attempts"
        for key, name, entity, subscriber, state, attempts in rows[:MAX_NAMED]
    ]
    return unfinished.count(), wrong.count(), named


def _read_marks() -> Marks:
    known = dict(AuditMark.objects.values_list("log", "last_id"))
    return Marks(*(known.get(log, 0) for log in Marks._fields))


def _newest_marks(known: Marks, before: datetime) -> Marks:
    """Return the last rows older than a moment, read before anything is checked."""
    changes = Transition.objects.filter(pk__gt=known.transition)
    found = changes.aggregate(first_young=Min("pk", filter=Q(at__gte=before)) - 1, last=Max("pk"))
    return Marks(
        entry=settlement_queries.last_entry_before(before, after=known.entry),
        sale=orders_queries.last_recognition_before(before, after=known.sale),
        transition=next((key for key in (found["first_young"], found["last"]) if key is not None), known.transition),
    )


def _write_marks(marks: Marks, now: datetime) -> None:
    rows = [AuditMark(log=log, last_id=last_id, checked_at=now) for log, last_id in marks._asdict().items()]
    AuditMark.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["log"], update_fields=["last_id", "checked_at"]
    )
