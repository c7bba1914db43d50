"""What follows an order, on a phone: its way on the map, the code, a wish to cancel, invoice, feedback, and waiting."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, FilePayload, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from fulfillment import queries as fulfillment_queries
from fulfillment import services as fulfillment_services
from fulfillment.choices import PickupCodePurpose, Way
from fulfillment.models import Delivery, TrailPoint
from fulfillment.services import handover
from inventory.models import StockLevel
from members import services as members_services
from members.models import ArrivalNotice, Review, ReviewPhoto
from omni.kernel.transactions import entry
from omni.messages.models import Message
from orders import clients, queries
from orders.models import Invoice, Order
from orders.services import invoices
from tests.cast import World
from tests.factories.fulfillment import code_of, delivery_of
from tests.factories.members import picture
from tests.factories.orders import carried_order, move_share, packed_order, run_deliveries, shares_of
from tests.factories.stores import ClerkFactory
from tests.journeys.noon import world

__all__ = ["world"]

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}


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


def open_order(page: Page, order: Order) -> None:
    page.goto(f"/orders/{order.number}/?t={queries.sign_order_token(order.number)}")


def check(page: Page) -> None:
    """Find nothing that keeps anybody out, and nothing that is wider than the phone."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def ride(order: Order, state: Literal["at_store", "in_transit"], lat: float, lng: float, at: datetime) -> None:
    delivery = delivery_of(shares_of(order)[0])
    TrailPoint.objects.create(delivery=delivery, state=state, lat=lat, lng=lng, courier_name="王师傅", heard_at=at)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, courier_lat=lat, courier_lng=lng, courier_name="王师傅", courier_phone_masked="138****8000",
        eta_at=at + timedelta(minutes=30),
    )  # fmt: skip


def delivered_order(world: World) -> Order:
    order = carried_order(world, language="en")
    move_share(shares_of(order)[0], handover.mark_delivered)
    return order


def test_shopper_follows_the_courier_on_the_map(phone: Page, world: World, now: datetime) -> None:
    order = packed_order(world)
    ride(order, "at_store", 31.2290, 121.4480, now)
    open_order(phone, order)
    expect(phone.locator(".track-map .track-pin.is-courier")).to_be_visible()
    expect(phone.get_by_text("Expected about")).to_be_visible()
    expect(phone.get_by_text("王师傅").first).to_be_visible()
    check(phone)
    move_share(shares_of(order)[0], handover.give_to_courier, now)
    ride(order, "in_transit", 31.2292, 121.4530, now)
    expect(phone.locator(".track-steps .is-done")).to_have_count(4)
    expect(phone.locator(".happenings li").first).to_contain_text("On the way")
    assert phone.locator(".track-map .leaflet-map-pane").count() == 1
    assert phone.locator(".ride").get_attribute("data-courier") == "31.229200,121.453000"


def test_shopper_collects_with_a_code_that_the_desk_scans(phone: Page, world: World) -> None:
    order = packed_order(world, way=Way.PICKUP, pickup_store_id=world.stores["A"].pk)
    (share,) = shares_of(order)
    open_order(phone, order)
    digits = code_of(share, PickupCodePurpose.SHOPPER)
    expect(phone.locator(".pickup-code > .code-digits")).to_have_text(digits)
    qr = phone.get_by_alt_text("QR code to collect with")
    assert qr.evaluate("picture => picture.complete && picture.naturalWidth > 0")
    expect(phone.get_by_role("link", name="Show the way on the map")).to_be_visible()
    expect(phone.get_by_text("Kept for you until")).to_be_visible()
    check(phone)
    phone.get_by_role("button", name="Show it large and bright").click()
    bright = phone.get_by_role("dialog", name="Pickup code")
    expect(bright).to_be_visible()
    assert bright.evaluate("dialog => getComputedStyle(dialog).backgroundColor") == "rgb(255, 255, 255)"
    bright.get_by_role("button", name="Close").click()
    desk = Client()
    desk.force_login(ClerkFactory.create(store=world.stores["A"]).user, "django.contrib.auth.backends.ModelBackend")
    scanned = fulfillment_queries.pickup_text(share.number, digits)
    desk.post(f"/desk/tasks/{share.number}/collect/", {"code": scanned})
    expect(phone.locator(".happenings li").first).to_contain_text("Collected")
    expect(qr).to_have_count(0)


