"""Row locks."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from omni.kernel.locking import locked
from omni.kernel.models import Event, EventDelivery
from omni.kernel.transactions import StepOutsideTransaction, entry
from tests.kernel.crowd import PATIENCE_SECONDS, start, wait_until_blocked


def make_events(count: int, now: datetime) -> list[Event]:
    return [Event.objects.create(name="x.Y", entity=f"id:{n}", payload={}, created_at=now) for n in range(count)]


@pytest.mark.django_db
def test_locked_returns_the_rows_by_primary_key_locked_without_keys(now: datetime) -> None:
    events = make_events(3, now)
    with entry(), CaptureQueriesContext(connection) as queries:
        assert locked(Event.objects.order_by("-entity")) == events
    (statement,) = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert statement.endswith('ORDER BY "kernel_event"."id" ASC FOR NO KEY UPDATE OF "kernel_event"')


@pytest.mark.django_db
def test_locked_outside_a_transaction_is_refused() -> None:
    with pytest.raises(StepOutsideTransaction):
        locked(Event.objects.all())


@pytest.mark.django_db(transaction=True)
def test_locked_reads_what_the_holder_before_wrote(now: datetime) -> None:
    (event,) = make_events(1, now)
    held, released = threading.Event(), threading.Event()

    def hold_and_number() -> None:
        with entry():
            locked(Event.objects.all())
            held.set()
            assert released.wait(PATIENCE_SECONDS)
            Event.objects.update(position=5)

    def read() -> int | None:
        with entry():
            return locked(Event.objects.filter(pk=event.pk))[0].position

    with ThreadPoolExecutor(2) as pool:
        start(pool, hold_and_number)
        assert held.wait(PATIENCE_SECONDS)
        reader = start(pool, read)
        wait_until_blocked()
        released.set()
    assert reader.result() == 5


@pytest.mark.django_db(transaction=True)
def test_locked_row_may_still_be_pointed_to(now: datetime) -> None:
    (event,) = make_events(1, now)

    def point_to_it() -> int:
        return EventDelivery.objects.create(event_id=event.pk, subscriber="s", entity="id:0", due_at=now).event_id

    with ThreadPoolExecutor(1) as pool, entry():
        locked(Event.objects.all())
        assert start(pool, point_to_it).result(PATIENCE_SECONDS) == event.pk
