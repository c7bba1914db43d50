"""A basket that follows its shopper, and a checkout that says what it costs and who sends it: on a phone."""

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.core.cache import caches
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Price
from members.models import Coupon, Member, PointsAccount
from omni.kernel import clock, sealing
from omni.kernel.transactions import entry
from orders import services
from orders.models import LineAdjustment, Order
from tests.cast import World, build_world
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import AccountAddressFactory, MemberFactory
from tests.factories.offers import CouponFactory, PointsProgramFactory, PromotionFactory, give_points
from tests.factories.orders import run_deliveries
from tests.journeys.test_member import sign_in
from tests.journeys.test_shop import PHONE, PRODUCT, pay, phone, plain, provide_link
from tests.messages.conftest import ScriptedGateway, gateway
from tests.orders.wechat import Provider

__all__ = ["gateway", "phone", "plain"]

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = "+8613800138000"
COUPON = "CABCD-EFGHJ-KMNPQ"


@pytest.fixture
def world(transactional_db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, now: datetime) -> World:
    """Return the small world, committed, at noon, with nobody but the test to carry orders on."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    caches["limits"].clear()
    monkeypatch.setattr(clock, "now", lambda: now)
    return build_world()


@pytest.fixture
def shopper(world: World) -> Member:
    """Return a member with an account, an address in Jing'an, a coupon and points."""
    user = ShopperUserFactory.create(phone=NUMBER)
    index = sealing.blind_index(NUMBER)
    member = MemberFactory.create(brand=world.brand, user=user, phone=NUMBER, phone_index=index)
    AccountAddressFactory.create(user=user, phone=NUMBER)
    CouponFactory.create(member=member, code=COUPON, template__brand=world.brand)
    dear = {"template__name_en": "A hundred off", "template__threshold_fen": 999900}
    CouponFactory.create(member=member, template__brand=world.brand, template__amount_fen=10000, **dear)
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 500)
    return member


def put_into_basket(page: Page) -> None:
    page.goto(PRODUCT)
    page.get_by_role("button", name="Add to basket").click()
    page.wait_for_url("**/basket/")


