from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from fulfillment.choices import FulfillmentOrderStatus, FulfillmentStatus
from inventory.models import Reservation
from omni.kernel.models import Event, Transition
from omni.kernel.transactions import DriveInsideTransaction, entry
from orders import services
from orders.choices import IntentStatus, OrderStatus, PaymentMethod, RefundReason
from orders.clients import ProviderRefused, ProviderUnreachable
from orders.models import IntentAllocation, Order, PaymentIntent, Refund
from orders.services import payment
from tests.cast import World
from tests.factories.orders import TRANSACTION, paid_order, placed_order, proof_of, shares_of, started_payment
from tests.orders.provider import ScriptedProvider, state_of

LINK = "weixin://wxpay/bizpayurl?pr=1"
MINUTE = timedelta(minutes=1)


def record(intent: PaymentIntent, now: datetime, **changes: object) -> bool:
    with entry():
        return payment.record_payment(intent.pk, proof_of(intent, now, **changes), actor="provider:wechat", now=now)


def events(name: str) -> list[dict[str, object]]:
    return list(Event.objects.filter(name=f"orders.{name}").order_by("pk").values_list("payload", flat=True))


def pending(order: Order, provider: ScriptedProvider, now: datetime) -> PaymentIntent:
    """Return a payment that is open at the provider."""
    intent = started_payment(order, now)
    provider.script("create_native", LINK)
    assert services.drive_intent(intent.pk, now=now)
    intent.refresh_from_db()
    assert intent.status == IntentStatus.PENDING
    return intent


# Starting.


def test_start_payment_commits_an_intent_that_is_due_at_once(world: World, now: datetime, settings: Settings) -> None:
    order = placed_order(world)

    intent = started_payment(order, now)

    assert (intent.status, intent.amount_fen, intent.merchant_id) == ("created", 49900, "1900000001")
    assert (intent.next_attempt_at, intent.expires_at, intent.checkout) == (now, order.expires_at, order.checkout)
    (allocation,) = IntentAllocation.objects.all()
    assert (allocation.intent, allocation.order, allocation.amount_fen) == (intent, order, 49900)
    assert 6 <= len(intent.out_trade_no) <= 32


def test_start_payment_again_finds_the_open_one(world: World, now: datetime, provider: ScriptedProvider) -> None:
    order = placed_order(world)
    intent = pending(order, provider, now)

    assert started_payment(order, now) == intent


def test_start_payment_after_a_failure_opens_another(world: World, now: datetime, provider: ScriptedProvider) -> None:
    order = placed_order(world)
    failed = started_payment(order, now)
    provider.script("create_native", ProviderRefused("PARAM_ERROR", "no"))
    services.drive_intent(failed.pk, now=now)

    again = started_payment(order, now)

    failed.refresh_from_db()
    assert (failed.status, failed.last_error, failed.next_attempt_at) == ("failed", "PARAM_ERROR: no", None)
    assert again != failed
    assert again.out_trade_no != failed.out_trade_no


def test_start_payment_in_the_last_seconds_is_open_for_a_minute(world: World, now: datetime) -> None:
    order = placed_order(world)
    late = order.expires_at - timedelta(seconds=5)

    assert started_payment(order, late).expires_at == late + timedelta(seconds=61)


def test_start_payment_of_an_expired_order_is_refused(world: World, now: datetime) -> None:
    order = placed_order(world)

    with pytest.raises(services.PaymentTooLate) as caught, entry():
        services.start_payment(order.pk, PaymentMethod.WECHAT_NATIVE, now=order.expires_at)

    assert (caught.value.code, caught.value.field, caught.value.status) == ("order_expired", "order", 409)
    assert not PaymentIntent.objects.exists()


def test_start_payment_of_an_order_that_was_expired_is_refused(world: World, now: datetime) -> None:
    order = placed_order(world)
    with entry():
        services.expire_order(order.pk, now=order.expires_at)

    with pytest.raises(services.PaymentTooLate), entry():
        services.start_payment(order.pk, PaymentMethod.WECHAT_NATIVE, now=order.expires_at)


def test_start_payment_of_a_paid_order_is_refused(world: World, now: datetime) -> None:
    order = paid_order(world)

    with pytest.raises(services.OrderNotPayable) as caught, entry():
        services.start_payment(order.pk, PaymentMethod.WECHAT_NATIVE, now=now)

    assert (caught.value.code, PaymentIntent.objects.count()) == ("order_not_payable", 1)


def test_start_payment_by_an_unknown_method_is_refused(world: World, now: datetime) -> None:
    order = placed_order(world)

    with pytest.raises(services.UnknownPaymentMethod) as caught, entry():
        services.start_payment(order.pk, "shells", now=now)

    assert (caught.value.code, caught.value.field) == ("unknown_payment_method", "method")


# Driving: opening and polling.


def test_drive_of_a_created_intent_opens_it(world: World, now: datetime, provider: ScriptedProvider) -> None:
    intent = pending(placed_order(world), provider, now)

    assert (intent.code_url, intent.attempts) == (LINK, 0)
    assert intent.next_attempt_at == now + timedelta(seconds=15)
    assert provider.calls == [("create_native", intent.out_trade_no)]


