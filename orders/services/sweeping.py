"""The sweeper: it finds every row that is due, and alone finishes everything, with hints and notices lost.

When many rows are due at once, it has the other workers help: it hints them parts of its list. Nothing depends on
them, and no row is taken on twice, since each is claimed first.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection

from omni.kernel.outbox import hint
from omni.kernel.transactions import drive
from orders import sql
from orders.models import CounterBasket, Invoice, Order, PaymentIntent, Refund, Return, TryOn
from orders.services import cancelling, counter_paying, invoices, payment, refunds, return_deadlines, try_ons

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

SWEEPING_LOCK = 7_305_031
BATCH = 400
# The others help once the sweeper has seen that the provider answers; each helper gets so many rows, and does nothing
# when it is reached so late that the next sweep has begun.
PROBES = 3
ROWS_FOR_A_HELPER = 20
HELP_WANTED_FOR = timedelta(seconds=10)
# Orders, returns, payments and refunds each end a round after this long, or once the provider has not answered so
# many times.
ROUND_SECONDS = 8.0
SILENCES = 3


class Driver(Protocol):
    """Takes one row on; False when the provider could not be reached."""

    def __call__(self, row_id: int, /, *, now: datetime) -> object: ...


# Looked up when they are called, so that what stands in their place is called.
DRIVERS: dict[str, Driver] = {
    "order": lambda row_id, *, now: cancelling.drive_order(row_id, now=now),
    "return": lambda row_id, *, now: return_deadlines.drive_return(row_id, now=now),
    "intent": lambda row_id, *, now: payment.drive_intent(row_id, now=now),
    "refund": lambda row_id, *, now: refunds.drive_refund(row_id, now=now),
    "invoice": lambda row_id, *, now: invoices.drive_invoice(row_id, now=now),
    "try_on": lambda row_id, *, now: try_ons.drive_try_on(row_id, now=now),
    "counter_basket": lambda row_id, *, now: counter_paying.drive_counter_basket(row_id, now=now),
}


@drive
def drive_due_rows(*, now: datetime) -> int:
    """Take due orders, returns, payments, refunds, invoices and bookings on, each alone; return how many were tried.

    Only one sweep runs at a time (advisory lock): a provider that hangs must not hold every worker.
    """
    with _alone() as is_mine:
        if not is_mine:
            return 0
        orders = Order.objects.filter(due_at__lte=now).order_by("due_at", "pk")
        intents = PaymentIntent.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
        refunds_due = Refund.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
        invoices_due = Invoice.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
        try_ons_due = TryOn.objects.filter(due_at__lte=now).order_by("due_at", "pk")
        due = {
            "order": orders,
            "return": Return.objects.filter(due_at__lte=now).order_by("due_at", "pk"),
            "intent": intents,
            "refund": refunds_due,
            "invoice": invoices_due,
            "try_on": try_ons_due,
            "counter_basket": CounterBasket.objects.filter(due_at__lte=now).order_by("due_at", "pk"),
        }
        return sum(_each(kind, rows, now) for kind, rows in due.items())


@drive
def drive_rows(kind: str, row_ids: Sequence[int], *, sent_at: datetime, now: datetime) -> int:
    """Help the sweeper with rows of a kind ("intent"); return how many were tried, none when the help comes too late.

    It ends at the first silence of the provider, which must not hold every worker.
    """
    if now > sent_at + HELP_WANTED_FOR:
        return 0
    return _take_on(kind, row_ids, now, most_silences=1)[0]


def _each(kind: str, due: QuerySet[Any], now: datetime) -> int:
    """Take every due row on: the first ones alone, then with the help of the other workers."""
    row_ids = list(due.values_list("pk", flat=True)[:BATCH])
    probed, silences = _take_on(kind, row_ids[:PROBES], now, most_silences=1)
    if not silences:
        for start in range(PROBES + ROWS_FOR_A_HELPER, len(row_ids), ROWS_FOR_A_HELPER):
            part = row_ids[start : start + ROWS_FOR_A_HELPER]
            hint("orders.drive_rows", kind=kind, row_ids=part, sent_at=now.isoformat())
    return probed + _take_on(kind, row_ids[probed:], now, most_silences=SILENCES - silences)[0]


def _take_on(kind: str, row_ids: Sequence[int], now: datetime, *, most_silences: int) -> tuple[int, int]:
    """Take rows on until the time is over or the provider was silent too often; return rows tried, and silences.

    One that raises has been put off by its claim already, and the others go on.
    """
    end, tried, silences = time.monotonic() + ROUND_SECONDS, 0, 0
    for row_id in row_ids:
        if silences >= most_silences or time.monotonic() > end:
            break
        tried += 1
        try:
            silences += DRIVERS[kind](row_id, now=now) is False
        except Exception:
            logger.exception("%s %s could not be finished", kind, row_id)
    return tried, silences


@contextmanager
def _alone() -> Iterator[bool]:
    """Hold the sweepers' lock, which ends with the connection should the worker die; False when another has it."""
    with connection.cursor() as cursor:
        cursor.execute(sql.TRY_SWEEPING, {"key": SWEEPING_LOCK})
        is_mine = cursor.fetchone() == (True,)
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute(sql.END_SWEEPING, {"key": SWEEPING_LOCK})
