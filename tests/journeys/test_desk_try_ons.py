"""The board of bookings and the one field for codes, on a tablet: collect, try on, keep some, decline the rest."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from fulfillment.choices import PickupCodePurpose, Way
from fulfillment.models import FulfillmentOrderLine
from omni.kernel import clock
from orders.models import CounterLine, Refund, Return
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World
from tests.factories.fulfillment import code_of
from tests.factories.orders import packed_order, run_deliveries, shares_of
from tests.factories.returns import confirm_refunds
from tests.factories.try_ons import SLOT, booked, share_of
from tests.journeys.devices import check_accessible, complaints, desk
from tests.journeys.noon import world

__all__ = ["complaints", "desk", "world"]

pytestmark = pytest.mark.django_db(transaction=True)


def board(page: Page, world: World) -> None:
    page.goto(f"/desk/stores/{world.stores['A'].pk}/try-ons/")


def scan(page: Page, text: str) -> None:
    page.get_by_label("Scan the shopper's code").fill(text)
    page.keyboard.press("Enter")


def test_clerk_prepares_checks_in_and_notes_why_a_piece_is_declined(
    desk: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    try_on = booked(world)
    board(desk, world)
    expect(desk.locator(".board-time")).to_contain_text("14:00")
    expect(desk.locator(".desk-card")).to_contain_text("王小雨")
    check_accessible(desk)
    desk.get_by_role("button", name="Hangs ready").click()
    expect(desk.locator(".state-big")).to_have_text("Hangs ready")
    monkeypatch.setattr(clock, "now", lambda: SLOT)
    board(desk, world)
    scan(desk, code_of(share_of(try_on), PickupCodePurpose.SHOPPER))
    expect(desk.get_by_text("Welcome 王小雨, and bring the pieces.")).to_be_visible()
    desk.get_by_role("button", name="To the fitting room").click()
    check_accessible(desk)
    small, medium = desk.locator(".desk-pieces > li").nth(0), desk.locator(".desk-pieces > li").nth(1)
    small.get_by_label("Too small").check()
    medium.get_by_label("Keeps it").check()
    desk.get_by_role("button", name="Done; the rest goes back").click()
    expect(desk.locator(".state-big")).to_have_text("Kept, to be bought")
    assert (world.level("A", "S").held, world.level("A", "M").held) == (0, 1)
    reasons = FulfillmentOrderLine.objects.order_by("pk").values_list("is_kept", "decline_reason")
    assert list(reasons) == [(False, "too_small"), (True, "")]
    run_deliveries(SLOT)
    desk.get_by_role("button", name="Sell at the counter").click()
    expect(desk.locator(".counter-net")).to_have_text("¥499.00")
    assert CounterLine.objects.get().try_on_line == try_on.lines.get(sku="SHIRT-M")
    assert broken_claims(SLOT) == {}


def test_clerk_ends_a_no_show_and_the_pieces_are_on_sale(
    desk: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(world)
    monkeypatch.setattr(clock, "now", lambda: SLOT + timedelta(minutes=15))
    board(desk, world)
    desk.get_by_text("Has not come").click()
    desk.get_by_role("button", name="Nobody came: back on the shelf").click()
    expect(desk.locator(".state-big")).to_have_text("Did not come")
    assert (world.level("A", "S").held, world.level("A", "M").held) == (0, 0)


def test_shopper_collects_with_a_code_and_gives_one_piece_back_at_once(desk: Page, world: World) -> None:
    order = packed_order(world, ("S", 2), way=Way.PICKUP, pickup_store_id=world.stores["A"].pk)
    [share] = shares_of(order)
    before = world.level("A", "S").on_hand
    board(desk, world)
    scan(desk, "000 000" if code_of(share, PickupCodePurpose.SHOPPER) != "000000" else "111111")
    expect(desk.get_by_text("4 tries left")).to_be_visible()
    scan(desk, code_of(share, PickupCodePurpose.SHOPPER))
    expect(desk.get_by_role("heading", name="王小雨")).to_be_visible()
    check_accessible(desk)
    desk.get_by_role("button", name="Hand over").click()
    expect(desk.get_by_role("heading", name="What do they not keep?")).to_be_visible()
    assert world.level("A", "S").on_hand == before - 2
    check_accessible(desk)
    desk.get_by_label("Too large").check()
    desk.locator(".desk-pieces > li").first.get_by_label("As new: back on sale").check()
    expect(desk.locator("[data-refund]")).to_have_text("¥499.00")
    desk.get_by_role("button", name="Take back and refund").click()
    expect(desk.get_by_text("Taken back. ¥499.00")).to_be_visible()
    assert (world.level("A", "S").on_hand, Refund.objects.get().amount_fen) == (before - 1, 49900)
    assert Return.objects.get().reason == "too_large"
    run_deliveries(NOON)
    confirm_refunds(order, NOON)
    assert broken_claims(NOON) == {}
