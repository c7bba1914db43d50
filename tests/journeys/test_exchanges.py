"""An exchange on a phone: another size is held, the piece is received at the desk, and the replacement goes out."""

from datetime import datetime

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from fulfillment.choices import FulfillmentOrderStatus
from omni.kernel import clock
from orders import queries
from orders.choices import OrderStatus
from orders.models import Order, Return
from settlement.queries import trial_balance
from tests.audit_fixture import broken_claims
from tests.cast import World, build_world
from tests.factories.exchanges import pay_difference, replacement_of, settle
from tests.factories.orders import run_deliveries, shares_of
from tests.factories.returns import NEXT_DAY, confirm_refunds, delivered_order
from tests.journeys.devices import check_accessible, complaints, desk, phone
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
    """Return an order of a shirt in M that its shopper has."""
    return delivered_order(world, ("M", 1), now=now)


def ask_for(phone: Page, size: str) -> None:
    """Ask on the phone for another size instead of the only piece."""
    phone.get_by_role("link", name="Give something back").click()
    phone.get_by_label("Another size or colour").check()
    phone.get_by_label("Instead of it").select_option(f"SHIRT-{size}")
    phone.get_by_label("Too small").check()


def test_shopper_exchanges_m_for_l_and_the_replacement_goes_out(
    phone: Page, desk: Page, order: Order, world: World
) -> None:
    ask_for(phone, "L")
    expect(phone.locator("[data-rest]")).to_have_text("¥100.00")
    check_accessible(phone)
    phone.get_by_role("button", name="Exchange it").click()
    expect(phone.locator(".return-replacement .badge")).to_have_text("Held for you")
    check_accessible(phone)
    case = Return.objects.get()
    phone.locator(".return-replacement a").click()
    expect(phone.locator(".track-badge")).to_have_text("Waiting for your return")
    check_accessible(phone)
    phone.locator(".order-replaces a").click()

    desk.goto(f"/desk/returns/{case.number}/")
    desk.get_by_role("button", name="The goods are here").click()
    desk.get_by_label("As new: back on sale").check()
    desk.get_by_role("button", name="Take it back").click()
    expect(desk.get_by_text("What the shopper wanted instead is sent now")).to_be_visible()
    run_deliveries(NEXT_DAY)
    settle(case)

    expect(phone.locator(".track-badge")).to_have_text("Refund on its way")
    confirm_refunds(order)
    expect(phone.locator(".track-badge")).to_have_text("Finished")
    replacement = replacement_of(case)
    assert replacement.status == OrderStatus.PAID
    assert shares_of(replacement)[0].status == FulfillmentOrderStatus.PENDING_ROUTING
    balance = {row.account: row.credit_fen - row.debit_fen for row in trial_balance(world.brand.pk)}
    assert (balance["return_credit"], balance["refund_payable"], balance["prepayment"]) == (0, 0, 39900)
    assert broken_claims(NEXT_DAY) == {}


def test_dearer_size_is_paid_for_at_once(phone: Page, world: World, now: datetime) -> None:
    order = delivered_order(world, ("L", 1), now=now)
    phone.goto(f"/orders/{order.number}/?t={queries.sign_order_token(order.number)}")
    ask_for(phone, "S")
    expect(phone.locator("[data-difference]")).to_have_text("¥100.00")
    phone.get_by_role("button", name="Exchange it").click()
    expect(phone.locator(".pay-amount")).to_have_text("¥100.00")
    check_accessible(phone)
    case = Return.objects.get()
    pay_difference(case)
    expect(phone.locator(".track-badge")).to_have_text("Waiting for your return")
    assert replacement_of(case).status == OrderStatus.PLACED
    assert broken_claims(NEXT_DAY) == {}
