from datetime import datetime, timedelta

import pytest

from fulfillment.choices import FulfillmentStatus
from inventory.models import Reservation
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import services
from orders.choices import IntentStatus
from orders.clients import ProviderRefused, ProviderUnreachable
from orders.models import Order, PaymentIntent, Refund
from orders.services import payment
from stores.models import StoreCapacity
from tests.cast import World
from tests.factories.orders import paid_order, placed_order, proof_of, started_payment
from tests.orders.provider import ScriptedProvider, state_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def expiring(world: World, now: datetime, provider: ScriptedProvider) -> PaymentIntent:
    """Return the open payment of an order whose time has just passed; it is being closed."""
    order = placed_order(world)
    intent = started_payment(order, now)
    provider.script("create_native", "weixin://1")
    services.drive_intent(intent.pk, now=now)
    with entry():
        services.expire_order(order.pk, now=order.expires_at)
    intent.refresh_from_db()
    return intent


def order_of(intent: PaymentIntent) -> Order:
    return Order.objects.get(checkout=intent.checkout_id)


def is_given_back(order: Order) -> bool:
    """Tell whether stock and capacity are free again, each exactly once."""
    statuses = set(Reservation.objects.values_list("status", flat=True))
    used = sum(StoreCapacity.objects.values_list("used", flat=True))
    order.fulfillment.refresh_from_db()
    assert (statuses, used) in [({"released"}, 0), ({"held"}, 1), ({"allocated"}, 1)]
    return order.fulfillment.status == FulfillmentStatus.CANCELLED and statuses == {"released"}


def names() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("name", flat=True))


def test_expiry_of_an_order_without_payment_gives_back_at_once(world: World, now: datetime) -> None:
    order = placed_order(world)

    with entry():
        services.expire_order(order.pk, now=order.expires_at)

    order.refresh_from_db()
    assert (order.status, order.finished_at, order.due_at) == ("expired", now + 15 * MINUTE, None)
    assert is_given_back(order)
    assert world.level("A", "S").held == 0
    assert names() == ["orders.OrderPlaced", "orders.OrderExpired"]


def test_expiry_before_its_time_changes_nothing(world: World, now: datetime) -> None:
    order = placed_order(world)

    with entry():
        services.expire_order(order.pk, now=order.expires_at - timedelta(seconds=1))

    order.refresh_from_db()
    assert (order.status, order.ending_as) == ("placed", "")
    assert not is_given_back(order)


def test_expiry_of_a_paid_order_changes_nothing(world: World, now: datetime) -> None:
    order = paid_order(world)

    with entry():
        services.expire_order(order.pk, now=order.expires_at)

    order.refresh_from_db()
    assert order.status == "paid"


def test_expiry_with_an_open_payment_waits_for_its_closing(expiring: PaymentIntent) -> None:
    order = order_of(expiring)

    assert (order.status, order.ending_as, order.due_at) == ("placed", "expired", None)
    assert (expiring.status, expiring.closing_since) == ("closing", order.expires_at)
    assert expiring.next_attempt_at == order.expires_at
    assert not is_given_back(order)


def test_a_confirmed_closing_gives_back(expiring: PaymentIntent, provider: ScriptedProvider) -> None:
    order = order_of(expiring)
    provider.script("close", None)

    services.drive_intent(expiring.pk, now=order.expires_at)

    expiring.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, expiring.status, expiring.next_attempt_at) == ("expired", "closed", None)
    assert is_given_back(order)


@pytest.mark.parametrize("code", ["ORDER_CLOSED", "ORDER_NOT_EXIST"])
def test_a_closing_of_what_is_not_open_gives_back(
    expiring: PaymentIntent, provider: ScriptedProvider, code: str
) -> None:
    order = order_of(expiring)
    provider.script("close", ProviderRefused(code))

    services.drive_intent(expiring.pk, now=order.expires_at)

    order.refresh_from_db()
    assert order.status == "expired"
    assert is_given_back(order)


def test_a_closing_that_comes_too_late_pays_the_order(expiring: PaymentIntent, provider: ScriptedProvider) -> None:
    order = order_of(expiring)
    provider.script("close", ProviderRefused("ORDERPAID"))
    provider.script("query", proof_of(expiring, order.expires_at))

    services.drive_intent(expiring.pk, now=order.expires_at)

    expiring.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, order.ending_as, expiring.status) == ("paid", "", "succeeded")
    assert list(Reservation.objects.values_list("status", flat=True)) == ["allocated"]


def test_a_notice_during_the_closing_pays_the_order_and_ends_the_closing(
    expiring: PaymentIntent, provider: ScriptedProvider
) -> None:
    order = order_of(expiring)
    with entry():
        payment.record_payment(expiring.pk, proof_of(expiring), actor="provider:wechat", now=order.expires_at)

    assert services.drive_intent(expiring.pk, now=order.expires_at + MINUTE)

    order.refresh_from_db()
    assert order.status == "paid"
    assert [call for call, _number in provider.calls] == ["create_native"]


