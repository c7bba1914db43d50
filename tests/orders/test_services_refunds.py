from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import services
from orders.choices import RefundReason, RefundStatus
from orders.clients import ProviderRefused, ProviderUnreachable
from orders.models import PaymentIntent, Refund
from orders.services import payment, refunds
from tests.cast import World
from tests.factories.orders import paid_order, placed_order, proof_of, started_payment
from tests.orders.provider import REFUNDED_AT, ScriptedProvider, refund_of


def ask(amount_fen: int, cause: str, now: datetime) -> Refund:
    """Ask for a refund of the one payment there is."""
    intent = PaymentIntent.objects.get()
    order = intent.allocations.get().order
    with entry():
        return refunds.request_refund(
            intent, order=order, amount_fen=amount_fen, reason=RefundReason.CANCELLED, cause=cause, now=now
        )


@pytest.fixture
def refund(world: World, now: datetime) -> Refund:
    """Return a refund of 100 fen that the provider knows nothing of yet."""
    paid_order(world)
    return ask(100, "test:1", now)


def drive(refund: Refund, now: datetime) -> Refund:
    services.drive_refund(refund.pk, now=now)
    return Refund.objects.get(pk=refund.pk)


def told() -> list[tuple[str, int]]:
    rows = Event.objects.filter(name__in=["orders.RefundSucceeded", "orders.OrphanRefunded"]).order_by("pk")
    return [(name, payload["amount_fen"]) for name, payload in rows.values_list("name", "payload")]


def test_request_is_due_at_once_and_counted_against_the_payment(refund: Refund, now: datetime) -> None:
    assert (refund.status, refund.next_attempt_at, refund.amount_fen) == ("requested", now, 100)
    assert PaymentIntent.objects.get().refunded_fen == 100


def test_request_for_the_same_cause_is_the_same_refund(refund: Refund, now: datetime) -> None:
    assert ask(100, "test:1", now) == refund
    assert PaymentIntent.objects.get().refunded_fen == 100


def test_request_of_more_than_was_paid_is_refused(refund: Refund, now: datetime) -> None:
    with pytest.raises(services.RefundExceedsPayment) as caught:
        ask(49801, "test:2", now)

    assert caught.value.code == "refund_exceeds_payment"
    assert (PaymentIntent.objects.get().refunded_fen, Refund.objects.count()) == (100, 1)
    ask(49800, "test:3", now)
    assert PaymentIntent.objects.get().refunded_fen == 49900


def test_more_refunds_than_payment_is_impossible_in_the_database(refund: Refund) -> None:
    with pytest.raises(IntegrityError, match="orders_intent_refunds_within_amount"):
        PaymentIntent.objects.update(refunded_fen=49901)


def test_two_refunds_of_one_payment_are_a_minute_apart(refund: Refund, now: datetime) -> None:
    assert ask(100, "test:2", now + timedelta(seconds=5)).next_attempt_at == now + timedelta(seconds=61)
    assert ask(100, "test:3", now + timedelta(hours=1)).next_attempt_at == now + timedelta(hours=1)


def test_drive_sends_and_then_asks_until_it_has_arrived(
    refund: Refund, provider: ScriptedProvider, now: datetime
) -> None:
    provider.script("refund", refund_of(refund, "PROCESSING"))
    provider.script("query_refund", refund_of(refund, "PROCESSING"), refund_of(refund, "SUCCESS"))

    sent = drive(refund, now)
    again = drive(refund, now + timedelta(seconds=5))
    done = drive(refund, now + timedelta(seconds=15))

    assert (sent.status, sent.next_attempt_at) == ("processing", now + timedelta(seconds=5))
    assert (again.status, again.next_attempt_at) == ("processing", now + timedelta(seconds=15))
    assert (done.status, done.next_attempt_at, done.succeeded_at) == ("succeeded", None, REFUNDED_AT)
    assert done.provider_refund_no == "50000000000000000001"
    assert [call for call, _number in provider.calls] == ["refund", "query_refund", "query_refund"]
    assert told() == [("orders.RefundSucceeded", 100)]


def test_drive_without_an_answer_repeats_under_the_same_number(
    refund: Refund, provider: ScriptedProvider, now: datetime
) -> None:
    provider.script("refund", ProviderUnreachable("ReadTimeout"), ProviderUnreachable("ReadTimeout"))
    provider.script("refund", refund_of(refund, "SUCCESS"))

    first = drive(refund, now)
    second = drive(refund, now + timedelta(seconds=5))
    third = drive(refund, now + timedelta(seconds=15))

    assert (first.status, first.last_error, first.next_attempt_at) == (
        *("requested", "ReadTimeout"),
        now + timedelta(seconds=5),
    )
    assert second.next_attempt_at == now + timedelta(seconds=15)
    assert third.status == RefundStatus.SUCCEEDED
    assert provider.calls == [("refund", refund.out_refund_no)] * 3
    assert told() == [("orders.RefundSucceeded", 100)]


