import logging
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from django.db import connections

from fulfillment import services as fulfillment_services
from omni.kernel.transactions import DriveInsideTransaction, entry
from orders import services, sql
from orders.clients import ProviderRefused, ProviderUnreachable
from orders.models import Order, PaymentIntent, Refund
from orders.services import payment, sweeping
from tests.cast import World
from tests.factories.orders import paid_order, placed_order, proof_of, run_deliveries, started_payment
from tests.orders.provider import ScriptedProvider, refund_of

LATE = timedelta(minutes=15)


def test_sweep_expires_opens_and_refunds_what_is_due(world: World, now: datetime, provider: ScriptedProvider) -> None:
    expired = placed_order(world, now=now - LATE)
    waiting = started_payment(placed_order(world), now)
    cancelled = paid_order(world)
    with entry():
        services.cancel_order(cancelled.pk, actor="guest", now=now)
    run_deliveries(now)
    refund = Refund.objects.get()
    provider.script("create_native", "weixin://1")
    provider.script("refund", refund_of(refund, "SUCCESS"))

    tried = services.drive_due_rows(now=now)

    expired.refresh_from_db()
    waiting.refresh_from_db()
    refund.refresh_from_db()
    assert (tried, expired.status, waiting.status, refund.status) == (3, "expired", "pending", "succeeded")
    assert services.drive_due_rows(now=now) == 0


def test_sweep_alone_takes_a_lost_callback_to_a_paid_order_within_a_minute(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)
    provider.script("create_native", "weixin://1")
    services.drive_due_rows(now=now)
    paid_at = now + timedelta(seconds=16)
    provider.script("query", ProviderRefused("ORDER_NOT_EXIST"))
    PaymentIntent.objects.update(next_attempt_at=paid_at)
    services.drive_due_rows(now=paid_at)
    provider.script("query", proof_of(intent, now))
    for seconds in range(0, 60, 3):
        services.drive_due_rows(now=paid_at + timedelta(seconds=seconds))

    order.refresh_from_db()
    assert order.status == "paid"


def test_a_row_that_raises_is_put_off_longer_each_time_and_holds_nobody_up(
    world: World,
    now: datetime,
    provider: ScriptedProvider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    poisoned, healthy = placed_order(world, now=now - 2 * LATE), placed_order(world, now=now - LATE)
    give_back = fulfillment_services.give_back

    def fail_for_one(fulfillment_id: int, *, actor: str, now: datetime) -> None:
        if fulfillment_id == poisoned.fulfillment_id:
            raise ZeroDivisionError
        give_back(fulfillment_id, actor=actor, now=now)

    monkeypatch.setattr(fulfillment_services, "give_back", fail_for_one)
    delays = []
    for _round in range(3):
        with caplog.at_level(logging.CRITICAL, logger="orders"):
            services.drive_due_rows(now=now)
        poisoned.refresh_from_db()
        assert poisoned.due_at is not None
        delays.append((poisoned.due_at - now).seconds)
        now = poisoned.due_at

    healthy.refresh_from_db()
    assert (poisoned.status, healthy.status, delays) == ("placed", "expired", [30, 60, 120])


def test_a_payment_that_raises_is_put_off(world: World, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    intent = started_payment(placed_order(world), now)
    monkeypatch.setattr(payment, "_call_provider", lambda *_args: 1 / 0)
    logging.getLogger("orders.services.sweeping").disabled = True
    try:
        assert services.drive_due_rows(now=now) == 1
    finally:
        logging.getLogger("orders.services.sweeping").disabled = False

    intent.refresh_from_db()
    assert (intent.status, intent.next_attempt_at) == ("created", now + timedelta(seconds=30))


def test_a_silent_provider_ends_the_round_after_three_calls(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    for _intent in range(5):
        started_payment(placed_order(world), now)
    provider.script("create_native", *[ProviderUnreachable("ConnectTimeout")] * 3)

    assert services.drive_due_rows(now=now) == 3
    assert PaymentIntent.objects.filter(status="created").count() == 2


def test_only_one_sweep_runs_at_a_time(world: World, now: datetime) -> None:
    order = placed_order(world, now=now - LATE)
    other = connections.create_connection("default")
    with closing(other), other.cursor() as cursor:
        cursor.execute(sql.TRY_SWEEPING, {"key": sweeping.SWEEPING_LOCK})
        assert services.drive_due_rows(now=now) == 0
        cursor.execute(sql.END_SWEEPING, {"key": sweeping.SWEEPING_LOCK})

    assert services.drive_due_rows(now=now) == 1
    assert Order.objects.get(pk=order.pk).status == "expired"


def test_sweep_inside_a_transaction_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(DriveInsideTransaction), entry():
        services.drive_due_rows(now=now)
