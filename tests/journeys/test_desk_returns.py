"""Any return at the counter of any store, on a tablet: by number, and without a receipt."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from omni.kernel import clock
from orders.models import CounterLine, Order, Refund, Return
from stores.models import Staff
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.factories.orders import run_deliveries
from tests.factories.returns import NEXT_DAY, confirm_refunds, delivered_order
from tests.factories.stores import ManagerFactory
from tests.journeys.devices import check_accessible, complaints, desk, tablet_of, watched_page
from tests.orders.wechat import Provider

__all__ = ["complaints", "desk"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the small world, committed, on the day after."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: NEXT_DAY)
    return build_world()


@pytest.fixture
def order(world: World) -> Order:
    """Return an order of two shirts and another, which store B has sold on the web."""
    return delivered_order(world, ("S", 2), ("L", 1))


@pytest.fixture
def manager(world: World) -> Staff:
    """Return the manager of store A."""
    return ManagerFactory.create(store=world.stores["A"])


@pytest.fixture
def manager_desk(manager: Staff, browser: Browser, live_server: LiveServer, complaints: list[str]) -> Iterator[Page]:
    """Open the manager's tablet."""
    context = tablet_of(manager.user, browser, live_server)
    yield watched_page(context, complaints)
    context.close()


def find(page: Page, text: str) -> None:
    page.goto("/desk/returns/")
    page.get_by_label("Scan the return's code").fill(text)
    page.keyboard.press("Enter")


def test_clerk_takes_back_what_nobody_asked_for(desk: Page, world: World, order: Order) -> None:
    find(desk, order.number)
    expect(desk.locator(".desk-pieces > li")).to_have_count(3)
    desk.get_by_label("Too small").check()
    first, second = desk.locator(".desk-pieces > li").nth(0), desk.locator(".desk-pieces > li").nth(1)
    first.get_by_label("As new: back on sale").check()
    expect(desk.locator("[data-refund]")).to_have_text("¥499.00")
    second.get_by_label("To be cleaned or repaired").check()
    expect(desk.locator("[data-refund]")).to_have_text("¥998.00")
    expect(desk.locator(".desk-ways")).to_contain_text("WeChat Pay")
    check_accessible(desk)
    desk.get_by_role("button", name="Take back and refund").click()
    expect(desk.get_by_text("Taken back. ¥998.00 goes back the way it was paid.")).to_be_visible()
    assert (world.level("A", "S").on_hand, world.level("A", "S").unsellable) == (12, 1)
    assert Return.objects.get().receiving_store == world.stores["A"]
    run_deliveries(NEXT_DAY)
    confirm_refunds(order)
    assert broken_claims(NEXT_DAY) == {}


def test_clerk_exchanges_through_a_basket_of_the_counter(desk: Page, world: World, order: Order) -> None:
    find(desk, order.number)
    desk.get_by_label("Too small").check()
    desk.locator(".desk-pieces > li").first.get_by_label("As new: back on sale").check()
    desk.get_by_role("button", name="Exchange at the counter").click()
    expect(desk.locator(".counter-net")).to_have_text("-¥499.00")
    line = CounterLine.objects.get()
    assert (line.kind, line.condition, line.reason, Return.objects.count()) == ("return", "resell", "too_small", 0)


def test_clerk_finds_a_purchase_by_phone_and_only_the_manager_forgives_the_time(
    desk: Page, manager_desk: Page, order: Order, manager: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = NOON + timedelta(days=9)
    monkeypatch.setattr(clock, "now", lambda: late)
    find(desk, "138 0013 8000")
    expect(desk.get_by_text("Bought by this person, wherever it was")).to_be_visible()
    assert "138" not in desk.url
    desk.get_by_label("Too small").check()
    desk.locator(".desk-pieces > li").first.get_by_label("As new: back on sale").check()
    expect(desk.get_by_text("Only the store's manager may take it back now.")).to_be_visible()
    expect(desk.get_by_role("button", name="Take back and refund")).to_be_disabled()

    tablet = manager_desk
    find(tablet, "138 0013 8000")
    tablet.get_by_label("Too small").check()
    tablet.locator(".desk-pieces > li").first.get_by_label("As new: back on sale").check()
    tablet.get_by_label("Take it back although the time is over").check()
    check_accessible(tablet)
    tablet.get_by_role("button", name="Take back and refund").click()
    expect(tablet.get_by_text("Taken back. ¥")).to_be_visible()
    assert (Return.objects.get().allowed_by, Refund.objects.count()) == (manager, 1)
