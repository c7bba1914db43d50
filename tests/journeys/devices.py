"""The devices of a journey: a shopper's phone, the tablet of a store's desk, and what their browsers complain of."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from omni.accounts.models import User
from orders import queries
from orders.models import Order
from tests.cast import World
from tests.factories.stores import ClerkFactory

PHONE: ViewportSize = {"width": 390, "height": 844}
TABLET: ViewportSize = {"width": 1024, "height": 768}
# What Chromium says when the worker of the site begins while a page loads: the page is whole.
HARMLESS = "service worker resource mismatch"


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Collect what breaks the security policy; nothing may."""
    texts: list[str] = []
    yield texts
    assert texts == []


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, order: Order, complaints: list[str]) -> Iterator[Page]:
    """Open the order on an English-speaking shopper's phone, by its link."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE, color_scheme="light")
    page = watched_page(context, complaints)
    page.goto(f"/orders/{order.number}/?t={queries.sign_order_token(order.number)}")
    yield page
    context.close()


@pytest.fixture
def desk(browser: Browser, live_server: LiveServer, world: World, complaints: list[str]) -> Iterator[Page]:
    """Open the desk of store A on its tablet; the clerk is signed in."""
    clerk = ClerkFactory.create(store=world.stores["A"], user__username="clerk-a")
    context = tablet_of(clerk.user, browser, live_server)
    yield watched_page(context, complaints)
    context.close()


def tablet_of(user: User, browser: Browser, live_server: LiveServer, *, locale: str = "en") -> BrowserContext:
    """Return a tablet, English unless told otherwise, on which somebody is signed in."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(base_url=live_server.url, locale=locale, viewport=TABLET)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context


def watched_page(context: BrowserContext, complaints: list[str]) -> Page:
    """Open a page that notes what breaks the security policy."""
    page = context.new_page()
    page.on("console", lambda note: complaints.append(note.text) if "Content Security Policy" in note.text else None)
    return page


def listen(page: Page, complaints: list[str]) -> None:
    """Note what the browser complains of, and what the scripts of the page did not catch."""

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and HARMLESS not in message.text:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def check_accessible(page: Page) -> None:
    """Expect that axe finds nothing."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Ask ten times a second, for twenty seconds: the pages' security policy forbids what Playwright would wait by."""
    for _ in range(200):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it never came")


def with_worker(page: Page) -> Page:
    """Wait until the service worker minds the page, and let it keep the page."""
    wait_until(page, lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
    page.reload()
    wait_until(page, lambda: kept_pages(page) > 0)
    return page


def kept_pages(page: Page) -> int:
    """Count whose pages the tablet keeps."""
    return int(page.evaluate("caches.keys().then((all) => all.filter((one) => /^desk-pages/.test(one)).length)"))
