"""The shopper's pages of returns."""

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from omni.kernel import clock, sealing
from orders import queries
from orders.models import Order, Return
from tests.cast import World
from tests.factories.exchanges import agreed_exchange, pay_difference, replacement_of
from tests.factories.returns import NEXT_DAY, agreed_return, delivered_order, refunded_return

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NEXT_DAY)


@pytest.fixture
def order(world: World) -> Order:
    """Return an order of three pieces that its shopper has."""
    return delivered_order(world, ("S", 2), ("L", 1))


@pytest.fixture
def shopper(order: Order) -> Client:
    """Return a browser that opened the order by its link."""
    browser = Client(headers={"accept-language": "en"})
    browser.get(reverse("orders:track", args=[order.number]), {"t": queries.sign_order_token(order.number)})
    return browser


def choice(order: Order, *units: int, **changes: str) -> dict[str, str]:
    lines = [f"line-{pk}" for pk in order.lines.order_by("pk").values_list("pk", flat=True)]
    return dict(zip(lines, map(str, units), strict=False)) | {"reason": "not_wanted", "way": "bring"} | changes


def test_return_page_previews_to_the_fen_what_comes_back(shopper: Client, order: Order) -> None:
    page = shopper.get(reverse("orders:return-new", args=[order.number]), choice(order, 1, 1))
    assert page.status_code == 200
    text = page.content.decode()
    assert "¥898.00" in text
    assert 'name="seen" value="89800"' in text
    assert Return.objects.count() == 0


def test_return_page_sent_as_seen_agrees_once(shopper: Client, order: Order) -> None:
    sent = choice(order, 1, seen="49900", key="once")
    for _twice in range(2):
        answer = shopper.post(reverse("orders:return-new", args=[order.number]), sent)
        assert answer.status_code == 302
    case = Return.objects.get()
    assert answer.headers["Location"] == reverse("orders:return", args=[case.number])
    page = shopper.get(answer.headers["Location"]).content.decode()
    assert case.number in page
    assert "Store A" in page
    assert case.number in shopper.get(reverse("orders:returns")).content.decode()
    assert case.number in shopper.get(reverse("orders:track", args=[order.number])).content.decode()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seen": "1"}, "What comes back has changed meanwhile"),
        ({"reason": ""}, "Choose a reason."),
        ({"reason": "bored"}, "Select a valid choice"),
    ],
)
def test_return_page_refuses_and_says_why(shopper: Client, order: Order, changes: dict[str, str], told: str) -> None:
    answer = shopper.post(reverse("orders:return-new", args=[order.number]), choice(order, 1) | changes)
    assert (answer.status_code, Return.objects.count()) == (422, 0)
    assert told in answer.content.decode()


def test_return_page_of_nothing_chosen_asks_for_a_choice(shopper: Client, order: Order) -> None:
    answer = shopper.post(reverse("orders:return-new", args=[order.number]), choice(order, 0, 0))
    assert "Choose what you return." in answer.content.decode()
    assert Return.objects.count() == 0


def test_return_page_for_a_courier_offers_the_door_the_order_went_to(shopper: Client, order: Order) -> None:
    address = reverse("orders:return-new", args=[order.number])
    page = shopper.get(address, choice(order, 1, way="collect")).content.decode()
    assert "¥487.00" in page
    assert 'name="address" value="order" checked' in page
    sent = choice(order, 1, way="collect", seen="48700", key="once", address="order")
    assert [shopper.post(address, sent).status_code for _twice in range(2)] == [302, 302]
    case = Return.objects.select_related("collection").get()
    assert case.collection is not None
    assert case.collection.street == order.fulfillment.street
    page = shopper.get(reverse("orders:return", args=[case.number])).content.decode()
    assert sealing.unseal(case.collection.code_sealed) in page
    assert "Tell the courier this code" in page


def test_return_page_for_a_courier_shows_each_mistake_of_a_typed_door(shopper: Client, order: Order) -> None:
    sent = choice(order, 1, way="collect", seen="48700", address="new", contact_name="", street="", phone="12")
    answer = shopper.post(reverse("orders:return-new", args=[order.number]), sent)
    page = answer.content.decode()
    assert (answer.status_code, Return.objects.count()) == (422, 0)
    for mistake in ("Choose your district.", "Enter your name.", "Enter the street and house number."):
        assert mistake in page


def test_return_page_for_a_courier_knows_no_address_of_others(shopper: Client, order: Order) -> None:
    sent = choice(order, 1, way="collect", seen="48700", address="1")
    answer = shopper.post(reverse("orders:return-new", args=[order.number]), sent)
    assert (answer.status_code, Return.objects.count()) == (422, 0)
    assert "Choose one of these addresses." in answer.content.decode()


def test_return_may_be_called_off_on_its_page(shopper: Client, order: Order) -> None:
    case = agreed_return(order, 1)
    shopper.post(reverse("orders:return-cancel", args=[case.number]))
    page = shopper.get(reverse("orders:return", args=[case.number])).content.decode()
    assert "You called it off." in page
    assert order.lines.order_by("pk")[0].returned_quantity == 0


def test_return_status_tells_only_what_changed(shopper: Client, order: Order, world: World) -> None:
    case = agreed_return(order, 1)
    address = reverse("orders:return-status", args=[case.number])
    first = shopper.get(address)
    version = queries.return_page(case).version
    assert (first.status_code, shopper.get(address, {"v": version}).status_code) == (200, 204)
    refunded_return(world, order, 1)
    assert shopper.get(address, {"v": version}).status_code == 204


def test_order_list_says_what_a_replacement_waits_for(world: World, shopper: Client, order: Order) -> None:
    dearer = agreed_exchange(order, "S", 0, 1)
    even = agreed_exchange(order, "M", 1)
    for case in (dearer, even):
        shopper.get(reverse("orders:return", args=[case.number]))  # its page lets the browser see both orders

    def label(case: Return) -> str:
        page = shopper.get(reverse("orders:mine")).content.decode()
        row = page[page.index(replacement_of(case).number) :]
        return row[row.index("badge") :].split(">", 1)[1].split("<", 1)[0]

    assert (label(dearer), label(even)) == ("Waiting for payment", "Waiting for your return")
    pay_difference(dearer)
    assert label(dearer) == "Waiting for your return"


def test_return_of_somebody_else_is_not_found(order: Order, client: Client) -> None:
    case = agreed_return(order, 1)
    for name in ("return", "return-status", "return-qr"):
        assert client.get(reverse(f"orders:{name}", args=[case.number])).status_code == 404
    assert client.post(reverse("orders:return-cancel", args=[case.number])).status_code == 404
    assert client.get(reverse("orders:return-new", args=[order.number])).status_code == 404


@pytest.mark.parametrize("returns", [1, 3])
def test_list_of_returns_takes_the_same_queries(
    shopper: Client, order: Order, returns: int, django_assert_num_queries: object
) -> None:
    for _number in range(returns):
        agreed_return(order, 1 if _number < 2 else 0, 0 if _number < 2 else 1)
    with django_assert_num_queries(5):  # type: ignore[operator]
        shopper.get(reverse("orders:returns"))


def test_qr_code_of_a_return_is_drawn(shopper: Client, order: Order, settings: LazySettings) -> None:
    case = agreed_return(order, 1)
    drawing = shopper.get(reverse("orders:return-qr", args=[case.number]))
    assert drawing.headers["Content-Type"] == "image/svg+xml"
    assert drawing.content.startswith(b"<?xml")
