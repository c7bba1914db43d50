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


def test_a_payment_that_raises_every_time_is_put_off_longer_and_longer(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = started_payment(placed_order(world), now)
    monkeypatch.setattr(payment, "_call_provider", lambda *_args: 1 / 0)
    delays = []
    for _attempt in range(7):
        with pytest.raises(ZeroDivisionError):
            services.drive_intent(intent.pk, now=now)
        intent.refresh_from_db()
        assert intent.next_attempt_at is not None
        delays.append(int((intent.next_attempt_at - now).total_seconds()))
        now = intent.next_attempt_at

    assert (delays, intent.failures) == ([30, 60, 120, 240, 480, 600, 600], 7)


def test_an_answer_ends_the_count_of_failures(world: World, now: datetime, provider: ScriptedProvider) -> None:
    intent = started_payment(placed_order(world), now)
    PaymentIntent.objects.update(failures=4)
    provider.script("create_native", "weixin://1")

    services.drive_intent(intent.pk, now=now)

    intent.refresh_from_db()
    assert (intent.status, intent.failures) == ("pending", 0)


def hinted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return the list that hints for helpers will be added to, with the number of their rows."""
    hints: list[tuple[str, int]] = []

    def note(task: str, *, kind: str, row_ids: list[int], sent_at: str) -> None:
        hints.append((kind, len(row_ids)))

    monkeypatch.setattr(sweeping, "hint", note)
    return hints


def test_many_due_rows_are_shared_with_other_workers(
    world: World, now: datetime, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = hinted(monkeypatch)
    monkeypatch.setattr(sweeping, "ROWS_FOR_A_HELPER", 2)
    for _intent in range(10):
        started_payment(placed_order(world), now)
    provider.script("create_native", *["weixin://1"] * 10)

    assert services.drive_due_rows(now=now) == 10

    assert hints == [("intent", 2), ("intent", 2), ("intent", 1)]


def test_a_silent_provider_gets_no_helpers(
    world: World, now: datetime, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = hinted(monkeypatch)
    monkeypatch.setattr(sweeping, "ROWS_FOR_A_HELPER", 1)
    for _intent in range(8):
        started_payment(placed_order(world), now)
    provider.script("create_native", "weixin://1", *[ProviderUnreachable("ConnectTimeout")] * 3)

    assert (services.drive_due_rows(now=now), hints) == (4, [])


def test_a_helper_takes_its_rows_on_and_ends_at_the_first_silence(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    intents = [started_payment(placed_order(world), now).pk for _intent in range(3)]
    provider.script("create_native", "weixin://1", ProviderUnreachable("ConnectTimeout"))

    assert services.drive_rows("intent", intents, sent_at=now, now=now) == 2


def test_a_helper_that_is_reached_late_does_nothing(world: World, now: datetime, provider: ScriptedProvider) -> None:
    intent = started_payment(placed_order(world), now)

    assert services.drive_rows("intent", [intent.pk], sent_at=now, now=now + timedelta(seconds=11)) == 0
    assert provider.calls == []
