import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import services
from orders.choices import NoticeOutcome, RefundReason
from orders.models import Order, PaymentIntent, PaymentNotice, Refund
from orders.services import refunds
from tests.cast import World
from tests.factories.orders import paid_order, placed_order, started_payment
from tests.orders.wechat import Provider, new_key, payment_resource, refund_resource


@pytest.fixture
def intent(world: World, now: datetime) -> PaymentIntent:
    """Return a payment that waits."""
    return started_payment(placed_order(world), now)


def send(
    resource: object,
    now: datetime,
    *,
    event_id: str = "EV-1",
    event_type: str = "TRANSACTION.SUCCESS",
    provider: Provider | None = None,
) -> NoticeOutcome:
    provider = provider or Provider()
    body = provider.notice(resource, event_id=event_id, event_type=event_type)
    return services.drive_notice(provider.sign(body, now), body, now=now)


def state() -> tuple[str, str, int]:
    """Return the statuses of the one order and payment, and how many events told of a payment."""
    told = Event.objects.filter(name__in=["orders.OrderPaid", "orders.OrphanPaid"]).count()
    return Order.objects.get().status, PaymentIntent.objects.get().status, told


def test_a_notice_pays_the_order(intent: PaymentIntent, now: datetime) -> None:
    assert send(payment_resource(intent.out_trade_no, 49900), now) == NoticeOutcome.APPLIED

    notice = PaymentNotice.objects.get()
    assert state() == ("paid", "succeeded", 1)
    assert (notice.provider, notice.event_id, notice.event_type) == ("wechat", "EV-1", "TRANSACTION.SUCCESS")
    assert (notice.intent, notice.outcome, notice.problem, notice.received_at) == (intent, "applied", "", now)
    assert Order.objects.get().paid_at == datetime.fromisoformat("2026-03-16T12:01:00+08:00")


def test_a_notice_is_kept_without_the_payer(intent: PaymentIntent, now: datetime) -> None:
    send(payment_resource(intent.out_trade_no, 49900), now)

    body = PaymentNotice.objects.get().body
    assert body["out_trade_no"] == intent.out_trade_no
    assert "openid" not in str(body)


def test_a_notice_repeated_is_stored_once(intent: PaymentIntent, now: datetime) -> None:
    outcomes = [send(payment_resource(intent.out_trade_no, 49900), now) for _copy in range(3)]

    assert outcomes == [NoticeOutcome.APPLIED, NoticeOutcome.REPEATED, NoticeOutcome.REPEATED]
    assert (PaymentNotice.objects.count(), state()) == (1, ("paid", "succeeded", 1))


def test_a_notice_replayed_under_another_event_id_changes_nothing(intent: PaymentIntent, now: datetime) -> None:
    send(payment_resource(intent.out_trade_no, 49900), now)

    again = send(payment_resource(intent.out_trade_no, 49900), now, event_id="EV-2")

    assert (again, state()) == (NoticeOutcome.REPEATED, ("paid", "succeeded", 1))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"mchid": "1900000009"}, "differs: merchant"),
        ({"appid": "wx0000000000000009"}, "differs: application"),
        ({"amount": {"total": 1, "currency": "CNY"}}, "differs: amount"),
        ({"amount": {"total": 49900, "currency": "USD"}}, "differs: currency"),
        ({"amount": {"total": 49900}}, "differs: currency"),
        ({"amount": {}}, "differs: amount, currency"),
        ({"trade_state": "NOTPAY"}, "differs: state"),
        ({"transaction_id": ""}, "differs: time or number of the transaction"),
        ({"success_time": ""}, "differs: time or number of the transaction"),
    ],
)
def test_a_notice_that_differs_is_kept_and_changes_nothing(
    intent: PaymentIntent, now: datetime, change: dict[str, Any], problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="orders"):
        outcome = send(payment_resource(intent.out_trade_no, 49900) | change, now)

    notice = PaymentNotice.objects.get()
    assert (outcome, notice.outcome, notice.problem) == (NoticeOutcome.QUARANTINED, "quarantined", problem)
    assert (notice.intent, state()) == (intent, ("placed", "created", 0))
    assert "quarantined" in caplog.text


