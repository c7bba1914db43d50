"""A shopper joins with their phone, keeps an address, orders as a member, and comes back: on a phone."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.core.cache import caches
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from members.models import Member
from omni.kernel import clock
from omni.messages import services as messages_services
from orders.models import Order
from tests.cast import World, build_world
from tests.factories.orders import placed_order
from tests.messages.conftest import ScriptedGateway, gateway
from tests.orders.wechat import Provider

__all__ = ["gateway"]

pytestmark = pytest.mark.django_db(transaction=True)

VIEWPORT: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def world(transactional_db: None, settings: LazySettings) -> World:
    """Return the small world, committed, with nobody but the test to send messages."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    caches["limits"].clear()
    return build_world()


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Page]:
    """Open a page of an English-speaking shopper's phone."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=VIEWPORT)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Page]:
    """Open a page of a browser with scripts off."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=VIEWPORT, java_script_enabled=False)
    yield context.new_page()
    context.close()


def code_sent(gateway: ScriptedGateway) -> str:
    """Send what waits, and return the code of the newest message."""
    messages_services.drive_due_messages(now=clock.now())
    (code,) = re.findall(r"(?<!\d)\d{6}(?!\d)", gateway.sent[-1][4])
    return str(code)


def sign_in(page: Page, gateway: ScriptedGateway) -> None:
    """Sign in from wherever the page asks for a phone."""
    page.get_by_label("Mobile number").fill("138 0013 8000")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_text("We sent six digits to 138****8000.")).to_be_visible()
    page.get_by_label("Code").fill(code_sent(gateway))
    page.get_by_role("button", name="Sign in").click()


def test_guest_joins_and_finds_the_order_they_placed(phone: Page, world: World, gateway: ScriptedGateway) -> None:
    order = placed_order(world, phone="13800138000")
    phone.goto("/")
    phone.get_by_role("link", name="My account").click()

    sign_in(phone, gateway)

    expect(phone.get_by_role("heading", name="My account")).to_be_visible()
    phone.get_by_role("link", name=re.compile(order.number)).click()
    expect(phone.get_by_text(order.number).first).to_be_visible()
    phone.goto("/me/")
    phone.get_by_role("button", name="Sign out").click()
    phone.wait_for_url(re.compile(r"^\w+://[^/]+/$"))
    phone.goto("/me/")
    expect(phone.get_by_role("heading", name="Sign in or join")).to_be_visible()


def test_member_keeps_an_address_and_orders_with_it(phone: Page, world: World, gateway: ScriptedGateway) -> None:
    phone.goto("/me/addresses/add/")
    sign_in(phone, gateway)
    expect(phone.get_by_role("heading", name="Add an address")).to_be_visible()
    phone.wait_for_load_state()
    phone.get_by_label("Recipient").fill("王小雨")
    phone.get_by_label("Mobile number").fill("139 0013 9000")
    phone.get_by_label("Street and number").fill("南京西路 1 号")
    phone.get_by_placeholder("City or district").fill("静安")
    phone.get_by_role("radio").first.check()
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text("139****9000")).to_be_visible()

    phone.goto("/products/one/SHIRT/")
    phone.request.post(
        "/basket/add/",
        form={"brand": "one", "sku": "SHIRT-S", "csrfmiddlewaretoken": token_of(phone)},
        headers={"referer": phone.url},
    )
    phone.goto("/checkout/one/")
    expect(phone.get_by_label("王小雨 · 139****9000")).to_be_checked()
    expect(phone.get_by_label("Street and number")).to_be_hidden()
    phone.get_by_role("button", name="Order and pay with WeChat").click()
    phone.wait_for_url("**/pay/")

    assert Order.objects.get().member == Member.objects.get()


def token_of(page: Page) -> str:
    """Return the token of a form on the page."""
    return str(page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value"))


def test_wrong_code_is_told_beside_its_field_with_scripts_off(plain: Page, gateway: ScriptedGateway) -> None:
    plain.goto("/sign-in/")
    plain.get_by_label("Mobile number").fill("12")
    plain.get_by_role("button", name="Send me a code").click()
    expect(plain.get_by_text("Enter a valid phone number.")).to_be_visible()
    plain.get_by_label("Mobile number").fill("138 0013 8000")
    plain.get_by_role("button", name="Send me a code").click()
    code = code_sent(gateway)
    plain.get_by_label("Code").fill("000000" if code != "000000" else "111111")
    plain.get_by_role("button", name="Sign in").click()
    expect(plain.get_by_text("This code is not right.")).to_be_visible()

    plain.get_by_label("Code").fill(code)
    plain.get_by_role("button", name="Sign in").click()

    expect(plain.get_by_role("heading", name="My account")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(
    browser: Browser,
    live_server: LiveServer,
    world: World,
    gateway: ScriptedGateway,
    scheme: Literal["light", "dark"],
) -> None:
    context = browser.new_context(
        base_url=live_server.url, locale="en", viewport=VIEWPORT, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    placed_order(world, phone="13800138000")
    page.goto("/sign-in/?next=/me/addresses/add/")
    problems = problems_of(page)
    sign_in(page, gateway)
    problems += problems_of(page)
    for address in ("/me/", "/me/profile/", "/me/addresses/"):
        page.goto(address)
        problems += problems_of(page)
    context.close()

    assert problems == []


def problems_of(page: Page) -> list[str]:
    """Return what axe finds, and whether something is wider than the screen."""
    found = [f"{page.url}: {violation['id']}" for violation in Axe().run(page).response["violations"]]
    width = page.evaluate("document.documentElement.scrollWidth")
    return found if width <= VIEWPORT["width"] else [*found, f"{page.url} is {width} wide"]
