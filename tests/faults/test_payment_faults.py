"""What WeChat Pay, the way to it and our own workers can do wrong: every order is paid once, or its money goes back."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from redis import Redis

from inventory.models import StockLevel
from omni.kernel import clock, outbox
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import clients, services, tasks
from orders.choices import PaymentMethod
from orders.models import Order, PaymentIntent, PaymentNotice, Refund
from orders.services import sweeping
from stores.models import Store, StoreCapacity
from tests.cast import World, build_world
from tests.factories.orders import wish
from tests.factories.settlement import restore_default_split
from tests.sandbox.fixture import SandboxProcess, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

NOTICES = "/callbacks/wechat/"
SWEEP = timedelta(seconds=3)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def bank(sandbox: SandboxProcess, live_server: LiveServer, settings: Settings) -> SandboxProcess:
    """Be a merchant of an empty WeChat Pay that reports over HTTP; its seconds pass 600 times as fast."""
    sandbox.reset()
    sandbox.clear_faults("wechat")
    settings.WECHAT_PAY = {**sandbox.credentials["wechat"], "notify_url": f"{live_server.url}{NOTICES}"}
    settings.OUTBOX_HINTS = False
    restore_default_split()
    return sandbox


@pytest.fixture
def shop() -> World:
    """Return the small world, committed."""
    return build_world()


def now() -> datetime:
    return clock.now()


def start(shop: World) -> PaymentIntent:
    """Place an order and open its payment, which is not at the provider yet."""
    with entry():
        placed = services.place_order(wish(shop), now=now())
        intent_id = services.start_payment(placed.order_id, PaymentMethod.WECHAT_NATIVE, now=now())
    return PaymentIntent.objects.get(pk=intent_id)


def opened(shop: World) -> PaymentIntent:
    """Return a payment whose link the shopper sees."""
    intent = start(shop)
    assert services.drive_intent(intent.pk, now=now())
    intent.refresh_from_db()
    assert intent.status == "pending"
    return intent


def statuses(intent: PaymentIntent) -> tuple[str, str]:
    intent.refresh_from_db()
    return Order.objects.get(checkout=intent.checkout_id).status, intent.status


def told(name: str) -> int:
    return Event.objects.filter(name=f"orders.{name}").count()


def sweep_for(length: timedelta, since: datetime | None = None) -> None:
    """Do what a worker's sweeper does every three seconds for so long."""
    at = since or now()
    end = at + length
    while at <= end:
        services.drive_due_rows(now=at)
        at += SWEEP


def settle(length: timedelta = MINUTE / 2) -> None:
    """Let sweepers and events come to rest, and audit everything."""
    outbox.run_due_deliveries(1000, now=now())
    sweep_for(length)
    outbox.run_due_deliveries(1000, now=now() + length)
    call_command("audit", verbosity=0)


def answers(bank: SandboxProcess) -> list[int | None]:
    """Return what the product answered to each notice."""
    return [sent["status"] for sent in bank.log("wechat", "callback")]


def calls(bank: SandboxProcess, operation: str) -> list[str]:
    return [call["subject"] for call in bank.log("wechat", "call") if call["operation"] == operation]


# Notices.


def test_a_notice_pays_the_order_at_once(bank: SandboxProcess, shop: World) -> None:
    intent = opened(shop)

    bank.pay(intent.out_trade_no)

    wait_for(lambda: statuses(intent) == ("paid", "succeeded"))
    assert wait_for(lambda: answers(bank)) == [204]
    settle()


def test_a_lost_notice_is_made_good_within_a_minute(bank: SandboxProcess, shop: World) -> None:
    intent = opened(shop)
    bank.fault("wechat", drop_notify=True)
    bank.pay(intent.out_trade_no)

    sweep_for(MINUTE)

    assert statuses(intent) == ("paid", "succeeded")
    assert (PaymentNotice.objects.count(), told("OrderPaid")) == (0, 1)
    settle()


def test_a_notice_sent_twenty_times_at_once_has_one_effect(bank: SandboxProcess, shop: World) -> None:
    intent = opened(shop)
    bank.fault("wechat", duplicate_notify=20)

    bank.pay(intent.out_trade_no)

    wait_for(lambda: len(answers(bank)) >= 20)
    assert answers(bank).count(204) == 20
    assert statuses(intent) == ("paid", "succeeded")
    assert (PaymentNotice.objects.count(), told("OrderPaid")) == (1, 1)
    settle()


