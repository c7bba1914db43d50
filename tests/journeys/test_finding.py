"""Finding a garment on a phone: by words, suggestions and filters, further down and back; with scripts, and without."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from inventory import services
from inventory.models import Category, Collection, Product
from inventory.views import finding, fragments
from omni.kernel import clock
from omni.kernel.transactions import entry
from tests.cast import World, build_world
from tests.factories.inventory import CategoryFactory, ProductFactory, StockLevelFactory, VariantFactory

pytestmark = pytest.mark.django_db(transaction=True)

PHONE: ViewportSize = {"width": 390, "height": 844}
DRESSES = 26


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch, now: datetime) -> World:
    """Return the small world with a range of dresses, a coat and a collection, committed and read by the segmenter."""
    monkeypatch.setattr(clock, "now", lambda: now)
    for store in (fragments.pages, finding.cards, finding.filters):
        store.clear()
    world = build_world()
    Category.objects.filter(pk=world.product.category.pk).update(parent=CategoryFactory.create(code="tops"))
    parent = CategoryFactory.create(code="all-dresses", name_zh="裙装", name_en="Dresses and skirts", shape="")
    dresses = CategoryFactory.create(code="dress", name_zh="连衣裙", name_en="Dresses", shape="dress", parent=parent)
    collection = Collection.objects.create(
        brand=world.brand, code="summer", name_zh="夏天", name_en="Summer", story_zh="热。", story_en="It is hot.",
        launched_on=date(2026, 1, 1),
    )  # fmt: skip
    for number in range(DRESSES):
        is_red = number % 2 == 0
        dress = ProductFactory.create(
            brand=world.brand, category=dresses, collection=collection, launched_on=date(2026, 2, 1 + number),
            name_zh="红色真丝连衣裙" if is_red else "亚麻茶歇连衣裙", name_en=f"Dress no. {number}",
        )  # fmt: skip
        for position, (value, zh, en) in enumerate((("#1b1b1f", "墨黑", "Black"), ("#a3222f", "酒红", "Wine"))):
            if position == 0 or is_red:
                variant = VariantFactory.create(
                    product=dress, color_hex=value, color_zh=zh, color_en=en, position=position,
                    price__list_fen=(100 + number) * 100, price__sale_fen=9900 if number == 3 else None,
                )  # fmt: skip
                StockLevelFactory.create(variant=variant, store=world.stores["A" if number < 5 else "C"])
    with entry():
        services.refresh_listings(now=now)
    return world


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, world: World) -> Iterator[Page]:
    """Open a page of a Chinese shopper's phone; nothing may break the security policy."""
    context = browser.new_context(base_url=live_server.url, locale="zh-CN", viewport=PHONE, color_scheme="light")
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def choose_place(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/place/?q=静安")
    page.locator(".place-option").first.click()
    page.close()


def names(page: Page) -> list[str]:
    return page.locator(".product-grid .product-name").all_inner_texts()


def test_shopper_finds_a_red_dress_by_words_and_sees_it_in_red(phone: Page) -> None:
    phone.goto("/")
    phone.get_by_role("combobox", name="搜索").fill("红色连衣裙")
    phone.get_by_role("combobox", name="搜索").press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("“红色连衣裙”")
    expect(phone.locator(".filter-count")).to_have_text("共 13 款")
    assert set(names(phone)) == {"红色真丝连衣裙"}
    expect(phone.locator(".product-card img").first).to_have_attribute("src", "/garments/dress/a3222f.svg")
    phone.locator(".product-card").first.click()
    expect(phone).to_have_url(re.compile(r"color=a3222f"))


def test_suggestions_are_walked_by_keyboard_and_close_by_escape(phone: Page) -> None:
    phone.goto("/products/")
    field = phone.get_by_role("combobox", name="搜索")
    field.press_sequentially("红色连")
    options = phone.get_by_role("option")
    expect(options.first).to_have_text("红色连衣裙")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("Escape")
    expect(options.first).to_be_hidden()
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "search-word-1")
    found = Axe().run(phone).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    field.press("Enter")
    expect(phone).to_have_url(re.compile(r"/search/\?q="))
    expect(phone.locator(".filter-count")).to_have_text("共 13 款")
    phone.goto("/search/")
    phone.get_by_role("link", name="红色连衣裙", exact=True).click()
    expect(phone.locator(".filter-count")).to_have_text("共 13 款")


def test_mistyped_word_is_understood_and_nothing_found_leads_on(phone: Page) -> None:
    phone.goto("/search/?q=红色连衣群")
    expect(phone.locator(".list-note")).to_have_text("没有找到“红色连衣群”，为您显示“红色连衣裙”的结果。")
    expect(phone.locator(".filter-count")).to_have_text("共 13 款")
    phone.goto("/search/?q=宇航服")
    expect(phone.locator(".empty-state")).to_contain_text("没有找到与“宇航服”相关的商品。")
    phone.locator(".category-tile", has_text="连衣裙").click()
    expect(phone.locator(".filter-count")).to_have_text("共 26 款")


