"""The place chooser: searching, choosing, the browser's position, and going back only within the site."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from stores import queries
from tests.cast import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def shopper() -> Client:
    """Return a browser that reads English."""
    return Client(headers={"accept-language": "en"})


def place_of(client: Client) -> str:
    """Return the place that the browser remembers, without its signature."""
    return client.cookies["place"].value.rsplit(":", 2)[0].strip('"') if "place" in client.cookies else ""


def test_place_page_lists_the_cities_that_have_stores(world: World, shopper: Client) -> None:
    text = shopper.get("/place/").content.decode()
    assert 'href="?q=Shanghai&amp;next=/"' in text
    assert 'href="?q=Hangzhou&amp;next=/"' in text
    assert "Beijing" not in text


@pytest.mark.parametrize("query", ["静安", "Jing'an", "jingan shanghai", "上海 静安", "  静安区 "])
def test_place_search_finds_a_district_in_either_language(world: World, shopper: Client, query: str) -> None:
    text = shopper.get("/place/", {"q": query}).content.decode()
    assert 'name="district_code" value="310106"' in text


def test_place_search_shows_districts_of_that_name_before_those_of_a_city_of_that_name(
    world: World, shopper: Client
) -> None:
    text = shopper.get("/place/", {"q": "朝阳"}).content.decode()
    own, of_city = (
        text.index('value="110105"'),
        text.index('value="211302"'),
    )  # Chaoyang in Beijing; Shuangta in Chaoyang
    assert own < of_city


@pytest.mark.parametrize("query", ["nowhere at all", "\0", "%' OR 1=1"])
def test_place_search_without_a_match_says_so(world: World, shopper: Client, query: str) -> None:
    response = shopper.get("/place/", {"q": query})
    assert response.status_code == 200
    assert 'name="district_code"' not in response.content.decode()


def test_choosing_a_district_is_remembered_and_leads_back(world: World, shopper: Client) -> None:
    response = shopper.post("/place/", {"district_code": "310106", "next": "/products/?brand=one"})
    assert (response.status_code, response["Location"]) == (302, "/products/?brand=one")
    assert place_of(shopper) == "310106"
    assert shopper.cookies["place"]["httponly"]
    assert "Jing&#x27;an" in shopper.get("/products/").content.decode()


def test_choosing_the_browsers_position_names_its_district(world: World, shopper: Client) -> None:
    shopper.post("/place/", {"lat": "31.229512", "lng": "121.446987"})
    assert place_of(shopper) == "31.2295,121.4470"
    assert "Jing&#x27;an" in shopper.get("/products/").content.decode()
    place = queries.find_place("31.2295,121.4470")
    assert place is not None
    assert (place.district.pk, place.is_position, place.text) == ("310106", True, "31.2295,121.4470")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Choose a district."),
        ({"district_code": "999999"}, "There is no such district."),
        ({"district_code": "３１０１０６"}, "There is no such district."),
        ({"district_code": "310106\n"}, "There is no such district."),
        ({"lat": "91", "lng": "0"}, "less than or equal to 90"),
        ({"lat": "nan", "lng": "0"}, "Enter a number."),
        ({"lat": "31"}, "Choose a district."),
    ],
)
def test_choosing_no_place_is_refused_and_nothing_is_remembered(
    world: World, shopper: Client, sent: dict[str, str], said: str
) -> None:
    response = shopper.post("/place/", sent)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert place_of(shopper) == ""


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_choosing_leads_only_to_this_site(world: World, shopper: Client, address: str) -> None:
    response = shopper.post("/place/", {"district_code": "310106", "next": address})
    assert response["Location"] == "/"


def test_district_choices_for_another_page_are_radio_buttons(world: World, shopper: Client) -> None:
    text = shopper.get("/place/districts/", {"q": "静安"}).content.decode()
    assert 'name="place" value="310106"' in text
    assert "<html" not in text
    assert "No district matches" in shopper.get("/place/districts/", {"q": "zzz"}).content.decode()
    assert shopper.get("/place/districts/").content.decode().strip() == ""


def test_place_page_takes_one_statement(
    world: World, shopper: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shopper.get("/place/")  # districts are read once a process
    with django_assert_num_queries(1):
        shopper.get("/place/")
    with django_assert_num_queries(1):
        shopper.get("/place/", {"q": "静安"})


def test_unreadable_places_are_no_place(db: None) -> None:
    for text in ("", "999999", "91,0", "a,b", "1,2,3", "31.2", "nan,0"):
        assert queries.find_place(text) is None