@pytest.mark.parametrize("fault", ["forge_signature", "unknown_serial", "stale_timestamp"])
def test_a_notice_that_cannot_be_believed_is_refused_and_the_query_pays(
    bank: SandboxProcess, shop: World, fault: str
) -> None:
    intent = opened(shop)
    bank.fault("wechat", **{fault: True})
    bank.pay(intent.out_trade_no)
    wait_for(lambda: answers(bank))
    refused = (answers(bank)[0], statuses(intent), PaymentNotice.objects.count())

    sweep_for(MINUTE)

    assert refused == (401, ("placed", "pending"), 0)
    assert (statuses(intent), told("OrderPaid")) == (("paid", "succeeded"), 1)


@pytest.mark.parametrize("fault", ["wrong_amount", "wrong_currency", "wrong_mchid", "wrong_appid", "other_order"])
def test_a_notice_with_false_content_is_kept_and_the_query_pays(bank: SandboxProcess, shop: World, fault: str) -> None:
    intent = opened(shop)
    bank.fault("wechat", **{fault: True})
    bank.pay(intent.out_trade_no)
    wait_for(lambda: answers(bank))
    kept = (answers(bank), statuses(intent), PaymentNotice.objects.get().outcome)

    sweep_for(MINUTE)

    assert kept == ([204], ("placed", "pending"), "quarantined")
    assert (statuses(intent), told("OrderPaid")) == (("paid", "succeeded"), 1)
    settle()


def test_a_payment_of_another_amount_pays_nothing(bank: SandboxProcess, shop: World) -> None:
    intent = opened(shop)
    bank.pay(intent.out_trade_no, amount=1)
    wait_for(lambda: answers(bank))

    sweep_for(MINUTE)

    assert statuses(intent) == ("placed", "pending")
    assert (PaymentNotice.objects.get().problem, intent.last_error) == ("differs: amount", "amount")
    assert told("OrderPaid") == 0


def test_a_probe_of_our_checks_is_refused(bank: SandboxProcess, shop: World) -> None:
    opened(shop)

    bank.fault("wechat", probe=True)

    assert wait_for(lambda: answers(bank)) == [401]
    assert PaymentNotice.objects.count() == 0


def test_hints_lost_with_an_emptied_redis_are_missed_by_nobody(
    bank: SandboxProcess, shop: World, settings: Settings
) -> None:
    settings.OUTBOX_HINTS = True
    queues = Redis.from_url(settings.REDIS_URL)
    queues.flushdb()
    intent = start(shop)
    hinted = queues.llen("celery")

    queues.flushdb()
    sweep_for(timedelta(seconds=3))
    bank.fault("wechat", drop_notify=True)
    bank.pay(intent.out_trade_no)
    sweep_for(MINUTE)
    queues.flushdb()

    assert hinted == 1
    assert statuses(intent) == ("paid", "succeeded")
    settle()
    queues.flushdb()
    queues.close()


# Calls.


@pytest.mark.parametrize(
    "fault", [{"http_500": 2, "operation": "prepay"}, {"timeout": 1, "operation": "prepay"}, {"http_500": 3}]
)
def test_an_opening_that_fails_or_never_answers_opens_one_payment(
    bank: SandboxProcess, shop: World, monkeypatch: pytest.MonkeyPatch, fault: dict[str, object]
) -> None:
    monkeypatch.setattr("orders.clients.wechat.TIMEOUT", (1.0, 0.5))
    intent = start(shop)
    bank.fault("wechat", **fault)

    sweep_for(MINUTE)

    assert statuses(intent) == ("placed", "pending")
    assert set(calls(bank, "prepay")) == {intent.out_trade_no}
    bank.pay(intent.out_trade_no)
    wait_for(lambda: statuses(intent) == ("paid", "succeeded"))
    settle()


def test_answers_that_are_forged_are_not_believed(bank: SandboxProcess, shop: World) -> None:
    intent = opened(shop)
    bank.fault("wechat", drop_notify=True, forge_answer=True)
    bank.pay(intent.out_trade_no)

    sweep_for(MINUTE)
    unmoved = statuses(intent)
    bank.clear_faults("wechat")
    sweep_for(MINUTE, since=now() + MINUTE)

    assert unmoved == ("placed", "pending")
    assert statuses(intent) == ("paid", "succeeded")


def test_the_shopper_who_pays_in_the_instant_of_closing_has_paid(bank: SandboxProcess, shop: World) -> None:
    intent = opened(shop)
    bank.fault("wechat", close_says_paid=True, drop_notify=True)

    sweep_for(MINUTE, since=intent.expires_at)

    assert statuses(intent) == ("paid", "succeeded")
    settle()


