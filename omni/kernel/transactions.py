"""Where transactions begin and end: entries at the edge, steps inside, drives outside; idempotent requests."""

from __future__ import annotations

import functools
import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _

from omni.kernel import clock
from omni.kernel.errors import Conflict, DomainError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")

LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK_DETECTED = "40P01"
MAX_KEY_LENGTH = 255
KEEP_KEYS_DAYS = 7


class TransactionMisuse(RuntimeError):
    """A mistake in the program: a function was called on the wrong side of a transaction's border."""


class NestedEntry(TransactionMisuse):
    """An entry was opened inside a transaction."""


class StepOutsideTransaction(TransactionMisuse):
    """A step was called with no transaction open."""


class DriveInsideTransaction(TransactionMisuse):
    """A drive, which talks to a provider or works in chunks, was called inside a transaction."""


class Busy(DomainError):
    """Somebody else held the rows for too long; the same request may simply be sent again."""

    code = "busy"
    status = 409


class IdempotencyKeyReused(Conflict):
    """The key was used before for another request."""

    code = "idempotency_key_reused"


class KeyTaken(Exception):
    """The key that a block's first entry wanted to claim was claimed before; nothing was changed."""


def is_open() -> bool:
    """Tell whether a transaction is open, not counting the one that a test case wraps around itself."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


@contextmanager
def entry() -> Iterator[None]:
    """Open the one transaction of a request, task or delivery, and commit it at the end.

    Deferred constraints are checked as it closes: by the commit, or by hand where a test case's own transaction means
    that there is none. Either way their errors come out of the `with` block.

    :raises NestedEntry: when a transaction is open already.
    :raises Busy: when a lock was waited for too long, or the database broke a deadlock; nothing was changed.
    :raises KeyTaken: as the first entry inside `claim_first`, when the key was claimed before.
    """
    if is_open():
        raise NestedEntry("An entry cannot be opened inside a transaction; call a step instead.")
    try:
        with transaction.atomic(durable=True):
            claim = _begin_claim()
            yield
            if connection.savepoint_ids and not connection.needs_rollback:
                connection.check_constraints()
        if claim is not None:
            claim.is_held = True
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) in {LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED}:
            raise Busy(_("This is being changed by someone else right now. Please try again.")) from error
        raise


def step(function: Callable[P, R]) -> Callable[P, R]:
    """Make a service refuse, with StepOutsideTransaction, to run outside a transaction."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not is_open():
            raise StepOutsideTransaction(f"{function.__qualname__} is a step: open an entry at the edge first.")
        return function(*args, **kwargs)

    return guarded


def drive(function: Callable[P, R]) -> Callable[P, R]:
    """Make a service refuse, with DriveInsideTransaction, to run inside a transaction.

    For services that alternate entries with calls to a provider, or work in chunks.
    """

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if is_open():
            raise DriveInsideTransaction(f"{function.__qualname__} opens its own entries: call it outside.")
        return function(*args, **kwargs)

    return guarded


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Whose request it is, the key they gave it, and a fingerprint (hash) of what it asks for."""

    client: str
    key: str
    fingerprint: str


def run_once(idempotency: Idempotency, work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Run a request in an entry of its own, once per key, and return (its response, whether it was replayed).

    The response must be a JSON object; it is stored in the transaction of the work itself, so a failed attempt
    stores nothing and may be repeated. A duplicate that arrives meanwhile waits, then replays.

    :raises InvalidInput: when the key is empty or longer than 255 characters.
    :raises IdempotencyKeyReused: when the key was used for a request with another fingerprint.
    :raises Busy: when the first request is still running after the lock timeout.
    """
    if not 0 < len(idempotency.key) <= MAX_KEY_LENGTH or not idempotency.key.isprintable():
        raise InvalidInput(_("An idempotency key has 1 to 255 printable characters."), field="idempotency_key")
    with entry():
        if not _claim_key(idempotency):
            return _replay(idempotency), True
        response: dict[str, Any] = json.loads(_store_response(idempotency, work()))
    return response, False


@dataclass(slots=True)
class Claim:
    """A key that the first entry of a block claims; held once that entry is committed."""

    idempotency: Idempotency
    is_held: bool = False


_claim: ContextVar[Claim | None] = ContextVar("claim", default=None)


@contextmanager
def claim_first(idempotency: Idempotency) -> Iterator[Claim]:
    """Let the first entry that is opened and committed inside this block claim a key, in its own transaction.

    For work that opens its entries itself, drives among them. What it answers is stored by `remember_response`.
    """
    claim = Claim(idempotency)
    token = _claim.set(claim)
    try:
        yield claim
    finally:
        _claim.reset(token)


def _begin_claim() -> Claim | None:
    """Claim what this entry has to claim, if anything; a claim that was waited for in vain raises KeyTaken."""
    claim = _claim.get()
    if claim is None or claim.is_held:
        return None
    if not _claim_key(claim.idempotency):
        raise KeyTaken
    return claim


@step
def remember_response(idempotency: Idempotency, response: dict[str, Any]) -> None:
    """Store what the request of a claimed key was answered."""
    _store_response(idempotency, response)


def find_response(idempotency: Idempotency) -> dict[str, Any] | None:
    """Return what the request of this key was answered ({} when it broke off before it was), None before it came.

    :raises IdempotencyKeyReused: when the key was used for a request with another fingerprint.
    """
    record = _read_record(idempotency)
    return None if record is None else _checked(idempotency, record)


def _claim_key(idempotency: Idempotency) -> bool:
    """Insert the record; waits for another transaction that is inserting the same one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_idempotencyrecord (client, key, fingerprint, response, created_at)"
            " VALUES (%s, %s, %s, '{}', %s) ON CONFLICT (client, key) DO NOTHING",
            [idempotency.client, idempotency.key, idempotency.fingerprint, clock.now()],
        )
        return bool(cursor.rowcount == 1)


def _store_response(idempotency: Idempotency, response: dict[str, Any]) -> str:
    """Write the response into the claimed record and return it as JSON."""
    encoded = json.dumps(response, ensure_ascii=False, allow_nan=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_idempotencyrecord SET response = %s::jsonb WHERE client = %s AND key = %s",
            [encoded, idempotency.client, idempotency.key],
        )
    return encoded


def _replay(idempotency: Idempotency) -> dict[str, Any]:
    """Read what the first request answered."""
    record = _read_record(idempotency)
    if record is None:
        raise Busy(_("This is being changed by someone else right now. Please try again."))
    return _checked(idempotency, record)


def _read_record(idempotency: Idempotency) -> tuple[str, str] | None:
    """Return the fingerprint and the response that are stored for a key."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fingerprint, response::text FROM kernel_idempotencyrecord WHERE client = %s AND key = %s",
            [idempotency.client, idempotency.key],
        )
        row: tuple[str, str] | None = cursor.fetchone()
    return row


def _checked(idempotency: Idempotency, record: tuple[str, str]) -> dict[str, Any]:
    """Return the stored response, if the request is the same."""
    fingerprint, response = record
    if fingerprint != idempotency.fingerprint:
        raise IdempotencyKeyReused(_("This idempotency key was used for another request."), field="idempotency_key")
    replayed: dict[str, Any] = json.loads(response)
    return replayed


@step
def prune_idempotency_records(*, now: datetime, limit: int = 1000) -> int:
    """Delete records older than a week, oldest first, and return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kernel_idempotencyrecord WHERE id IN (SELECT id FROM kernel_idempotencyrecord"
            " WHERE created_at < %s ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED)",
            [now - timedelta(days=KEEP_KEYS_DAYS), limit],
        )
        return int(cursor.rowcount)
