"""A return on a phone, with scripts and without, received at another store's desk."""

from datetime import datetime

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from omni.kernel import clock
from orders import queries
from orders.models import Order, Return
from tests.audit_fixture import broken_claims
from tests.cast import World, build_world
from tests.factories.orders import run_deliveries
from tests.factories.returns import NEXT_DAY, confirm_refunds, delivered_order
from tests.journeys.devices import PHONE, check_accessible, complaints, desk, phone
from tests.orders.wechat import Provider

__all__ = ["complaints", "desk", "phone"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the small world, committed, on the day after."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: NEXT_DAY)
    return build_world()


@pytest.fixture
def order(world: World, now: datetime) -> Order:
    """Return an order of two shirts and another that its shopper has."""
    return delivered_order(world, ("S", 2), ("L", 1), now=now)


def test_shopper_gives_a_shirt_back_at_another_store_and_is_refunded(
    phone: Page, desk: Page, order: Order, world: World
) -> None:
    phone.get_by_role("link", name="Give something back").click()
    phone.locator(".return-units").first.select_option("1")
    phone.get_by_label("Too small").check()
    expect(phone.locator("[data-refund]")).to_have_text("¥499.00")
    check_accessible(phone)
    phone.get_by_role("button", name="Give it back").click()
    expect(phone.get_by_alt_text("QR code of the return")).to_be_visible()
    expect(phone.locator(".return-stores")).to_contain_text("Store B")
    check_accessible(phone)
    case = Return.objects.get()

    desk.goto("/desk/returns/")
    desk.get_by_label("Scan the return's code").fill(case.number)
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="The goods are here").click()
    expect(phone.locator(".track-badge")).to_have_text("Received")
    desk.get_by_label("As new: back on sale").check()
    check_accessible(desk)
    desk.get_by_role("button", name="Take it back").click()
    expect(desk.get_by_text("Done. The money is on its way to the shopper.")).to_be_visible()
    expect(phone.locator(".track-badge")).to_have_text("Refund on its way")

    run_deliveries(NEXT_DAY)
    confirm_refunds(order)
    expect(phone.locator(".track-badge")).to_have_text("Finished")
    expect(phone.locator(".track-steps .is-done")).to_have_count(5)
    assert world.level("A", "S").on_hand == 11
    assert broken_claims(NEXT_DAY) == {}


def test_shopper_without_scripts_sees_the_amount_before_anything_is_agreed(
    browser: Browser, live_server: LiveServer, order: Order
) -> None:
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/orders/{order.number}/?t={queries.sign_order_token(order.number)}")
    page.get_by_role("link", name="Give something back").click()
    page.locator(".return-units").nth(1).select_option("1")
    page.get_by_label("Faulty or damaged").check()
    page.get_by_role("button", name="See what comes back").click()
    expect(page.locator("[data-refund]")).to_have_text("¥399.00")
    assert Return.objects.count() == 0
    page.get_by_role("button", name="Give it back").click()
    expect(page.locator(".track-badge")).to_have_text("Agreed")
    page.get_by_role("button", name="Keep it after all").click()
    expect(page.locator(".track-badge")).to_have_text("Called off")
    context.close()