def test_an_order_nobody_pays_expires_and_can_no_longer_be_paid(bank: SandboxProcess, shop: World) -> None:
    intent = opened(shop)

    sweep_for(MINUTE, since=intent.expires_at)

    assert statuses(intent) == ("expired", "closed")
    assert shop.level("A", "S").held == 0
    bank.pay(intent.out_trade_no, expect=409)
    settle()


def given_up(bank: SandboxProcess, shop: World) -> PaymentIntent:
    """Return a payment whose order ended because the provider could not be reached to close it."""
    intent = opened(shop)
    bank.fault("wechat", http_500=10_000)
    sweep_for(timedelta(minutes=11), since=intent.expires_at)
    bank.clear_faults("wechat")
    assert statuses(intent) == ("expired", "closing")
    assert shop.level("A", "S").held == 0
    return intent


def test_money_that_comes_after_giving_up_goes_back_once(bank: SandboxProcess, shop: World) -> None:
    intent = given_up(bank, shop)
    bank.fault("wechat", duplicate_notify=5)

    bank.pay(intent.out_trade_no)
    wait_for(lambda: statuses(intent) == ("expired", "orphan_paid"))
    bank.clear_faults("wechat")
    sweep_for(MINUTE, since=intent.expires_at + timedelta(minutes=30))

    wait_for(lambda: statuses(intent) == ("expired", "orphan_refunded"))
    assert list(Refund.objects.values_list("out_refund_no", "amount_fen", "status")) == [
        (f"OR-{intent.out_trade_no}", intent.amount_fen, "succeeded")
    ]
    assert set(calls(bank, "refund")) == {f"OR-{intent.out_trade_no}"}
    assert (told("OrphanPaid"), told("OrphanRefunded"), told("OrderPaid")) == (1, 1, 0)
    settle()


# Refunds.


def cancelled(bank: SandboxProcess, shop: World) -> Refund:
    """Return the refund of a paid order that was cancelled; the provider knows nothing of it yet."""
    intent = opened(shop)
    bank.pay(intent.out_trade_no)
    wait_for(lambda: statuses(intent) == ("paid", "succeeded"))
    with entry():
        services.cancel_order(Order.objects.get().pk, actor="guest", now=now())
    outbox.run_due_deliveries(100, now=now())
    return Refund.objects.get()


def is_refunded(refund: Refund) -> bool:
    """Take the refund on as often as it is due, however far ahead that is."""
    services.drive_refund(refund.pk, now=refund.next_attempt_at or now())
    refund.refresh_from_db()
    return refund.status == "succeeded"


def test_a_cancelled_order_is_refunded_by_its_notice(bank: SandboxProcess, shop: World) -> None:
    refund = cancelled(bank, shop)
    services.drive_refund(refund.pk, now=now())

    wait_for(lambda: Refund.objects.get().status == "succeeded")
    assert (told("RefundSucceeded"), calls(bank, "query_refund")) == (1, [])
    settle()


@pytest.mark.parametrize(
    "fault",
    [
        {"drop_notify": True},
        {"duplicate_notify": 5},
        {"forge_signature": True},
        {"timeout": 2, "operation": "refund"},
        {"http_500": 3, "operation": "refund"},
        {"not_enough": 2},
        {"refund_closed": 1},
    ],
)
def test_a_refund_survives_whatever_happens_to_it(
    bank: SandboxProcess, shop: World, monkeypatch: pytest.MonkeyPatch, fault: dict[str, object]
) -> None:
    monkeypatch.setattr("orders.clients.wechat.TIMEOUT", (1.0, 0.5))
    refund = cancelled(bank, shop)
    bank.fault("wechat", **fault)

    wait_for(lambda: is_refunded(refund))

    assert set(calls(bank, "refund")) == {refund.out_refund_no}
    assert (Refund.objects.count(), told("RefundSucceeded")) == (1, 1)
    bank.clear_faults("wechat")
    settle()


def test_an_abnormal_refund_is_shown_until_somebody_helps(bank: SandboxProcess, shop: World) -> None:
    refund = cancelled(bank, shop)
    bank.fault("wechat", refund_abnormal=True)
    services.drive_refund(refund.pk, now=now())

    wait_for(lambda: Refund.objects.get().status == "abnormal")
    assert told("RefundSucceeded") == 0


# Workers.


