"""Two clerks with two tablets touch the same thing at once: it is done once, and the slower one is told so kindly."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from fulfillment.choices import FulfillmentOrderStatus, PickupCodePurpose, Way
from fulfillment.models import FulfillmentOrder
from inventory.models import StockMovement
from omni.kernel.models import Event
from orders.models import Recognition
from tests.audit_fixture import broken_claims
from tests.cast import World
from tests.factories.fulfillment import code_of, offer_share, status_of
from tests.factories.orders import packed_order, run_deliveries, shares_of
from tests.factories.stores import ClerkFactory
from tests.journeys.devices import complaints, tablet_of, watched_page
from tests.journeys.noon import world

__all__ = ["complaints", "world"]

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus
# What the page of each language says to the faster one and to the slower one.
ACCEPTED = {"en": "Accepted. It is yours now.", "zh-CN": "接单成功，请开始备货。"}
TAKEN = {
    "en": "Somebody was faster: by now this order is “Accepted”.",
    "zh-CN": "有人先一步处理了：此单现在是“已接单”。",
}
GIVEN = {"en": "Handed over. The goods have left your stock.", "zh-CN": "已交付，商品已出库。"}
GONE = {
    "en": "Somebody was faster: these goods were handed out at 12:00.",
    "zh-CN": "有人先一步：这些商品已在 12:00 交付。",
}


@pytest.fixture
def tablets(
    browser: Browser, live_server: LiveServer, world: World, complaints: list[str]
) -> Iterator[dict[str, Page]]:
    """Return the tablets of two clerks of store A by their language; neither hears of the other by refreshing."""
    contexts = {}
    for locale in ("en", "zh-CN"):
        clerk = ClerkFactory.create(store=world.stores["A"])
        contexts[locale] = tablet_of(clerk.user, browser, live_server, locale=locale)
        contexts[locale].route("**/*seen=*", lambda route: route.abort())
    yield {locale: watched_page(context, complaints) for locale, context in contexts.items()}
    for context in contexts.values():
        context.close()


def touch_at_once(tablets: dict[str, Page], action: str) -> dict[str, str]:
    """Press the button of the same form on both tablets, and return what each is told by its language."""
    for page in tablets.values():
        # After this call, so that the second is pressed while the first is still under way.
        page.evaluate(
            "s => { setTimeout(() => document.querySelector(s).click()) }",
            f"form[action*='{action}'] button.btn-primary",
        )
    told = {}
    for locale, page in tablets.items():
        said = page.locator("#said .alert")
        expect(said).to_have_count(1, timeout=20_000)
        told[locale] = said.inner_text().strip()
    return told


def one_of_both(told: dict[str, str], done: dict[str, str], refused: dict[str, str]) -> bool:
    """Tell whether one tablet says that it is done, and the other, in its language, that somebody was faster."""
    english_first = {"en": done["en"], "zh-CN": refused["zh-CN"]}
    return told in (english_first, {"en": refused["en"], "zh-CN": done["zh-CN"]})


def test_two_tablets_accept_one_task_once(tablets: dict[str, Page], world: World) -> None:
    share = offer_share(world)
    for page in tablets.values():
        page.goto(f"/desk/tasks/{share.number}/")

    told = touch_at_once(tablets, "/accept/")

    assert one_of_both(told, ACCEPTED, TAKEN), told
    assert (status_of(share), FulfillmentOrder.objects.count()) == (S.ACCEPTED, 1)
    assert Event.objects.filter(name="fulfillment.FulfillmentOrderAccepted").count() == 1


def test_two_tablets_hand_one_order_over_once(tablets: dict[str, Page], world: World, now: datetime) -> None:
    order = packed_order(world, way=Way.PICKUP, street="", pickup_store_id=world.stores["A"].pk)
    (share,) = shares_of(order)
    run_deliveries()
    for page in tablets.values():
        page.goto(f"/desk/stores/{world.stores['A'].pk}/try-ons/")
        page.locator("input[name=code]").fill(code_of(share, PickupCodePurpose.SHOPPER))
        page.keyboard.press("Enter")
        expect(page.locator("form[action*='/collect/'] button.btn-primary")).to_be_visible()

    told = touch_at_once(tablets, "/collect/")

    assert one_of_both(told, GIVEN, GONE), told
    run_deliveries()
    assert (status_of(share), Recognition.objects.filter(order_line__isnull=False).count()) == (S.COLLECTED, 1)
    assert StockMovement.objects.filter(kind="sale").count() == 1
    assert broken_claims(now) == {}
