"""The desk's pages of returns: any store of the brand, and nobody else."""

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Order, Refund, Return
from stores.models import Staff
from tests.cast import World
from tests.factories.returns import agreed_return, delivered_order, inspect, received_return

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(world: World) -> Order:
    """Return an order that store A has sold."""
    return delivered_order(world)


@pytest.fixture
def desk_b(clerk_b: Staff) -> Client:
    """Return the tablet of a clerk of store B."""
    tablet = Client(headers={"accept-language": "en"})
    tablet.force_login(clerk_b.user)
    return tablet


def address(name: str, case: Return) -> str:
    return reverse(f"orders:{name}", args=[case.number])


def test_desk_of_another_store_receives_and_takes_back(desk_b: Client, world: World, order: Order) -> None:
    case = agreed_return(order)
    for text in (case.number, case.number.lower(), order.number):
        assert desk_b.get(reverse("orders:desk-returns"), {"q": text}).headers["Location"] == address(
            "desk-return", case
        )
    desk_b.post(address("desk-return-receive", case), {"store": world.stores["B"].pk})
    assert case.number in desk_b.get(reverse("orders:desk-returns")).content.decode()
    piece = case.lines.get()
    desk_b.post(address("desk-return-inspect", case), {f"piece-{piece.pk}": "resell"})
    case.refresh_from_db()
    assert (case.status, case.receiving_store_id) == ("refund_due", world.stores["B"].pk)
    assert (Refund.objects.get().amount_fen, world.level("B", "S").on_hand) == (49900, 6)


def test_desk_inspecting_without_a_condition_marks_the_piece(desk_b: Client, world: World, order: Order) -> None:
    case = received_return(world, order)
    answer = desk_b.post(address("desk-return-inspect", case), {})
    assert answer.status_code == 422
    assert "Say how this piece is." in answer.content.decode()
    assert Refund.objects.count() == 0


def test_desk_refusing_says_why_to_the_shopper(desk_b: Client, world: World, order: Order) -> None:
    case = received_return(world, order)
    assert desk_b.post(address("desk-return-refuse", case), {"reason": ""}).status_code == 422
    desk_b.post(address("desk-return-refuse", case), {"reason": "Worn"})
    case.refresh_from_db()
    assert (case.status, case.refuse_reason) == ("rejected", "Worn")


def test_desk_cannot_receive_for_a_store_it_is_not(desk_b: Client, world: World, order: Order) -> None:
    case = agreed_return(order)
    assert desk_b.post(address("desk-return-receive", case), {"store": world.stores["A"].pk}).status_code == 422
    case.refresh_from_db()
    assert case.status == "approved"


def test_desk_cannot_inspect_what_lies_in_another_store(desk_b: Client, world: World, order: Order) -> None:
    case = received_return(world, order, store="A")
    piece = case.lines.get()
    assert desk_b.post(address("desk-return-inspect", case), {f"piece-{piece.pk}": "resell"}).status_code == 404
    assert Refund.objects.count() == 0


def test_desk_finds_nothing_of_another_brand(client: Client, stranger: Staff, order: Order) -> None:
    case = agreed_return(order)
    client.force_login(stranger.user)
    assert client.get(address("desk-return", case)).status_code == 404
    assert client.get(reverse("orders:desk-returns"), {"q": case.number}).status_code == 200
    assert case.order.number not in client.get(reverse("orders:desk-returns"), {"q": case.number}).content.decode()
    assert client.post(address("desk-return-receive", case), {"store": 1}).status_code == 404


def test_desk_is_closed_to_headquarters(client: Client, headquarters: Staff, order: Order) -> None:
    case = agreed_return(order, 1)
    client.force_login(headquarters.user)
    answer = client.get(reverse("orders:desk-returns"), {"q": case.number})
    assert (answer.status_code, order.number in answer.content.decode()) == (404, False)


def test_headquarters_sees_the_returns_of_an_order(
    client: Client, headquarters: Staff, world: World, order: Order
) -> None:
    case = inspect(received_return(world, order))
    client.force_login(headquarters.user)
    page = client.get(reverse("pages:hq-order", args=[order.number])).content.decode()
    assert case.number in page
    assert "已退货" in client.get(reverse("pages:hq-orders")).content.decode()
