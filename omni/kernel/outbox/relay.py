"""Delivering events: claims, attempts, failures, parking; numbering the feed; the sweeper."""

from __future__ import annotations

import logging
import traceback
from datetime import datetime, timedelta
from typing import NamedTuple

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from omni.kernel import clock
from omni.kernel.errors import Conflict, DomainError
from omni.kernel.outbox import sql
from omni.kernel.outbox.encoding import decode_event
from omni.kernel.outbox.hints import hint
from omni.kernel.outbox.publishing import SUBSCRIPTIONS, Subscription
from omni.kernel.transactions import drive, entry, prune_idempotency_records, step

logger = logging.getLogger(__name__)

RETRY_SECONDS = (1, 5, 30, 120, 600, 3600)
# How long a worker may take from claiming a delivery to locking it, and how soon a dead worker's is due again.
LEASE_SECONDS = 5
# How often followers of a parked delivery look again, should nobody release them.
PARKED_FOLLOWER_DELAY = timedelta(hours=1)
DEFAULT_MAX_ATTEMPTS = 12
DEFAULT_KEEP_DAYS = 7
NUMBERING_LOCK = 7_305_021
PRUNE_BATCH = 1_000
DEFER_BATCH = 10_000


class UnknownSubscriber(LookupError):
    """A delivery names a subscriber that this process does not have."""


class NotParked(Conflict):
    """The delivery is not parked."""

    code = "not_parked"


class _Claim(NamedTuple):
    """A delivery that is ours until its lease ends, or until we lock it."""

    id: int
    subscriber: str
    attempts: int
    payload: str


@drive
def run_due_deliveries(limit: int, *, now: datetime | None = None) -> int:
    """Run due deliveries one by one until none is due or `limit` attempts were made; return how many were.

    Each attempt is counted and committed before its handler runs, so one that kills its worker counts too. Failures
    are stored without the text of the error, which might hold personal data. Reads the clock unless given `now`.
    """
    for attempts in range(limit):
        moment = now or clock.now()
        claim = _claim(moment)
        if claim is None:
            return attempts
        _attempt(claim, now=moment)
    hint("kernel.deliver")
    return limit


def _claim(now: datetime) -> _Claim | None:
    """Take the next due delivery that waits for no earlier one, count the attempt, and commit."""
    leases = [max(LEASE_SECONDS, seconds) for seconds in RETRY_SECONDS]
    with connection.cursor() as cursor:
        cursor.execute(sql.CLAIM, {"now": now, "leases": leases, "last": len(leases)})
        row = cursor.fetchone()
    return _Claim(*row[:4]) if row else None


def _attempt(claim: _Claim, *, now: datetime) -> None:
    """Run the handler and mark the delivery done in one entry; on failure, put it off or park it in another."""
    if claim.attempts > _max_attempts():
        _record_failure(claim, "The last attempt left no trace: its worker died.", now=now)
        return
    try:
        with entry():
            if _finish(claim, now=now):
                subscription = _subscription(claim.subscriber)
                subscription.handler(decode_event(subscription.event_class, claim.payload), now=now)
    except SoftTimeLimitExceeded:
        raise  # the task is to end; the attempt is counted, and its lease makes it due again
    except Exception as error:  # noqa: BLE001  whatever a handler raises, its delivery is retried and then parked
        _record_failure(claim, _describe(error), now=now)


def _finish(claim: _Claim, *, now: datetime) -> bool:
    """Mark the delivery done; False when the lease ran out and another worker has it."""
    with connection.cursor() as cursor:
        cursor.execute(sql.FINISH, {"id": claim.id, "attempts": claim.attempts, "now": now})
        return bool(cursor.fetchone() == (1,))


