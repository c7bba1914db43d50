"""A shopper takes coupons and sees their points on a phone; headquarters writes a promotion."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from members import services
from members.models import Coupon, Member, Promotion
from omni.kernel import clock
from omni.kernel.transactions import entry
from tests.cast import World, build_world
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import MemberFactory
from tests.factories.offers import CouponTemplateFactory, PointsProgramFactory, TierFactory
from tests.factories.stores import HeadquartersFactory

pytestmark = pytest.mark.django_db(transaction=True)

VIEWPORT: ViewportSize = {"width": 390, "height": 844}
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def world(transactional_db: None, settings: LazySettings) -> World:
    """Return the small world, committed."""
    settings.OUTBOX_HINTS = False
    return build_world()


@pytest.fixture
def member(world: World) -> Member:
    """Return a member of brand one who has an account and 600 points to come."""
    member = MemberFactory.create(brand=world.brand, user=ShopperUserFactory.create())
    PointsProgramFactory.create(brand=world.brand)
    TierFactory.create(brand=world.brand, name_en="Silver")
    TierFactory.create(brand=world.brand, name_en="Gold", threshold_fen=100_000)
    now = clock.now()
    with entry():
        services.earn_points(
            member.pk, cause="recognition:1", amount_fen=60_000, available_at=now + timedelta(days=7), now=now
        )
    return member


@pytest.fixture
def context(browser: Browser, live_server: LiveServer, world: World) -> Iterator[BrowserContext]:
    """Open a browser of an English-speaking phone that answers for its scripts and breaks no security policy."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=VIEWPORT)
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", note)
    yield context
    context.close()
    assert complaints == []


def enter(context: BrowserContext, client: Client, user: object, live_server: LiveServer) -> Page:
    client.force_login(user, backend=BACKEND)  # type: ignore[arg-type]
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context.new_page()


def check(page: Page) -> None:
    """Expect no fault that axe finds, and nothing wider than the phone."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= VIEWPORT["width"]


def test_member_takes_a_coupon_and_shows_it_in_the_store(
    context: BrowserContext, client: Client, live_server: LiveServer, world: World, member: Member
) -> None:
    CouponTemplateFactory.create(brand=world.brand, threshold_fen=30_000)
    CouponTemplateFactory.create(brand=world.brand, name_en="Secret", public_code="AUTUMN20", is_claimable=False)
    page = enter(context, client, member.user, live_server)
    page.goto("/me/")
    page.get_by_role("link", name="Coupons").click()
    expect(page.get_by_text("You have no coupon to use right now.")).to_be_visible()
    check(page)

    page.get_by_role("button", name=re.compile("Take it")).click()
    expect(page.get_by_text("The coupon is yours.")).to_be_visible()
    expect(page.get_by_text("Taken")).to_be_visible()

    page.get_by_label("Do you have a code?").fill("autumn19")
    page.get_by_role("button", name="Redeem").click()
    expect(page.get_by_text("No brand you have joined has such a code now.")).to_be_visible()
    check(page)
    page.get_by_label("Do you have a code?").fill("autumn20")
    page.get_by_role("button", name="Redeem").click()
    expect(page.get_by_role("link", name=re.compile("Show code"))).to_have_count(2)

    page.get_by_role("link", name="Show code Fifty yuan off").click()
    coupon = Coupon.objects.get(template__name_en="Fifty yuan off")
    expect(page.get_by_text(coupon.code)).to_be_visible()
    expect(page.get_by_role("img", name="QR code of the code below")).to_be_visible()
    expect(page.get_by_text("¥50 off from ¥300")).to_be_visible()
    check(page)


def test_member_sees_points_to_come_and_the_way_to_the_next_tier(
    context: BrowserContext, client: Client, live_server: LiveServer, member: Member
) -> None:
    page = enter(context, client, member.user, live_server)
    page.goto("/me/")
    page.get_by_role("link", name="Points and tier").click()
    expect(page.get_by_text("600", exact=True)).to_be_visible()
    expect(page.get_by_text("¥400.00 more within twelve months for Gold")).to_be_visible()
    check(page)
    page.get_by_role("link", name=re.compile("History")).click()
    expect(page.get_by_text("+600")).to_be_visible()
    check(page)


def test_headquarters_writes_a_promotion_and_stops_it(
    context: BrowserContext, client: Client, live_server: LiveServer, world: World
) -> None:
    office = HeadquartersFactory.create(brand=world.brand, user__username="hq-one")
    page = enter(context, client, office.user, live_server)
    page.goto("/hq/offers/")
    page.get_by_role("link", name="New promotion").click()
    check(page)
    page.get_by_label("Name in Chinese").fill("满减")
    page.get_by_label("Name in English").fill("Autumn")
    page.get_by_label("From an amount of (yuan)").fill("300")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Say how much it takes off.")).to_be_visible()
    page.get_by_label("Amount off (yuan)").fill("50")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="¥50 off from ¥300")).to_be_visible()
    check(page)
    page.get_by_role("button", name=re.compile("Stop")).click()
    expect(page.get_by_text("Stopped")).to_be_visible()
    assert not Promotion.objects.get().is_running