def test_drive_of_an_intent_that_is_not_due_does_nothing(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    intent = pending(placed_order(world), provider, now)

    assert services.drive_intent(intent.pk, now=now + timedelta(seconds=14))

    assert len(provider.calls) == 1


def test_drive_inside_a_transaction_is_refused(world: World, now: datetime) -> None:
    intent = started_payment(placed_order(world), now)

    with pytest.raises(DriveInsideTransaction), entry():
        services.drive_intent(intent.pk, now=now)


def test_polling_finds_a_payment_within_a_minute(world: World, now: datetime, provider: ScriptedProvider) -> None:
    intent = pending(placed_order(world), provider, now)
    gaps, at = [], now
    for _round in range(6):
        intent.refresh_from_db()
        assert intent.next_attempt_at is not None
        gaps.append((intent.next_attempt_at - at).seconds)
        at = intent.next_attempt_at
        provider.script("query", state_of(intent, "NOTPAY"))
        services.drive_intent(intent.pk, now=at)

    assert gaps == [15, 15, 30, 30, 30, 30]


def test_polling_finds_the_payment_and_pays_the_order(world: World, now: datetime, provider: ScriptedProvider) -> None:
    order = placed_order(world)
    intent = pending(order, provider, now)
    provider.script("query", proof_of(intent, now))

    services.drive_intent(intent.pk, now=now + MINUTE)

    order.refresh_from_db()
    intent.refresh_from_db()
    assert (order.status, intent.status, intent.next_attempt_at) == ("paid", "succeeded", None)


def test_a_lost_answer_to_the_opening_is_made_good_under_the_same_number(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    intent = started_payment(placed_order(world), now)
    provider.script("create_native", ProviderUnreachable("ReadTimeout"))
    assert services.drive_intent(intent.pk, now=now) is False
    intent.refresh_from_db()
    unknown = (intent.status, intent.last_error, intent.next_attempt_at)

    provider.script("query", state_of(intent, "NOTPAY"))
    provider.script("create_native", LINK)
    services.drive_intent(intent.pk, now=now + timedelta(seconds=2))

    intent.refresh_from_db()
    assert unknown == ("unknown", "ReadTimeout", now + timedelta(seconds=2))
    assert (intent.status, intent.code_url, intent.last_error) == ("pending", LINK, "")
    assert provider.calls == [
        ("create_native", intent.out_trade_no),
        ("query", intent.out_trade_no),
        ("create_native", intent.out_trade_no),
    ]


def test_an_opening_that_never_arrived_is_repeated(world: World, now: datetime, provider: ScriptedProvider) -> None:
    intent = started_payment(placed_order(world), now)
    provider.script("create_native", ProviderUnreachable("ConnectTimeout"), LINK)
    provider.script("query", ProviderRefused("ORDER_NOT_EXIST"))
    services.drive_intent(intent.pk, now=now)
    services.drive_intent(intent.pk, now=now + timedelta(seconds=2))

    intent.refresh_from_db()
    assert intent.status == IntentStatus.PENDING


def test_an_opening_of_what_is_paid_already_finds_the_payment(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)
    provider.script("create_native", ProviderRefused("ORDERPAID"))
    provider.script("query", proof_of(intent, now))

    services.drive_intent(intent.pk, now=now)

    order.refresh_from_db()
    assert order.status == OrderStatus.PAID


def test_a_worker_that_died_leaves_the_intent_due_again(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = started_payment(placed_order(world), now)
    monkeypatch.setattr(payment, "_call_provider", lambda *_args: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        services.drive_intent(intent.pk, now=now)

    intent.refresh_from_db()
    assert (intent.status, intent.attempts, intent.next_attempt_at) == ("created", 1, now + timedelta(seconds=30))


def test_an_open_payment_that_the_provider_closed_is_closed(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    order = placed_order(world)
    intent = pending(order, provider, now)
    provider.script("query", state_of(intent, "CLOSED"))

    services.drive_intent(intent.pk, now=now + MINUTE)

    intent.refresh_from_db()
    order.refresh_from_db()
    assert (intent.status, intent.next_attempt_at, order.status) == ("closed", None, "placed")


def test_an_open_payment_that_the_provider_forgot_is_unknown_and_opened_again(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    intent = pending(placed_order(world), provider, now)
    provider.script("query", ProviderRefused("ORDER_NOT_EXIST"), ProviderRefused("ORDER_NOT_EXIST"))
    provider.script("create_native", "weixin://2")
    services.drive_intent(intent.pk, now=now + MINUTE)
    intent.refresh_from_db()
    lost = intent.status
    services.drive_intent(intent.pk, now=now + 2 * MINUTE)

    intent.refresh_from_db()
    assert (lost, intent.status, intent.code_url) == ("unknown", "pending", "weixin://2")


def test_a_state_that_nobody_foresaw_is_shown_and_asked_again(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    intent = pending(placed_order(world), provider, now)
    provider.script("query", state_of(intent, "REFUND"))

    services.drive_intent(intent.pk, now=now + MINUTE)

    intent.refresh_from_db()
    assert (intent.status, intent.last_error) == ("pending", "REFUND")
    assert intent.next_attempt_at is not None


# Paying.


def test_a_payment_pays_the_order_once_and_lets_its_goods_go(world: World, now: datetime) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)

    assert record(intent, now) is True
    assert record(intent, now) is False

    order.refresh_from_db()
    intent.refresh_from_db()
    assert (order.status, order.paid_at, order.due_at) == ("paid", now + MINUTE, None)
    assert (intent.status, intent.provider_trade_no, intent.succeeded_at) == ("succeeded", TRANSACTION, now + MINUTE)
    assert order.fulfillment.status == FulfillmentStatus.ACTIVE
    (share,) = shares_of(order)
    assert (share.status, share.route_due_at) == (FulfillmentOrderStatus.PENDING_ROUTING, now)
    assert list(Reservation.objects.values_list("status", flat=True)) == ["allocated"]
    (told,) = events("OrderPaid")
    assert (told["order_id"], told["intent_id"], told["amount_fen"]) == (order.pk, intent.pk, 49900)
    log = Transition.objects.filter(entity="orders.order", entity_id=order.pk)
    assert list(log.values_list("from_status", "to_status", "actor")) == [("placed", "paid", "provider:wechat")]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"mchid": "1900000009"}, "merchant"),
        ({"appid": "wx0000000000000009"}, "application"),
        ({"amount_fen": 1}, "amount"),
        ({"amount_fen": None}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"out_trade_no": "P-OTHER"}, "payment number"),
        ({"state": "NOTPAY"}, "state"),
        ({"transaction_id": ""}, "time or number of the transaction"),
        ({"paid_at": None}, "time or number of the transaction"),
    ],
)
def test_a_payment_that_differs_changes_nothing(
    world: World, now: datetime, change: dict[str, object], problem: str
) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)

    with pytest.raises(payment.PaymentMismatch, match=problem):
        record(intent, now, **change)

    order.refresh_from_db()
    intent.refresh_from_db()
    assert (order.status, intent.status, intent.provider_trade_no) == ("placed", "created", "")
    assert events("OrderPaid") == []


