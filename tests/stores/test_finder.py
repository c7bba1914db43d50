"""The store finder: what it lists in which order, its filters, its hours, its pages, and the page of one store."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from itertools import product
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from omni.kernel import clock, geo
from omni.settings import environment
from stores import queries, rules
from stores.choices import Service, StoreKind
from stores.forms import FinderAddress
from stores.models import HoursException, Store
from stores.queries import StoreWish
from tests.cast import HOME, NOON, World
from tests.factories.stores import BrandFactory, DistrictFactory, MallFactory, StoreFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shopper() -> Client:
    """Return a browser that reads English."""
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stop the clock at noon on a Monday."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    return NOON


@pytest.fixture
def near(shopper: Client) -> Client:
    """Return a browser that has given its position."""
    shopper.post("/place/", {"lat": str(HOME[0]), "lng": str(HOME[1])})
    return shopper


def listed(client: Client, address: str = "/stores/") -> list[str]:
    """Return the addresses of the stores that a page lists, in its order."""
    text = client.get(address).content.decode()
    return re.findall(r'class="store-name" href="/stores/([^"]+)/"', text)


def link(client: Client, address: str, label: str) -> str:
    """Return where a link of a page leads."""
    found = re.search(rf'href="([^"]+)"[^>]*>{re.escape(label)}</a>', client.get(address).content.decode())
    assert found is not None
    return html.unescape(found[1])


def place() -> queries.Place:
    found = queries.find_place(f"{HOME[0]},{HOME[1]}")
    assert found is not None
    return found


def codes(found: list[queries.FoundStore]) -> list[str]:
    return [one.store.code for one in found]


# --- Order and pages


def test_finder_lists_the_nearest_stores_first_with_their_distance(world: World, near: Client) -> None:
    assert listed(near, "/stores/?brand=one") == ["one/A", "one/B", "one/C"]
    text = near.get("/stores/?brand=one").content.decode()
    metres = geo.great_circle_metres(*HOME, world.stores["C"].lat, world.stores["C"].lng)
    assert re.findall(r'class="store-metres">([^<]+)<', text) == ["110 m", "3.0 km", f"{metres / 1000:.0f} km"]


def test_nearest_agrees_with_every_distance_computed(world: World) -> None:
    for offset in range(30):
        angle = offset * 2.4
        lat, lng = 31.2 + offset * 0.013 * (-1) ** offset, 121.4 + 0.3 * (angle % 1 - 0.5)
        StoreFactory.create(brand=world.brand, lat=lat, lng=lng)
    expected = sorted(Store.objects.all(), key=lambda one: geo.great_circle_metres(*HOME, one.lat, one.lng))

    found = queries.nearest_stores(StoreWish(), place(), now=NOON, start=0, limit=40)

    assert [one.store.pk for one in found] == [store.pk for store in expected]
    assert [one.metres for one in found] == [geo.great_circle_metres(*HOME, s.lat, s.lng) for s in expected]


@pytest.mark.parametrize("wish", [StoreWish(), StoreWish(brand="one", is_open_now=True)])
def test_nearest_is_read_from_the_index_in_its_order(world: World, wish: StoreWish) -> None:
    StoreFactory.create_batch(200, brand=world.brand)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE stores_store")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        queries.nearest_stores(wish, place(), now=NOON, start=0, limit=10)
    statement = next(query["sql"] for query in captured if "<->" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan using stores_store_nearest" in plan
    assert "Order By: (cube(ARRAY[" in plan


def test_pages_by_distance_hold_every_store_once_and_end_at_the_farthest_shown(world: World, near: Client) -> None:
    made = [StoreFactory.create(brand=world.brand, code=f"X{n:03d}", lat=31.2 - n * 0.001) for n in range(60)]
    seen: list[str] = []
    address = "/stores/?brand=one"
    while address:
        part = listed(near, address)
        seen += part
        address = f"/stores/{link(near, address, 'More stores')}" if len(part) == 24 else ""
    assert sorted(seen) == sorted(f"one/{code}" for code in ["A", "B", "C", *(store.code for store in made)])
    assert "More stores" not in near.get("/stores/?brand=one&page=3").content.decode()
    assert listed(near, "/stores/?brand=one&page=99") == listed(near, "/stores/?brand=one&page=10") == []


def test_nearest_shows_at_most_its_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "NEAREST_MOST", 3)
    found = queries.nearest_stores(StoreWish(), place(), now=NOON, start=2, limit=5)
    assert len(found) == 1
    assert queries.nearest_stores(StoreWish(), place(), now=NOON, start=3, limit=5) == []


def test_stores_by_city_go_on_behind_the_last_one_seen(world: World) -> None:
    StoreFactory.create(brand=world.brand, code="NOWHERE", district=None)
    StoreFactory.create(brand=world.brand, code="D", district=world.stores["A"].district)
    wish, seen, after = StoreWish(brand="one"), [], None
    for _page in range(3):
        part = queries.stores_by_city(wish, None, now=NOON, after=after, limit=2)
        seen += codes(part)
        after = queries.city_key(part[-1].store)
    assert seen == ["A", "B", "D", "C", "NOWHERE"]
    assert [one.metres for one in part] == [None]


def test_finder_without_a_place_lists_by_city_and_page(world: World, shopper: Client) -> None:
    StoreFactory.create_batch(24, brand=world.brand, district=None)
    first = listed(shopper, "/stores/?brand=one")
    following = f"/stores/{link(shopper, '/stores/?brand=one', 'More stores')}"
    assert first[:3] == ["one/A", "one/B", "one/C"]
    assert len(first) == 24
    assert parse_qs(urlsplit(following).query)["after"][0].startswith("~.")
    assert len({*first, *listed(shopper, following)}) == 27
    assert "store-metres" not in shopper.get("/stores/").content.decode()


def test_by_city_is_a_choice_of_somebody_with_a_place(world: World, near: Client) -> None:
    StoreFactory.create(brand=world.brand, code="BJ", lat=39.9, lng=116.4, district=DistrictFactory.create(
        code="110101", province="北京市", city="北京市", name="东城区", lat=39.9, lng=116.4,
        province_en="Beijing", city_en="Beijing", name_en="Dongcheng",
    ))  # fmt: skip
    assert listed(near, "/stores/?brand=one")[-1] == "one/BJ"
    assert link(near, "/stores/?brand=one", "By city") == "?brand=one&order=city"
    assert listed(near, "/stores/?brand=one&order=city")[0] == "one/BJ"


# --- Filters


def test_finder_filters_by_brand_and_keeps_the_other_filters(world: World, near: Client) -> None:
    assert listed(near, "/stores/?brand=two") == ["two/A"]
    assert link(near, "/stores/?open=1&q=Shanghai&page=2", "One") == "?brand=one&open=1&q=Shanghai"
    assert link(near, "/stores/?brand=one&service=returns", "Returns") == "?brand=one"
    assert link(near, "/stores/?brand=one&service=returns", "Collect in store") == (
        "?brand=one&service=collect&service=returns"
    )
    assert link(near, "/stores/?brand=one", "All brands") == "/stores/"
    assert listed(near, "/stores/?brand=nobody") == []


@pytest.mark.parametrize(("service", "field"), queries.SERVICE_FIELDS.items())
def test_finder_filters_by_service(world: World, near: Client, service: Service, field: str) -> None:
    Store.objects.filter(code="B").update(**{field: False})
    assert listed(near, f"/stores/?brand=one&service={service}") == ["one/A", "one/C"]
    assert listed(near, "/stores/?brand=one") == ["one/A", "one/B", "one/C"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("杭州", ["one/C"]),
        ("hangzhou", ["one/C"]),
        ("jing'an", ["one/A", "one/B"]),
        ("Store B", ["one/B"]),
        ("嘉里", ["one/B"]),
        ("Kerry", ["one/B"]),
        ("1515", ["one/B"]),
        ("100%", []),
        ("\0", ["one/A", "one/B", "one/C"]),
    ],
)
def test_finder_searches_places_then_names_addresses_and_malls(
    world: World, near: Client, query: str, found: list[str]
) -> None:
    mall = MallFactory.create(name_zh="嘉里中心", name_en="Kerry Centre")
    Store.objects.filter(code="B").update(mall=mall, address="南京西路 1515 号")
    response = near.get("/stores/", {"q": query, "brand": "one"})
    assert listed(near, f"/stores/?{response.request['QUERY_STRING']}") == found


def test_finder_without_a_match_says_so_and_leads_back(world: World, near: Client) -> None:
    text = near.get("/stores/", {"q": '<b>"'}).content.decode()
    assert "No store matches “&lt;b&gt;&quot;” and these filters." in text
    assert '<a class="btn" href="/stores/">All stores</a>' in text


def test_finder_leaves_out_closed_down_stores_and_warehouses(world: World, near: Client) -> None:
    StoreFactory.create(brand=world.brand, code="GONE", is_active=False)
    StoreFactory.create(brand=world.brand, code="DEPOT", kind=StoreKind.WAREHOUSE)
    assert listed(near, "/stores/?brand=one") == ["one/A", "one/B", "one/C"]
    assert [near.get(f"/stores/one/{code}/").status_code for code in ("GONE", "DEPOT")] == [404, 404]


def test_open_now_agrees_with_the_rule_at_every_hour(world: World) -> None:
    hours = [
        ([600] * 7, [1320] * 7),
        ([-1] + [600] * 6, [-1] + [1260] * 6),
        ([1200] * 7, [1560] * 7),
        ([0] * 7, [1440] * 7),
    ]
    monday = date(2026, 3, 16)
    other = [None, (720, 780), (1320, 1500)]
    for (opens, closes), exception in product(hours, [(), *((hours,) for hours in other)]):
        store = StoreFactory.create(brand=world.brand, opens_minutes=opens, closes_minutes=closes)
        for changed in exception:
            opens_minute, closes_minute = changed or (None, None)
            HoursException.objects.create(
                store=store, on_date=monday, opens_minute=opens_minute, closes_minute=closes_minute
            )
    for step in range(-6, 120):
        now = datetime(2026, 3, 15, 16, tzinfo=UTC) + timedelta(minutes=step * 30)
        every = queries.nearest_stores(StoreWish(), place(), now=now, start=0, limit=50)
        open_ones = queries.nearest_stores(StoreWish(is_open_now=True), place(), now=now, start=0, limit=50)
        assert [one.store.pk for one in open_ones] == [one.store.pk for one in every if one.opens_at == now]
        assert [one.closes_at is not None for one in every] == [one.opens_at == now for one in every]


def test_unreadable_address_counts_as_not_given() -> None:
    given = QueryDict("brand=<b>&service=fly&open=yes&order=x&page=-1&after=310106.&q=" + "x" * 99)
    assert FinderAddress.of(given) == FinderAddress(query="x" * 40)
    assert FinderAddress.of(QueryDict("page=99")).page == 10
    given = QueryDict("brand=one&service=collect&open=1&order=city&q=a+b&after=310106.12")
    assert FinderAddress.of(given).text == "?" + given.urlencode()


# --- Hours


@pytest.mark.parametrize(
    ("hours", "exceptions", "said"),
    [
        ((600, 1320), {}, "Open until 22:00"),
        ((600, 1500), {}, "Open until 01:00"),
        ((780, 1320), {}, "Closed, opens at 13:00"),
        ((600, 660), {}, "Closed, opens tomorrow at 10:00"),
        ((600, 1320), {0: None, 1: None}, "Closed, opens on Wednesday at 10:00"),
        ((600, 1320), {0: (630, 750)}, "Open until 12:30"),
        ((-1, -1), {}, "Closed for now"),
    ],
)
@pytest.mark.usefixtures("noon")
def test_finder_says_when_a_store_opens_or_closes(
    world: World,
    near: Client,
    hours: tuple[int, int],
    exceptions: dict[int, tuple[int, int] | None],
    said: str,
) -> None:
    store = world.stores["A"]
    Store.objects.filter(pk=store.pk).update(opens_minutes=[hours[0]] * 7, closes_minutes=[hours[1]] * 7)
    for days, changed in exceptions.items():
        opens, closes = changed or (None, None)
        on_date = date(2026, 3, 16) + timedelta(days=days)
        HoursException.objects.create(store=store, on_date=on_date, opens_minute=opens, closes_minute=closes)
    mark = " is-open" if said.startswith("Open") else ""
    for address in ("/stores/?brand=one", "/stores/one/A/"):
        text = near.get(address).content.decode()
        assert re.findall(r'class="store-opening([^"]*)">([^<]+)<', text)[0] == (mark, said)


def test_finder_writes_the_week_with_equal_days_together(world: World, near: Client) -> None:
    Store.objects.filter(pk=world.stores["A"].pk).update(
        opens_minutes=[-1, 600, 600, 600, 600, 660, 600], closes_minutes=[-1, 1320, 1320, 1320, 1320, 1500, 1320]
    )
    text = near.get("/stores/?brand=one").content.decode()
    week = re.findall(r'<dt>([^<]+)</dt><dd class="figure">([^<]+)</dd>', text.split("</details>")[0])
    assert week == [
        ("Monday", "Closed"),
        ("Tuesday to Friday", "10:00–22:00"),
        ("Saturday", "11:00–01:00"),
        ("Sunday", "10:00–22:00"),
    ]
    assert '<dt>Every day</dt><dd class="figure">10:00–22:00</dd>' in text


def test_closing_at_past_midnight_belongs_to_the_day_before() -> None:
    night = ([1200] * 7, [1560] * 7)
    at_one = datetime(2026, 3, 16, 17, tzinfo=UTC)  # Tuesday, one o'clock in Shanghai
    assert rules.closing_at(*night, {}, at_one) == at_one + timedelta(hours=1)
    assert rules.closing_at(*night, {date(2026, 3, 16): None}, at_one) is None
    assert rules.closing_at(*night, {}, at_one + timedelta(hours=1)) is None


def test_week_spans_join_equal_neighbours() -> None:
    assert rules.week_spans([600] * 7, [1320] * 7) == [(0, 6, "10:00-22:00")]
    assert rules.week_spans([-1, -1, *[600] * 5], [-1, -1, *[1320] * 5]) == [
        (0, 1, "closed"),
        (2, 6, "10:00-22:00"),
    ]


# --- What a row and a store's page say


def test_store_page_says_where_it_is_and_when_it_is_open(world: World, near: Client, noon: datetime) -> None:
    store = world.stores["A"]
    mall = MallFactory.create(name_zh="恒隆广场", name_en="Plaza 66")
    Store.objects.filter(pk=store.pk).update(
        mall=mall, address="南京西路 1266 号", phone="021-6288 0000", offers_try_on=False
    )
    HoursException.objects.create(store=store, on_date=date(2026, 3, 18))
    HoursException.objects.create(store=store, on_date=date(2026, 4, 4), opens_minute=720, closes_minute=1080)
    HoursException.objects.create(store=store, on_date=date(2026, 3, 14))

    text = near.get("/stores/one/A/").content.decode()

    assert "<h1>Store A</h1>" in text
    for said in ("南京西路 1266 号", "Plaza 66", 'href="tel:021-62880000"', "110 m", 'href="/products/?brand=one"'):
        assert said in text
    assert re.findall(r"<li>([^<]+)</li>", text) == ["Collect in store", "Returns"]
    days = re.findall(r'<dt>(\w+) <span[^>]+>([^<]+)</span></dt><dd class="figure">([^<]+?)( <span|<)', text)
    assert [(day, hours.strip()) for day, _date, hours, _rest in days] == [
        ("Monday", "10:00–22:00"),
        ("Tuesday", "10:00–22:00"),
        ("Wednesday", "Closed"),
        ("Thursday", "10:00–22:00"),
        ("Friday", "10:00–22:00"),
        ("Saturday", "10:00–22:00"),
        ("Sunday", "10:00–22:00"),
        ("Saturday", "12:00–18:00"),
    ]
    assert [day for _weekday, day, _hours, rest in days if rest != "<"] == ["March 18"]
    assert days[-1][1] == "April 4"


@pytest.mark.parametrize("address", ["one/Z", "nobody/A", "two/B", "one/A%00", "one/A/B"])
def test_store_page_of_no_store_is_not_found(world: World, shopper: Client, address: str) -> None:
    answer = shopper.get(f"/stores/{address}/")
    assert (answer.status_code, "<h1>Nothing here</h1>" in answer.content.decode()) == (404, True)


def test_store_page_of_a_code_with_a_slash_can_be_reached(world: World, shopper: Client) -> None:
    StoreFactory.create(brand=world.brand, code="SH/1 店", name_en="Slash")
    address = link(shopper, "/stores/?q=Slash", "Slash")
    assert "<h1>Slash</h1>" in shopper.get(address).content.decode()


def test_route_link_takes_the_point_in_gcj_02(world: World, near: Client, settings: LazySettings) -> None:
    store = world.stores["A"]
    Store.objects.filter(pk=store.pk).update(name_en="A & B")
    lat, lng = geo.wgs84_to_gcj02(store.lat, store.lng)
    for address in ("/stores/?brand=one", "/stores/one/A/"):
        text = html.unescape(near.get(address).content.decode())
        found = re.findall(r'href="(https://uri\.amap\.com/[^"]+)"', text)[0]
        assert parse_qs(urlsplit(found).query) == {
            "position": [f"{lng:.6f},{lat:.6f}"],
            "name": ["A & B"],
            "coordinate": ["gaode"],
        }
    settings.STORE_ROUTE_LINK = "https://maps.example/?at={lat};{lng}&{other}"
    assert f'href="https://maps.example/?at={lat:.6f};{lng:.6f}&amp;{{other}}"' in near.get(address).content.decode()


def test_map_points_are_in_the_datum_of_the_tiles(world: World, near: Client, settings: LazySettings) -> None:
    store = world.stores["A"]
    assert f'data-lat="{store.lat:.6f}" data-lng="{store.lng:.6f}"' in near.get("/stores/").content.decode()
    settings.STORE_MAP_DATUM = "gcj02"
    settings.STORE_MAP_TILES = "https://tiles.example/{z}/{x}/{y}.png"
    text = near.get("/stores/").content.decode()
    for point in ((store.lat, store.lng), HOME):
        lat, lng = geo.wgs84_to_gcj02(*point)
        assert f'data-lat="{lat:.6f}" data-lng="{lng:.6f}"' in text
    assert 'data-tiles="https://tiles.example/{z}/{x}/{y}.png"' in text


def test_map_names_the_cities_or_the_districts_of_one(world: World, near: Client) -> None:
    def names(address: str) -> list[str]:
        found = re.search(r'data-labels="([^"]+)"', near.get(address).content.decode())
        assert found is not None
        return re.findall(r'"([^"]+)"', html.unescape(found[1]))

    assert names("/stores/?brand=one") == ["Shanghai", "Hangzhou"]
    assert names("/stores/?brand=one&q=Shanghai") == ["Jing'an"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", []),
        ("/tiles/{z}/{x}/{y}.png", []),
        ("https://tile.example/{z}/{x}/{y}.png", ["https://tile.example"]),
        ("https://{s}.tile.example:8443/{z}/{x}/{y}.png", ["https://*.tile.example:8443"]),
        ("https://webrd0{s}.is.example/t?x={x}", ["https://*.is.example"]),
    ],
)
def test_tiles_host_is_named_to_the_content_security_policy(url: str, expected: list[str]) -> None:
    assert environment.origins(url) == expected


def test_datum_that_nobody_knows_is_refused_at_the_start() -> None:
    assert environment.chosen("gcj02", "wgs84", "gcj02") == "gcj02"
    with pytest.raises(ImproperlyConfigured, match="'wgs72' is none of wgs84, gcj02"):
        environment.chosen("wgs72", "wgs84", "gcj02")


# --- Statements


@pytest.mark.parametrize("stores", [0, 40])
@pytest.mark.usefixtures("noon")
def test_finder_takes_as_many_statements_for_few_stores_as_for_many(
    world: World, shopper: Client, django_assert_num_queries: DjangoAssertNumQueries, stores: int
) -> None:
    StoreFactory.create_batch(stores, brand=world.brand, mall=MallFactory.create())
    BrandFactory.create()
    shopper.get("/stores/")  # districts are read once a process
    with django_assert_num_queries(4):  # stores, their other hours, brands, cities
        shopper.get("/stores/")
    shopper.post("/place/", {"district_code": "310106"})
    with django_assert_num_queries(3):
        shopper.get("/stores/?open=1&service=collect")
    with django_assert_num_queries(4):  # districts of this name
        shopper.get("/stores/?q=Shanghai")
    with django_assert_num_queries(2):
        shopper.get("/stores/one/A/")
