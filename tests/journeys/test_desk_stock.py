"""The desk's stock on a tablet: find, put right, count and approve, receive what differs, ask and send."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Count, Shipment, Variant
from omni.kernel import clock
from tests.audit_fixture import broken_claims
from tests.cast import World
from tests.factories.stock import announced, drafted, planned_count
from tests.factories.stores import ClerkFactory, ManagerFactory
from tests.journeys.devices import check_accessible, complaints, desk, tablet_of, watched_page

__all__ = ["complaints", "desk"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager(browser: Browser, live_server: LiveServer, world: World, complaints: list[str]) -> Page:
    """Open the desk of store A for its manager."""
    person = ManagerFactory.create(store=world.stores["A"], user__username="manager-a")
    return watched_page(tablet_of(person.user, browser, live_server), complaints)


def stock_of(world: World, rest: str = "") -> str:
    return f"/desk/stores/{world.stores['A'].pk}/stock/{rest}"


def scan(page: Page, code: str) -> None:
    """Do what a hand scanner does."""
    page.locator("#code").fill(code)
    page.locator("#code").press("Enter")


def test_clerk_finds_a_size_here_and_around_and_sets_a_damaged_one_aside(desk: Page, world: World) -> None:
    Variant.objects.filter(sku="SHIRT-M").update(barcode="6901234567892")
    desk.goto(stock_of(world))
    desk.locator("#q").fill("silk")
    desk.locator("#q").press("Enter")
    desk.get_by_role("link", name=re.compile("Silk shirt")).click()
    cells = desk.locator(".stock-cell")
    expect(cells).to_have_count(3)
    expect(cells.first).to_contain_text("10 to sell")
    expect(desk.get_by_role("row", name=re.compile("Store B"))).to_contain_text("5")
    check_accessible(desk)

    desk.locator("#q").fill("6901234567892")
    desk.locator("#q").press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Silk shirt")
    desk.get_by_text("Put it right…").click()
    desk.get_by_text("Damaged, set aside").click()
    desk.get_by_label("Note").fill("torn sleeve")
    desk.get_by_role("button", name="Write it").click()

    expect(desk.get_by_text("Written. The books are right again.")).to_be_visible()
    expect(desk.get_by_text("torn sleeve")).to_be_visible()
    assert (world.level("A", "M").on_hand, world.level("A", "M").unsellable) == (2, 1)
    check_accessible(desk)


def test_clerk_counts_blind_and_the_manager_approves_while_a_sale_is_kept(
    desk: Page, manager: Page, world: World
) -> None:
    count = planned_count(world)
    desk.goto(stock_of(world, f"counts/{count.number}/"))
    expect(desk.get_by_text("books")).to_have_count(0)
    scan(desk, "SHIRT-S")
    desk.locator("#quantity").fill("8")
    scan(desk, "SHIRT-S")
    row = desk.locator(".stock-lines > li").filter(has_text="SHIRT-S")
    expect(row.locator(".stock-counted")).to_have_text("9")
    scan(desk, "NOTHING")
    expect(desk.get_by_role("alert").filter(has_text="no such SKU")).to_be_visible()
    check_accessible(desk)
    desk.get_by_role("button", name="Done: hand it in").click()
    expect(desk.get_by_text("Handed in.", exact=True)).to_be_visible()

    manager.goto(stock_of(world, f"counts/{count.number}/"))
    expect(manager.locator(".stock-lines > li").first).to_contain_text("books 10")
    check_accessible(manager)
    manager.get_by_role("button", name="Approve").click()

    expect(manager.get_by_text("Approved: 1 size put right.")).to_be_visible()
    assert (Count.objects.get().status, world.level("A", "S").on_hand, world.level("A", "M").on_hand) == (
        "approved",
        9,
        2,
    )
    manager.context.close()


def test_clerk_receives_what_differs_and_the_manager_closes_it(desk: Page, manager: Page, world: World) -> None:
    shipment = announced(world, {"S": 2, "M": 1})
    desk.goto(stock_of(world))
    desk.get_by_role("link", name=re.compile("华东总仓")).click()
    scan(desk, "SHIRT-S")
    scan(desk, "SHIRT-L")
    expect(desk.get_by_text("Not on the list")).to_be_visible()
    row = desk.locator(".stock-lines > li").filter(has_text="SHIRT-S")
    row.get_by_text("Damaged…").click()
    row.get_by_label("of them damaged").fill("1")
    row.get_by_role("button", name="Write it").click()
    expect(row.get_by_text("1 damaged")).to_be_visible()
    check_accessible(desk)
    desk.get_by_role("button", name="Book in 2 pieces: that is all").click()
    expect(desk.get_by_text("Booked in. It differs: see below.")).to_be_visible()
    expect(desk.get_by_text("The manager closes them with a reason.")).to_be_visible()

    manager.goto(stock_of(world, f"shipments/{shipment.number}/"))
    manager.get_by_text("The sender packed other goods").click()
    check_accessible(manager)
    manager.get_by_role("button", name="Close the differences").click()

    expect(manager.get_by_text("Closed.", exact=True)).to_be_visible()
    assert Shipment.objects.get().status == "closed"
    figures = [(world.level("A", size).on_hand, world.level("A", size).unsellable) for size in ("S", "M", "L")]
    assert figures == [(11, 1), (2, 0), (1, 0)]
    manager.context.close()


def test_store_asks_another_sends_and_the_first_receives(
    desk: Page, browser: Browser, live_server: LiveServer, world: World, complaints: list[str]
) -> None:
    desk.goto(stock_of(world, f"items/{world.variants['M'].pk}/"))
    desk.get_by_role("listitem").filter(has_text="Store B").get_by_role("button", name="Ask for it").click()
    desk.get_by_role("button", name="One more").click()
    check_accessible(desk)
    desk.get_by_role("button", name="Ask for 2 pieces").click()
    expect(desk.get_by_text("Asked for. The other store sees it now.")).to_be_visible()

    clerk = ClerkFactory.create(store=world.stores["B"], user__username="clerk-b")
    other = watched_page(tablet_of(clerk.user, browser, live_server), complaints)
    other.goto(f"/desk/stores/{world.stores['B'].pk}/stock/shipments/?tab=out")
    check_accessible(other)
    other.locator(".desk-card-link").click()
    other.get_by_role("button", name="Send 2 pieces").click()
    expect(other.get_by_text("Sent. The goods have left your stock.")).to_be_visible()
    other.context.close()

    desk.reload()
    desk.get_by_role("button", name="Everything is here").click()
    desk.get_by_role("button", name="Book in 2 pieces: that is all").click()
    expect(desk.get_by_text("Booked in. Everything is there.")).to_be_visible()
    assert (world.level("A", "M").on_hand, world.level("B", "M").on_hand) == (4, 3)
    assert broken_claims(clock.now()) == {}


def test_sender_sees_that_there_is_too_little(desk: Page, world: World) -> None:
    shipment = drafted(world, {"M": 3}, source="A", target="B", by="A")
    desk.goto(stock_of(world, f"shipments/{shipment.number}/"))
    desk.get_by_role("button", name="Send 3 pieces").click()

    expect(desk.get_by_role("alert").filter(has_text="not enough stock")).to_be_visible()
    assert (Shipment.objects.get().status, world.level("A", "M").on_hand) == ("draft", 2)