def test_a_notice_for_another_order_is_kept_and_changes_nothing(intent: PaymentIntent, now: datetime) -> None:
    outcome = send(payment_resource("P-NOBODYS", 49900), now)

    assert (outcome, PaymentNotice.objects.get().problem) == (NoticeOutcome.QUARANTINED, "unknown payment number")
    assert state() == ("placed", "created", 0)


def test_a_notice_of_another_kind_is_kept(intent: PaymentIntent, now: datetime) -> None:
    outcome = send({"coupon": 1}, now, event_type="COUPON.USE")

    assert (outcome, PaymentNotice.objects.get().problem) == (NoticeOutcome.QUARANTINED, "unknown kind of event")


@pytest.mark.parametrize(
    ("provider", "age"),
    [
        (Provider(key=new_key("forger")), timedelta(0)),
        (Provider(serial="PUB_KEY_ID_9"), timedelta(0)),
        (Provider(), timedelta(minutes=-6)),
        (Provider(), timedelta(minutes=6)),
        (Provider(apiv3_key="x" * 32), timedelta(0)),
    ],
)
def test_a_notice_that_cannot_be_believed_leaves_no_trace(
    intent: PaymentIntent, now: datetime, provider: Provider, age: timedelta
) -> None:
    body = provider.notice(payment_resource(intent.out_trade_no, 49900))

    with pytest.raises(services.NoticeRejected):
        services.drive_notice(provider.sign(body, now + age), body, now=now)

    assert (PaymentNotice.objects.count(), state()) == (0, ("placed", "created", 0))


@pytest.fixture
def refund(world: World, now: datetime) -> Refund:
    """Return a refund of 100 fen."""
    order = paid_order(world)
    with entry():
        return refunds.request_refund(
            PaymentIntent.objects.get(), order=order, amount_fen=100, reason=RefundReason.CANCELLED, cause="t", now=now
        )


def send_refund(refund: Refund, now: datetime, **changes: Any) -> NoticeOutcome:  # noqa: ANN401  any JSON
    resource = refund_resource(refund.out_refund_no, refund.intent.out_trade_no, 100) | changes
    return send(resource, now, event_type=f"REFUND.{resource['refund_status']}", event_id=str(len(str(changes))))


def test_a_notice_finishes_a_refund_even_before_the_answer_to_it(refund: Refund, now: datetime) -> None:
    assert send_refund(refund, now) == NoticeOutcome.APPLIED

    refund.refresh_from_db()
    assert (refund.status, refund.next_attempt_at, refund.intent.notices.count()) == ("succeeded", None, 1)
    assert Event.objects.filter(name="orders.RefundSucceeded").count() == 1


@pytest.mark.parametrize(("word", "status"), [("ABNORMAL", "abnormal"), ("PROCESSING", "processing")])
def test_a_notice_of_a_refund_that_has_not_arrived_is_noted(
    refund: Refund, now: datetime, word: str, status: str
) -> None:
    assert send_refund(refund, now, refund_status=word) == NoticeOutcome.APPLIED

    refund.refresh_from_db()
    assert refund.status == status
    assert refund.next_attempt_at is not None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"mchid": "1900000009"}, "differs: merchant"),
        ({"out_trade_no": "P-OTHER"}, "differs: another payment or amount"),
        ({"amount": {"total": 49900, "refund": 99}}, "differs: another payment or amount"),
        ({"out_refund_no": "R-NOBODYS"}, "unknown refund number"),
    ],
)
def test_a_notice_of_another_refund_is_kept_and_changes_nothing(
    refund: Refund, now: datetime, change: dict[str, Any], problem: str
) -> None:
    assert send_refund(refund, now, **change) == NoticeOutcome.QUARANTINED

    refund.refresh_from_db()
    assert (refund.status, PaymentNotice.objects.get().problem) == ("requested", problem)


def test_a_notice_of_a_refund_that_arrived_is_known(refund: Refund, now: datetime) -> None:
    send_refund(refund, now)

    assert send_refund(refund, now, user_received_account="零钱") == NoticeOutcome.REPEATED
    assert Event.objects.filter(name="orders.RefundSucceeded").count() == 1
