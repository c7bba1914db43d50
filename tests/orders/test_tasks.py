from collections.abc import Iterator
from datetime import datetime, timedelta
from unittest import mock

import pytest

from omni.celery import app
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import services, tasks
from orders.models import Refund
from tests.cast import World
from tests.factories.orders import paid_order, placed_order, run_deliveries, started_payment
from tests.orders.provider import ScriptedProvider, refund_of


@pytest.fixture(autouse=True)
def _noon(now: datetime) -> Iterator[None]:
    with mock.patch.object(clock, "now", return_value=now):
        yield


def test_drive_intent_takes_a_payment_on(world: World, now: datetime, provider: ScriptedProvider) -> None:
    intent = started_payment(placed_order(world), now)
    provider.script("create_native", "weixin://1")

    tasks.drive_intent(intent_id=intent.pk)

    intent.refresh_from_db()
    assert intent.code_url == "weixin://1"


def test_drive_refund_takes_a_refund_on(world: World, now: datetime, provider: ScriptedProvider) -> None:
    order = paid_order(world)
    with entry():
        services.cancel_order(order.pk, actor="guest", now=now)
    run_deliveries(now)
    refund = Refund.objects.get()
    provider.script("refund", refund_of(refund, "SUCCESS"))

    tasks.drive_refund(refund_id=refund.pk)

    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_sweep_expires_what_is_due(world: World, now: datetime) -> None:
    order = placed_order(world, now=now - timedelta(minutes=15))

    assert tasks.sweep() == 1

    order.refresh_from_db()
    assert order.status == "expired"


def test_beat_sends_the_sweep_every_few_seconds() -> None:
    entry_of_beat = app.conf.beat_schedule["orders.sweep"]

    assert (entry_of_beat["task"], entry_of_beat["schedule"]) == ("orders.sweep", 3.0)
    assert tasks.sweep.name == "orders.sweep"
