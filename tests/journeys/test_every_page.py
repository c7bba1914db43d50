"""Every page in a real browser, for the people it is for: accessible by day and by night, fitting, and quiet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Page, ViewportSize

from omni.kernel import clock
from tests.architecture.people import enter
from tests.architecture.routes import CLERK_A, GUEST, HQ, MEMBER, PAGES
from tests.architecture.scene import Scene, set_scene
from tests.cast import HOME, build_world
from tests.journeys.devices import listen, wait_until
from tests.orders.wechat import Provider

if TYPE_CHECKING:
    from datetime import datetime

    from django.conf import LazySettings
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}
TABLET: ViewportSize = {"width": 1024, "height": 768}
SCREEN: ViewportSize = {"width": 1280, "height": 900}
# The shop is for phones, the desk for tablets, headquarters for screens; who else may see a page sees the same.
AUDIENCES = {GUEST: (PHONE, ""), MEMBER: (PHONE, "me/"), CLERK_A: (TABLET, "desk/"), HQ: (SCREEN, "hq/")}
# Pages that Django and the API's library draw.
NOT_OURS = ("admin/", "api/")
# The most of kilobytes, compressed, that the first page may load of scripts and styles.
FIRST_PAGE_KB = 60
# How far a page may move under the reader's eyes while it loads (a "good" page of Web Vitals stays below 0.1).
MOST_SHIFT = 0.01
SHIFTS = """new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve(sum), 300);
})"""
LOADED = """performance.getEntriesByType("resource")
    .map((one) => new URL(one.name).pathname).filter((path) => /\\.(js|css)$/.test(path))"""


@pytest.fixture
def scene(transactional_db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Scene:
    """Return the rows of the walk over all addresses, committed, at noon."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: now)
    return set_scene(build_world())


def open_browser(browser: Browser, live_server: LiveServer, scene: Scene, role: str, viewport: ViewportSize) -> Page:
    """Return a page of somebody's browser, signed in as they are."""
    cookies = enter(role, scene).client.cookies
    context = browser.new_context(
        base_url=live_server.url,
        geolocation={"latitude": HOME[0], "longitude": HOME[1]},
        locale="en",
        reduced_motion="reduce",
        viewport=viewport,
    )
    context.add_cookies([{"name": name, "value": one.value, "url": live_server.url} for name, one in cookies.items()])
    return context.new_page()


def faults_of(page: Page, viewport: ViewportSize) -> list[str]:
    """Return what is wrong with a page: for screen readers, by day and by night, and in its width."""
    found = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    found += Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
    page.emulate_media(color_scheme="light")
    faults = [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > viewport["width"]:
        faults.append(f"{width} pixels wide")
    if not page.title().strip():
        faults.append("no title")
    return faults


@pytest.mark.parametrize("role", AUDIENCES)
def test_every_page_is_accessible_fits_and_is_quiet(
    browser: Browser, live_server: LiveServer, scene: Scene, role: str
) -> None:
    viewport, below = AUDIENCES[role]
    page = open_browser(browser, live_server, scene, role, viewport)
    complaints: list[str] = []
    listen(page, complaints)
    faults: dict[str, list[str]] = {}
    seen = 0
    for pattern, route in PAGES.items():
        if route.get[role] != 200 or not pattern.startswith(below) or pattern.startswith(NOT_OURS):
            continue
        address = f"{scene.address(pattern, route.row)}?{urlencode(scene.sent.get(pattern, {}))}".rstrip("?")
        html = page.context.request.get(address)
        if "<html" not in html.text():
            continue
        page.goto(address)
        seen += 1
        wrong = faults_of(page, viewport) + complaints
        complaints.clear()
        if wrong:
            faults[address] = wrong
    page.context.close()

    assert seen > 1
    assert faults == {}


def test_first_page_loads_little_and_nothing_moves(browser: Browser, live_server: LiveServer, scene: Scene) -> None:
    page = open_browser(browser, live_server, scene, GUEST, PHONE)
    page.goto("/")

    # The test's server sends files as they are; the product's sends the compressed copy that lies beside each.
    files = {path: Path(str(finders.find(path.removeprefix("/static/")))) for path in page.evaluate(LOADED)}
    assert {path.suffix for path in files.values()} == {".css", ".js"}
    sizes = {name: path.with_name(f"{path.name}.gz").stat().st_size for name, path in files.items()}
    assert sum(sizes.values()) <= FIRST_PAGE_KB * 1024, sizes

    product = f"/products/{scene.world.brand.code}/{scene.world.product.code}/"
    for address in ("/", "/products/", product, "/basket/", "/stores/"):
        page.goto(address)
        assert page.evaluate(SHIFTS) <= MOST_SHIFT, address
    page.context.close()


def test_shop_without_a_network_says_so(browser: Browser, live_server: LiveServer, scene: Scene) -> None:
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE)
    page = context.new_page()
    page.goto("/")
    wait_until(page, lambda: page.evaluate("navigator.serviceWorker.controller !== null"))

    context.set_offline(True)
    page.goto("/products/")

    assert page.get_by_role("heading", level=1).inner_text() == "No network"
    # The page's style came from what was kept.
    assert page.evaluate("getComputedStyle(document.body).display") == "flex"
    context.set_offline(False)
    page.goto("/products/")
    assert page.get_by_role("heading", level=1).inner_text() != "No network"
    context.close()
