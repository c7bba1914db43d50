"""The shop's basket and checkout, as a browser without scripts sees them."""

import re
from datetime import datetime
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inventory.models import Price, Reservation, StockLevel
from omni.kernel import clock
from orders.models import BasketLine, Order, PaymentIntent
from stores.models import StoreCapacity
from tests.cast import World
from tests.orders.shopper import page, shopper_in_jingan

pytestmark = pytest.mark.django_db

CHECKOUT = "/checkout/one/"
GOOD = {
    "way": "courier",
    "contact_name": "王小雨",
    "phone": "138 0013 8000",
    "street": "南京西路 1 号",
    "place": "310106",
}


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def shopper() -> Client:
    """Return a browser that reads English and lives in Jing'an."""
    return shopper_in_jingan()


def fill(client: Client, *skus: str, brand: str = "one") -> None:
    for sku in skus:
        assert client.post("/basket/add/", {"brand": brand, "sku": sku})["Location"] == "/basket/"


def hidden(text: str, name: str) -> str:
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', text)
    assert found is not None
    return found[1]


def form_of(client: Client) -> dict[str, str]:
    """Return the hidden fields of the checkout page."""
    text = page(client, CHECKOUT)
    return {name: hidden(text, name) for name in ("key", "seen")}


def send(client: Client, **changes: str) -> tuple[int, str, str]:
    """Send the checkout form, and return status, where it leads, and the page."""
    response = client.post(CHECKOUT, form_of(client) | GOOD | changes)
    return response.status_code, response.headers.get("Location", ""), unescape(response.content.decode())


def beside(text: str, name: str) -> str:
    """Return the error that stands below a field."""
    found = re.search(rf'id="id_{name}_error"[^>]*>([^<]*)<', text)
    return found[1].strip() if found else ""


def held_units() -> int:
    return sum(Reservation.objects.filter(status="held").values_list("quantity", flat=True))


def untouched() -> tuple[int, int, int, int]:
    """Return counts of all that placing leaves behind."""
    return Order.objects.count(), PaymentIntent.objects.count(), held_units(), StoreCapacity.objects.count()


# The basket


def test_basket_is_filled_changed_and_emptied(world: World, shopper: Client) -> None:
    assert "Your basket is empty." in page(shopper, "/basket/")
    fill(shopper, "SHIRT-S", "SHIRT-L")
    text = page(shopper, "/basket/")
    assert "¥898.00" in text
    assert shopper.cookies["basket_count"].value == "2"
    line = str(BasketLine.objects.get(variant__sku="SHIRT-S").pk)
    shopper.post("/basket/change/", {"line": line, "quantity": "3"})
    assert "¥1,896.00" in page(shopper, "/basket/")
    assert shopper.cookies["basket_count"].value == "4"
    shopper.post("/basket/change/", {"line": line, "quantity": "0"})
    assert "SHIRT-S" not in page(shopper, "/basket/")
    shopper.post("/basket/change/", {"line": line, "quantity": "100"})
    assert "At most 99 of one article." in page(shopper, "/basket/")


def test_basket_of_another_browser_is_not_seen_nor_changed(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    stranger = Client()
    stranger.cookies["basket"] = shopper.cookies["basket"].value.split(":")[0] + ":forged:signature"
    assert "¥499.00" not in page(stranger, "/basket/")
    stranger.post("/basket/change/", {"line": str(BasketLine.objects.get().pk), "quantity": "0"})
    assert BasketLine.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"brand": "one"}, "Choose a size."),
        ({"brand": "one", "sku": "HAT"}, "This article is not on sale."),
        ({"brand": "one", "sku": "SHIRT-S", "quantity": "-1"}, "greater than or equal to 1"),
        ({"brand": "one", "sku": "SHIRT-S", "quantity": "100"}, "less than or equal to 99"),
    ],
)
def test_adding_what_cannot_be_bought_leads_back_with_a_message(
    world: World, shopper: Client, sent: dict[str, str], said: str
) -> None:
    address = "http://testserver/products/one/SHIRT/"
    response = shopper.post("/basket/add/", sent, headers={"referer": address})
    assert (response.status_code, response["Location"]) == (302, address)
    assert said in page(shopper, "/products/one/SHIRT/")
    assert BasketLine.objects.count() == 0


def test_adding_never_leads_to_another_site(world: World, shopper: Client) -> None:
    response = shopper.post("/basket/add/", {"brand": "one"}, headers={"referer": "https://evil.example/"})
    assert response["Location"] == "/products/"