def test_drive_of_a_refund_that_is_not_due_does_nothing(
    refund: Refund, provider: ScriptedProvider, now: datetime
) -> None:
    assert services.drive_refund(refund.pk, now=now - timedelta(seconds=1))
    assert provider.calls == []


def test_a_closed_refund_is_sent_again_under_its_number(
    refund: Refund, provider: ScriptedProvider, now: datetime
) -> None:
    provider.script("refund", refund_of(refund, "PROCESSING"), refund_of(refund, "SUCCESS"))
    provider.script("query_refund", refund_of(refund, "CLOSED"))
    drive(refund, now)
    closed = drive(refund, now + timedelta(minutes=1))
    done = drive(refund, now + timedelta(minutes=2))

    assert (closed.status, closed.last_error, done.status) == ("requested", "CLOSED", "succeeded")
    assert {number for _call, number in provider.calls} == {refund.out_refund_no}


def test_too_little_money_is_waited_for(refund: Refund, provider: ScriptedProvider, now: datetime) -> None:
    provider.script("refund", ProviderRefused("NOT_ENOUGH", "余额不足"), refund_of(refund, "SUCCESS"))

    short = drive(refund, now)
    done = drive(refund, now + timedelta(minutes=1))

    assert (short.status, short.last_error) == ("requested", "NOT_ENOUGH: 余额不足")
    assert done.status == RefundStatus.SUCCEEDED


def test_another_refusal_needs_somebody_and_can_be_retried(
    refund: Refund, provider: ScriptedProvider, now: datetime
) -> None:
    provider.script("refund", ProviderRefused("INVALID_REQUEST"), refund_of(refund, "SUCCESS"))
    refused = drive(refund, now)
    assert (refused.status, refused.last_error) == ("abnormal", "INVALID_REQUEST")

    with entry():
        services.retry_refund(refund.pk, actor="user:9", now=now + timedelta(minutes=1))
    done = drive(refund, now + timedelta(minutes=1))

    assert (done.status, provider.calls[-1]) == ("succeeded", ("refund", refund.out_refund_no))


def test_an_abnormal_refund_that_somebody_finished_elsewhere_is_found(
    refund: Refund, provider: ScriptedProvider, now: datetime
) -> None:
    provider.script("refund", refund_of(refund, "ABNORMAL"))
    provider.script("query_refund", refund_of(refund, "SUCCESS"))
    abnormal = drive(refund, now)
    done = drive(refund, now + timedelta(hours=1))

    assert (abnormal.status, done.status) == ("abnormal", "succeeded")
    assert told() == [("orders.RefundSucceeded", 100)]


def test_a_refund_that_the_provider_forgot_is_sent_again(
    refund: Refund, provider: ScriptedProvider, now: datetime
) -> None:
    provider.script("refund", refund_of(refund, "PROCESSING"))
    provider.script("query_refund", ProviderRefused("RESOURCE_NOT_EXISTS"))
    drive(refund, now)

    assert drive(refund, now + timedelta(minutes=1)).status == RefundStatus.REQUESTED


@pytest.mark.parametrize(
    "change", [{"amount_fen": 99}, {"amount_fen": None}, {"out_trade_no": "P-OTHER"}, {"status": "MAYBE"}]
)
def test_an_answer_that_differs_changes_nothing(
    refund: Refund, provider: ScriptedProvider, now: datetime, change: dict[str, object]
) -> None:
    provider.script("refund", refund_of(refund, **({"status": "SUCCESS"} | change)))  # type: ignore[arg-type]

    after = drive(refund, now)

    assert (after.status, after.succeeded_at, told()) == ("requested", None, [])
    assert after.last_error in {"another payment or amount", "unknown state"}
    assert after.next_attempt_at is not None


def test_retry_of_a_refund_that_is_under_way_is_refused(refund: Refund, now: datetime) -> None:
    with pytest.raises(services.RefundNotAbnormal), entry():
        services.retry_refund(refund.pk, actor="user:9", now=now)


def test_an_orphan_is_refunded_whole_and_ends(world: World, provider: ScriptedProvider, now: datetime) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)
    provider.script("create_native", ProviderRefused("PARAM_ERROR"))
    services.drive_intent(intent.pk, now=now)
    with entry():
        payment.record_payment(intent.pk, proof_of(intent), actor="provider:wechat", now=now)
    refund = Refund.objects.get()
    provider.script("refund", refund_of(refund, "SUCCESS"))

    drive(refund, now)

    intent.refresh_from_db()
    assert intent.status == "orphan_refunded"
    assert told() == [("orders.OrphanRefunded", 49900)]


def test_what_arrived_stays_whatever_comes_later(refund: Refund, now: datetime) -> None:
    with entry():
        assert refunds.apply_refund(refund.pk, refund_of(refund, "SUCCESS"), now=now) is True
    with entry():
        assert refunds.apply_refund(refund.pk, refund_of(refund, "ABNORMAL"), now=now) is False

    refund.refresh_from_db()
    assert (refund.status, refund.succeeded_at, told()) == (
        *("succeeded", REFUNDED_AT),
        [("orders.RefundSucceeded", 100)],
    )
