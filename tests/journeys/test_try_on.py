"""A shopper books pieces to try on, comes with the code, and keeps one: on a phone, with a clerk at the desk."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from fulfillment.choices import PickupCodePurpose
from omni.kernel import clock
from orders.models import TryOn
from tests.cast import World, build_world
from tests.factories.fulfillment import code_of
from tests.factories.orders import run_deliveries
from tests.factories.stores import ClerkFactory
from tests.factories.try_ons import SLOT, share_of

pytestmark = pytest.mark.django_db(transaction=True)

BACKEND = "django.contrib.auth.backends.ModelBackend"
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def world(transactional_db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, now: datetime) -> World:
    """Return the small world, committed, at noon."""
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: now)
    return build_world()


@pytest.fixture
def context(browser: Browser, live_server: LiveServer, world: World) -> Iterator[BrowserContext]:
    """Open an English-speaking phone."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE, reduced_motion="reduce")
    yield context
    context.close()


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert [one["id"] for one in found.response["violations"]] == [], found.generate_report()


def let_in(
    context: BrowserContext, live_server: LiveServer, client: Client, address: str, sent: dict[str, str]
) -> None:
    """Let a browser go on with what a client without pages has done."""
    client.post(address, sent)
    cookies = [{"name": name, "value": morsel.value, "url": live_server.url} for name, morsel in client.cookies.items()]
    context.add_cookies(cookies)  # type: ignore[arg-type]


def test_shopper_books_comes_and_keeps_one(
    context: BrowserContext, world: World, browser: Browser, live_server: LiveServer
) -> None:
    phone = context.new_page()
    phone.goto("/try-on/?brand=one&sku=SHIRT-S&sku=SHIRT-M")
    expect(phone.get_by_text("Tell us where you are")).to_be_visible()
    let_in(context, live_server, Client(), "/place/", {"district_code": "310106"})
    phone.reload()
    expect(phone.locator(".try-on-store")).to_have_count(3)
    phone.locator(".slot", has_text="14:00").first.click()
    phone.get_by_label("Name").fill("王小雨")
    phone.get_by_label("Mobile number").fill("13800138000")
    assert_accessible(phone)
    phone.get_by_role("button", name="Hold them for me").click()
    expect(phone.locator(".track-badge")).to_have_text("Booked")
    try_on = TryOn.objects.get()
    assert try_on.starts_at == SLOT
    code = code_of(share_of(try_on), PickupCodePurpose.SHOPPER)
    expect(phone.get_by_text(code)).to_be_visible()
    expect(phone.get_by_alt_text("QR code to show in the store")).to_be_visible()
    assert_accessible(phone)

    clerk = Client()
    clerk.force_login(ClerkFactory.create(store=world.stores["A"]).user, backend=BACKEND)
    at_desk = browser.new_context(base_url=live_server.url, locale="en", reduced_motion="reduce")
    let_in(at_desk, live_server, clerk, "/place/", {"district_code": "310106"})
    desk = at_desk.new_page()
    desk.goto(f"/desk/tasks/{share_of(try_on).number}/")
    expect(desk.locator(".desk-slot")).to_contain_text("14:00")
    desk.get_by_role("button", name="Already prepared").click()
    desk.get_by_role("link", name="Open the booking").click()
    desk.get_by_label("Is the shopper here?").fill(code)
    desk.get_by_role("button", name="Check in").click()
    desk.get_by_role("button", name="To the fitting room").click()
    small, medium = desk.locator(".desk-pieces > li").nth(0), desk.locator(".desk-pieces > li").nth(1)
    small.get_by_label("Too small").check()
    medium.get_by_label("Keeps it").check()
    desk.get_by_role("button", name="Done; the rest goes back").click()
    expect(desk.locator(".state-big")).to_have_text("Kept, to be bought")
    run_deliveries(clock.now())
    expect(phone.locator(".track-badge")).to_have_text("Some kept", timeout=15_000)
    assert (world.level("A", "S").held, world.level("A", "M").held) == (0, 1)
    at_desk.close()
