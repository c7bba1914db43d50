"""The shop from the payment to the end of an order, as a browser without scripts sees it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import queries
from orders.choices import IntentStatus
from orders.models import Order, PaymentIntent
from orders.services import payment
from tests.cast import World
from tests.factories.orders import paid_order, placed_order, proof_of, started_payment
from tests.orders.shopper import page, shopper_in_jingan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def shopper() -> Client:
    """Return a browser that reads English and lives in Jing'an."""
    return shopper_in_jingan()


# Paying


def remember(client: Client, order: Order) -> None:
    """Open the order's signed link."""
    link = f"/orders/{order.number}/?t={queries.sign_order_token(order.number)}"
    assert client.get(link)["Location"] == f"/orders/{order.number}/"


def open_payment(order: Order) -> PaymentIntent:
    """Return a payment that the provider has given a link for."""
    intent = started_payment(order)
    PaymentIntent.objects.filter(pk=intent.pk).update(status=IntentStatus.PENDING, code_url="weixin://pay/1")
    intent.refresh_from_db()
    return intent


def test_payment_page_waits_then_shows_the_code_then_leads_to_the_order(world: World, shopper: Client) -> None:
    order = placed_order(world)
    remember(shopper, order)
    intent = started_payment(order)
    address = f"/orders/{order.number}"
    text = page(shopper, f"{address}/pay/")
    assert "the payment is being prepared" in text
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in text
    waiting = hidden_version(text, "payment")
    page(shopper, f"{address}/payment/?v={waiting}", 204)
    page(shopper, f"{address}/pay/qr.svg", 404)
    PaymentIntent.objects.filter(pk=intent.pk).update(status=IntentStatus.PENDING, code_url="weixin://pay/1")
    text = page(shopper, f"{address}/payment/?v={waiting}")
    assert 'href="weixin://pay/1"' in text
    drawing = shopper.get(f"{address}/pay/qr.svg")
    assert (drawing["Content-Type"], drawing["Cache-Control"]) == ("image/svg+xml", "private, no-store")
    assert drawing.content.startswith(b"<?xml")
    with entry():
        payment.record_payment(intent.pk, proof_of(intent), actor="provider:wechat", now=clock.now())
    answer = shopper.get(f"{address}/payment/?v={waiting}")
    assert (answer.status_code, answer["HX-Redirect"]) == (286, f"{address}/")
    assert shopper.get(f"{address}/pay/")["Location"] == f"{address}/"


def hidden_version(text: str, name: str) -> str:
    found = re.search(rf'id="{name}-version" name="v" value="(\w+)"', text)
    assert found is not None
    return found[1]


def test_payment_that_came_to_nothing_can_be_begun_again(world: World, shopper: Client) -> None:
    order = placed_order(world)
    remember(shopper, order)
    PaymentIntent.objects.filter(pk=started_payment(order).pk).update(status=IntentStatus.FAILED)
    address = f"/orders/{order.number}/pay/"
    assert "The payment could not be prepared." in page(shopper, address)
    assert shopper.post(address)["Location"] == address
    assert "the payment is being prepared" in page(shopper, address)
    assert list(order.allocations.order_by("pk").values_list("intent__status", flat=True)) == ["failed", "created"]


def test_payment_begun_too_late_is_refused_in_words(
    world: World, shopper: Client, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    order = placed_order(world)
    remember(shopper, order)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=1))
    response = shopper.post(f"/orders/{order.number}/pay/")
    assert response.status_code == 409
    assert "The time to pay this order has passed." in response.content.decode()
    assert PaymentIntent.objects.count() == 0


# Following


ORDER_PAGES: list[Callable[[str], str]] = [
    lambda number: f"/orders/{number}/",
    lambda number: f"/orders/{number}/status/",
    lambda number: f"/orders/{number}/pay/",
    lambda number: f"/orders/{number}/payment/",
    lambda number: f"/orders/{number}/pay/qr.svg",
]


