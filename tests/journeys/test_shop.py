"""A shopper's way from the front page to an order on its way, on a phone: with scripts, and without."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from fulfillment import services as fulfillment_services
from fulfillment.services import handover
from inventory.models import Reservation
from omni.kernel.transactions import entry
from orders import queries
from orders.choices import IntentStatus
from orders.models import Order, PaymentIntent
from orders.services import payment
from tests.cast import World
from tests.factories.orders import move_share, placed_order, proof_of, shares_of
from tests.journeys.noon import world

__all__ = ["world"]

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}
PRODUCT = "/products/one/SHIRT/"


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Page]:
    """Open a page of an English-speaking shopper's phone; nothing may break the security policy."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE, color_scheme="light")
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Uncaught" in message.text:
            complaints.append(message.text)

    page.on("console", note)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def plain(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Page]:
    """Open a page of a browser with scripts off."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE, java_script_enabled=False)
    yield context.new_page()
    context.close()


def fill_checkout(page: Page) -> None:
    page.get_by_label("Street and number").fill("南京西路 1 号")
    page.get_by_label("Name").fill("王小雨")
    page.get_by_label("Mobile number").fill("138 0013 8000")


def provide_link() -> PaymentIntent:
    """Let the provider give the link of the one payment."""
    intent = PaymentIntent.objects.get()
    PaymentIntent.objects.update(status=IntentStatus.PENDING, code_url="weixin://pay/1")
    return intent


def pay(intent: PaymentIntent, now: datetime) -> Order:
    with entry():
        payment.record_payment(intent.pk, proof_of(intent, now), actor="provider:wechat", now=now)
    return Order.objects.get()


def test_shopper_has_an_order_brought_and_follows_it(phone: Page, world: World, now: datetime) -> None:
    phone.goto("/")
    phone.get_by_role("link", name="See what is new").click()
    phone.locator(".product-card", has_text="Silk shirt").filter(has_text="One").click()
    phone.locator(".size", has_text="M").click()
    phone.get_by_role("button", name="Add to basket").click()
    expect(phone.locator(".basket-count")).to_have_text("1")
    phone.get_by_role("link", name="Checkout").click()
    phone.get_by_role("searchbox", name="District").press_sequentially("静安")
    phone.get_by_label("Jing'an").check()
    fill_checkout(phone)
    phone.get_by_role("button", name="Order and pay with WeChat").click()
    expect(phone.get_by_text("the payment is being prepared")).to_be_visible()
    intent = provide_link()
    expect(phone.get_by_alt_text("QR code of the payment")).to_be_visible()
    expect(phone.locator(".basket-count")).to_be_hidden()
    order = pay(intent, now)
    expect(phone).to_have_url(re.compile(rf"/orders/{order.number}/$"))
    expect(phone.locator(".track-badge")).to_have_text("Paid")
    (share,) = shares_of(order)
    with entry():
        fulfillment_services.route(share.pk, now=now)
        fulfillment_services.accept_offer(share.pk, actor="user:1", now=now)
        fulfillment_services.pack(share.pk, actor="user:1", now=now)
    expect(phone.locator(".parcel")).to_contain_text("Store A")
    expect(phone.locator(".track-steps .is-done")).to_have_count(3)
    move_share(share, handover.give_to_courier, now)
    expect(phone.locator(".track-steps .is-done")).to_have_count(4)


def test_shopper_collects_in_a_store_of_their_choice(phone: Page, world: World, now: datetime) -> None:
    phone.goto(PRODUCT)
    phone.get_by_role("button", name="Add to basket").click()
    phone.get_by_role("link", name="Checkout").click()
    phone.get_by_label("Collect in store").check()
    expect(phone.get_by_label("Street and number")).to_be_hidden()
    expect(phone.get_by_text("Choose your district first")).to_be_visible()
    phone.get_by_role("searchbox", name="District").press_sequentially("上城")
    phone.get_by_label("Shangcheng").check()
    stores = phone.locator("#pickup-stores b")
    expect(stores).to_have_text(["Store C", "Store A", "Store B"])
    phone.get_by_label("Store C").check()
    phone.get_by_label("Name").fill("王小雨")
    phone.get_by_label("Mobile number").fill("13800138000")
    phone.get_by_role("button", name="Order and pay with WeChat").click()
    expect(phone).to_have_url(re.compile("/pay/$"))
    assert Reservation.objects.get().level.store == world.stores["C"]
    order = Order.objects.get()
    assert (order.fulfillment.way, order.charges_fen) == ("pickup", 0)


def test_browsers_position_becomes_the_place(browser: Browser, live_server: LiveServer, world: World) -> None:
    context: BrowserContext = browser.new_context(
        base_url=live_server.url,
        locale="en",
        viewport=PHONE,
        geolocation={"latitude": 31.2295, "longitude": 121.4470},
        permissions=["geolocation"],
    )
    page = context.new_page()
    page.goto(PRODUCT)
    page.locator(".near").get_by_role("link", name="Choose your place").click()
    page.get_by_role("button", name="Use my position").click()
    expect(page.locator(".shop-place")).to_contain_text("Jing'an")
    expect(page.locator(".near-list b").first).to_have_text("Store A")
    context.close()


def test_refused_position_is_told_in_words(phone: Page) -> None:
    phone.goto("/place/")
    phone.get_by_role("button", name="Use my position").click()
    expect(phone.get_by_role("alert")).to_have_text("Your position could not be read. Choose a district below.")


def test_shop_works_with_scripts_off(plain: Page, world: World, now: datetime) -> None:
    plain.goto(PRODUCT)
    plain.locator(".near").get_by_role("link", name="Choose your place").click()
    expect(plain.get_by_role("button", name="Use my position")).to_be_hidden()
    plain.get_by_role("searchbox").fill("静安")
    plain.get_by_role("main").get_by_role("button", name="Search").click()
    plain.get_by_role("button", name="Jing'an").click()
    expect(plain).to_have_url(re.compile(PRODUCT))
    expect(plain.locator(".near-list b").first).to_have_text("Store A")
    plain.get_by_role("button", name="Add to basket").click()
    plain.get_by_role("button", name="One more").click()
    plain.get_by_role("link", name="Checkout").click()
    fill_checkout(plain)
    plain.get_by_role("button", name="Order and pay with WeChat").click()
    expect(plain.get_by_text("the payment is being prepared")).to_be_visible()
    intent = provide_link()
    expect(plain.get_by_alt_text("QR code of the payment")).to_be_visible(timeout=15_000)
    order = pay(intent, now)
    expect(plain).to_have_url(re.compile(rf"/orders/{order.number}/$"), timeout=15_000)
    assert order.goods_fen == 99800
    plain.get_by_text("Cancel the order").click()
    plain.get_by_role("button", name="Cancel it now").click()
    expect(plain.locator(".track-badge")).to_have_text(re.compile("Cancel"))


def test_mistakes_stand_beside_their_fields_and_keep_what_was_typed(phone: Page, world: World) -> None:
    phone.goto(PRODUCT)
    phone.get_by_role("button", name="Add to basket").click()
    phone.get_by_role("link", name="Checkout").click()
    phone.get_by_label("Name").fill("😀")
    phone.get_by_role("button", name="Order and pay with WeChat").click()
    expect(phone.get_by_label("Name")).to_have_value("😀")
    expect(phone.locator("#id_contact_name_error")).to_contain_text("at least one letter")
    expect(phone.locator("#id_phone_error")).to_contain_text("Enter your mobile number.")
    expect(phone.get_by_text("Choose your district.")).to_be_visible()
    assert Order.objects.count() == 0


def addresses(world: World) -> list[str]:
    """Return a page of each kind; the order's are open to the browser that follows its link first."""
    return [
        *("/", "/products/", "/products/?brand=nobody", PRODUCT, "/place/", "/place/?q=静安", "/place/?q=zzz"),
        *("/basket/", "/checkout/one/", "/orders/"),
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(
    browser: Browser, live_server: LiveServer, world: World, scheme: Literal["light", "dark"]
) -> None:
    for locale in ("en", "zh-CN"):
        context = browser.new_context(
            base_url=live_server.url, locale=locale, viewport=PHONE, color_scheme=scheme, bypass_csp=True
        )
        page = context.new_page()
        page.goto("/place/?q=静安")
        page.locator(".place-option").first.click()
        page.goto(PRODUCT)
        page.locator("form[action='/basket/add/'] button").click()
        order = placed_order(world)
        page.goto(link_of(order))
        for address in [*addresses(world), f"/orders/{order.number}/", f"/orders/{order.number}/pay/"]:
            page.goto(address)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert (address, width) == (address, 390)
            found = Axe().run(page).response["violations"]
            assert [(address, each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        context.close()


def link_of(order: Order) -> str:
    """Return the link that opens an order in any browser."""
    return f"/orders/{order.number}/?t={queries.sign_order_token(order.number)}"