def test_an_unreachable_provider_is_waited_for_ten_minutes(expiring: PaymentIntent, provider: ScriptedProvider) -> None:
    order, at = order_of(expiring), expiring.closing_since
    assert at is not None
    ended_at = None
    while ended_at is None:
        provider.script("close", ProviderUnreachable("ConnectTimeout"))
        assert services.drive_intent(expiring.pk, now=at) is False
        expiring.refresh_from_db()
        order.refresh_from_db()
        ended_at = order.finished_at
        assert expiring.next_attempt_at is not None
        at = expiring.next_attempt_at

    waited = ended_at - order.expires_at
    assert timedelta(minutes=10) <= waited <= timedelta(minutes=10, seconds=30)
    assert (order.status, expiring.status, expiring.last_error) == ("expired", "closing", "ConnectTimeout")
    assert is_given_back(order)


def test_a_payment_that_never_matches_is_waited_for_ten_minutes(
    expiring: PaymentIntent, provider: ScriptedProvider
) -> None:
    at = order_of(expiring).expires_at + 11 * MINUTE
    provider.script("close", ProviderRefused("ORDERPAID"))
    provider.script("query", proof_of(expiring, at, amount_fen=1))

    services.drive_intent(expiring.pk, now=at)

    order = order_of(expiring)
    expiring.refresh_from_db()
    assert (order.status, order.finished_at) == ("expired", at)
    assert (expiring.status, expiring.last_error) == ("closing", "amount")
    assert expiring.next_attempt_at is not None
    assert is_given_back(order)


def given_up(intent: PaymentIntent, provider: ScriptedProvider) -> datetime:
    """Let the order end though the provider never confirmed the closing; return when."""
    at = order_of(intent).expires_at + 11 * MINUTE
    provider.script("close", ProviderUnreachable("ConnectTimeout"))
    services.drive_intent(intent.pk, now=at)
    assert order_of(intent).status == "expired"
    return at


def test_money_that_comes_after_giving_up_is_refunded_once(expiring: PaymentIntent, provider: ScriptedProvider) -> None:
    at = given_up(expiring, provider)
    provider.script("close", ProviderRefused("ORDERPAID"))
    provider.script("query", proof_of(expiring, at))

    services.drive_intent(expiring.pk, now=at + 20 * MINUTE)

    expiring.refresh_from_db()
    assert (order_of(expiring).status, expiring.status) == ("expired", "orphan_paid")
    assert list(Refund.objects.values_list("out_refund_no", "amount_fen")) == [(f"OR-{expiring.out_trade_no}", 49900)]


def test_a_closing_confirmed_after_giving_up_ends_the_intent_alone(
    expiring: PaymentIntent, provider: ScriptedProvider
) -> None:
    at = given_up(expiring, provider)
    provider.script("close", None)

    services.drive_intent(expiring.pk, now=at + 20 * MINUTE)

    expiring.refresh_from_db()
    assert (expiring.status, expiring.next_attempt_at) == ("closed", None)
    assert names().count("orders.OrderExpired") == 1
    assert is_given_back(order_of(expiring))


def test_a_notice_after_the_confirmed_closing_is_an_orphan(expiring: PaymentIntent, provider: ScriptedProvider) -> None:
    order = order_of(expiring)
    provider.script("close", None)
    services.drive_intent(expiring.pk, now=order.expires_at)
    with entry():
        payment.record_payment(expiring.pk, proof_of(expiring), actor="provider:wechat", now=order.expires_at + MINUTE)

    expiring.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, expiring.status, Refund.objects.count()) == ("expired", "orphan_paid", 1)
    assert is_given_back(order)


def test_a_link_that_arrives_during_the_closing_is_never_shown(
    world: World, now: datetime, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)

    def expire_meanwhile(*_args: object) -> payment.Opened:
        with entry():
            services.expire_order(order.pk, now=order.expires_at)
        return payment.Opened("weixin://late")

    with monkeypatch.context() as patch:
        patch.setattr(payment, "_call_provider", expire_meanwhile)
        services.drive_intent(intent.pk, now=now)
    intent.refresh_from_db()

    assert (intent.status, intent.code_url) == (IntentStatus.CLOSING, "")
    assert intent.next_attempt_at is not None


def test_a_closing_that_is_still_unpaid_at_the_provider_goes_on(
    expiring: PaymentIntent, provider: ScriptedProvider
) -> None:
    order = order_of(expiring)
    provider.script("close", ProviderRefused("ORDERPAID"), ProviderRefused("SIGN_ERROR", "who?"))
    provider.script("query", state_of(expiring, "USERPAYING"))
    services.drive_intent(expiring.pk, now=order.expires_at)
    services.drive_intent(expiring.pk, now=order.expires_at + MINUTE)

    expiring.refresh_from_db()
    assert (expiring.status, expiring.last_error) == ("closing", "SIGN_ERROR: who?")
    assert expiring.next_attempt_at is not None
