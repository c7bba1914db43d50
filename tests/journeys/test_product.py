"""The page of a product on a phone: colour, size, stores, promise, chart, outfit, code; with scripts and without."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Collection, Price, SizeChart, StockLevel
from inventory.views import finding, fragments, product
from omni.kernel import clock
from tests.cast import World, build_world
from tests.factories.inventory import (
    CategoryFactory,
    CollectionFactory,
    MediaFactory,
    StockLevelFactory,
    VariantFactory,
)
from tests.journeys.test_shop import PHONE, PRODUCT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Iterator[World]:
    """Return the small world at noon, its shirt with pictures, a size chart, a second colour, and trousers to it."""
    monkeypatch.setattr(clock, "now", lambda: now)
    world = build_world()
    shirt, collection = world.product, CollectionFactory.create(brand=world.brand)
    for position, view in enumerate(("front", "figure", "back", "detail")):
        MediaFactory.create(product=shirt, kind=view, position=position, drawing=f"shirt.stripe.{view}")
    shirt.category.parent = CategoryFactory.create(code="tops")
    shirt.category.save()
    table = {"measures": ["bust", "length"], "sizes": [["S", 98, 66], ["M", 102, 68], ["L", 106, 70]]}
    SizeChart.objects.create(brand=world.brand, category=shirt.category, garment=table, body=table)
    type(shirt).objects.filter(pk=shirt.pk).update(
        collection=collection,
        description_en="A shirt of silk.",
        fabric_en="100% silk",
        craft_en="French seams",
        care_en="By hand",
        care_symbols=["wash_hand", "bleach_none", "tumble_none", "dry_flat", "iron_low", "clean_dry"],
    )
    Price.objects.filter(variant=world.variants["M"]).update(member_fen=45900)
    StockLevel.objects.filter(variant=world.variants["L"]).update(safety=99)
    black = VariantFactory.create(
        product=shirt, sku="SHIRT-BLK-M", color_hex="#1b1b1f", color_en="Black", color_zh="黑色", position=9
    )
    StockLevelFactory.create(variant=black, store=world.stores["B"])
    _add_trousers(world, collection)
    yield world
    for store in (fragments.pages, finding.cards, finding.filters, product.outfits, product.abouts):
        store.clear()


def _add_trousers(world: World, collection: Collection) -> None:
    bottoms = CategoryFactory.create(
        code="trousers", shape="trousers", parent=CategoryFactory.create(code="bottoms"), name_en="Trousers"
    )
    variant = VariantFactory.create(
        product__brand=world.brand, product__category=bottoms, product__collection=collection,
        product__name_en="Tapered trousers",
    )  # fmt: skip
    StockLevelFactory.create(variant=variant, store=world.stores["A"])


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Page]:
    """Open a page of an English-speaking shopper's phone; nothing may break the security policy."""
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE, color_scheme="light")
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Uncaught" in message.text:
            complaints.append(message.text)

    page.on("console", note)
    choose_jingan(page)
    yield page
    context.close()
    assert complaints == []


def choose_jingan(page: Page) -> None:
    page.goto("/place/?q=静安")
    page.locator(".place-option").first.click()


def test_shopper_chooses_color_and_size_and_sees_stores_promise_chart_and_outfit(phone: Page) -> None:
    phone.goto(PRODUCT)
    expect(phone.locator(".near-list li b").first).to_have_text(re.compile("Store A"))
    phone.locator("[value='SHIRT-M']").check()
    expect(phone.locator("#near-head")).to_have_text("Size M: where it is")
    expect(phone).to_have_url(re.compile("size=M"))
    expect(phone.locator(".member-price")).to_contain_text("¥459.00")
    expect(phone.locator(".delivery-promise")).to_contain_text("About 1.5 h")
    expect(phone.locator(".delivery-promise")).to_contain_text("from Store A")
    expect(phone.locator("#buy-more input[name=sku]")).to_have_value("SHIRT-M")
    phone.get_by_role("link", name="Black").click()
    expect(phone).to_have_url(re.compile("color=1b1b1f&size=M"))
    expect(phone.locator(".size [value='SHIRT-BLK-M']")).to_be_checked()
    expect(phone.locator(".delivery-promise")).to_contain_text("from Store B")
    expect(phone.locator(".near-list li")).to_have_count(1)
    phone.get_by_role("link", name="White").click()
    phone.locator("#size-chart summary").click()
    expect(phone.locator("#size-chart tr.is-chosen th")).to_have_text(["M", "M"])
    phone.locator("#scan-code summary").click()
    expect(phone.get_by_alt_text("QR code of this product")).to_be_visible()
    phone.locator(".outfit a").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Tapered trousers")


def test_scanned_label_opens_the_size_and_it_goes_into_the_basket(phone: Page) -> None:
    phone.goto("/scan/one/SHIRT-BLK-M/")
    expect(phone).to_have_url(re.compile(r"color=1b1b1f&size=M"))
    phone.get_by_role("button", name="Add to basket").click()
    expect(phone.locator(".basket-line")).to_contain_text("Black")


def test_gallery_and_sizes_work_with_scripts_off(browser: Browser, live_server: LiveServer, world: World) -> None:
    context = browser.new_context(
        base_url=live_server.url, locale="en", viewport=PHONE, java_script_enabled=False, color_scheme="light"
    )
    plain = context.new_page()
    choose_jingan(plain)
    plain.goto(PRODUCT)
    strip = plain.locator(".gallery-strip")
    strip.hover()
    plain.mouse.wheel(800, 0)
    expect(plain.locator("#view-3 img")).to_be_in_viewport()
    plain.get_by_role("navigation", name="Stores by size").get_by_role("link", name="L").click()
    expect(plain.locator("#near-stores")).to_contain_text("No store has this size at the moment.")
    plain.locator(".gone-sizes a").click()
    expect(plain).to_have_url(re.compile(r"/arrival/\?brand=one&sku=SHIRT-L"))
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_product_page_is_accessible_and_fits_a_phone(
    browser: Browser, live_server: LiveServer, world: World, scheme: Literal["light", "dark"]
) -> None:
    for locale in ("en", "zh-CN"):
        context = browser.new_context(
            base_url=live_server.url, locale=locale, viewport=PHONE, color_scheme=scheme, bypass_csp=True
        )
        page = context.new_page()
        choose_jingan(page)
        for address in (f"{PRODUCT}?size=M", f"{PRODUCT}?size=L", "/scan/one/NOTHING/"):
            page.goto(address)
            page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            width = page.evaluate("document.documentElement.scrollWidth")
            assert (address, width) == (address, 390)
            found = Axe().run(page).response["violations"]
            assert [(address, each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        context.close()
