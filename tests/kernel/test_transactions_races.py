"""Entries and idempotent requests on several connections at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from omni.kernel.models import Event, IdempotencyRecord, Transition
from omni.kernel.transactions import Busy, Idempotency, IdempotencyKeyReused, entry, run_once
from tests.kernel.crowd import PATIENCE_SECONDS, start, together, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)

REQUEST = Idempotency(client="erp", key="k-1", fingerprint="f")


def leave_mark(mark: int, now: datetime) -> dict[str, Any]:
    Transition.objects.create(entity="mark", entity_id=mark, from_status="a", to_status="b", actor="test", at=now)
    return {"mark": mark}


def marks() -> list[int]:
    return sorted(Transition.objects.filter(entity="mark").values_list("entity_id", flat=True))


def lock_event(event_id: int) -> None:
    Event.objects.select_for_update().get(pk=event_id)


def make_event(now: datetime) -> int:
    return Event.objects.create(name="x.Y", entity="id:1", payload={}, created_at=now).pk


def test_entry_that_waits_too_long_for_a_lock_is_busy(now: datetime) -> None:
    event_id = make_event(now)

    def wait_for_it() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        with entry():
            lock_event(event_id)

    with entry():
        lock_event(event_id)
        (outcome,) = together(wait_for_it)
    assert isinstance(outcome, Busy)
    assert (outcome.code, outcome.status) == ("busy", 409)


def test_entries_that_deadlock_end_with_one_busy_and_one_done(now: datetime) -> None:
    first, second = make_event(now), make_event(now)
    both_hold_one = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def cross(mine: int, theirs: int) -> Callable[[], str]:
        def work() -> str:
            with entry():
                lock_event(mine)
                both_hold_one.wait()
                lock_event(theirs)
            return "done"

        return work

    outcomes = together(cross(first, second), cross(second, first))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Busy", "str"]


def run_duplicate(first: Callable[[], dict[str, Any]], second: Callable[[], dict[str, Any]]) -> list[Any]:
    """Start a request, send it again while the first is inside its work, and return what became of both."""
    entered, opened = threading.Event(), threading.Event()

    def held() -> dict[str, Any]:
        entered.set()
        assert opened.wait(PATIENCE_SECONDS)
        return first()

    with ThreadPoolExecutor(2) as pool:
        original = start(pool, lambda: run_once(REQUEST, held))
        assert entered.wait(PATIENCE_SECONDS)
        duplicate = start(pool, lambda: run_once(REQUEST, second))
        wait_until_blocked()
        opened.set()
    return [future.exception() or future.result() for future in (original, duplicate)]


def test_run_once_duplicate_meanwhile_waits_and_replays(now: datetime) -> None:
    outcomes = run_duplicate(lambda: leave_mark(1, now), lambda: leave_mark(2, now))
    assert outcomes == [({"mark": 1}, False), ({"mark": 1}, True)]
    assert marks() == [1]


def test_run_once_duplicate_of_a_request_that_failed_runs_itself(now: datetime) -> None:
    def fail() -> dict[str, Any]:
        leave_mark(1, now)
        raise LookupError

    original, duplicate = run_duplicate(fail, lambda: leave_mark(2, now))
    assert isinstance(original, LookupError)
    assert duplicate == ({"mark": 2}, False)
    assert marks() == [2]


def test_run_once_duplicate_of_a_request_that_takes_too_long_is_busy(now: datetime) -> None:
    def impatient() -> tuple[dict[str, Any], bool]:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        return run_once(REQUEST, lambda: leave_mark(2, now))

    with ThreadPoolExecutor(1) as pool:

        def work() -> dict[str, Any]:
            duplicate = start(pool, impatient)
            assert isinstance(duplicate.exception(PATIENCE_SECONDS), Busy)
            return leave_mark(1, now)

        assert run_once(REQUEST, work) == ({"mark": 1}, False)
    assert marks() == [1]


def test_run_once_twenty_at_once_have_one_effect_and_one_answer(now: datetime) -> None:
    works = [lambda mark=mark: run_once(REQUEST, lambda: leave_mark(mark, now)) for mark in range(20)]
    outcomes = together(*works)
    (mark,) = marks()
    assert sorted(map(repr, outcomes)) == sorted(map(repr, [({"mark": mark}, False), *[({"mark": mark}, True)] * 19]))
    assert IdempotencyRecord.objects.count() == 1


def test_without_run_once_the_duplicates_all_have_their_effect(now: datetime) -> None:
    def unguarded(mark: int) -> dict[str, Any]:
        with entry():
            return leave_mark(mark, now)

    together(*[lambda mark=mark: unguarded(mark) for mark in range(5)])
    assert marks() == [0, 1, 2, 3, 4]


def test_run_once_with_another_body_meanwhile_is_refused(now: datetime) -> None:
    changed = Idempotency(client="erp", key="k-1", fingerprint="other")
    outcomes = together(
        lambda: run_once(REQUEST, lambda: leave_mark(1, now)), lambda: run_once(changed, lambda: leave_mark(2, now))
    )
    assert sum(isinstance(outcome, IdempotencyKeyReused) for outcome in outcomes) == 1
    assert len(marks()) == 1