def _record_failure(claim: _Claim, error: str, *, now: datetime) -> None:
    """Put the delivery off, or park it after the last attempt, and put its followers off with it."""
    is_last = claim.attempts >= _max_attempts()
    delay = timedelta(seconds=RETRY_SECONDS[min(claim.attempts, len(RETRY_SECONDS)) - 1])
    values = {
        "id": claim.id,
        "attempts": claim.attempts,
        "state": "parked" if is_last else "pending",
        "due_at": now + (PARKED_FOLLOWER_DELAY if is_last else delay),
        "error": error,
    }
    with entry(), connection.cursor() as cursor:
        cursor.execute(sql.FAIL, values)
    outcome = "parked" if is_last else "put off"
    logger.warning("Delivery %s of %s %s: attempt %s: %s", claim.id, claim.subscriber, outcome, claim.attempts, error)


def _subscription(name: str) -> Subscription:
    """Return the subscription of a delivery."""
    try:
        return SUBSCRIPTIONS[name]
    except KeyError as error:
        raise UnknownSubscriber(name) from error


def _describe(error: BaseException) -> str:
    """Describe an error by class, code and the last lines of code it came through, without its text."""
    words = [f"{type(error).__module__}.{type(error).__qualname__}"]
    if isinstance(error, DomainError):
        words.append(f"code={error.code}")
    diagnostics = getattr(error.__cause__, "diag", None)
    words += [
        f"{label}={getattr(diagnostics, label)}"
        for label in ("sqlstate", "constraint_name")
        if getattr(diagnostics, label, None)
    ]
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    words += [f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in reversed(frames)]
    return " < ".join(words)


def _max_attempts() -> int:
    """Return after how many attempts a delivery is parked."""
    return int(getattr(settings, "OUTBOX_MAX_ATTEMPTS", DEFAULT_MAX_ATTEMPTS))


@step
def unpark(delivery_id: int, *, now: datetime) -> None:
    """Give a parked delivery a new start with all its attempts; its followers go on when it has worked.

    :raises NotParked: when it is not parked.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.UNPARK, {"id": delivery_id, "now": now})
        if cursor.rowcount != 1:
            raise NotParked(_("This delivery is not parked."))
    hint("kernel.deliver")


@step
def defer_blocked_deliveries(*, now: datetime) -> int:
    """Put off a batch of due deliveries that wait for a parked or failing one; return how many.

    A failure puts off the followers it finds; these were published after it.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.DEFER, {"now": now, "parked_until": now + PARKED_FOLLOWER_DELAY, "limit": DEFER_BATCH})
        return int(cursor.rowcount)


@drive
def number_events(*, limit: int = 10_000) -> int:
    """Give committed events their positions in the feed, oldest first, and return how many.

    Only one relay numbers at a time (advisory lock), so positions become visible in their order and a reader who
    remembers the last one it saw misses none.
    """
    with entry(), connection.cursor() as cursor:
        # A statement of its own: the next one must not see the table as it was before the lock.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [NUMBERING_LOCK])
        if cursor.fetchone() != (True,):
            return 0
        cursor.execute(sql.NUMBER, {"limit": limit})
        return int(cursor.rowcount)


@step
def prune_deliveries(*, now: datetime) -> int:
    """Delete a batch of deliveries done more than OUTBOX_KEEP_DAYS ago and return how many; events stay."""
    keep_days = getattr(settings, "OUTBOX_KEEP_DAYS", DEFAULT_KEEP_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(sql.PRUNE, {"before": now - timedelta(days=keep_days), "limit": PRUNE_BATCH})
        return int(cursor.rowcount)


@drive
def sweep(limit: int, *, now: datetime | None = None) -> int:
    """Do all that hints missed: put off blocked deliveries, run due ones, number events, prune; return attempts."""
    moment = now or clock.now()
    with entry():
        defer_blocked_deliveries(now=moment)
    attempts = run_due_deliveries(limit, now=now)
    number_events()
    with entry():
        prune_deliveries(now=moment)
        prune_idempotency_records(now=moment)
    return attempts
