"""The outbox with several workers, of which some die."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from pytest_django import Settings

from omni.kernel import outbox
from omni.kernel.models import Event, EventDelivery
from omni.kernel.outbox import relay, sql
from omni.kernel.transactions import entry
from tests.kernel.crowd import PATIENCE_SECONDS, start, together
from tests.kernel.happenings import LampLit, delivery, effects, leave_effect, publish_steps

pytestmark = pytest.mark.django_db(transaction=True)

ORDERED = "AND earlier.id < delivery.id"


class Held:
    """A handler that stays inside the first step of lamp 7 until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, event: LampLit, /, *, now: datetime) -> None:
        leave_effect(event, now=now)
        if event == LampLit(7, 1):
            self.entered.set()
            assert self.opened.wait(PATIENCE_SECONDS)


def run_second_worker_meanwhile(now: datetime, work: Callable[[], int]) -> int:
    """Hold one worker inside the first step, let another work, and return what that one did."""
    handler = Held()
    outbox.subscribe(LampLit, name="a.held")(handler)
    publish_steps(now, LampLit(7, 1), LampLit(7, 2), LampLit(8, 1))
    with ThreadPoolExecutor(1) as pool:
        first = start(pool, lambda: outbox.run_due_deliveries(1, now=now))
        assert handler.entered.wait(PATIENCE_SECONDS)
        done = work()
        handler.opened.set()
        assert first.result(PATIENCE_SECONDS) == 1
    return done


def test_second_worker_does_not_overtake_within_an_entity(now: datetime) -> None:
    assert run_second_worker_meanwhile(now, lambda: outbox.run_due_deliveries(10, now=now)) == 1
    assert delivery("a.held", entity="lamp_id:8").state == "done"
    assert outbox.run_due_deliveries(10, now=now) == 1
    assert sorted(effects()) == [(7, 1), (7, 2), (8, 1)]


def test_without_the_order_in_claims_the_second_worker_overtakes(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ORDERED in sql.CLAIM
    monkeypatch.setattr(sql, "CLAIM", sql.CLAIM.replace(ORDERED, "AND false"))
    overtaken: list[tuple[int, int]] = []

    def work() -> int:
        attempts = outbox.run_due_deliveries(10, now=now)
        overtaken.extend(effects())
        return attempts

    assert run_second_worker_meanwhile(now, work) == 2
    assert sorted(overtaken) == [(7, 2), (8, 1)]


def test_worker_that_outlives_its_lease_keeps_its_delivery(now: datetime) -> None:
    long_after = now + timedelta(hours=2)
    assert run_second_worker_meanwhile(now, lambda: outbox.run_due_deliveries(10, now=long_after)) == 1
    assert outbox.run_due_deliveries(10, now=long_after) == 1
    assert sorted(effects()) == [(7, 1), (7, 2), (8, 1)]


def test_four_workers_deliver_everything_once_and_in_order(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    events = [LampLit(lamp, step) for step in range(12) for lamp in range(5)]
    publish_steps(now, *events)
    together(*[lambda: outbox.run_due_deliveries(100, now=now)] * 4)
    while outbox.run_due_deliveries(100, now=now):
        pass
    assert sorted(effects()) == sorted((event.lamp_id, event.step) for event in events)
    for lamp in range(5):
        assert [step for lamp_id, step in effects() if lamp_id == lamp] == list(range(12))
    assert set(EventDelivery.objects.values_list("state", "attempts")) == {("done", 1)}


def run_dying_worker(now: datetime) -> int:
    """Run a worker that kills itself in the handler, and return its exit status."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {**os.environ, "DATABASE_URL": urlunsplit(address), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-m", "tests.kernel.dying_worker", now.isoformat()]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


def test_killed_worker_counts_its_attempt_and_the_effect_happens_once(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.deadly")(leave_effect)
    publish_steps(now, LampLit(7, 1), LampLit(7, 2))
    assert run_dying_worker(now) == -signal.SIGKILL
    left = delivery("a.deadly", event__payload__step=1)
    assert (left.state, left.attempts, left.due_at) == ("pending", 1, now + timedelta(seconds=5))
    assert effects() == []
    assert outbox.run_due_deliveries(10, now=now + timedelta(seconds=4)) == 0
    await_no_locks()
    assert outbox.run_due_deliveries(10, now=now + timedelta(seconds=5)) == 2
    assert effects() == [(7, 1), (7, 2)]
    assert list(EventDelivery.objects.order_by("id").values_list("attempts", flat=True)) == [2, 1]


def test_handler_that_kills_every_worker_parks(now: datetime, settings: Settings) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 2
    outbox.subscribe(LampLit, name="a.deadly")(leave_effect)
    publish_steps(now, LampLit(7, 1))
    moment = now
    for _attempt in range(2):
        assert run_dying_worker(moment) == -signal.SIGKILL
        await_no_locks()
        moment = delivery("a.deadly").due_at
    assert outbox.run_due_deliveries(10, now=moment) == 1
    parked = delivery("a.deadly")
    assert (parked.state, parked.attempts) == ("parked", 3)
    assert effects() == []


def await_no_locks() -> None:
    """Wait until the database has noticed that the worker is gone, and rolled its transaction back."""
    with entry():
        list(EventDelivery.objects.select_for_update())


def publish_and_hold(event: LampLit, now: datetime, ready: threading.Event, go: threading.Event) -> None:
    with entry():
        outbox.publish(event, now=now)
        ready.set()
        assert go.wait(PATIENCE_SECONDS)


def test_feed_read_by_position_misses_no_event_that_commits_late(now: datetime) -> None:
    ready, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        late = start(pool, lambda: publish_and_hold(LampLit(1), now, ready, go))
        assert ready.wait(PATIENCE_SECONDS)
        publish_steps(now, LampLit(2))
        assert outbox.number_events() == 1
        early = Event.objects.get(position__gt=0)
        go.set()
        late.result(PATIENCE_SECONDS)
    assert outbox.number_events() == 1
    assert early.entity == "lamp_id:2"
    assert [event.entity for event in Event.objects.filter(position__gt=early.position)] == ["lamp_id:1"]
    # The control: a reader who pages by id has passed the late event by.
    assert not Event.objects.filter(pk__gt=early.pk).exists()


def test_number_events_leaves_the_feed_to_the_relay_that_numbers_it(now: datetime) -> None:
    publish_steps(now, LampLit(1))
    with ThreadPoolExecutor(1) as pool, entry(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [relay.NUMBERING_LOCK])
        assert start(pool, outbox.number_events).result(PATIENCE_SECONDS) == 0
    assert outbox.number_events() == 1


def test_number_events_by_four_at_once_leaves_no_gap_and_no_double(now: datetime) -> None:
    publish_steps(now, *[LampLit(lamp) for lamp in range(40)])
    together(*[lambda: outbox.number_events(limit=7)] * 4)
    while outbox.number_events(limit=7):
        pass
    assert list(Event.objects.order_by("id").values_list("position", flat=True)) == list(range(1, 41))