def run_dying_worker(where: str, row_id: int) -> int:
    """Run a worker that kills itself at a point of a payment or refund, and return its exit status."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {**os.environ, "DATABASE_URL": urlunsplit(address), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment["OMNI_TEST_WECHAT_PAY"] = json.dumps(settings.WECHAT_PAY)
    command = [sys.executable, "-m", "tests.faults.dying_payer", where, str(row_id)]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


@pytest.mark.parametrize("where", ["before the call", "after the call", "inside the entry"])
def test_a_worker_killed_while_opening_leaves_one_payment(bank: SandboxProcess, shop: World, where: str) -> None:
    intent = start(shop)

    assert run_dying_worker(f"open: {where}", intent.pk) == -signal.SIGKILL
    intent.refresh_from_db()
    assert (intent.status, intent.attempts) == ("created", 1)
    sweep_for(MINUTE)

    assert statuses(intent) == ("placed", "pending")
    bank.pay(intent.out_trade_no)
    wait_for(lambda: statuses(intent) == ("paid", "succeeded"))
    assert set(calls(bank, "prepay")) == {intent.out_trade_no}
    settle()


@pytest.mark.parametrize("where", ["before the call", "after the call", "inside the entry"])
def test_a_worker_killed_while_polling_leaves_the_payment_to_the_next(
    bank: SandboxProcess, shop: World, where: str
) -> None:
    intent = opened(shop)
    bank.fault("wechat", drop_notify=True)
    bank.pay(intent.out_trade_no)
    PaymentIntent.objects.update(next_attempt_at=now())

    assert run_dying_worker(f"poll: {where}", intent.pk) == -signal.SIGKILL
    assert statuses(intent) == ("placed", "pending")
    sweep_for(MINUTE)

    assert statuses(intent) == ("paid", "succeeded")
    assert told("OrderPaid") == 1
    settle()


@pytest.mark.parametrize("where", ["before the call", "after the call", "inside the entry"])
def test_a_worker_killed_while_refunding_leaves_one_refund(bank: SandboxProcess, shop: World, where: str) -> None:
    refund = cancelled(bank, shop)
    bank.fault("wechat", drop_notify=True)

    assert run_dying_worker(f"refund: {where}", refund.pk) == -signal.SIGKILL
    wait_for(lambda: is_refunded(refund))

    assert set(calls(bank, "refund")) == {refund.out_refund_no}
    assert (Refund.objects.count(), told("RefundSucceeded")) == (1, 1)
    settle()


# Hundreds at once.


def paid_unheard(bank: SandboxProcess, shop: World, count: int) -> None:
    """Make so many payments that were made, and of which no notice ever came."""
    StockLevel.objects.filter(variant=shop.variants["S"]).update(on_hand=10_000)
    StoreCapacity.objects.all().delete()
    Store.objects.update(daily_capacity=10_000)
    intents = [start(shop) for _intent in range(count)]

    def pay(intent: PaymentIntent) -> None:
        try:
            services.drive_intent(intent.pk, now=now())
            bank.pay(intent.out_trade_no)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pay, intents))


@pytest.mark.parametrize("helpers", [0, 3])
def test_three_hundred_lost_notices_are_made_good_within_a_minute(
    bank: SandboxProcess, shop: World, monkeypatch: pytest.MonkeyPatch, helpers: int
) -> None:
    """With other workers to help, and with every hint to them lost. An answer takes a tenth of a second."""
    bank.fault("wechat", drop_notify=True)
    paid_unheard(bank, shop, 300 if helpers else 60)
    query = clients.WeChatPayClient.query

    def ask_slowly(client: clients.WeChatPayClient, number: str) -> clients.ProviderPayment:
        time.sleep(0.1)
        return query(client, number)

    monkeypatch.setattr(clients.WeChatPayClient, "query", ask_slowly)
    waiting = ThreadPoolExecutor(helpers or 1)

    def help_out(_task: str, *, kind: str, row_ids: list[int], sent_at: str) -> None:
        if helpers:
            waiting.submit(run, kind, row_ids, sent_at)

    def run(kind: str, row_ids: list[int], sent_at: str) -> None:
        tasks.drive_rows(kind=kind, row_ids=row_ids, sent_at=sent_at)
        connection.close()

    monkeypatch.setattr(sweeping, "hint", help_out)
    PaymentIntent.objects.filter(status="pending").update(next_attempt_at=now())
    started = time.monotonic()
    while PaymentIntent.objects.filter(status="pending").exists() and time.monotonic() < started + 60:
        services.drive_due_rows(now=now())
    waiting.shutdown()

    assert not PaymentIntent.objects.exclude(status="succeeded").exists()
    assert Order.objects.filter(status="paid").count() == (300 if helpers else 60)
    assert time.monotonic() - started < (40 if helpers else 30)
