"""The store finder in a real browser: list and map in step, with tiles and without, and with scripts off."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from omni.kernel import clock
from stores.models import Store
from tests.cast import HOME, World, build_world
from tests.journeys.devices import listen

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
TILES = "https://tile-{s}.example/{z}/{x}/{y}.svg"
TILE = '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><circle cx="128" cy="128" r="9"/></svg>'

Open = Callable[..., Page]


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch, now: datetime) -> World:
    """Return the small world, committed, at noon."""
    monkeypatch.setattr(clock, "now", lambda: now)
    world = build_world()
    Store.objects.update(address="南京西路 1266 号", phone="021-62880000")
    return world


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Open]:
    """Return what opens the finder in a browser of its own; the browser may complain of nothing."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(**options: object) -> Page:
        context = browser.new_context(
            **{
                "base_url": live_server.url,
                "geolocation": {"latitude": HOME[0], "longitude": HOME[1]},
                "locale": "en",
                "permissions": ["geolocation"],
                "reduced_motion": "reduce",
                "viewport": PHONE,
                **options,
            }  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        listen(page, complaints)
        page.goto("/stores/?brand=one")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert [one["id"] for one in found.response["violations"]] == [], found.generate_report()


def test_shopper_finds_the_nearest_store_by_position_and_its_map(visit: Open) -> None:
    page = visit()
    page.get_by_role("button", name="Use my position").click()

    expect(page.get_by_text("Distances from Jing'an, Shanghai")).to_be_visible()
    expect(page.locator(".store-name")).to_have_text(["Store A", "Store B", "Store C"])
    expect(page.locator(".store-metres").first).to_have_text("110 m")
    expect(page.locator(".map-pin")).to_have_text(["1", "2", "3"])
    expect(page.locator(".map-name")).to_have_text(["Shanghai", "Hangzhou"])
    expect(page.locator("path.map-here")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert_accessible(page)


def test_list_and_map_are_in_step(visit: Open) -> None:
    page = visit(viewport=DESK)
    page.get_by_role("button", name="3 Store C").press("Enter")

    row = page.locator(".store-row").nth(2)
    expect(row).to_have_class(re.compile("is-current"))
    expect(row.get_by_role("link", name="Store C")).to_be_focused()
    expect(row).to_be_in_viewport()
    expect(page.locator(".map-pin.is-current")).to_have_text(["3"])

    page.get_by_role("button", name="1 Store A").click()

    expect(page.locator(".store-row.is-current .store-name")).to_have_text(["Store A"])

    page.locator(".store-row").nth(1).hover()

    expect(page.locator(".store-row.is-current .store-name")).to_have_text(["Store B"])
    expect(page.locator(".map-pin.is-current")).to_have_text(["2"])


def test_store_page_shows_its_hours_and_leads_to_what_is_new(visit: Open) -> None:
    page = visit()
    page.get_by_role("link", name="Store A").click()

    expect(page.get_by_role("heading", name="Store A")).to_be_visible()
    expect(page.locator(".is-today")).to_contain_text("10:00–22:00")
    expect(page.locator(".map-pin")).to_have_text(["1"])
    assert_accessible(page)
    page.get_by_role("link", name="See what is new at One").click()
    expect(page).to_have_url(re.compile(r"/products/\?brand=one$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_finder_in_chinese_is_accessible_in_light_and_dark(visit: Open, scheme: str) -> None:
    page = visit(locale="zh-CN", color_scheme=scheme, viewport=DESK)
    expect(page.get_by_role("heading", name="查找门店")).to_be_visible()
    expect(page.locator(".store-opening").first).to_have_text("营业中，22:00 打烊")
    assert_accessible(page)
    page.locator(".store-name").first.click()
    expect(page.locator(".map-pin")).to_be_visible()
    assert_accessible(page)


def test_tiles_are_shown_when_there_are_any(visit: Open, settings: LazySettings) -> None:
    page = visit()
    policy = settings.CONTENT_SECURITY_POLICY
    images = [*policy["DIRECTIVES"]["img-src"], "https://*.example"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**policy["DIRECTIVES"], "img-src": images}}
    settings.STORE_MAP_TILES = TILES
    settings.STORE_MAP_ATTRIBUTION = '© <a href="https://tiles.example/">Tiles</a>'
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=TILE, content_type="image/svg+xml")

    page.context.route("https://*.example/**", answer)
    page.reload()

    expect(page.locator("img.leaflet-tile-loaded").first).to_be_visible()
    expect(page.locator(".leaflet-control-attribution")).to_have_text("© Tiles")
    expect(page.locator(".map-name")).to_have_count(0)
    assert asked
    assert all(re.fullmatch(r"https://tile-[abc]\.example/\d+/\d+/\d+\.svg", address) for address in asked)


def test_finder_works_with_scripts_off(visit: Open) -> None:
    page = visit(java_script_enabled=False)
    expect(page.locator("#store-map")).to_be_hidden()
    expect(page.get_by_role("button", name="Use my position")).to_be_hidden()

    page.get_by_role("link", name="Choose your place").last.click()
    page.get_by_label("City or district").fill("静安")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("button", name=re.compile("Jing'an")).first.click()
    expect(page.locator(".store-name")).to_have_text(["Store A", "Store B", "Store C"])

    page.get_by_label("City, district, mall or store").fill("Hangzhou")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    expect(page.locator(".store-name")).to_have_text(["Store C"])
    page.locator(".store-filters").get_by_role("link", name="Open now").click()
    expect(page.locator(".store-name")).to_have_text(["Store C"])
    page.get_by_text("Opening hours").click()
    expect(page.get_by_text("Every day")).to_be_visible()
    page.get_by_role("link", name="Store C").click()
    expect(page.get_by_role("heading", name="Store C")).to_be_visible()
