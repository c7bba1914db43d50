"""The shopper's pages of booking pieces to try on."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from fulfillment.choices import PickupCodePurpose
from omni.accounts.models import User
from omni.kernel import clock
from orders import queries
from orders.models import TryOn
from stores.models import Store
from tests.cast import NOON, World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.fulfillment import code_of
from tests.factories.inventory import StockLevelFactory
from tests.factories.members import MemberFactory
from tests.factories.try_ons import SLOT, arrived, booked, fresh, share_of

pytestmark = pytest.mark.django_db

NEW = "/try-on/?brand=one&sku=SHIRT-S&sku=SHIRT-M"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def shopper(client: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return an English-speaking guest in Jing'an, at noon."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    client.cookies["django_language"] = "en"
    client.post("/place/", {"district_code": "310106"})
    return client


def form(world: World, **changes: str) -> dict[str, object]:
    return {
        "key": "k1", "brand": "one", "sku": ["SHIRT-S", "SHIRT-M"], "store": str(world.stores["A"].pk),
        "slot": SLOT.isoformat(), "contact_name": "王小雨", "phone": "13800138000", **changes,
    }  # fmt: skip


def test_page_offers_the_nearest_stores_that_have_every_piece(shopper: Client, world: World) -> None:
    page = shopper.get(NEW)

    offer = page.context["offer"]
    assert [place.name for place in offer.places] == ["Store A", "Store B", "Store C"]
    assert (offer.chosen.name, offer.skus) == ("Store A", ("SHIRT-S", "SHIRT-M"))
    assert offer.days[0].slots[0].starts_at == NOON + timedelta(hours=1)
    assert all(slot.is_free for day in offer.days for slot in day.slots)
    assert (Client().get(NEW).context["offer"].places, TryOn.objects.count()) == ((), 0)


def test_page_leaves_out_stores_that_lack_a_piece_or_do_not_offer_it(shopper: Client, world: World) -> None:
    Store.objects.filter(pk=world.stores["B"].pk).update(offers_try_on=False)

    page = shopper.get("/try-on/?brand=one&sku=SHIRT-L")

    assert [place.name for place in page.context["offer"].places] == ["Store C"]


@pytest.mark.parametrize(
    "query", ["", "brand=one", "sku=SHIRT-M", "brand=one&sku=NOTHING", "brand=two&sku=SHIRT-S", "brand=one&sku=%00"]
)
def test_page_of_what_nobody_sells_or_two_brands_do_is_not_found(shopper: Client, world: World, query: str) -> None:
    answer = shopper.get(f"/try-on/?{query}")
    assert (answer.status_code, "<form" in answer.content.decode().partition("<main")[2]) == (404, False)


def test_form_books_once_and_shows_the_code(shopper: Client, world: World) -> None:
    answers = [shopper.post("/try-on/", form(world)) for _time in range(2)]

    try_on = TryOn.objects.get()
    assert [answer.headers["Location"] for answer in answers] == [f"/try-ons/{try_on.number}/"] * 2
    page = shopper.get(f"/try-ons/{try_on.number}/").content.decode()
    assert code_of(share_of(try_on), PickupCodePurpose.SHOPPER) in page
    assert "Booked" in page
    assert shopper.get(f"/try-ons/{try_on.number}/code.svg").headers["Content-Type"] == "image/svg+xml"
    assert try_on.number in shopper.get("/try-ons/").content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slot": ""}, "slot"),
        ({"slot": "soon"}, "slot"),
        ({"slot": "2026-03-16T14:00"}, "slot"),
        ({"slot": (SLOT + timedelta(days=9)).isoformat()}, "slot"),
        ({"contact_name": ""}, "contact_name"),
        ({"phone": "12"}, "phone"),
        ({"store": "0"}, "store"),
        ({"store": "9" * 18}, "store"),
    ],
)
def test_form_with_a_mistake_names_the_field_and_books_nothing(
    shopper: Client, world: World, changes: dict[str, str], field: str
) -> None:
    page = shopper.post("/try-on/", form(world, **changes))

    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert TryOn.objects.count() == 0


def test_somebody_elses_booking_is_not_found_and_its_link_opens_it(shopper: Client, world: World) -> None:
    try_on = booked(world)
    address = f"/try-ons/{try_on.number}/"
    assert [shopper.get(address).status_code, shopper.post(f"{address}cancel/").status_code] == [404, 404]

    assert shopper.get(address, {"t": "forged"}).status_code == 404
    shopper.get(address, {"t": queries.sign_order_token(try_on.number)})

    assert shopper.get(address).status_code == 200
    assert shopper.get(address, {"v": shopper.get(address).context["page"].version}).status_code == 204


def test_account_sees_the_bookings_of_its_phone_and_membership(shopper: Client, world: World) -> None:
    user: User = ShopperUserFactory.create()
    member = MemberFactory.create(brand=world.brand, user=user)
    mine, other = booked(world, "S", member_id=member.pk), booked(world, "S", phone="13700137000")
    shopper.force_login(user, backend=BACKEND)

    page = shopper.get("/try-ons/").content.decode()

    assert (mine.number in page, other.number in page) == (True, False)


def test_shopper_cancels_until_they_have_arrived(shopper: Client, world: World) -> None:
    try_on = booked(world, "S")
    shopper.get(f"/try-ons/{try_on.number}/", {"t": queries.sign_order_token(try_on.number)})
    shopper.post(f"/try-ons/{try_on.number}/cancel/")
    assert fresh(try_on).status == "cancelled"

    here = arrived(world, "S")
    shopper.get(f"/try-ons/{here.number}/", {"t": queries.sign_order_token(here.number)})
    page = shopper.post(f"/try-ons/{here.number}/cancel/", follow=True)
    assert "can no longer be cancelled" in page.content.decode()
    assert fresh(here).status == "checked_in"


def test_page_asks_the_same_questions_for_three_and_for_many_stores(
    shopper: Client, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shopper.get(NEW)
    with django_assert_num_queries(9):
        shopper.get(NEW)
    for number in range(40):
        store = Store.objects.get(pk=world.stores["A"].pk)
        store.pk, store.code = None, f"X{number}"
        store.save(force_insert=True)
        for size in ("S", "M"):
            StockLevelFactory.create(store=store, variant=world.variants[size], on_hand=3)

    with django_assert_num_queries(9):
        page = shopper.get(NEW)

    assert len(page.context["offer"].places) == 6