def test_adding_for_a_brand_that_does_not_exist_is_not_found(world: World, shopper: Client) -> None:
    assert shopper.post("/basket/add/", {"brand": "nobody", "sku": "SHIRT-S"}).status_code == 404
    assert BasketLine.objects.count() == 0


# Checkout


def test_checkout_places_one_order_holds_its_goods_and_leads_to_the_payment(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S", "SHIRT-L")
    status, leads_to, _text = send(shopper)
    order = Order.objects.get()
    assert (status, leads_to) == (302, f"/orders/{order.number}/pay/")
    assert (order.status, order.total_fen, order.contact_name) == ("placed", 89800, "王小雨")
    assert (order.fulfillment.way, order.fulfillment.street) == ("courier", "南京西路 1 号")
    assert (order.fulfillment.district_id, order.language) == ("310106", "en")
    assert (held_units(), BasketLine.objects.count()) == (2, 0)
    assert PaymentIntent.objects.get().amount_fen == 89800
    assert shopper.cookies["basket_count"].value == "0"


def test_checkout_with_the_browsers_position_plans_from_there(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    send(shopper, place="31.2181,121.4751")
    fulfillment = Order.objects.get().fulfillment
    assert (fulfillment.lat, fulfillment.lng) == (31.2181, 121.4751)
    assert fulfillment.district_id is not None
    assert Reservation.objects.get().level.store == world.stores["B"]


def test_checkout_offers_the_nearest_stores_that_hold_everything_to_collect(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S", "SHIRT-L")
    text = page(shopper, CHECKOUT)
    assert re.findall(r"<b>(Store \w)</b>", text) == ["Store B", "Store C"]
    assert text.count("open now") == 2


def test_checkout_to_collect_holds_the_goods_in_the_chosen_store(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    status, _leads_to, _text = send(shopper, way="pickup", pickup_store=str(world.stores["B"].pk), street="")
    order = Order.objects.get()
    assert (status, order.fulfillment.way, order.charges_fen) == (302, "pickup", 0)
    assert Reservation.objects.get().level.store == world.stores["B"]


def bill(client: Client, status: int = 200, **chosen: str) -> str:
    """Return what the page shows anew when something was chosen."""
    response = client.post(f"{CHECKOUT}bill/", chosen, headers={"hx-request": "true"})
    assert response.status_code == status
    return unescape(response.content.decode())


def test_pickup_stores_follow_the_place_chosen_on_the_page_and_say_when_it_is_ready(
    world: World, shopper: Client
) -> None:
    fill(shopper, "SHIRT-S")
    chosen = str(world.stores["A"].pk)
    text = bill(shopper, place="330102", way="pickup", pickup_store=chosen)
    stores = text[text.index('id="pickup-stores"') : text.index("checkout-summary")]
    assert re.findall(r"<b>(Store \w)</b>", stores) == ["Store C", "Store A", "Store B"]
    assert f'value="{chosen}" checked' in stores
    assert stores.count("Ready today, about 13:00") == 3
    assert "Choose your district first" in bill(shopper, place="x")
    bill(Client(), 404, place="330102")


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"contact_name": "😀😀"}, "contact_name", "Enter a name with at least one letter or Chinese character."),
        ({"contact_name": "  "}, "contact_name", "Enter your name."),
        ({"contact_name": "A\u202eB"}, "contact_name", "Enter a name with at least one letter or Chinese character."),
        ({"phone": "12345"}, "phone", "Enter a valid phone number."),
        ({"phone": "１３８"}, "phone", "Enter a valid phone number."),
        ({"phone": ""}, "phone", "Enter your mobile number."),
        ({"street": "…"}, "street", "Enter the street and house number."),
        ({"street": ""}, "street", "Enter the street and house number."),
    ],
)
def test_checkout_mistake_stands_beside_its_field_and_holds_nothing(
    world: World, shopper: Client, changes: dict[str, str], field: str, said: str
) -> None:
    fill(shopper, "SHIRT-S")
    before = untouched()
    status, _leads_to, text = send(shopper, **changes)
    assert status == 422
    assert beside(text, field) == said
    assert untouched() == before
    assert BasketLine.objects.count() == 1


@pytest.mark.parametrize("place", ["", "999999", "91,0", "<script>"])
def test_checkout_without_a_district_asks_for_one(world: World, shopper: Client, place: str) -> None:
    fill(shopper, "SHIRT-S")
    status, _leads_to, text = send(shopper, place=place)
    assert status == 422
    assert "Choose your district." in text
    assert "<script>" not in text.split("<main")[1]
    assert Order.objects.count() == 0


