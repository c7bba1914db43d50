"""A till on the tablet: opened, a refund and a card dealt with, counted blind, confirmed; the receipt is sent."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from omni.kernel.transactions import entry
from omni.messages.models import Message
from orders import services
from orders.models import DrawerSession, Order
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World
from tests.factories.orders import run_deliveries
from tests.factories.stores import ManagerFactory
from tests.factories.till import CLERK, counter_orders, opened_drawer, pay_cash
from tests.journeys.devices import check_accessible, complaints, desk, tablet_of, watched_page
from tests.journeys.noon import world

__all__ = ["complaints", "desk", "world"]

pytestmark = pytest.mark.django_db(transaction=True)


def open_till(world: World, desk: Page) -> None:
    """Open a till, with an amount that is none at first."""
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/till/")
    desk.get_by_label("Till", exact=True).fill("Main")
    desk.get_by_label("Change in the drawer").fill("much")
    desk.get_by_role("button", name="Open it").click()
    expect(desk.locator(".field.has-error")).to_contain_text("amount")
    desk.get_by_label("Change in the drawer").fill("500")
    desk.get_by_role("button", name="Open it").click()
    expect(desk.get_by_role("heading", name="Till Main")).to_be_visible()


def sell(world: World, drawer: DrawerSession) -> Order:
    """Sell for cash, undo another sale, begin a card payment; return the order that stays."""
    kept, undone, by_card = (counter_orders(world, "S")[0] for _ in range(3))
    pay_cash(kept, drawer, kept.total_fen, once="kept")
    pay_cash(undone, drawer, undone.total_fen, once="undone")
    with entry():
        services.cancel_order(undone.pk, actor=CLERK, now=NOON)
        services.start_card(by_card.checkout_id, drawer.pk, amount_fen=by_card.total_fen, actor=CLERK, now=NOON)
    run_deliveries()
    return kept


def test_clerk_opens_a_till_gives_back_and_matches_a_card_and_sends_the_receipt(desk: Page, world: World) -> None:
    open_till(world, desk)
    kept = sell(world, DrawerSession.objects.get())
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/till/")
    check_accessible(desk)
    desk.get_by_role("link", name="Give back").click()
    desk.get_by_role("button", name="Paid out").click()
    expect(desk.get_by_text("Nobody waits for money.")).to_be_visible()
    desk.get_by_role("link", name="Match").click()
    for label, text in (("Terminal", "T1"), ("Batch", "7"), ("Trace number", "8")):
        desk.get_by_label(label).fill(text)
    check_accessible(desk)
    desk.get_by_role("button", name="Yes, it was charged").click()
    expect(desk.get_by_text("Every card payment has its slip.")).to_be_visible()

    desk.goto(f"/desk/receipts/{kept.number}/")
    expect(desk.locator(".receipt")).to_contain_text("¥499.00")
    check_accessible(desk)
    desk.get_by_label("Phone").fill("138 1111 2222")
    desk.get_by_role("button", name="Send the link").click()
    expect(desk.get_by_text("The receipt is on its way to the phone.")).to_be_visible()
    assert Message.objects.filter(template="receipt").count() == 1
    run_deliveries()
    assert broken_claims(NOON) == {}


def test_clerk_counts_blind_and_the_manager_confirms_the_difference(
    browser: Browser, live_server: LiveServer, desk: Page, world: World, complaints: list[str]
) -> None:
    store, drawer = world.stores["A"], opened_drawer(world, till="Main")
    (order,) = counter_orders(world, "S")
    pay_cash(order, drawer, order.total_fen)
    desk.goto(f"/desk/stores/{store.pk}/till/{drawer.pk}/")
    desk.get_by_label("Amount (yuan)").fill("20")
    desk.get_by_label("Why").fill("Tape")
    desk.get_by_role("button", name="Write it down").click()
    expect(desk.get_by_text("shown after the count")).to_be_visible()
    expect(desk.get_by_text("¥979.00")).to_have_count(0)
    check_accessible(desk)
    desk.get_by_role("link", name="Count and close").click()
    desk.get_by_label("¥100.00").fill("9")
    check_accessible(desk)
    desk.get_by_role("button", name="Close the till").click()
    expect(desk.locator(".till-difference")).to_contain_text("-¥79.00")
    expect(desk.get_by_role("button", name="Confirm and close")).to_have_count(0)

    tablet = tablet_of(ManagerFactory.create(store=store).user, browser, live_server)
    manager = watched_page(tablet, complaints)
    manager.goto(f"/desk/stores/{store.pk}/till/sessions/")
    check_accessible(manager)
    manager.get_by_role("link", name="Main").click()
    manager.get_by_label("What the difference is").fill("A note was given twice")
    manager.get_by_role("button", name="Confirm and close").click()
    manager.get_by_role("link", name="Day close").click()
    expect(manager.locator(".receipt")).to_contain_text("Confirmed by")
    check_accessible(manager)
    tablet.close()
    run_deliveries()
    assert broken_claims(NOON) == {}
