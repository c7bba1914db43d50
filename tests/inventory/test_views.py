"""Home, product list and product page: what they show, in how many statements, and that kept pages stay true."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event

import pytest
from django.core.signing import get_cookie_signer
from django.db import connection, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inventory import queries, services
from inventory.models import Category, Price, StockLevel
from inventory.services import StockWant
from inventory.views import finding, fragments, product
from omni.kernel.transactions import entry
from stores.models import Brand, Staff
from tests.cast import NOON, World, build_world
from tests.factories.inventory import StockLevelFactory, VariantFactory

pytestmark = pytest.mark.django_db

PRODUCT = "/products/one/SHIRT/"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    yield
    forget()


def forget() -> None:
    """Let every page be made anew."""
    for store in (fragments.pages, finding.cards, finding.filters, product.outfits, product.abouts):
        store.clear()


@pytest.fixture
def shopper() -> Client:
    """Return a browser that reads English, and checks its forms' tokens."""
    return Client(headers={"accept-language": "en"}, enforce_csrf_checks=True)


def remember_place(client: Client, text: str = "310106") -> None:
    client.cookies["place"] = get_cookie_signer(salt="place").sign(text)


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def size_note(text: str, sku: str) -> str:
    """Return what the page says below a size."""
    size = text[text.index(f'value="{sku}"') :]
    return size[size.index("size-note") :].split(">", 1)[1].split("<", 1)[0]


def make_products(world: World, number: int) -> None:
    for _product in range(number):
        variant = VariantFactory.create(product__brand=world.brand, product__category=world.product.category)
        StockLevelFactory.create(variant=variant, store=world.stores["A"])


# What is shown


def test_home_shows_the_network_brands_and_new_products(world: World, shopper: Client) -> None:
    text = page(shopper, "/")
    assert "4 stores in 2 cities" in text
    assert "One" in text
    assert "Two" in text
    # Two that are new, of which one is marked down.
    assert text.count('class="product-card') == 3


def test_home_before_anything_is_on_sale_shows_no_products(db: None, shopper: Client) -> None:
    assert 'class="product-card' not in page(shopper, "/")


def test_list_shows_prices_and_links_to_products(world: World, shopper: Client) -> None:
    text = page(shopper, "/products/?brand=one")
    assert f'href="{PRODUCT}"' in text
    assert "¥399.00" in text
    assert "<s>¥499.00</s>" in text
    assert "/products/two/" not in text


def test_list_filters_are_links_that_keep_each_other(world: World, shopper: Client) -> None:
    category = world.product.category.code
    VariantFactory.create(product__brand=world.other_brand, product__category=world.product.category)
    text = page(shopper, f"/products/?brand=one&category={category}")
    assert f'href="/products/?brand=two&amp;category={category}"' in text
    assert 'href="/products/?brand=one"' in text
    assert f'href="/products/?category={category}"' in text
    # The two that are chosen, the order, and the language.
    assert text.count('aria-current="true">') == 4


