"""The endless aisle on a tablet: three touches after the scan, and what is not here is ordered and paid."""

from datetime import datetime

import pytest
from django.conf import LazySettings
from playwright.sync_api import Locator, Page, expect

from fulfillment import services as fulfillment_services
from fulfillment.choices import DeliveryState
from fulfillment.services import handover
from members import services as members_services
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders.models import CounterBasket, Order
from settlement.models import CreditEntry
from stores.models import Staff
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.factories.accounts import UserFactory
from tests.factories.counter import lines_of, opened_basket
from tests.factories.fulfillment import accept_and_pack
from tests.factories.members import MemberFactory
from tests.factories.orders import move_share, run_deliveries, shares_of
from tests.factories.till import opened_drawer
from tests.journeys.devices import check_accessible, complaints, desk

__all__ = ["complaints", "desk"]

pytestmark = pytest.mark.django_db(transaction=True)


class Touches:
    """Touches what is shown, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def touch(self, target: Locator) -> None:
        target.click()
        self.count += 1


@pytest.fixture
def world(transactional_db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, now: datetime) -> World:
    """Return the small world, committed, at noon; store A has an open till."""
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: now)
    world = build_world()
    opened_drawer(world)
    return world


def scan(page: Page, text: str) -> None:
    """Do as a hand scanner does: type, and send Enter."""
    page.get_by_label("Scan or type a product").fill(text)
    page.keyboard.press("Enter")


def bring(order: Order) -> None:
    """Let the store that has it send it, and the courier bring it."""
    for share in shares_of(order):
        with entry():
            fulfillment_services.route(share.pk, now=NOON)
        accept_and_pack(share)
        run_deliveries(NOON)
        move_share(share, handover.give_to_courier, NOON)
        move_share(share, handover.mark_delivered, NOON)
        share.deliveries.update(state=DeliveryState.DELIVERED, next_attempt_at=None)


def test_clerk_orders_what_is_not_here_in_three_touches(desk: Page, world: World) -> None:
    touches, clerk = Touches(), Staff.objects.get(user__username="clerk-a")
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/aisle/")
    scan(desk, "SHIRT-M")
    tile = desk.locator(".aisle-size").filter(has_text="2 stores have it")
    expect(tile).to_contain_text("Store B 2.8 km")
    check_accessible(desk)

    touches.touch(tile.get_by_role("button", name="Send it home"))
    desk.get_by_label("Name").fill("王小雨")
    desk.get_by_label("Mobile number").fill("13800138000")
    desk.get_by_label("Street and number").fill("上海市静安区南京西路 1 号")
    check_accessible(desk)
    touches.touch(desk.get_by_role("button", name="Send it there, pay ¥399.00"))
    touches.touch(desk.get_by_role("button", name="Cash"))

    expect(desk.locator(".state").first).to_have_text("Settled")
    assert touches.count == 3
    order = Order.objects.get()
    assert (order.channel, order.total_fen) == ("endless_aisle", 39900)
    assert (CounterBasket.objects.get().district_id, CounterBasket.objects.get().street) == ("310106", "南京西路 1 号")
    run_deliveries(NOON)
    bring(order)
    credit = CreditEntry.objects.filter(role="selling").values_list("case", "store", "guide")
    assert list(credit) == [("cross_store", world.stores["A"].pk, clerk.pk)]
    assert broken_claims(NOON) == {}


def test_member_with_an_address_pays_what_a_basket_lacks_in_three_touches(desk: Page, world: World) -> None:
    touches, member = Touches(), MemberFactory.create(brand=world.brand, user=UserFactory.create())
    wang = members_services.NewAddress("王小雨", "13800138000", "310106", "南京西路 1 号")
    with entry():
        members_services.add_address(member.user_id or 0, wang, is_default=True, now=NOON)
    basket = opened_basket(world, "L", member=member)
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/")
    desk.get_by_role("link", name="Other stores").click()
    expect(desk.locator(".aisle-stores > li")).to_have_count(2)
    expect(desk.locator(".aisle-stores > li").first).to_contain_text("5 pieces")

    touches.touch(desk.locator(".aisle-size.is-chosen").get_by_role("button", name="Send it home"))
    expect(desk.get_by_role("link", name="To 王小雨")).to_be_visible()
    touches.touch(desk.get_by_role("button", name="Pay ¥399.00"))
    touches.touch(desk.get_by_role("button", name="Cash"))

    expect(desk.locator(".state").first).to_have_text("Settled")
    assert (touches.count, Order.objects.get().channel) == (3, "endless_aisle")
    run_deliveries(NOON)
    assert broken_claims(NOON) == {}


def test_line_that_is_not_here_is_sent_home_by_one_touch_and_the_rest_is_taken_away(desk: Page, world: World) -> None:
    basket = opened_basket(world, "S", "M", "M", "M")
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/")
    line = desk.locator(".counter-line").filter(has_text="SHIRT-M")
    expect(line).to_contain_text("2 here by the books")
    check_accessible(desk)

    line.get_by_role("button", name="Send 1 home instead").click()

    desk.get_by_label("Name").fill("王小雨")
    desk.get_by_label("Mobile number").fill("13800138000")
    desk.get_by_label("Street and number").fill("上海市静安区南京西路 1 号")
    desk.get_by_role("button", name="Send it there").click()
    expect(desk.locator(".counter-line")).to_have_count(3)
    assert lines_of(basket) == [("sale", "SHIRT-S", 1), ("sale", "SHIRT-M", 2), ("send_home", "SHIRT-M", 1)]
