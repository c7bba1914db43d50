"""A clerk's day at the tablet on the counter, with a courier who rides by himself."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, PickupCodePurpose, Way
from fulfillment.models import FulfillmentOrder
from omni.kernel import clock
from tests.cast import World, build_world
from tests.courier import CALLBACK_PATH
from tests.factories.accounts import PASSWORD
from tests.factories.fulfillment import accept_and_pack, code_of, delivery_of, fresh, offer_share, status_of, wrong_code
from tests.factories.stores import ClerkFactory
from tests.fulfillment.test_store_work import wish_to_cancel
from tests.journeys.devices import listen
from tests.sandbox.fixture import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus
SCREENSHOTS = os.environ.get("OMNI_SCREENSHOTS", "")


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """Open pages as the store's tablet does."""
    return {
        "locale": "en",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1024, "height": 768},
        "has_touch": True,
    }


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small world, committed, with a clerk in store A."""
    world = build_world()
    ClerkFactory.create(store=world.stores["A"], user__username="clerk-a")
    return world


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Collect what the browser complains of."""
    texts: list[str] = []
    listen(page, texts)
    return texts


@pytest.fixture
def desk(page: Page, live_server: LiveServer, world: World) -> Page:
    """Sign in as a clerk of store A, through the front door."""
    page.goto(f"{live_server.url}/desk/")
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=/desk/"))
    shoot(page, "sign-in")
    page.get_by_label("User name").fill("clerk-a")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Store A")).to_be_visible()
    return page


@pytest.fixture
def riding(company: SandboxProcess, live_server: LiveServer, settings: LazySettings) -> None:
    """Let couriers ride by themselves, 600 times as fast, and their company report to the running product."""
    settings.COURIER = {**settings.COURIER, "callback_url": f"{live_server.url}{CALLBACK_PATH}"}
    company.clock(scale=600)


def shoot(page: Page, name: str) -> None:
    """Keep a picture, when somebody wants to look (OMNI_SCREENSHOTS names a folder)."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"desk-{name}.png", full_page=True)


def sweep_until(page: Page, is_done: Callable[[], bool]) -> None:
    """Do what the sweeper does until something is so."""
    for _ in range(150):
        services.drive_due_deliveries(10, now=clock.now())
        if is_done():
            return
        page.wait_for_timeout(100)
    raise AssertionError("the courier did not come")


@pytest.mark.usefixtures("riding")
def test_clerk_hands_an_order_to_the_courier(desk: Page, world: World, complaints: list[str]) -> None:
    shoot(desk, "queue-empty")
    share = offer_share(world, units={"S": 2, "M": 1})
    FulfillmentOrder.objects.filter(pk=share.pk).update(deadline_at=clock.now() + timedelta(minutes=25))

    card = desk.locator(".desk-card").filter(has_text=share.number)
    expect(card).to_be_visible()
    expect(card.locator("[data-countdown]")).to_have_text(re.compile(r"^2[45]:\d\d$"))
    shoot(desk, "queue")
    card.get_by_role("button", name="Accept").click()

    expect(desk.get_by_role("heading", name=share.number)).to_be_visible()
    desk.get_by_role("button", name="Start picking").click()
    shoot(desk, "picking")
    desk.get_by_role("button", name="Packed", exact=True).click()
    sweep_until(desk, lambda: delivery_of(share).state == "at_store")
    expect(desk.locator("[data-courier-state=at_store]")).to_be_visible()
    expect(desk.locator(".code-shown")).to_have_text(code_of(share))
    shoot(desk, "courier-here")

    desk.get_by_label("The courier's six digits").fill(wrong_code(share))
    desk.get_by_role("button", name="Hand over").click()
    expect(desk.get_by_text("That is not the code. 4 tries left.")).to_be_visible()
    desk.get_by_label("The courier's six digits").fill(code_of(share))
    desk.get_by_role("button", name="Hand over").click()

    expect(desk.get_by_text("Handed over. The goods have left your stock.")).to_be_visible()
    sweep_until(desk, lambda: status_of(share) == S.DELIVERED)
    expect(desk.locator(".state-big")).to_have_text("Delivered")
    shoot(desk, "delivered")
    desk.get_by_role("link", name="All tasks").click()
    desk.get_by_role("link", name="Done today").click()
    expect(desk.locator(".desk-card").filter(has_text=share.number)).to_be_visible()
    shoot(desk, "done")
    assert complaints == []


def test_clerk_gives_an_order_back_for_lack_of_time(desk: Page, world: World, complaints: list[str]) -> None:
    share = offer_share(world, units={"S": 2, "M": 1})
    desk.goto(desk.url)
    desk.locator(".desk-card-link").click()
    desk.get_by_role("link", name="Give back, all or some…").click()
    desk.get_by_role("button", name="Too busy").click()

    expect(desk.get_by_text("Given back. Another store is being found.")).to_be_visible()
    assert (status_of(share), world.level("A", "S").on_hand, world.level("A", "M").on_hand) == (S.REJECTED, 10, 2)
    assert complaints == []


def test_clerk_gives_goods_to_the_shopper_who_shows_the_code(desk: Page, world: World, complaints: list[str]) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    desk.goto(desk.url)
    desk.get_by_role("link", name=re.compile("^Waiting")).click()
    desk.locator(".desk-card-link").click()
    shoot(desk, "collect")

    desk.get_by_label("The shopper's six digits").fill(code_of(share, PickupCodePurpose.SHOPPER))
    desk.get_by_role("button", name="Hand over").click()

    expect(desk.get_by_text("Collected. The goods have left your stock.")).to_be_visible()
    assert (status_of(share), world.level("A", "S").on_hand) == (S.COLLECTED, 9)
    assert complaints == []


def test_clerk_is_asked_while_working_when_the_shopper_cancels(desk: Page, world: World, complaints: list[str]) -> None:
    share = accept_and_pack(offer_share(world))
    desk.goto(f"{desk.url.split('/desk/')[0]}/desk/tasks/{share.number}/")
    wish_to_cancel(share)

    expect(desk.get_by_text("Are the goods still here?")).to_be_visible()
    shoot(desk, "cancel")
    desk.get_by_role("button", name="Yes, cancel it").click()

    expect(desk.locator(".state-big")).to_have_text("Cancelled")
    assert (status_of(share), world.level("A", "S").allocated) == (S.CANCELLED, 0)
    assert complaints == []


def test_half_typed_code_outlives_a_refresh_and_targets_are_big(desk: Page, world: World) -> None:
    share = accept_and_pack(offer_share(world))
    desk.goto(f"{desk.url.split('/desk/')[0]}/desk/tasks/{share.number}/")
    field = desk.get_by_label("The courier's six digits")
    field.fill("123")
    delivery = delivery_of(share)
    delivery.courier_name = "王师傅"
    delivery.save()

    expect(desk.get_by_text("王师傅")).to_be_visible()

    expect(field).to_have_value("123")
    box = desk.get_by_role("button", name="Hand over").bounding_box()
    assert box is not None
    assert (box["height"] >= 48, box["width"] >= 200) == (True, True)
    assert fresh(share).status == S.AWAITING_COURIER


def test_sign_in_with_a_wrong_password_says_so(page: Page, live_server: LiveServer, world: World) -> None:
    page.goto(f"{live_server.url}/desk/")
    page.get_by_label("User name").fill("clerk-a")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert").first).to_be_visible()
    shoot(page, "sign-in-refused")
    expect(page).to_have_url(re.compile("/accounts/login/"))