def test_list_pages_follow_each_other_by_key(world: World, shopper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PAGE_SIZE", 2)
    make_products(world, 3)
    first = page(shopper, "/products/?brand=one")
    after = first.split('rel="next" href="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert after.startswith("/products/?brand=one&after=2026-01-01.")
    second = page(shopper, after)
    assert 'rel="next"' not in second
    assert f'href="{PRODUCT}"' in second
    assert f'href="{PRODUCT}"' not in first
    assert (first.count('class="product-card'), second.count('class="product-card')) == (2, 2)


def test_list_with_nothing_in_it_says_so(world: World, shopper: Client) -> None:
    text = page(shopper, "/products/?brand=three")
    assert "Nothing has all of this at once." in text
    assert "three<svg" in text


@pytest.mark.parametrize(
    "query",
    ["after=2026-99-99.1", "after=2026-01-01.x", "after=2026-01-01.9999999999999999999", "brand=%00", "category=%27"],
)
def test_list_with_an_unreadable_address_shows_everything(world: World, shopper: Client, query: str) -> None:
    assert page(shopper, f"/products/?{query}").count('class="product-card') == 2


def test_product_shows_each_size_with_its_stores(world: World, shopper: Client) -> None:
    text = page(shopper, PRODUCT)
    assert [size_note(text, f"SHIRT-{size}") for size in "SML"] == ["3 stores", "3 stores", "2 stores"]
    assert "Choose your place to see the nearest stores" in text


def test_product_with_a_place_shows_the_nearest_stores_and_distances(world: World, shopper: Client) -> None:
    remember_place(shopper)
    text = page(shopper, PRODUCT)
    positions = [text.index(f">Store {name}</a>") for name in "ABC"]
    assert positions == sorted(positions)
    assert '<span class="is-chosen">S</span><span>M</span><span>L</span>' in text
    assert "Jing&#x27;an" in text


def test_product_with_a_place_that_is_not_signed_ignores_it(world: World, shopper: Client) -> None:
    shopper.cookies["place"] = "310106"
    assert "Choose your place to see the nearest stores" in page(shopper, PRODUCT)


def test_product_in_another_color_shows_its_own_sizes(world: World, shopper: Client) -> None:
    VariantFactory.create(product=world.product, sku="SHIRT-XL", size="XL", color_hex="#000000", position=9)
    assert "SHIRT-XL" not in page(shopper, PRODUCT)
    text = page(shopper, f"{PRODUCT}?color=000000")
    assert "SHIRT-S" not in text
    assert size_note(text, "SHIRT-XL") == "sold out"
    assert "SHIRT-XL" not in page(shopper, f"{PRODUCT}?color=nonsense")


def test_product_sold_out_everywhere_cannot_be_ordered(world: World, shopper: Client) -> None:
    StockLevel.objects.filter(variant__product=world.product).update(safety=99)
    text = page(shopper, PRODUCT)
    assert [size_note(text, f"SHIRT-{size}") for size in "SML"] == ["sold out"] * 3
    assert 'value="SHIRT-S" disabled' in text
    assert "Sold out</span>" in page(shopper, "/products/?brand=one")


@pytest.mark.parametrize("address", ["/products/one/HAT/", "/products/three/SHIRT/", "/products/one/SHIRT%00/"])
def test_product_that_does_not_exist_is_not_found(world: World, shopper: Client, address: str) -> None:
    answer = shopper.get(address)
    assert (answer.status_code, "Nothing here" in answer.content.decode()) == (404, True)


def test_product_of_one_brand_is_not_found_under_another(world: World, shopper: Client) -> None:
    answer = shopper.get("/products/two/SHIRT/")
    assert (answer.status_code, "Silk shirt" in answer.content.decode()) == (404, False)
    assert "Silk shirt" in page(shopper, PRODUCT)


def test_pages_speak_the_language_of_the_visitor(world: World, shopper: Client) -> None:
    assert "Silk shirt" in page(shopper, PRODUCT)
    chinese = shopper.get(PRODUCT, headers={"accept-language": "zh-CN"}).content.decode()
    assert "真丝衬衫" in chinese
    assert "白色" in chinese
    assert "Silk shirt" in page(shopper, PRODUCT)


def test_head_is_answered_as_get_is(world: World, shopper: Client) -> None:
    assert shopper.head(PRODUCT).status_code == 200
    assert shopper.post(PRODUCT).status_code in {403, 405}


def test_garment_is_drawn_in_its_color(shopper: Client) -> None:
    response = shopper.get("/garments/coat/8a6d4f.svg")
    assert response["Content-Type"] == "image/svg+xml"
    assert "immutable" in response["Cache-Control"]
    assert b'fill="#8a6d4f"' in response.content


@pytest.mark.parametrize(
    "address", ["/garments/spacesuit/8a6d4f.svg", "/garments/base/8a6d4f.svg", "/garments/coat/red.svg"]
)
def test_garment_that_nobody_drew_is_not_found(shopper: Client, address: str) -> None:
    answer = shopper.get(address)
    assert (answer.status_code, b"<svg" in answer.content, "immutable" in answer.get("Cache-Control", "")) == (
        404,
        False,
        False,
    )


# Statements: the same with three products and with thirty


@pytest.mark.parametrize("number", [3, 30])
@pytest.mark.parametrize(("address", "cold"), [("/", 7), ("/products/", 5), ("/products/?brand=one", 6), (PRODUCT, 4)])
def test_page_takes_one_statement_once_it_is_kept(
    world: World, django_assert_num_queries: DjangoAssertNumQueries, number: int, address: str, cold: int
) -> None:
    make_products(world, number - 2)
    page(Client(), address)  # a connection prepares its statements once
    forget()
    with django_assert_num_queries(cold):
        page(Client(), address)
    # The home page has two lists.
    with django_assert_num_queries(2 if address == "/" else 1):
        page(Client(), address)


def test_product_with_a_place_takes_three_statements_more_to_make(
    world: World, shopper: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # A connection prepares its statements once, of stores too, and a process reads a district once.
    remember_place(shopper)
    page(shopper, PRODUCT)
    forget()
    with django_assert_num_queries(7):
        page(shopper, PRODUCT)
    with django_assert_num_queries(1):
        page(shopper, PRODUCT)


def test_list_makes_again_only_the_card_that_became_untrue(
    world: World, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_products(world, 5)
    page(shopper, "/products/")
    made: list[int] = []
    load = queries.load_cards

    def note(product_ids: list[int], now: datetime) -> dict[int, queries.ProductCard]:
        made.extend(product_ids)
        return load(product_ids, now=now)

    monkeypatch.setattr(queries, "load_cards", note)
    Price.objects.filter(variant=world.variants["L"]).update(sale_fen=12300)
    assert "¥123.00" in page(shopper, "/products/")
    assert made == [world.product.pk]


def test_list_stays_kept_when_a_pulse_changed_nothing_on_it(
    world: World, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(Client(), "/products/")
    hold(world, "C", "S", 1)
    made: list[str] = []
    monkeypatch.setattr(finding, "_filters", lambda listing, language: made.append("a page"))
    with django_assert_num_queries(2):
        page(Client(), "/products/")
    with django_assert_num_queries(1):
        page(Client(), "/products/")
    assert made == []


# Kept pages


def hold(world: World, store: str, size: str, units: int) -> list[int]:
    with entry():
        want = StockWant(world.stores[store].pk, world.variants[size].pk, units)
        return services.hold_stock([want], owner="fulfillment_order:1", now=NOON)


def test_next_page_after_the_last_unit_is_held_shows_a_store_less(world: World, shopper: Client) -> None:
    assert size_note(page(shopper, PRODUCT), "SHIRT-S") == "3 stores"
    held = hold(world, "C", "S", 1)
    assert size_note(page(shopper, PRODUCT), "SHIRT-S") == "2 stores"
    with entry():
        services.release_reservations(held)
    assert size_note(page(shopper, PRODUCT), "SHIRT-S") == "3 stores"


def test_next_pages_after_a_price_change_show_it(world: World, shopper: Client) -> None:
    assert "¥399.00" in page(shopper, PRODUCT)
    assert "¥399.00" in page(shopper, "/products/")
    assert "¥399.00" in page(shopper, "/")
    Price.objects.filter(variant=world.variants["L"]).update(sale_fen=29900)
    for address in (PRODUCT, "/products/", "/"):
        text = page(shopper, address)
        assert "¥299.00" in text
        assert "¥399.00" not in text


def test_next_pages_after_raw_sql_sold_everything_show_it(world: World, shopper: Client) -> None:
    assert "Sold out" not in page(shopper, "/products/?brand=one")
    assert "Sold out" not in page(shopper, PRODUCT)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_stocklevel SET unsellable = on_hand WHERE variant_id = ANY(%s)",
            [[variant.pk for variant in world.variants.values()]],
        )
    assert "Sold out" in page(shopper, "/products/?brand=one")
    assert "Sold out" in page(shopper, PRODUCT)


def test_next_page_with_a_place_shows_which_stores_are_left(world: World, shopper: Client) -> None:
    remember_place(shopper)
    assert ">Store C</a>" in page(shopper, PRODUCT)
    for size, units in zip("SML", (1, 50, 1), strict=True):
        hold(world, "C", size, units)
    assert ">Store C</a>" not in page(shopper, f"{PRODUCT}?size=M")


@pytest.mark.django_db(transaction=True)
def test_next_page_is_right_when_changes_commit_out_of_order(shopper: Client) -> None:
    world = build_world()
    pulsed, read = Event(), Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                StockLevel.objects.filter(pk=world.level("A", "M").pk).update(safety=2)
                pulsed.set()
                read.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        assert pulsed.wait(10)
        hold(world, "C", "S", 1)
        text = page(shopper, PRODUCT)
        assert (size_note(text, "SHIRT-S"), size_note(text, "SHIRT-M")) == ("2 stores", "3 stores")
        read.set()
        late.result(10)
    text = page(shopper, PRODUCT)
    assert (size_note(text, "SHIRT-S"), size_note(text, "SHIRT-M")) == ("2 stores", "2 stores")


def change_while_the_page_is_made(world: World, monkeypatch: pytest.MonkeyPatch, load: Callable[..., object]) -> None:
    """Let the stock change after the page has read it, while it reads something else."""

    def load_and_change(*arguments: object, **named: object) -> object:
        found = load(*arguments, **named)
        monkeypatch.undo()
        hold(world, "C", "S", 1)
        return found

    monkeypatch.setattr(queries, "sizes_of", load_and_change)


def test_page_made_while_the_stock_changed_is_not_shown_again(
    world: World, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_while_the_page_is_made(world, monkeypatch, queries.sizes_of)
    assert size_note(page(shopper, PRODUCT), "SHIRT-S") == "3 stores"
    assert size_note(page(shopper, PRODUCT), "SHIRT-S") == "2 stores"


def test_control_with_a_version_that_never_changes_shows_sold_stock(
    world: World, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "find_version", lambda brand, code: (world.product.pk, "1"))
    page(shopper, PRODUCT)
    hold(world, "C", "S", 1)
    assert size_note(page(shopper, PRODUCT), "SHIRT-S") == "3 stores"


def test_kept_page_carries_each_visitor_their_own_token(world: World) -> None:
    for _visitor in range(2):
        visitor = Client(enforce_csrf_checks=True)
        token = page(visitor, PRODUCT).split('name="csrfmiddlewaretoken" value="', 1)[1].split('"', 1)[0]
        answer = visitor.post("/i18n/setlang/", {"language": "en", "next": PRODUCT, "csrfmiddlewaretoken": token})
        assert (answer.status_code, answer["Location"]) == (302, PRODUCT)
        assert fragments.TOKEN_MARK not in page(visitor, PRODUCT)


@pytest.mark.parametrize("address", ["/", "/products/", PRODUCT])
def test_kept_page_would_be_the_same_for_everybody(world: World, clerk_a: Staff, address: str) -> None:
    texts = []
    for user in (None, clerk_a.user):
        visitor = Client()
        if user:
            visitor.force_login(user)
        visitor.cookies["basket"] = get_cookie_signer(salt="basket").sign("a-token")
        visitor.get("/orders/")
        forget()
        text = page(visitor, address)
        texts.append(text.replace(text.split('csrfmiddlewaretoken" value="', 1)[1].split('"', 1)[0], "token"))
    assert texts[0] == texts[1]


def test_kept_page_holds_nobodys_message(world: World, shopper: Client) -> None:
    page(shopper, PRODUCT)
    shopper.handler.enforce_csrf_checks = False
    answer = shopper.post("/basket/add/", {"brand": "one", "sku": ""}, headers={"referer": PRODUCT})
    assert answer.status_code == 302
    assert "Choose a size." in page(shopper, PRODUCT)
    assert "Choose a size." not in page(shopper, PRODUCT)


def test_kept_page_is_made_again_after_half_a_minute(
    world: World, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(shopper, "/")
    Category.objects.filter(pk=world.product.category.pk).update(shape="coat")
    assert "/garments/coat/ffffff" not in page(shopper, "/")
    monkeypatch.setattr(fragments, "KEEP_SECONDS", -1.0)
    assert "/garments/coat/ffffff" in page(shopper, "/")


def test_next_pages_after_a_brand_or_category_is_renamed_show_it(world: World, shopper: Client) -> None:
    for address in ("/", "/products/", "/products/?brand=one"):
        page(shopper, address)
    Brand.objects.filter(pk=world.brand.pk).update(name_en="Renamed")
    Category.objects.filter(pk=world.product.category.pk).update(name_en="Blouses")
    assert "Renamed" in page(shopper, "/")
    for address in ("/products/", "/products/?brand=one"):
        assert "Blouses" in page(shopper, address)


def test_fragment_store_forgets_the_oldest_beyond_its_size() -> None:
    store = fragments.FragmentStore(most=2)
    for key in ("a", "b", "a", "c"):
        store.keep(key, "1", key.upper())
    assert [store.find(key, "1") for key in "abc"] == ["A", None, "C"]
    assert store.find("a", "2") is None