def test_shopper_asks_to_cancel_and_hears_the_stores_answer(phone: Page, world: World, now: datetime) -> None:
    order = packed_order(world)
    open_order(phone, order)
    phone.get_by_text("Cancel the order").click()
    expect(phone.get_by_text("A store has begun to prepare it.")).to_be_visible()
    phone.get_by_label("Why?").select_option(label="It takes too long")
    phone.get_by_role("button", name="Ask the store to cancel").click()
    expect(phone.get_by_text("You asked to cancel at")).to_be_visible()
    check(phone)
    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("cancel_requested", "too_slow")
    with entry():
        fulfillment_services.answer_cancel(shares_of(order)[0].pk, accept=False, actor="user:1", now=now)
    run_deliveries(now)
    expect(phone.get_by_text("came too late")).to_be_visible()


def test_shopper_asks_for_an_invoice_and_opens_it(phone: Page, world: World, now: datetime) -> None:
    order = delivered_order(world)
    open_order(phone, order)
    phone.get_by_role("link", name="Invoice").click()
    phone.get_by_label("A company").check()
    phone.get_by_label("Name or company").fill("上海某某贸易有限公司")
    phone.get_by_label("Tax number").fill("91350100M000100Y44")
    phone.get_by_role("button", name="Ask for the invoice").click()
    expect(phone.get_by_text("This is no tax number")).to_be_visible()
    phone.get_by_label("Tax number").fill("91350100M000100Y43")
    phone.get_by_role("button", name="Ask for the invoice").click()
    expect(phone.get_by_text("It is being issued")).to_be_visible()
    check(phone)
    invoice = Invoice.objects.get()
    answer = clients.ProviderInvoice(f"{invoice.number}-B1", "ISSUED", "26", "https://invoices.example/26.pdf")
    with entry():
        invoices.apply_answer(invoice.pk, answer, now=now)
    expect(phone.locator("#invoice .happenings")).to_contain_text("26")
    phone.goto("/invoices/")
    expect(phone.get_by_role("link", name="View the invoice")).to_have_attribute(
        "href", "https://invoices.example/26.pdf"
    )


def test_shopper_says_how_it_was_with_a_photo_and_others_see_it(phone: Page, world: World, now: datetime) -> None:
    order = delivered_order(world)
    open_order(phone, order)
    phone.get_by_role("link", name="Say how it was").click()
    for legend, stars in (("Your stars", 4), ("How was the order?", 5), ("How was the service?", 5)):
        phone.get_by_role("group", name=legend).get_by_label(f"{stars} stars").check()
    phone.get_by_label("Runs small").check()
    phone.get_by_label("Fabric, cut").fill("Soft and well cut")
    photo: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture(300, 400)}
    phone.locator("input[type=file]").set_input_files([photo])
    check(phone)
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("Thank you!")).to_be_visible()
    with entry():
        members_services.judge_photos([ReviewPhoto.objects.get().pk], is_shown=True, actor="user:1", now=now)
    phone.goto("/products/one/SHIRT/reviews/")
    expect(phone.get_by_text("Soft and well cut")).to_be_visible()
    expect(phone.locator(".review-average")).to_contain_text("4.0")
    shown = phone.get_by_alt_text("Photo of a buyer")
    shown.scroll_into_view_if_needed()
    expect(shown).to_be_visible()
    check(phone)
    assert Review.objects.get().author == "王**"


def test_shopper_waits_for_a_size_and_is_told_once(phone: Page, world: World, now: datetime) -> None:
    StockLevel.objects.filter(variant=world.variants["L"]).update(on_hand=0)
    phone.goto("/products/one/SHIRT/")
    phone.locator(".gone-sizes").get_by_role("link", name="L").click()
    phone.get_by_role("searchbox").press_sequentially("静安")
    phone.get_by_label("Jing'an").check()
    phone.get_by_label("Mobile number").fill("138 0013 8000")
    phone.get_by_role("button", name="Tell me").click()
    expect(phone.get_by_text("We can only tell you if you agree.")).to_be_visible()
    phone.get_by_label("Send me one message").check()
    check(phone)
    phone.get_by_role("button", name="Tell me").click()
    expect(phone.get_by_role("heading", name="We will tell you")).to_be_visible()
    expect(phone).to_have_url(re.compile("/arrival/"))
    StockLevel.objects.filter(variant=world.variants["L"], store=world.stores["A"]).update(on_hand=1)
    for minutes in (1, 5):
        members_services.drive_due_arrivals(now=now + timedelta(minutes=minutes))
    assert ArrivalNotice.objects.get().status == "notified"
    assert Message.objects.get().template == "arrival"
    phone.reload()
    expect(phone.get_by_text("It was back")).to_be_visible()
