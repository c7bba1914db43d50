"""A store's tasks at its tablet: some of an order given back, a wave with scans, labels, and what is overdue."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, Parcel, PickWave
from inventory.models import StockLevel, Variant
from omni.kernel import clock
from omni.kernel.transactions import entry
from tests.cast import World, build_world
from tests.factories.fulfillment import CLERK, accept, code_of, fresh, offer_share, status_of
from tests.factories.stores import ManagerFactory
from tests.journeys.devices import check_accessible, complaints, desk, tablet_of, watched_page

__all__ = ["complaints", "desk"]

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small world, committed; its shirts have barcodes and places."""
    world = build_world()
    for number, (size, place) in enumerate((("S", "B-10"), ("M", "A-02")), start=1):
        Variant.objects.filter(pk=world.variants[size].pk).update(barcode=f"690123456789{number}")
        StockLevel.objects.filter(store=world.stores["A"], variant=world.variants[size]).update(bin=place)
    return world


def offered(world: World, **units: int) -> FulfillmentOrder:
    share = offer_share(world, units=units)
    FulfillmentOrder.objects.filter(pk=share.pk).update(deadline_at=clock.now() + timedelta(minutes=25))
    return fresh(share)


def scan(desk: Page, label: str, text: str) -> None:
    """Type as a hand scanner does."""
    desk.get_by_label(label).press_sequentially(text)
    desk.keyboard.press("Enter")


def test_clerk_accepts_an_offer_without_the_piece_that_is_missing(desk: Page, world: World) -> None:
    share = offered(world, S=2, M=1)
    line = FulfillmentOrderLine.objects.get(fulfillment_order=share, fulfillment_line__variant=world.variants["M"])
    desk.goto(f"/desk/tasks/{share.number}/")
    desk.get_by_role("link", name="Give back, all or some…").click()

    desk.locator(f"[name=units_{line.pk}]").fill("1")
    expect(desk.locator(f"[name=none_{line.pk}]")).to_be_hidden()
    desk.locator(f"[name=reason_{line.pk}]").select_option("not_found")
    expect(desk.locator(f"[name=none_{line.pk}]")).to_be_visible()
    check_accessible(desk)
    desk.get_by_role("button", name="Accept the rest without these").click()

    expect(desk.get_by_text("Accepted without them.")).to_be_visible()
    expect(desk.locator(".desk-lines li")).to_have_count(1)
    assert (status_of(share), world.level("A", "M").on_hand) == (S.ACCEPTED, 1)


def test_clerk_picks_a_wave_by_scans_and_packs_it(desk: Page, world: World) -> None:
    first, second = accept(offered(world, S=1, M=1)), accept(offered(world, S=1))
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/?tab=prepare")
    desk.get_by_role("link", name="Pick together, along the shelves").click()
    expect(desk.get_by_role("checkbox")).to_have_count(2)
    check_accessible(desk)
    desk.get_by_role("button", name="Pick the chosen orders").click()

    expect(desk.locator(".desk-bin-big")).to_have_text(["A-02", "B-10"])
    scan(desk, "Scan each piece: SKU or barcode", "6901234567892")
    expect(desk.get_by_text("SHIRT-M: into basket 1. All of it is here.")).to_be_visible()
    expect(desk.get_by_label("Scan each piece: SKU or barcode")).to_be_focused()
    scan(desk, "Scan each piece: SKU or barcode", "SHIRT-L")
    expect(desk.get_by_text("SHIRT-L is not on this list.")).to_be_visible()
    scan(desk, "Scan each piece: SKU or barcode", "SHIRT-S")
    expect(desk.get_by_text("SHIRT-S: into basket 1. Still to fetch of it: 1.")).to_be_visible()
    scan(desk, "Scan each piece: SKU or barcode", "SHIRT-S")
    expect(desk.get_by_text("3 of 3")).to_be_visible()
    check_accessible(desk)
    desk.get_by_role("button", name="All picked: pack them").click()

    expect(desk.get_by_text("2 orders packed.")).to_be_visible()
    assert [status_of(share) for share in (first, second)] == [S.AWAITING_COURIER] * 2


