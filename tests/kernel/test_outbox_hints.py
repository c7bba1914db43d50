"""Hints to Celery: after the commit, once, and never in the way."""

import socket
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from celery import Celery
from django.conf import settings as django_settings
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from omni.kernel import outbox
from omni.kernel.outbox import hints
from omni.kernel.transactions import entry
from tests.kernel.happenings import LampLit, leave_effect


class Broker:
    """Stands in for Celery's current app."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def send_task(self, name: str, *, kwargs: dict[str, Any], ignore_result: bool, retry: bool) -> None:
        self.asked.append((name, kwargs))
        assert (ignore_result, retry) == (True, False)
        if self.is_down:
            raise ConnectionError("redis://:password@host refused")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Broker:
    settings.OUTBOX_HINTS = True
    broker = Broker()
    monkeypatch.setattr(hints, "current_app", broker)
    monkeypatch.setattr(hints._Broker, "silent_until", 0.0)
    return broker


@pytest.mark.django_db(transaction=True)
def test_hint_is_sent_after_the_commit(broker: Broker) -> None:
    with entry():
        outbox.hint("orders.route", order_id=5)
        assert broker.asked == []
    assert broker.asked == [("orders.route", {"order_id": 5})]


@pytest.mark.django_db(transaction=True)
def test_hint_in_a_transaction_that_fails_is_not_sent(broker: Broker) -> None:
    def hint_and_fail() -> None:
        outbox.hint("orders.route", order_id=5)
        raise LookupError

    with pytest.raises(LookupError), entry():
        hint_and_fail()
    assert broker.asked == []


@pytest.mark.django_db
def test_hint_given_twice_is_sent_once(
    broker: Broker, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), entry():
        for order_id in (5, 6, 5):
            outbox.hint("orders.route", order_id=order_id)
        outbox.hint("orders.expire", order_id=5)
    assert broker.asked == [
        ("orders.route", {"order_id": 5}),
        ("orders.route", {"order_id": 6}),
        ("orders.expire", {"order_id": 5}),
    ]


@pytest.mark.django_db(transaction=True)
def test_hint_given_again_after_its_savepoint_was_undone_is_sent(broker: Broker) -> None:
    def hint_in_a_savepoint() -> None:
        with transaction.atomic():
            outbox.hint("orders.route", order_id=5)
            raise LookupError

    with entry():
        with suppress(LookupError):
            hint_in_a_savepoint()
        outbox.hint("orders.route", order_id=5)
    assert broker.asked == [("orders.route", {"order_id": 5})]


@pytest.mark.django_db(transaction=True)
def test_publishing_hints_at_deliveries_where_there_are_any(broker: Broker, now: datetime) -> None:
    with entry():
        outbox.publish(LampLit(1), now=now)
    assert broker.asked == []
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    with entry():
        outbox.publish(LampLit(1), now=now)
        outbox.publish(LampLit(2), now=now)
    assert broker.asked == [("kernel.deliver", {})]


@pytest.mark.django_db
def test_relay_that_stops_at_its_limit_hints_at_the_rest(
    broker: Broker, now: datetime, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    with entry():
        outbox.publish(LampLit(1), now=now)
        outbox.publish(LampLit(2), now=now)
    with django_capture_on_commit_callbacks(execute=True):
        assert outbox.run_due_deliveries(1, now=now) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert outbox.run_due_deliveries(2, now=now) == 1
    assert broker.asked == [("kernel.deliver", {})]


@pytest.mark.django_db(transaction=True)
def test_broker_that_is_down_is_logged_without_its_address_and_left_alone_for_a_while(
    broker: Broker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.is_down = True
    outbox.hint("orders.route", order_id=5)
    outbox.hint("orders.route", order_id=6)
    assert broker.asked == [("orders.route", {"order_id": 5})]
    assert [record.getMessage() for record in caplog.records] == [
        "The broker took no hint for orders.route: ConnectionError"
    ]
    later = time.monotonic() + hints.BROKER_SILENCE_SECONDS
    monkeypatch.setattr("omni.kernel.outbox.hints.time.monotonic", lambda: later)
    broker.is_down = False
    outbox.hint("orders.route", order_id=7)
    assert broker.asked[1:] == [("orders.route", {"order_id": 7})]


@pytest.mark.django_db(transaction=True)
def test_hint_where_hints_are_switched_off_is_not_sent(broker: Broker, settings: Settings) -> None:
    settings.OUTBOX_HINTS = False
    outbox.hint("orders.route", order_id=5)
    assert broker.asked == []


def find_unused_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.django_db(transaction=True)
def test_hint_with_nothing_at_the_address_of_the_broker_costs_less_than_a_second(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.OUTBOX_HINTS = True
    app = Celery("nowhere", set_as_current=False)
    app.config_from_object(django_settings, namespace="CELERY")
    app.conf.update(broker_url=f"redis://127.0.0.1:{find_unused_port()}/0")
    monkeypatch.setattr(hints, "current_app", app)
    monkeypatch.setattr(hints._Broker, "silent_until", 0.0)
    started_at = time.monotonic()
    outbox.hint("orders.route", order_id=5)
    assert time.monotonic() - started_at < 1.0
    assert hints._Broker.silent_until > started_at
    app.close()