def test_a_second_payment_under_the_same_number_is_not_taken_for_the_first(world: World, now: datetime) -> None:
    intent = started_payment(placed_order(world), now)
    record(intent, now)

    with pytest.raises(payment.PaymentMismatch, match="second payment"):
        record(intent, now, transaction_id="4200000000000000000000000002")


def test_a_query_that_differs_is_shown_and_asked_again(world: World, now: datetime, provider: ScriptedProvider) -> None:
    order = placed_order(world)
    intent = pending(order, provider, now)
    provider.script("query", proof_of(intent, now, amount_fen=1))

    services.drive_intent(intent.pk, now=now + MINUTE)

    order.refresh_from_db()
    intent.refresh_from_db()
    assert (order.status, intent.status, intent.last_error) == ("placed", "pending", "amount")
    assert intent.next_attempt_at is not None


def test_a_payment_of_a_failed_intent_is_refunded_once(world: World, now: datetime, provider: ScriptedProvider) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)
    provider.script("create_native", ProviderRefused("PARAM_ERROR"))
    services.drive_intent(intent.pk, now=now)

    assert record(intent, now) is True
    assert record(intent, now) is False

    order.refresh_from_db()
    intent.refresh_from_db()
    assert (order.status, intent.status, intent.refunded_fen) == ("placed", "orphan_paid", 49900)
    (refund,) = Refund.objects.all()
    assert (refund.out_refund_no, refund.amount_fen, refund.reason) == (
        *(f"OR-{intent.out_trade_no}", 49900),
        RefundReason.ORPHAN,
    )
    assert (refund.order, refund.cause, refund.next_attempt_at) == (None, f"orphan:{intent.pk}", now)
    assert [event["intent_id"] for event in events("OrphanPaid")] == [intent.pk]


def test_the_second_of_two_payments_of_one_order_is_refunded(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    order = placed_order(world)
    first = started_payment(order, now)
    provider.script("create_native", ProviderRefused("PARAM_ERROR"))
    services.drive_intent(first.pk, now=now)
    second = started_payment(order, now)

    record(second, now)
    record(first, now, transaction_id="4200000000000000000000000002")

    first.refresh_from_db()
    second.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, first.status, second.status) == ("paid", "orphan_paid", "succeeded")
    assert list(Refund.objects.values_list("intent", "amount_fen")) == [(first.pk, 49900)]


def test_paying_closes_the_other_open_payments(world: World, now: datetime) -> None:
    order = placed_order(world)
    first = started_payment(order, now)
    second = PaymentIntent.objects.create(
        checkout=order.checkout, brand=order.brand, method="wechat_native", merchant_id="1900000001",
        out_trade_no="P-SECOND", amount_fen=49900, expires_at=order.expires_at, created_at=now,
    )  # fmt: skip
    IntentAllocation.objects.create(intent=second, order=order, amount_fen=49900)

    record(first, now)

    second.refresh_from_db()
    assert (second.status, second.closing_since, second.next_attempt_at) == ("closing", now, now)
