"""The counter on its tablet: a basket scanned together, paid by whatever there is, and settled once."""

import re

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from fulfillment import queries as fulfillment_queries
from fulfillment.choices import PickupCodePurpose
from fulfillment.models import PickupCode
from members import services as members_services
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders.choices import IntentStatus, PaymentMethod
from orders.models import CounterBasket, DrawerMovement, Order, PaymentIntent, Refund, Return
from orders.services import payment
from tests.audit_fixture import broken_claims
from tests.cast import HOME, NOON, World, build_world
from tests.factories.accounts import PASSWORD
from tests.factories.counter import waiting_order
from tests.factories.fulfillment import code_of
from tests.factories.members import MemberFactory
from tests.factories.offers import CouponTemplateFactory
from tests.factories.orders import proof_of, run_deliveries, shares_of
from tests.factories.returns import delivered_order
from tests.factories.stores import ManagerFactory
from tests.factories.till import opened_drawer
from tests.journeys.devices import check_accessible, complaints, desk
from tests.orders.provider import ScriptedProvider
from tests.orders.wechat import Provider

__all__ = ["complaints", "desk"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the small world at noon, committed, with an open till in store A and a provider that answers as told."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: NOON)
    scripted = ScriptedProvider()
    scripted.script("create_native", "weixin://pay/1")
    monkeypatch.setattr("orders.clients.wechat_pay", lambda: scripted)
    world = build_world()
    world.variants["S"].barcode = "6901234567892"
    world.variants["S"].save()
    opened_drawer(world)
    return world


def new_basket(desk: Page, world: World) -> None:
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/counter/")
    desk.get_by_role("button", name="New basket").click()
    expect(desk.locator("#counter-code")).to_be_focused()


def scan(desk: Page, code: str) -> None:
    """Do what a hand scanner does: type and send Enter."""
    desk.locator("#counter-code").fill(code)
    desk.locator("#counter-code").press("Enter")


def net(desk: Page, amount: str) -> None:
    expect(desk.locator(".counter-net")).to_have_text(amount)


def test_a_member_with_a_coupon_pays_partly_in_cash_and_partly_by_wechat(desk: Page, world: World) -> None:
    member = MemberFactory.create(brand=world.brand, phone="+8613800138000")
    template = CouponTemplateFactory.create(brand=world.brand, benefit="amount", amount_fen=5000, threshold_fen=0)
    with entry():
        members_services.issue_coupon(template.pk, member.pk, now=NOON)

    new_basket(desk, world)
    scan(desk, "6901234567892")
    net(desk, "¥499.00")
    scan(desk, "SHIRT")
    desk.get_by_role("button", name="M White 2 here").click()
    net(desk, "¥998.00")
    desk.get_by_role("button", name="One Silk shirt more").first.click()
    net(desk, "¥1,497.00")
    desk.locator("#counter-who").fill("138 0013 8000")
    desk.locator("#counter-who").press("Enter")
    expect(desk.locator(".counter-member")).to_contain_text("王** 138****8000")
    desk.locator(".counter-member .way").click()
    desk.get_by_role("button", name="Use these").click()
    net(desk, "¥1,447.00")
    expect(desk.locator(".counter-sums")).to_contain_text("Goods¥1,497.00")
    check_accessible(desk)

    desk.get_by_role("button", name="Pay ¥1,447.00").click()
    desk.get_by_label("Amount").fill("447")
    desk.get_by_label("Cash given").fill("500")
    desk.get_by_role("button", name="Cash", exact=True).click()
    net(desk, "¥1,000.00")
    expect(desk.get_by_text("change ¥53.00")).to_be_visible()
    desk.get_by_role("button", name="WeChat QR").click()
    expect(desk.get_by_role("img", name="QR code of the payment")).to_be_visible()
    check_accessible(desk)
    intent = PaymentIntent.objects.get(method=PaymentMethod.WECHAT_NATIVE)
    assert (intent.status, intent.amount_fen) == (IntentStatus.PENDING, 100000)
    with entry():
        payment.record_payment(intent.pk, proof_of(intent), actor="provider:wechat", now=NOON)
    run_deliveries()

    expect(desk.get_by_role("heading", name="Settled")).to_be_visible()
    expect(desk.locator(".counter-change")).to_have_text("Change: ¥53.00")
    order = Order.objects.get()
    assert (order.member, order.status, order.total_fen) == (member, "completed", 144700)
    assert (DrawerMovement.objects.get().amount_fen, CounterBasket.objects.get().status) == (44700, "settled")
    assert (world.level("A", "S").on_hand, world.level("A", "M").on_hand) == (8, 1)


def test_an_uneven_exchange_is_a_piece_that_comes_back_and_one_that_goes(desk: Page, world: World) -> None:
    sold = delivered_order(world, ("L", 1), lat=HOME[0], lng=HOME[1])

    new_basket(desk, world)
    desk.get_by_role("link", name="Something comes back").click()
    desk.locator("#return-q").fill(sold.number)
    desk.locator("#return-q").press("Enter")
    desk.get_by_role("checkbox").check()
    desk.get_by_role("button", name="Put them into the basket").click()
    expect(desk.get_by_text("Choose a reason.")).to_be_visible()
    desk.get_by_label("Why?").select_option("too_large")
    check_accessible(desk)
    desk.get_by_role("button", name="Put them into the basket").click()
    net(desk, "-¥399.00")
    scan(desk, "SHIRT-S")
    net(desk, "¥100.00")
    desk.get_by_role("button", name="Pay ¥100.00").click()
    assert Return.objects.count() == 0
    desk.get_by_role("button", name="Cash", exact=True).click()

    expect(desk.get_by_role("heading", name="Settled")).to_be_visible()
    assert DrawerMovement.objects.get().amount_fen == 10000
    assert Refund.objects.values_list("amount_fen", "reason").get() == (39900, "exchanged")
    run_deliveries()
    assert Return.objects.values_list("status", "receiving_store__code").get() == ("closed", "A")


def test_a_parked_basket_is_found_again(desk: Page, world: World) -> None:
    new_basket(desk, world)
    scan(desk, "SHIRT-S")
    desk.get_by_text("Seller, park or drop").click()
    desk.get_by_label("Park it under").fill("blue coat")
    desk.get_by_role("button", name="Park", exact=True).click()
    expect(desk.get_by_text("Parked.")).to_be_visible()
    check_accessible(desk)
    desk.get_by_role("link", name=re.compile("blue coat")).click()
    desk.get_by_role("button", name="Take it up again").click()

    expect(desk.get_by_role("button", name="Pay ¥499.00")).to_be_enabled()
    assert CounterBasket.objects.get().status == "open"


def test_a_discount_above_the_limit_waits_for_the_manager(desk: Page, world: World) -> None:
    ManagerFactory.create(store=world.stores["A"], user__username="manager-a", display_name="李店长")

    new_basket(desk, world)
    scan(desk, "SHIRT-S")
    desk.get_by_label("More for Silk shirt").click()
    desk.get_by_role("link", name="Price or discount").click()
    desk.get_by_label("How much").fill("400")
    desk.get_by_label("Reason").fill("loose thread")
    desk.get_by_role("button", name="Take it off").click()
    expect(desk.get_by_text("So much a manager of the store has to approve.")).to_be_visible()
    desk.get_by_label("Manager's user name").fill("manager-a")
    desk.get_by_label("Manager's password").fill("wrong")
    desk.get_by_role("button", name="Take it off").click()
    expect(desk.get_by_text("That is no manager of this store.")).to_be_visible()
    check_accessible(desk)
    desk.get_by_label("Manager's password").fill(PASSWORD)
    desk.get_by_role("button", name="Take it off").click()

    net(desk, "¥400.00")
    expect(desk.get_by_text("loose thread · approved by 李店长")).to_be_visible()


def test_who_has_not_joined_becomes_a_member_at_the_counter(desk: Page, world: World) -> None:
    new_basket(desk, world)
    desk.locator("#counter-who").fill("139 1234 5678")
    desk.locator("#counter-who").press("Enter")
    desk.get_by_label("Name (if they like)").fill("李雷")
    desk.get_by_role("button", name="Make them a member").click()
    expect(desk.get_by_text("They have to agree to the membership terms.")).to_be_visible()
    check_accessible(desk)
    desk.get_by_label("Agrees to the membership terms").check()
    desk.get_by_role("button", name="Make them a member").click()

    expect(desk.locator(".counter-member")).to_contain_text("李** 139****5678")
    member = CounterBasket.objects.get().member
    assert member is not None
    assert (member.home_store, member.user) == (world.stores["A"], None)


def test_a_payment_is_given_up_and_the_basket_is_open_again(desk: Page, world: World) -> None:
    new_basket(desk, world)
    scan(desk, "SHIRT-S")
    desk.get_by_role("button", name="Pay ¥499.00").click()
    assert world.level("A", "S").held == 1
    desk.get_by_role("button", name="Back to the basket").click()

    expect(desk.get_by_text("The payment is given up.")).to_be_visible()
    expect(desk.locator("#counter-code")).to_be_visible()
    assert (world.level("A", "S").held, Order.objects.get().status) == (0, "cancelled")


def test_a_paid_order_is_collected_partly_declined_and_settled_with_a_sale(desk: Page, world: World) -> None:
    order = waiting_order(world, ("S", 2))
    [share] = shares_of(order)

    new_basket(desk, world)
    scan(desk, fulfillment_queries.pickup_text(share.number, code_of(share, PickupCodePurpose.SHOPPER)))
    expect(desk.get_by_text("Paid, to be handed over")).to_be_visible()
    net(desk, "¥0.00")
    desk.get_by_role("link", name="Keeps only some").click()
    desk.get_by_role("checkbox").last.check()
    desk.get_by_label("Why?").last.select_option("too_small")
    check_accessible(desk)
    desk.get_by_role("button", name="Put this into the basket").click()
    net(desk, "-¥499.00")
    scan(desk, "SHIRT-M")
    net(desk, "¥0.00")
    check_accessible(desk)
    desk.get_by_role("button", name="Settle", exact=True).click()

    expect(desk.get_by_role("heading", name="Settled")).to_be_visible()
    expect(desk.get_by_text("Given to the shopper")).to_be_visible()
    run_deliveries()
    assert (Return.objects.get().order, PickupCode.objects.get().status) == (order, "redeemed")
    assert (world.level("A", "S").on_hand, world.level("A", "M").on_hand) == (9, 1)
    assert broken_claims(NOON) == {}


def test_a_piece_scanned_on_the_scan_page_is_sold_with_one_touch(desk: Page, world: World) -> None:
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/scan/?code=SHIRT-S")
    desk.get_by_role("link", name="Sell it").click()
    expect(desk.get_by_role("button", name="Into a new basket")).to_be_focused()
    check_accessible(desk)
    desk.keyboard.press("Enter")
    net(desk, "¥499.00")