def test_second_clerk_sees_what_the_first_one_picked(desk: Page, world: World) -> None:
    share = accept(offered(world, S=2))
    with entry():
        wave = services.start_wave(world.stores["A"].pk, [share.pk], actor=CLERK, now=clock.now())
    desk.goto(f"/desk/waves/{wave.number}/")
    expect(desk.get_by_text("0 of 2")).to_be_visible()

    with entry():
        services.pick_unit(wave, "SHIRT-S")

    expect(desk.get_by_text("1 of 2")).to_be_visible()
    assert PickWave.objects.count() == 1


def test_clerk_packs_two_parcels_prints_labels_and_hands_over_by_scan_and_code(desk: Page, world: World) -> None:
    share = accept(offered(world, S=2))
    desk.goto(f"/desk/tasks/{share.number}/")
    desk.get_by_text("Several parcels, or a weight…").click()
    desk.get_by_role("radio", name="2").check(force=True)
    desk.get_by_label("Parcel 2, grams").fill("450")
    desk.get_by_role("button", name="Packed like this").click()
    expect(desk.get_by_text("2 parcels")).to_be_visible()
    desk.get_by_role("link", name="Print labels").click()

    labels = desk.locator(".parcel-label")
    expect(labels).to_have_count(2)
    numbers = list(Parcel.objects.order_by("position").values_list("number", flat=True))
    expect(desk.locator(".parcel-label-number")).to_have_text(numbers)
    check_accessible(desk)
    desk.emulate_media(media="print")
    expect(desk.locator(".desk-bar")).to_be_hidden()
    box = labels.first.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (378, 567)  # 100 by 150 millimetres
    desk.emulate_media(media="screen")

    desk.goto(f"/desk/tasks/{share.number}/")
    desk.get_by_label("The courier's six digits").fill(code_of(share))
    desk.get_by_role("button", name="Hand over").click()
    expect(desk.get_by_text("Scan every parcel first: 0 of 2 are.")).to_be_visible()
    for number in numbers:
        scan(desk, "Scan each parcel as it goes with the courier", number)
        expect(desk.get_by_text(re.compile(r"Parcel \d scanned\."))).to_be_visible()
    desk.get_by_label("The courier's six digits").fill(code_of(share))
    desk.get_by_role("button", name="Hand over").click()

    expect(desk.get_by_text("Handed over. The goods have left your stock.")).to_be_visible()
    assert (status_of(share), world.level("A", "S").on_hand) == (S.HANDED_OVER, 8)


def test_manager_sees_an_overdue_order_and_gives_it_to_another_store(
    browser: Browser, live_server: LiveServer, world: World, complaints: list[str]
) -> None:
    manager = ManagerFactory.create(store=world.stores["A"], user__username="manager-a")
    share = accept(offered(world, S=1))
    services.drive_due_routing(5, now=clock.now() + timedelta(days=2))
    context = tablet_of(manager.user, browser, live_server)
    page = watched_page(context, complaints)
    page.goto(f"/desk/stores/{world.stores['A'].pk}/?tab=prepare")

    expect(page.locator(".desk-card").get_by_text("Overdue since")).to_be_visible()
    expect(page.get_by_text("1 order is overdue")).to_be_visible()
    page.get_by_role("link", name="Who was told, and what to do").click()
    expect(page.get_by_text("Still waiting")).to_be_visible()
    check_accessible(page)
    page.get_by_role("link", name="Give it to another store…").click()
    check_accessible(page)
    page.get_by_role("button", name=re.compile("Let routing choose")).click()

    expect(page.get_by_text("Taken away from here. The other store is being asked.")).to_be_visible()
    assert status_of(share) == S.REJECTED
    context.close()
