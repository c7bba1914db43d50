"""The board of bookings and the field for codes, at the desk of one's own store."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from fulfillment.choices import PickupCodePurpose, Way
from omni.kernel import clock
from orders.models import TryOn
from stores.models import Staff
from tests.cast import NOON, World
from tests.factories.fulfillment import code_of, wrong_code
from tests.factories.orders import packed_order, shares_of
from tests.factories.try_ons import SLOT, arrived, booked, fresh, prepared, share_of
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(clerk_a: Staff, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Client:
    """Return the tablet of a clerk of store A, at noon."""
    settings.WECHAT_PAY = Provider().settings
    monkeypatch.setattr(clock, "now", lambda: NOON)
    tablet = Client(headers={"accept-language": "en"})
    tablet.force_login(clerk_a.user)
    return tablet


def board(world: World) -> str:
    return reverse("orders:desk-try-ons", args=[world.stores["A"].pk])


def read_code(world: World) -> str:
    return reverse("orders:desk-collect-code", args=[world.stores["A"].pk])


def address(name: str, try_on: TryOn) -> str:
    return reverse(f"orders:desk-try-on{name}", args=[try_on.number])


def test_board_asks_as_often_for_three_bookings_as_for_one(
    desk: Client, world: World, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    booked(world, "S")
    desk.get(board(world))
    with django_assert_max_num_queries(14) as one:  # type: ignore[operator]
        page = desk.get(board(world), {"seen": "nothing"}).content.decode()
    assert page.count("王小雨") == 1
    prepared(world, "S", phone="13900139000")
    arrived(world, "S", "M", phone="13700137000", starts_at=SLOT + timedelta(minutes=30))
    with django_assert_max_num_queries(14) as three:  # type: ignore[operator]
        page = desk.get(board(world), {"seen": "nothing"}).content.decode()
    assert page.count("王小雨") == 3
    assert len(one) == len(three)


def test_board_that_is_still_the_same_sends_nothing(desk: Client, world: World) -> None:
    booked(world)
    version = desk.get(board(world)).context["board"].version
    assert desk.get(board(world), {"seen": version}).content == b""
    assert "王小雨" not in desk.get(board(world), {"day": "2026-03-17"}).content.decode()
    assert "王小雨" in desk.get(board(world), {"day": "9999-99-99"}).content.decode()


def test_code_of_a_paid_order_shows_the_whole_name_and_uses_nothing_up(desk: Client, world: World) -> None:
    [share] = shares_of(packed_order(world, way=Way.PICKUP, pickup_store_id=world.stores["A"].pk))
    code = code_of(share, PickupCodePurpose.SHOPPER)
    page = desk.post(read_code(world), {"code": code}).content.decode()
    assert "王小雨" in page
    share.refresh_from_db()
    assert share.status == "ready_for_pickup"
    desk.post(reverse("orders:desk-collect", args=[share.number]), {"code": code})
    share.refresh_from_db()
    assert share.status == "collected"


def test_wrong_code_counts_and_says_so(desk: Client, world: World) -> None:
    [share] = shares_of(packed_order(world, way=Way.PICKUP, pickup_store_id=world.stores["A"].pk))
    wrong = wrong_code(share, PickupCodePurpose.SHOPPER)
    page = desk.post(read_code(world), {"code": wrong}, follow=True).content.decode()
    assert "4 tries left" in page
    assert "王小雨" not in page


def test_outcome_without_an_answer_for_a_piece_marks_it(desk: Client, world: World) -> None:
    try_on = arrived(world)
    first, _second = share_of(try_on).lines.order_by("pk")
    answer = desk.post(address("-tried", try_on), {f"line-{first.pk}": "kept"})
    assert answer.status_code == 422
    assert "Say whether they keep it, and if not, why." in answer.content.decode()
    assert (fresh(try_on).status, share_of(try_on).status) == ("checked_in", "checked_in")


def test_no_show_before_a_quarter_of_an_hour_is_refused_in_words(
    desk: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    try_on = prepared(world)
    page = desk.post(address("-no-show", try_on), follow=True).content.decode()
    assert "Wait a quarter of an hour after the beginning." in page
    assert fresh(try_on).status == "prepared"
    monkeypatch.setattr(clock, "now", lambda: SLOT.replace(hour=SLOT.hour + 1))
    desk.post(address("-no-show", try_on))
    assert fresh(try_on).status == "no_show"


def test_board_and_bookings_of_another_store_are_not_found(client: Client, clerk_b: Staff, world: World) -> None:
    try_on = prepared(world)
    client.force_login(clerk_b.user)
    assert client.get(board(world)).status_code == 404
    assert client.get(address("", try_on)).status_code == 404
    assert client.post(address("-no-show", try_on)).status_code == 404
    assert fresh(try_on).status == "prepared"


def test_task_that_prepares_a_booking_leads_to_it(desk: Client, world: World) -> None:
    try_on = prepared(world, "S")
    task = share_of(try_on).number

    page = desk.get(reverse("fulfillment:desk-task", args=[task])).content.decode()
    assert f'href="{board(world)}?task={task}"' in page
    assert 'name="code"' not in page

    assert desk.get(board(world), {"task": task}).headers["Location"] == address("", try_on)
    assert "王小雨" in desk.get(board(world), {"task": "nothing\x00"}).content.decode()
