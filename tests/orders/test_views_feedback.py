"""Saying how an order was, as a browser without scripts does."""

from datetime import datetime

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fulfillment.services import handover
from members.models import OrderFeedback, Review, ReviewPhoto
from omni.kernel import clock
from orders import queries
from orders.models import Order
from tests.cast import World
from tests.factories.members import picture
from tests.factories.orders import carried_order, move_share, shares_of
from tests.orders.shopper import page, shopper_in_jingan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def shopper() -> Client:
    return shopper_in_jingan()


def delivered(world: World, shopper: Client) -> tuple[Order, str, int]:
    """Return a delivered order of the shopper, its feedback page, and its line."""
    order = carried_order(world)
    move_share(shares_of(order)[0], handover.mark_delivered)
    shopper.get(f"/orders/{order.number}/?t={queries.sign_order_token(order.number)}")
    return order, f"/orders/{order.number}/feedback/", order.lines.get().pk


def photo(name: str = "a.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(), "image/jpeg")


def test_shopper_says_how_it_was_and_sees_it_on_the_products_page(world: World, shopper: Client) -> None:
    order, address, line = delivered(world, shopper)
    assert address in page(shopper, f"/orders/{order.number}/")
    said = {"order_stars": 5, "service_stars": 4, f"stars_{line}": 4, f"fit_{line}": "small", f"text_{line}": "很好"}
    assert (
        shopper.post(address, {**said, f"photos_{line}": [photo(), photo()]})["Location"] == f"/orders/{order.number}/"
    )
    text = page(shopper, "/products/one/SHIRT/reviews/")
    assert "很好" in text
    assert "Runs small" in text
    assert "王小雨" not in text
    first, second = ReviewPhoto.objects.order_by("pk")
    assert first.key not in text
    own = shopper.get(f"{address}{first.key}.jpg")
    assert (own["Content-Type"], own["Cache-Control"]) == ("image/jpeg", "private, no-store")
    assert shopper.get(f"/reviews/{first.key}.jpg").status_code == 404
    assert Client().get(f"{address}{first.key}.jpg").status_code == 404
    text = page(shopper, address)
    assert "To be looked at" in text
    shopper.post(address, {**said, f"removed_{line}": [first.pk]})
    assert list(ReviewPhoto.objects.exclude(status="rejected")) == [second]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"order_stars": ""}, "Choose the stars."),
        ({"order_stars": "6"}, "Select a valid choice"),
        ({"text_{line}": "words without stars"}, "Choose the stars."),
        ({"photos_{line}": "no photo"}, "not a photo"),
        ({"photos_{line}": "five"}, "room for four photos"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_is_kept(
    world: World, shopper: Client, changes: dict[str, object], message: str
) -> None:
    _order, address, line = delivered(world, shopper)
    sent: dict[str, object] = {"order_stars": 5, "service_stars": 5}
    for name, value in changes.items():
        key = name.format(line=line)
        if value == "no photo":
            sent |= {key: SimpleUploadedFile("a.jpg", b"<html>", "image/jpeg"), f"stars_{line}": 5}
        elif value == "five":
            sent |= {key: [photo() for _number in range(5)], f"stars_{line}": 5}
        else:
            sent[key] = value
    before = default_storage.listdir("reviews")[0] if default_storage.exists("reviews") else []
    response = shopper.post(address, sent)
    assert response.status_code == 422
    assert message in response.content.decode()
    assert (OrderFeedback.objects.count(), Review.objects.count()) == (0, 0)
    assert (default_storage.listdir("reviews")[0] if before else []) == before


def test_order_under_way_cannot_be_spoken_of_yet(world: World, shopper: Client) -> None:
    order = carried_order(world)
    shopper.get(f"/orders/{order.number}/?t={queries.sign_order_token(order.number)}")
    assert shopper.get(f"/orders/{order.number}/feedback/")["Location"] == f"/orders/{order.number}/"
    assert Client().get(f"/orders/{order.number}/feedback/").status_code == 404
