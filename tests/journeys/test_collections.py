"""A return fetched at the shopper's door, on a phone, with the courier company's own riders."""

import time
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from fulfillment import services as fulfillment_services
from fulfillment.models import Collection, Delivery
from omni.kernel import clock, sealing
from orders.models import Order, Return
from tests.audit_fixture import broken_claims
from tests.cast import World, build_world
from tests.courier import CALLBACK_PATH, callbacks, company
from tests.factories.orders import run_deliveries
from tests.factories.returns import NEXT_DAY, confirm_refunds, delivered_order
from tests.journeys.devices import check_accessible, complaints, desk, phone
from tests.orders.wechat import Provider
from tests.sandbox.fixture import SandboxProcess, sandbox, wait_for

__all__ = ["callbacks", "company", "complaints", "desk", "phone", "sandbox"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(
    transactional_db: None,
    company: SandboxProcess,
    live_server: LiveServer,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """Return the small world, committed, on the day after, with couriers who report to it."""
    settings.WECHAT_PAY = Provider().settings
    settings.COURIER = {**settings.COURIER, "callback_url": f"{live_server.url}{CALLBACK_PATH}"}
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: NEXT_DAY)
    return build_world()


@pytest.fixture
def order(world: World, now: datetime) -> Order:
    """Return an order of a shirt that its shopper has."""
    return delivered_order(world, ("S", 1), now=now)


def work() -> None:
    """Do what the workers do."""
    fulfillment_services.drive_due_deliveries(10, now=NEXT_DAY + timedelta(minutes=20))
    run_deliveries(NEXT_DAY)


def work_until(state: str) -> None:
    """Work until the courier is there."""

    def is_there() -> bool:
        work()
        time.sleep(0.1)
        return Delivery.objects.get(collection__isnull=False).state == state

    wait_for(is_there)
    work()


def ask(phone: Page) -> None:
    """Ask for a courier to another address; what is missing is shown beside its field."""
    phone.get_by_role("link", name="Give something back").click()
    phone.get_by_label("Too small").check()
    phone.get_by_label("Have it collected").check()
    expect(phone.locator("[data-refund]")).to_have_text("¥487.00")
    phone.get_by_label("Another address").check()
    check_accessible(phone)
    phone.get_by_role("button", name="Give it back").click()
    expect(phone.get_by_text("Choose your district.")).to_be_visible()
    assert Return.objects.count() == 0
    phone.get_by_role("searchbox", name="District").press_sequentially("静安")
    phone.locator("#place-options").get_by_role("radio").first.check()
    phone.get_by_label("Street and number").fill("南京西路 1 号")
    phone.get_by_label("Name", exact=True).fill("王芳")
    phone.get_by_label("Mobile number").fill("13800138000")
    phone.get_by_role("button", name="Give it back").click()


def take_back(desk: Page) -> None:
    """Find at the desk what the courier brought, and look at it."""
    desk.goto("/desk/returns/")
    desk.get_by_text(Return.objects.get().number).first.click()
    desk.get_by_role("button", name="The goods are here").click()
    desk.get_by_label("As new: back on sale").check()
    desk.get_by_role("button", name="Take it back").click()
    expect(desk.get_by_text("Done. The money is on its way to the shopper.")).to_be_visible()


def test_shopper_has_a_return_fetched_at_the_door_and_is_refunded(
    phone: Page, desk: Page, order: Order, company: SandboxProcess
) -> None:
    ask(phone)
    expect(phone.locator(".code-digits")).to_have_text(sealing.unseal(Collection.objects.get().code_sealed))
    check_accessible(phone)

    work()
    company.advance(Delivery.objects.get(collection__isnull=False).provider_id, "ASSIGNED")
    expect(phone.locator(".courier-line")).to_be_visible()
    expect(phone.locator(".return-ride")).to_contain_text("Courier on the way to you")
    check_accessible(phone)
    company.clock(scale=600)
    work_until("delivered")
    expect(phone.locator(".track-badge")).to_have_text("With the courier")
    expect(phone.get_by_text("The courier has brought it to the store")).to_be_visible()

    take_back(desk)
    run_deliveries(NEXT_DAY)
    confirm_refunds(order)
    expect(phone.locator(".track-badge")).to_have_text("Finished")
    assert order.refunds.get().amount_fen == 48700
    assert broken_claims(NEXT_DAY) == {}