@pytest.fixture
def tablet(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Page]:
    """Open a page of another device of the same shopper."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport={"width": 820, "height": 1180})
    yield context.new_page()
    context.close()


def test_basket_of_a_guest_is_there_on_another_device_after_signing_in(
    phone: Page, tablet: Page, world: World, shopper: Member, gateway: ScriptedGateway
) -> None:
    put_into_basket(phone)
    phone.goto("/sign-in/?next=/basket/")
    sign_in(phone, gateway)
    expect(phone.locator(".basket-line")).to_have_count(1)

    caches["limits"].clear()
    tablet.goto("/sign-in/?next=/")
    sign_in(tablet, gateway)
    expect(tablet.locator(".basket-count")).to_have_text("1")
    put_into_basket(tablet)
    expect(tablet.locator(".basket-count")).to_have_text("2")

    phone.goto("/products/")
    expect(phone.locator(".basket-count")).to_have_text("2")


def test_coupon_and_points_show_what_they_take_off_and_come_back_with_a_cancelled_order(
    phone: Page, world: World, shopper: Member, gateway: ScriptedGateway, now: datetime
) -> None:
    PromotionFactory.create(brand=world.brand, name_en="Spring sale", amount_fen=1000)
    Price.objects.filter(variant=world.variants["S"]).update(member_fen=48900)
    put_into_basket(phone)
    phone.goto("/sign-in/?next=/checkout/one/")
    sign_in(phone, gateway)
    expect(phone.get_by_label("王小雨 · 138****8000")).to_be_checked()
    summary = phone.locator("#checkout-summary")
    expect(summary).to_contain_text("With you today, about")
    expect(summary).to_contain_text("from Store A")
    expect(phone.locator(".way.is-off")).to_contain_text("more to use it")
    expect(summary.locator(".total b").first).to_have_text("¥479.00")

    phone.get_by_label("Fifty yuan off").check()
    expect(summary.locator(".total b").first).to_have_text("¥429.00")
    phone.get_by_label("Points to spend").fill("500")
    phone.get_by_label("Points to spend").press("Tab")
    expect(summary.locator(".total b").first).to_have_text("¥424.00")
    expect(phone.locator("#bill-said")).to_contain_text("To pay now: ¥424.00")
    steps = summary.locator(".summary-lines .summary-step")
    expect(steps).to_have_text(
        ["Member price −¥10.00", "Spring sale −¥10.00", "Fifty yuan off −¥50.00", "Points −¥5.00"]
    )
    phone.get_by_role("button", name="Order and pay with WeChat").click()
    expect(phone.locator(".pay-amount")).to_have_text("¥424.00")
    phone.get_by_text("What is in it").click()
    expect(phone.locator(".pay-lines .summary-step")).to_have_count(4)

    order = pay(provide_link(), now)
    expect(phone).to_have_url(re.compile(rf"/orders/{order.number}/$"))
    expect(phone.locator(".summary-step")).to_have_count(4)
    assert PointsAccount.objects.get().available == 0
    with entry():
        services.cancel_order(order.pk, actor="guest", now=now)
    run_deliveries(now)
    assert (Order.objects.get().status, Coupon.objects.get(code=COUPON).status) == ("cancelled", "issued")
    assert PointsAccount.objects.get().available == 500
    put_into_basket(phone)
    phone.goto("/checkout/one/")
    expect(phone.get_by_label("Fifty yuan off")).to_be_enabled()


def test_order_with_a_coupon_is_placed_with_scripts_off(
    plain: Page, world: World, shopper: Member, gateway: ScriptedGateway
) -> None:
    put_into_basket(plain)
    plain.goto("/sign-in/?next=/checkout/one/")
    sign_in(plain, gateway)
    plain.get_by_label("Coupon code").fill("nonsense")
    plain.get_by_role("button", name="Use").first.click()
    expect(plain.locator("#id_coupon_code_error")).to_have_text("You have no such coupon.")
    plain.get_by_label("Coupon code").fill(COUPON.lower())
    plain.get_by_role("button", name="Update the total").click()
    expect(plain.get_by_label("Fifty yuan off")).to_be_checked()
    expect(plain.locator("#checkout-summary .total b").first).to_have_text("¥449.00")
    plain.get_by_role("button", name="Order and pay with WeChat").click()
    expect(plain.locator(".pay-amount")).to_have_text("¥449.00")
    assert list(LineAdjustment.objects.values_list("kind", "amount_fen")) == [("coupon", 5000)]


def test_what_changed_meanwhile_is_shown_before_the_order_is_placed(
    phone: Page, world: World, shopper: Member, gateway: ScriptedGateway
) -> None:
    put_into_basket(phone)
    phone.goto("/sign-in/?next=/checkout/one/")
    sign_in(phone, gateway)
    phone.get_by_label("Fifty yuan off").check()
    expect(phone.locator("#checkout-summary .total b").first).to_have_text("¥449.00")
    PromotionFactory.create(brand=world.brand, name_en="Spring sale", amount_fen=1000)

    phone.get_by_role("button", name="Order and pay with WeChat").click()

    refusal = phone.locator("#refusal")
    expect(refusal).to_contain_text("The total was ¥449.00 and is now ¥439.00.")
    expect(refusal).to_be_focused()
    assert Order.objects.count() == 0
    phone.get_by_role("button", name="Order and pay with WeChat").click()
    expect(phone.locator(".pay-amount")).to_have_text("¥439.00")


def test_mistake_is_where_the_page_begins_and_the_keyboard_reaches_everything(
    phone: Page, world: World, shopper: Member, gateway: ScriptedGateway
) -> None:
    put_into_basket(phone)
    phone.goto("/sign-in/?next=/checkout/one/")
    sign_in(phone, gateway)
    phone.get_by_label("Another address").check()
    phone.get_by_role("searchbox", name="District").press_sequentially("静安")
    phone.locator("#place-options").get_by_label("Jing'an").check()
    phone.get_by_label("Name").fill("😀")
    phone.get_by_role("button", name="Order and pay with WeChat").click()
    expect(phone.get_by_label("Street and number")).to_be_focused()
    expect(phone.locator("#id_contact_name_error")).to_contain_text("at least one letter")
    assert Order.objects.count() == 0


@pytest.fixture
def plastic(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Page]:
    """Open a page of a phone on which axe may run."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE, bypass_csp=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("language", ["EN", "中文"])
def test_checkout_of_a_member_is_accessible_and_fits_a_phone(
    plastic: Page, shopper: Member, gateway: ScriptedGateway, language: str
) -> None:
    put_into_basket(plastic)
    plastic.goto("/sign-in/?next=/checkout/one/")
    sign_in(plastic, gateway)
    plastic.get_by_role("button", name=language).click()
    plastic.goto("/checkout/one/")
    for way in ("courier", "pickup"):
        plastic.locator(f'[name="way"][value="{way}"]').check()
        plastic.locator(f'[name="coupon"][value="{COUPON}"]').check()
        expect(plastic.locator("#checkout-summary .summary-step")).to_have_count(1)
        assert plastic.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        found = Axe().run(plastic).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
