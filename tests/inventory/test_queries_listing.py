"""Lists: which products, in which order, down to any depth; the counts beside the filters; what keeps listings true."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from inventory import queries, services
from inventory.choices import ColorFamily, SortOrder
from inventory.models import Category, Collection, Price, Product, ProductListing, StockLevel, Variant
from inventory.queries import Facets, ListWish
from omni.kernel import geo
from omni.kernel.errors import NotFound
from omni.kernel.transactions import entry
from omni.pages.demo.cloths import COLORS
from stores.models import Store
from tests.cast import HOME, NOON, World, build_world
from tests.factories.inventory import CategoryFactory, PriceFactory, ProductFactory, StockLevelFactory, VariantFactory

pytestmark = pytest.mark.django_db

POINT = geo.unit_vector(*HOME)


def ids(wish: ListWish) -> list[int]:
    return [product.product_id for product in queries.list_products(wish, limit=100)]


def walk(wish: ListWish, *, limit: int) -> list[int]:
    """Return the products of all pages of a list."""
    seen: list[int] = []
    after = None
    while found := queries.list_products(wish, after=after, limit=limit):
        seen += [product.product_id for product in found]
        after = found[-1].cursor
    return seen


def listing(product: Product) -> ProductListing:
    return ProductListing.objects.get(product=product)


# Orders


def make_range(world: World) -> list[Product]:
    """Make five styles of coats: (day of launch, list price, sale price)."""
    category = CategoryFactory.create(code="coats")
    facts = [(3, 50000, None), (1, 30000, 15000), (3, 50000, 40000), (2, 90000, None), (3, 30000, 24000)]
    made = []
    for day, list_fen, sale_fen in facts:
        product = ProductFactory.create(brand=world.brand, category=category, launched_on=date(2026, 2, day))
        VariantFactory.create(product=product, price__list_fen=list_fen, price__sale_fen=sale_fen)
        made.append(product)
    return made


@pytest.mark.parametrize(
    ("order", "places"),
    [
        (SortOrder.NEWEST, [4, 2, 0, 3, 1]),
        (SortOrder.PRICE_UP, [1, 4, 2, 0, 3]),
        (SortOrder.PRICE_DOWN, [3, 0, 2, 4, 1]),
        (SortOrder.MOST_OFF, [1, 4, 2, 3, 0]),
    ],
)
def test_list_walks_all_pages_in_its_order_without_gap_or_repetition(
    world: World, order: SortOrder, places: list[int]
) -> None:
    made = make_range(world)
    wish = ListWish(category="coats", order=order)
    assert walk(wish, limit=2) == [made[place].pk for place in places]
    assert walk(wish, limit=2) == ids(wish)


def test_list_by_best_match_walks_all_pages(world: World) -> None:
    make_range(world)
    with entry():
        services.refresh_listings(now=NOON)
    wish = ListWish(search=queries.understand("真丝衬衫"), order=SortOrder.BEST)
    assert len(walk(wish, limit=2)) == 7
    assert walk(wish, limit=2) == ids(wish)


@pytest.mark.parametrize("order", list(SortOrder))
@pytest.mark.parametrize("after", [("2026-01-01", 1), ("500", 1), ("3~2026-01-01", 1), ("~", 1), ("x", 1), ("", 0)])
def test_cursor_of_another_order_begins_the_list(world: World, order: SortOrder, after: tuple[str, int]) -> None:
    wish = ListWish(order=order, search=queries.understand("真丝") if order is SortOrder.BEST else None)
    whole = queries.list_products(wish)
    found = queries.list_products(wish, after=after)
    assert found == whole[len(whole) - len(found) :]
    assert found == whole or after[0][0].isdigit()


# Filters


def test_list_filters_by_brand_and_category_and_what_is_below_it(world: World) -> None:
    own = world.product.category
    parent = CategoryFactory.create(code="tops")
    Category.objects.filter(pk=own.pk).update(parent=parent)
    assert ids(ListWish(brand="one")) == [world.product.pk]
    assert ids(ListWish(brand="one", category=own.code)) == [world.product.pk]
    assert ids(ListWish(category="tops")) == [world.product.pk]
    assert ids(ListWish(brand="two", category=own.code)) == []
    assert ids(ListWish(brand="three")) == []
    assert ids(ListWish(category="hats")) == []


def test_list_leaves_out_what_is_not_on_sale(world: World) -> None:
    Product.objects.filter(pk=world.product.pk).update(is_active=False)
    assert ids(ListWish(brand="one")) == []
    assert queries.find_version("one", "SHIRT") is None
    assert queries.load_product(world.product.pk) is None


def test_list_leaves_out_what_has_no_price_now(world: World) -> None:
    Price.objects.filter(variant__product=world.product).update(valid=DateTimeTZRange(NOON - timedelta(days=9), NOON))
    assert ids(ListWish(brand="one")) == []


def test_color_and_size_must_be_of_one_variant(world: World) -> None:
    VariantFactory.create(product=world.product, color_zh="酒红", color_hex="#6c1f2f", size="XL", sku="SHIRT-RED-XL")
    red, white = ColorFamily.RED, ColorFamily.WHITE
    assert ids(ListWish(brand="one", colors=(red,))) == [world.product.pk]
    assert ids(ListWish(brand="one", sizes=("S",))) == [world.product.pk]
    assert ids(ListWish(brand="one", colors=(red,), sizes=("S",))) == []
    assert ids(ListWish(brand="one", colors=(red, white), sizes=("S", "XXL"))) == [world.product.pk]
    assert ids(ListWish(brand="one", colors=(ColorFamily.BLUE,))) == []
    (found,) = queries.list_products(ListWish(brand="one", colors=(red,)))
    assert found.shade == "#6c1f2f"


def test_price_and_offer_filter_by_the_lowest_price(world: World) -> None:
    own = world.product.pk
    assert ids(ListWish(brand="one", price_from_fen=39900, price_to_fen=39900)) == [own]
    assert ids(ListWish(brand="one", price_from_fen=40000)) == []
    assert ids(ListWish(brand="one", price_to_fen=39899)) == []
    assert ids(ListWish(is_on_offer=True)) == [own]


def test_near_lists_only_what_a_store_within_the_distance_can_sell(world: World) -> None:
    own = world.product.pk
    near = queries.near_stock(POINT, 1000)
    assert near.stores == (world.stores["A"].pk, world.other_store.pk)
    assert near.options[own] == {"white|S", "white|M", "white|", "|S", "|M"}
    assert ids(ListWish(brand="one", near=near)) == [own]
    assert ids(ListWish(brand="one", near=near, sizes=("M",))) == [own]
    assert ids(ListWish(brand="one", near=near, sizes=("L",))) == []
    assert ids(ListWish(brand="one", near=queries.near_stock(POINT, 5000), sizes=("L",))) == [own]
    assert queries.near_stock(geo.unit_vector(0, 0), 5000).stores == ()
    assert ids(ListWish(near=queries.near_stock(geo.unit_vector(0, 0), 5000))) == []


def test_near_never_lists_what_has_been_sold_since_it_was_read(world: World) -> None:
    near = queries.near_stock(POINT, 1000)
    StockLevel.objects.filter(store=world.stores["A"]).update(safety=99)
    assert ids(ListWish(brand="one", near=near)) == []


def test_near_leaves_out_closed_stores(world: World) -> None:
    Store.objects.filter(pk=world.stores["A"].pk).update(is_active=False)
    assert queries.near_stock(POINT, 1000).stores == (world.other_store.pk,)


# Counts


def test_facets_count_what_each_further_choice_would_leave(world: World) -> None:
    VariantFactory.create(product=world.product, color_zh="酒红", color_hex="#6c1f2f", size="XL", sku="SHIRT-RED-XL")
    own, other = world.product.category.code, world.other_variant.product.category.code
    assert queries.count_facets(ListWish()) == Facets(
        total=2,
        on_offer=1,
        brands={"one": 1, "two": 1},
        categories={own: 1, other: 1},
        colors={"red": 1, "white": 2},
        sizes={"S": 1, "M": 2, "L": 1, "XL": 1},
        prices={"1": 2},
    )
    chosen = queries.count_facets(ListWish(colors=(ColorFamily.RED,), brand="one", price_from_fen=1))
    assert chosen == Facets(
        total=1,
        on_offer=1,
        brands={"one": 1},
        categories={own: 1},
        colors={"red": 1, "white": 1},
        sizes={"XL": 1},
        prices={"1": 1},
    )


def test_facets_agree_with_the_lists_they_lead_to(world: World) -> None:
    make_range(world)
    for wish in (ListWish(), ListWish(brand="one"), ListWish(sizes=("M",), is_on_offer=True)):
        facets = queries.count_facets(wish)
        assert facets.total == len(ids(wish))
    facets = queries.count_facets(ListWish(brand="one"))
    assert {size: len(ids(ListWish(brand="one", sizes=(size,)))) for size in facets.sizes} == facets.sizes
    assert {code: len(ids(ListWish(brand="one", category=code))) for code in facets.categories} == facets.categories


def test_facets_near_count_what_stores_there_can_sell(world: World) -> None:
    near = queries.near_stock(POINT, 1000)
    facets = queries.count_facets(ListWish(brand="one", near=near))
    assert (facets.total, facets.sizes, facets.colors) == (1, {"S": 1, "M": 1}, {"white": 1})
    assert queries.count_facets(ListWish(near=near, sizes=("L",))).total == 0


# Collections and categories


def test_collection_is_found_once_it_is_launched(world: World) -> None:
    collection = Collection.objects.create(
        brand=world.brand, code="spring", name_zh="春", name_en="Spring", launched_on=date(2026, 3, 1)
    )
    Product.objects.filter(pk=world.product.pk).update(collection=collection)
    assert queries.get_collection("one", "spring", today=date(2026, 3, 1)) == collection
    assert ids(ListWish(collection_id=collection.pk)) == [world.product.pk]
    (card,) = queries.collection_cards(today=date(2026, 3, 1), limit=6)
    assert (card.code, card.looks) == ("spring", (("shirt", "#ffffff"),))
    assert queries.collection_cards(today=date(2026, 2, 28), limit=6) == []
    for brand, today in (("one", date(2026, 2, 28)), ("two", date(2026, 3, 1))):
        with pytest.raises(NotFound):
            queries.get_collection(brand, "spring", today=today)


def test_category_tiles_show_the_newest_of_each(world: World) -> None:
    newer = ProductFactory.create(brand=world.brand, category=world.product.category, launched_on=date(2026, 2, 1))
    VariantFactory.create(product=newer, color_hex="#123456")
    CategoryFactory.create(code="empty")
    tiles = {tile.code: (tile.color_hex, tile.products) for tile in queries.category_tiles()}
    assert tiles == {
        world.product.category.code: ("#123456", 2), world.other_variant.product.category.code: ("#ffffff", 1),
    }  # fmt: skip


# What keeps listings true


def test_listing_follows_prices_in_the_same_transaction(world: World) -> None:
    assert (listing(world.product).price_fen, listing(world.product).off_ppm) == (39900, 200400)
    Price.objects.filter(variant=world.variants["L"]).update(sale_fen=10000)
    assert listing(world.product).price_fen == 10000
    Price.objects.filter(variant=world.variants["L"]).delete()
    assert (listing(world.product).price_fen, listing(world.product).off_ppm) == (49900, 0)
    Variant.objects.filter(product=world.product).update(is_active=False)
    assert not listing(world.product).is_listed


def test_price_that_begins_by_its_date_is_listed_when_it_is_due(world: World) -> None:
    price = world.variants["S"].prices.get()
    ends = datetime.now(tz=UTC) + timedelta(hours=1)
    Price.objects.filter(pk=price.pk).update(valid=DateTimeTZRange(NOON, ends))
    assert listing(world.product).due_at == ends
    # The database's clock decides what is valid, so the day is brought here rather than waited for.
    Price.objects.filter(pk=price.pk).update(valid=DateTimeTZRange(NOON, None))
    ProductListing.objects.filter(product=world.product).update(price_fen=1, due_at=NOON)
    with entry():
        services.refresh_listings(now=NOON)
    assert (listing(world.product).price_fen, listing(world.product).due_at) == (39900, None)


def test_listing_of_what_stays_as_it_is_is_not_written(world: World) -> None:
    before = listing(world.product).changed_at
    Product.objects.filter(pk=world.product.pk).update(care_en="Dry clean")
    assert listing(world.product).changed_at == before
    Product.objects.filter(pk=world.product.pk).update(name_en="Blouse")
    assert listing(world.product).changed_at != before


def test_renamed_category_brand_and_collection_reach_the_words(world: World) -> None:
    with entry():
        services.refresh_listings(now=NOON)
    Category.objects.filter(pk=world.product.category.pk).update(name_en="Blouses")
    assert [row.product for row in ProductListing.objects.filter(is_segmented=False)] == [world.product]
    with entry():
        assert services.refresh_listings(now=NOON) == 1
    world.brand.name_en = "Renamed"
    world.brand.save()
    assert listing(world.product).words["other"][1] == "Renamed"


def test_forgotten_segments_are_read_again(world: World) -> None:
    with entry():
        services.refresh_listings(now=NOON)
        assert services.forget_segments() == 2
        assert services.refresh_listings(now=NOON, limit=1) == 1
        assert services.refresh_listings(now=NOON) == 1
        assert services.refresh_listings(now=NOON) == 0


@pytest.mark.django_db(transaction=True)
def test_prices_changed_at_the_same_time_are_both_listed() -> None:
    world = build_world()
    changed, go = Event(), Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                Price.objects.filter(variant=world.variants["S"]).update(sale_fen=20000)
                changed.set()
                go.wait(10)
        finally:
            connection.close()

    def other() -> None:
        try:
            Price.objects.filter(variant=world.variants["M"]).update(sale_fen=30000)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slow)
        assert changed.wait(10)
        second = pool.submit(other)
        with pytest.raises(TimeoutError):
            second.result(0.5)  # it waits for the listing
        go.set()
        first.result(10)
        second.result(10)
    assert listing(world.product).price_fen == 20000


# Colours


def test_color_family_of_every_demo_color(world: World) -> None:
    found: dict[str, list[str]] = {}
    for number, (code, (value, zh, en, _letters)) in enumerate(COLORS.items()):
        variant = VariantFactory.create(
            product=world.product, sku=f"C{number}", color_zh=zh, color_en=en, color_hex=value
        )
        found.setdefault(variant.color_family, []).append(code)
    assert found == {
        "black": ["ink"],
        "white": ["white", "ivory"],
        "beige": ["oat", "khaki", "champagne"],
        "brown": ["camel", "chestnut", "cocoa", "tobacco"],
        "grey": ["stone", "heather", "charcoal"],
        "blue": ["navy", "midnight", "denim", "sky", "mist"],
        "green": ["olive", "pine", "sage"],
        "yellow": ["butter"],
        "orange": ["coral"],
        "pink": ["rose"],
        "red": ["wine"],
        "purple": ["plum", "lilac"],
    }


@pytest.mark.parametrize(
    ("value", "family"),
    [
        *(("#000000", "black"), ("#fefefe", "white"), ("#808080", "grey"), ("#ff0000", "red"), ("#ff8800", "orange")),
        *(("#ffee00", "yellow"), ("#00aa00", "green"), ("#0044cc", "blue"), ("#7700cc", "purple"), ("#ffaacc", "pink")),
        *(("#d9c7a9", "beige"), ("#6b4423", "brown"), ("", ""), ("red", "")),
    ],
)
def test_color_without_a_telling_name_is_judged_by_its_value(world: World, value: str, family: str) -> None:
    variant = VariantFactory.create(
        product=world.product, color_zh="梦境", color_en="Dream", color_hex=value, sku="DREAM"
    )
    assert variant.color_family == family


def test_stock_level_changes_no_listing(world: World) -> None:
    before = listing(world.product).changed_at
    StockLevelFactory.create(variant=VariantFactory.create(product__brand=world.brand), store=world.stores["A"])
    PriceFactory.create(variant=VariantFactory.create(product__brand=world.brand, price=None))
    assert listing(world.product).changed_at == before