@pytest.mark.parametrize("address", ORDER_PAGES)
def test_order_pages_are_not_found_by_a_stranger(world: World, address: Callable[[str], str]) -> None:
    order = placed_order(world)
    open_payment(order)
    for number in (order.number, "nonsense"):
        seen = page(Client(), address(number), 404)
        assert (order.contact_name in seen, "Silk shirt" in seen) == (False, False)


def test_cancelling_by_a_stranger_is_not_found(world: World) -> None:
    order = placed_order(world)
    assert Client().post(f"/orders/{order.number}/cancel/").status_code == 404
    assert Order.objects.get().ending_as == ""


def test_order_link_that_was_not_signed_here_is_not_found(world: World, shopper: Client) -> None:
    order, other = placed_order(world), placed_order(world)
    token = queries.sign_order_token(other.number)
    for query in (f"?t={token}", "?t=x", ""):
        assert "Silk shirt" not in page(shopper, f"/orders/{order.number}/{query}", 404)
    assert shopper.get(f"/orders/{other.number}/?t={token}").status_code == 302


def test_order_page_carries_a_link_that_opens_it_elsewhere(world: World, shopper: Client) -> None:
    order = paid_order(world)
    remember(shopper, order)
    link = re.search(r'href="http://testserver(/orders/[^"]+\?t=[^"]+)"', page(shopper, f"/orders/{order.number}/"))
    assert link is not None
    elsewhere = Client()
    assert elsewhere.get(link[1]).status_code == 302
    assert order.number in page(elsewhere, f"/orders/{order.number}/")


def test_order_page_of_a_paid_order_follows_it(world: World, shopper: Client) -> None:
    order = paid_order(world, ("S", 2))
    remember(shopper, order)
    text = page(shopper, f"/orders/{order.number}/")
    assert 'data-status="paid"' in text
    assert "We are asking the best store." in text
    assert '<li class="is-done"><span>Paid</span><time class="track-time figure"' in text
    assert "</li><li><span>Accepted</span></li>" in text
    assert "Silk shirt" in text
    version = hidden_version(text, "track")
    page(shopper, f"/orders/{order.number}/status/?v={version}", 204)
    page(shopper, f"/orders/{order.number}/status/")


def test_order_page_of_an_unpaid_order_offers_to_pay_and_to_cancel(world: World, shopper: Client) -> None:
    order = placed_order(world)
    open_payment(order)
    remember(shopper, order)
    address = f"/orders/{order.number}/"
    text = page(shopper, address)
    assert f'href="{address}pay/"' in text
    version = hidden_version(text, "track")
    assert shopper.post(f"{address}cancel/")["Location"] == address
    text = page(shopper, f"{address}status/?v={version}")
    assert "Being cancelled" in text
    assert f"{address}pay/" not in text
    assert "Cancel the order" not in text
    assert shopper.get(f"{address}pay/")["Location"] == address


def test_order_page_stops_asking_once_nothing_more_can_happen(world: World, shopper: Client) -> None:
    order = placed_order(world)
    remember(shopper, order)
    Order.objects.filter(pk=order.pk).update(status="expired")
    assert shopper.get(f"/orders/{order.number}/status/").status_code == 286
    text = page(shopper, f"/orders/{order.number}/")
    assert "hx-trigger" not in text.split("<main")[1]
    assert "http-equiv" not in text
    shopper.post(f"/orders/{order.number}/cancel/")
    assert "can no longer be cancelled" in page(shopper, f"/orders/{order.number}/")


def test_order_page_of_a_pickup_shows_the_store(world: World, shopper: Client) -> None:
    order = paid_order(world, way="pickup", pickup_store_id=world.stores["B"].pk, district_code=None, street="")
    remember(shopper, order)
    text = page(shopper, f"/orders/{order.number}/")
    assert "Collected in the store" in text
    assert "<span>Ready to collect</span>" in text


def test_order_list_shows_this_browsers_orders_only(world: World, shopper: Client) -> None:
    assert "No order was placed in this browser yet." in page(shopper, "/orders/")
    own, other = placed_order(world), placed_order(world)
    remember(shopper, own)
    text = page(shopper, "/orders/")
    assert own.number in text
    assert other.number not in text
