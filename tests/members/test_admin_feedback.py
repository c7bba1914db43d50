"""Looking at what buyers say: photos are shown or not, reviews hidden, bad words answered."""

from datetime import datetime

import pytest
from django.test import Client

from members.models import FeedbackTicket, Review, ReviewPhoto
from omni.kernel import clock
from tests.cast import World
from tests.factories.accounts import UserFactory
from tests.factories.members import review_photo
from tests.factories.orders import placed_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client: Client, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Client:
    monkeypatch.setattr(clock, "now", lambda: now)
    client.force_login(
        UserFactory.create(is_staff=True, is_superuser=True), "django.contrib.auth.backends.ModelBackend"
    )
    return client


def act(office: Client, model: str, action: str, key: int) -> None:
    answer = office.post(f"/admin/members/{model}/", {"action": action, "_selected_action": [key]})
    assert answer.status_code == 302


def test_photo_is_looked_at_then_shown_then_not(office: Client, world: World) -> None:
    photo = review_photo(placed_order(world), is_shown=False)
    address = f"/reviews/{photo.key}.jpg"
    assert (office.get(address).status_code, Client().get(address).status_code) == (200, 404)
    assert address in office.get("/admin/members/reviewphoto/").content.decode()
    act(office, "reviewphoto", "approve", photo.pk)
    shown = Client().get(address)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert shown["Cache-Control"] == "public, max-age=3600"
    assert shown["X-Content-Type-Options"] == "nosniff"
    act(office, "reviewphoto", "reject", photo.pk)
    assert Client().get(address).status_code == 404
    assert ReviewPhoto.objects.get().status == "rejected"


def test_review_is_hidden_and_shown_again(office: Client, world: World) -> None:
    review = review_photo(placed_order(world), is_shown=True).review
    act(office, "review", "hide", review.pk)
    assert Review.objects.get().is_hidden is True
    act(office, "review", "show", review.pk)
    assert Review.objects.get().is_hidden is False


def test_bad_word_is_answered_once(office: Client, world: World) -> None:
    review_photo(placed_order(world), is_shown=False, stars=1)
    ticket = FeedbackTicket.objects.get()
    for _again in range(2):
        act(office, "feedbackticket", "close", ticket.pk)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.closed_at) == ("closed", clock.now())