def test_filters_are_links_with_counts_that_the_back_button_takes_back(phone: Page) -> None:
    phone.goto("/products/")
    phone.locator("[data-filter=category] summary").click()
    phone.get_by_role("link", name="连衣裙", exact=False).filter(has_text="26").last.click()
    phone.locator("[data-filter=color] summary").click()
    red = phone.locator(".filter-choice", has_text="红色")
    expect(red.locator(".filter-number")).to_have_text("13")
    red.click()
    expect(phone.locator(".filter-count")).to_have_text("共 13 款")
    expect(phone.locator(".product-card img").first).to_have_attribute("src", "/garments/dress/a3222f.svg")
    expect(phone.locator(".filter-chip")).to_have_count(2)
    phone.locator("[data-filter=sort] summary").click()
    phone.get_by_role("link", name="价格从低到高").click()
    expect(phone.locator(".product-price b").first).to_have_text("¥100.00")
    phone.go_back()
    phone.go_back()
    expect(phone.locator(".filter-count")).to_have_text("共 26 款")
    expect(phone.locator(".filter-chip")).to_have_count(1)
    phone.locator(".filter-chip").click()
    expect(phone.locator(".filter-count")).to_have_text("共 28 款")


def test_wrong_prices_are_named_and_do_not_filter(phone: Page) -> None:
    phone.goto("/products/?category=dress")
    phone.locator("[data-filter=price] summary").click()
    phone.get_by_label("最低 ¥").fill("300")
    phone.get_by_label("最高 ¥").fill("100")
    phone.get_by_role("button", name="查看").click()
    expect(phone.get_by_role("alert").first).to_have_text("最低价 ¥300 高于最高价 ¥100。")
    expect(phone.locator(".filter-count")).to_have_text("共 26 款")


def test_near_me_asks_for_the_place_and_lists_what_stores_there_have(phone: Page) -> None:
    phone.goto("/products/?category=dress")
    phone.locator("[data-filter=near] summary").click()
    phone.get_by_role("link", name="3 公里内").click()
    phone.get_by_role("searchbox", name="城市或区县").fill("静安")
    phone.get_by_role("searchbox", name="城市或区县").press("Enter")
    phone.locator(".place-option").first.click()
    expect(phone).to_have_url(re.compile("near=3"))
    expect(phone.locator(".filter-count")).to_have_text("共 5 款")
    phone.goto("/")
    expect(phone.get_by_role("heading", name="附近优惠")).to_be_visible()


def test_more_goes_on_below_and_coming_back_shows_as_much(phone: Page) -> None:
    phone.goto("/products/?category=dress")
    expect(phone.locator(".list-page .product-card")).to_have_count(24)
    phone.get_by_role("link", name="更多").click()
    expect(phone.locator(".list-page .product-card")).to_have_count(26)
    expect(phone.get_by_role("link", name="更多")).to_have_count(0)
    expect(phone).to_have_url(re.compile("shown=48"))
    expect(phone.locator(".list-page .product-card").nth(24)).to_be_focused()
    phone.locator(".list-page .product-card").last.click()
    expect(phone).to_have_url(re.compile("/products/one/"))
    phone.go_back()
    expect(phone.locator(".list-page .product-card")).to_have_count(26)


def test_home_leads_to_a_collection(phone: Page) -> None:
    phone.goto("/")
    phone.locator(".collection-card").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("夏天")
    expect(phone.locator(".list-story")).to_have_text("热。")
    expect(phone.locator(".filter-count")).to_have_text("共 26 款")


def test_finding_works_with_scripts_off(browser: Browser, live_server: LiveServer, world: World) -> None:
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("combobox", name="Search").fill("red dres")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".list-note")).to_contain_text("“red dress”")
    expect(page.locator(".filter-count")).to_have_text("13 styles")
    page.goto("/products/?category=dress")
    page.get_by_role("link", name="More").click()
    expect(page.locator(".product-grid .product-card")).to_have_count(2)
    page.locator("[data-filter=color] summary").click()
    page.locator(".filter-choice", has_text="Red").click()
    expect(page.locator(".filter-count")).to_have_text("13 styles")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_finding_pages_are_accessible_and_fit_a_phone(
    browser: Browser, live_server: LiveServer, world: World, scheme: Literal["light", "dark"]
) -> None:
    assert Product.objects.count() > DRESSES
    for locale in ("en", "zh-CN"):
        context = browser.new_context(
            base_url=live_server.url, locale=locale, viewport=PHONE, color_scheme=scheme, bypass_csp=True,
        )  # fmt: skip
        choose_place(context)
        page = context.new_page()
        for address in (
            *("/", "/products/", "/products/?category=dress&color=red&size=M&offer=1&near=3", "/products/?from=x"),
            *("/search/", "/search/?q=红色连衣裙", "/search/?q=zzzz", "/search/?q=连衣群", "/collections/one/summer/"),
        ):
            page.goto(address)
            for panel in page.locator("details.filter").all()[:1]:
                panel.locator("summary").click()
            width = page.evaluate("document.documentElement.scrollWidth")
            assert (address, width) == (address, 390)
            found = Axe().run(page).response["violations"]
            assert [(address, each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        context.close()
