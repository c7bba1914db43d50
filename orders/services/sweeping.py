"""The sweeper: it finds every row that is due, and alone finishes everything, with hints and notices lost."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection

from omni.kernel.transactions import drive
from orders import sql
from orders.models import Order, PaymentIntent, Refund
from orders.services import cancelling, payment, refunds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

SWEEPING_LOCK = 7_305_031
BATCH = 200
# Orders, payments and refunds each end a round after this long, or once the provider has not answered so many times.
ROUND_SECONDS = 8.0
SILENCES = 3


class Driver(Protocol):
    """Takes one row on; False when the provider could not be reached."""

    def __call__(self, row_id: int, /, *, now: datetime) -> object: ...


@drive
def drive_due_rows(*, now: datetime) -> int:
    """Take due orders, payments and refunds on, each row alone; return how many were tried.

    Only one sweep runs at a time (advisory lock): a provider that hangs must not hold every worker.
    """
    with _alone() as is_mine:
        if not is_mine:
            return 0
        orders = Order.objects.filter(due_at__lte=now).order_by("due_at")
        intents = PaymentIntent.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at")
        refunds_due = Refund.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at")
        return (
            _each(orders, cancelling.drive_order, now)
            + _each(intents, payment.drive_intent, now)
            + _each(refunds_due, refunds.drive_refund, now)
        )


def _each(due: QuerySet[Any], drive_row: Driver, now: datetime) -> int:
    """Take every due row on; one that raises has been put off by its claim already, and the others go on."""
    end, silences, tried = time.monotonic() + ROUND_SECONDS, 0, 0
    for row_id in list(due.values_list("pk", flat=True)[:BATCH]):
        if silences >= SILENCES or time.monotonic() > end:
            break
        tried += 1
        try:
            silences += drive_row(row_id, now=now) is False
        except Exception:
            logger.exception("Row %s of %s could not be finished", row_id, due.model._meta.label)
    return tried


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