def test_checkout_shows_all_mistakes_at_once_and_keeps_what_was_typed(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    _status, _leads_to, text = send(shopper, contact_name="😀", phone="1", street="")
    assert all(beside(text, field) for field in ("contact_name", "phone", "street"))
    assert 'value="😀"' in text
    assert 'value="1"' in text


@pytest.mark.parametrize("store", ["", "0", "-5", "999999", "99999999999999999999", "x"])
def test_checkout_to_collect_nowhere_is_refused(world: World, shopper: Client, store: str) -> None:
    fill(shopper, "SHIRT-S")
    status, _leads_to, text = send(shopper, way="pickup", pickup_store=store)
    assert status == 422
    assert 'class="for-pickup field has-error"' in text
    assert Order.objects.count() == 0


def test_checkout_to_collect_in_another_brands_store_is_refused(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    status, _leads_to, text = send(shopper, way="pickup", pickup_store=str(world.other_store.pk))
    assert status == 422
    assert "Choose a store where orders can be collected." in text


def test_checkout_after_a_price_change_shows_the_new_price_and_keeps_the_basket(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-M", "SHIRT-S")
    sent = form_of(shopper) | GOOD
    Price.objects.filter(variant=world.variants["S"]).update(list_fen=51900)
    before = untouched()
    response = shopper.post(CHECKOUT, sent)
    text = unescape(response.content.decode())
    assert response.status_code == 422
    assert "The price changed from ¥499.00 to ¥519.00." in text
    assert "The price has changed since" in text
    assert untouched() == before
    assert BasketLine.objects.count() == 2
    again = shopper.post(CHECKOUT, sent | {"seen": hidden(text, "seen")})
    assert again.status_code == 302
    assert Order.objects.get().total_fen == 49900 + 51900


def test_checkout_of_what_was_sold_meanwhile_names_the_line_and_keeps_the_basket(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-M", "SHIRT-S")
    sent = form_of(shopper) | GOOD
    StockLevel.objects.filter(variant=world.variants["S"]).update(safety=99)
    before = untouched()
    response = shopper.post(CHECKOUT, sent)
    text = unescape(response.content.decode())
    assert response.status_code == 422
    position = text.index("There is not enough stock for this order any more: SHIRT-S.")
    assert text.rindex("summary-words", 0, position) > text.index("summary-lines")
    assert untouched() == before
    assert BasketLine.objects.count() == 2


def test_checkout_of_a_basket_changed_in_another_window_asks_to_look_again(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    sent = form_of(shopper) | GOOD
    fill(shopper, "SHIRT-L")
    response = shopper.post(CHECKOUT, sent)
    assert response.status_code == 422
    assert "The basket has changed since this page was shown." in response.content.decode()
    assert (Order.objects.count(), BasketLine.objects.count()) == (0, 2)


def test_checkout_of_an_empty_basket_leads_to_the_basket(world: World, shopper: Client) -> None:
    assert shopper.get(CHECKOUT)["Location"] == "/basket/"
    fill(shopper, "SHIRT-S")
    sent = form_of(shopper) | GOOD
    BasketLine.objects.all().delete()
    assert shopper.post(CHECKOUT, sent)["Location"] == "/basket/"
    assert "The basket is empty." in page(shopper, "/basket/")
    assert Order.objects.count() == 0


def test_checkout_sent_twice_places_one_order(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    sent = form_of(shopper) | GOOD
    first, second = (shopper.post(CHECKOUT, sent) for _time in range(2))
    order = Order.objects.get()
    assert first["Location"] == second["Location"] == f"/orders/{order.number}/pay/"
    assert (held_units(), PaymentIntent.objects.count()) == (1, 1)


def test_checkout_sent_again_with_other_contents_places_no_second_order(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    sent = form_of(shopper) | GOOD
    shopper.post(CHECKOUT, sent)
    assert shopper.post(CHECKOUT, sent | {"contact_name": "李雷"})["Location"] == "/basket/"
    assert Order.objects.count() == 1


def test_checkout_of_a_brand_that_does_not_exist_leads_to_the_basket(world: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    assert shopper.get("/checkout/nobody/")["Location"] == "/basket/"
    assert shopper.post("/checkout/nobody/", form_of(shopper) | GOOD)["Location"] == "/basket/"


@pytest.mark.parametrize("sizes", ["S", "SML"])
def test_checkout_takes_the_same_statements_however_long_the_basket(
    world: World, shopper: Client, django_assert_num_queries: DjangoAssertNumQueries, sizes: str
) -> None:
    fill(shopper, *[f"SHIRT-{size}" for size in sizes])
    page(shopper, CHECKOUT)
    with django_assert_num_queries(14):
        page(shopper, CHECKOUT)
