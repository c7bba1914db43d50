"""What the page of a product reads: words, pictures, sizes, stores that have a size, its promise, outfit and codes."""

from datetime import datetime, timedelta

import pytest

from inventory import queries
from inventory.models import Price, Product, SizeChart, StockLevel, Variant
from omni.kernel import clock, geo
from stores.models import Brand, HoursException, Store
from stores.queries import Place
from tests.cast import HOME, NOON, World
from tests.factories.inventory import (
    CategoryFactory,
    CollectionFactory,
    MediaFactory,
    ProductFactory,
    StockLevelFactory,
    VariantFactory,
)
from tests.factories.stores import DistrictFactory
from tests.inventory.test_catalogue import POINT, WHITE, counts, hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(world: World) -> Place:
    """Return a place near store A."""
    return Place(*HOME, DistrictFactory.create(), is_position=True)


# Words, pictures and sizes


def test_load_product_without_a_variant_on_sale_is_none(world: World) -> None:
    Variant.objects.filter(product=world.product).update(is_active=False)
    assert queries.load_product(world.product.pk) is None


def test_load_product_reads_words_and_colors(world: World) -> None:
    product = queries.load_product(world.product.pk)
    assert product is not None
    assert (product.brand_code, product.code, product.name_zh, product.shape) == ("one", "SHIRT", "真丝衬衫", "shirt")
    assert [(color.hex, color.name_zh, color.name_en) for color in product.colors] == [(WHITE, "白色", "White")]


def test_sizes_of_counts_the_stores_that_can_sell_each_size(world: World) -> None:
    sizes = queries.sizes_of(world.product.pk, WHITE, point=None, now=NOON)
    assert [(size.name, size.sku, size.store_count) for size in sizes] == [
        ("S", "SHIRT-S", 3),
        ("M", "SHIRT-M", 3),
        ("L", "SHIRT-L", 2),
    ]
    assert [(size.price_fen, size.list_fen) for size in sizes] == [(49900, 49900), (49900, 49900), (39900, 49900)]
    assert [size.nearest_metres for size in sizes] == [None, None, None]


def test_sizes_of_with_a_point_tells_how_far_the_nearest_store_is(world: World) -> None:
    sizes = queries.sizes_of(world.product.pk, WHITE, point=POINT, now=NOON)
    nearest = {
        name: geo.great_circle_metres(*HOME, store.lat, store.lng)
        for name, store in (("S", world.stores["A"]), ("M", world.stores["A"]), ("L", world.stores["B"]))
    }
    assert {size.name: size.nearest_metres for size in sizes} == pytest.approx(nearest, abs=0.5)


def test_sizes_of_counts_only_what_may_still_be_promised(world: World) -> None:
    hold(world, "C", "S", 1)
    StockLevel.objects.filter(pk=world.level("B", "S").pk).update(safety=5)
    StockLevel.objects.filter(pk=world.level("A", "M").pk).update(unsellable=2)
    Store.objects.filter(pk=world.stores["C"].pk).update(is_active=False)
    assert counts(world) == {"S": 1, "M": 1, "L": 1}


def test_sizes_of_tell_tag_and_member_price(world: World) -> None:
    Price.objects.filter(variant=world.variants["M"]).update(member_fen=45900)
    sizes = {size.name: size for size in queries.sizes_of(world.product.pk, WHITE, point=None, now=NOON)}
    assert [(sizes[name].was_fen, sizes[name].member_fen) for name in "SML"] == [
        (59900, None),
        (59900, 45900),
        (59900, None),
    ]
    Price.objects.update(tag_fen=49900)
    sizes = {size.name: size for size in queries.sizes_of(world.product.pk, WHITE, point=None, now=NOON)}
    assert [sizes[name].was_fen for name in "SML"] == [0, 0, 49900]


def test_pictures_are_those_of_the_color_in_their_order(world: World) -> None:
    MediaFactory.create(product=world.product, kind="back", position=2, drawing="shirt.back")
    MediaFactory.create(product=world.product, kind="front", position=1, drawing="", file="products/a.jpg")
    MediaFactory.create(product=world.product, color_hex="#000000", position=0)
    product = queries.load_product(world.product.pk)
    assert product is not None
    assert [(picture.kind, picture.drawing, picture.file) for picture in product.pictures(WHITE)] == [
        ("front", "", "products/a.jpg"),
        ("back", "shirt.back", ""),
    ]


def test_pictures_without_any_are_the_drawing_of_the_category(world: World) -> None:
    product = queries.load_product(world.product.pk)
    assert product is not None
    assert [picture.drawing for picture in product.pictures(WHITE)] == ["shirt"]
    Product.objects.update(drawing="shirt.stripe")
    product = queries.load_product(world.product.pk)
    assert product is not None
    assert [picture.drawing for picture in product.pictures(WHITE)] == ["shirt.stripe"]


def test_chart_of_the_product_comes_before_that_of_its_category(world: World) -> None:
    def chart() -> dict[str, object] | None:
        product = queries.load_product(world.product.pk)
        assert product is not None
        return product.chart.garment if product.chart else None

    assert chart() is None
    own = {"brand": world.brand, "category": world.product.category}
    of_category = SizeChart.objects.create(**own, garment={"measures": ["bust"], "sizes": [["M", 98]]})
    assert chart() == of_category.garment
    of_product = SizeChart.objects.create(
        **own, product=world.product, garment={"measures": ["bust"], "sizes": [["M", 104]]}
    )
    assert chart() == of_product.garment
    SizeChart.objects.filter(pk=of_product.pk).update(product=world.other_variant.product)
    assert chart() == of_category.garment


# Stores that have a size


def stores_of(world: World, size: str, place: Place, now: datetime = NOON) -> list[queries.StoreWith]:
    return queries.stores_with(world.product.pk, WHITE, world.variants[size].pk, place=place, now=now)


def names(stores: list[queries.StoreWith]) -> list[tuple[str, tuple[str, ...]]]:
    return [(row.found.store.name_en, row.sizes) for row in stores]


def test_stores_with_a_size_are_only_those_that_have_it_the_nearest_first(world: World, home: Place) -> None:
    assert names(stores_of(world, "S", home)) == [
        ("Store A", ("S", "M")),
        ("Store B", ("S", "M", "L")),
        ("Store C", ("S", "M", "L")),
    ]
    found = stores_of(world, "L", home)
    assert names(found) == [("Store B", ("S", "M", "L")), ("Store C", ("S", "M", "L"))]
    store = world.stores["B"]
    assert found[0].found.metres == pytest.approx(geo.great_circle_metres(*HOME, store.lat, store.lng))
    hold(world, "B", "L", 5)
    assert names(stores_of(world, "L", home)) == [("Store C", ("S", "M", "L"))]


def test_stores_with_a_size_nobody_has_are_none(world: World, home: Place) -> None:
    StockLevel.objects.filter(variant=world.variants["L"]).update(safety=99)
    assert stores_of(world, "L", home) == []


# The promise


def promised(world: World, size: str, place: Place, now: datetime = NOON) -> tuple[str, float | None, str, int] | None:
    promise = queries.promise_of(stores_of(world, size, place, now), now=now)
    if promise is None:
        return None
    store = promise.found.store.name_en
    return store, promise.hours, f"{promise.arrives_at:%H:%M}", promise.days


def test_promise_of_an_open_store_counts_hours(world: World, home: Place) -> None:
    # 60 minutes to prepare, 20 for the courier to come, 1 to ride: 81 minutes from noon.
    assert promised(world, "S", home) == ("Store A", 1.5, "13:30", 0)
    # 2.97 km as the bird flies: 16 minutes to ride.
    assert promised(world, "L", home) == ("Store B", 2.0, "14:00", 0)


def test_promise_of_a_closed_store_names_the_clock(world: World, home: Place) -> None:
    late = NOON + timedelta(hours=11)
    assert promised(world, "S", home, late) == ("Store A", None, "11:30", 1)
    early = NOON - timedelta(hours=3)
    assert promised(world, "S", home, early) == ("Store A", None, "11:30", 0)


def test_promise_skips_stores_that_do_not_send(world: World, home: Place) -> None:
    Store.objects.filter(pk=world.stores["A"].pk).update(offers_shipping=False)
    assert (promised(world, "S", home) or ("",))[0] == "Store B"
    Store.objects.filter(pk=world.stores["B"].pk).update(consents_to_routing=False)
    # Store C is in another city, beyond the reach of couriers: ready at 13:20, and a day on the road.
    assert promised(world, "S", home) == ("Store C", None, "13:20", 1)
    Brand.objects.filter(pk=world.brand.pk).update(sends_express=False)
    assert promised(world, "S", home) is None
    Brand.objects.filter(pk=world.brand.pk).update(promise_reach_metres=200_000)
    assert (promised(world, "S", home) or ("",))[0] == "Store C"


def test_promise_skips_a_store_that_stays_closed_too_long(world: World, home: Place) -> None:
    for offset in range(2):
        HoursException.objects.create(
            store=world.stores["A"], on_date=clock.business_date(NOON) + timedelta(days=offset)
        )
    assert (promised(world, "S", home) or ("",))[0] == "Store B"


# Outfits


def piece(world: World, branch: str, *, units: int = 1) -> Product:
    """Make a product of the collection in a category below a branch of the tree."""
    parent, _made = type(world.product.category).objects.get_or_create(code=branch, defaults={"name_zh": branch})
    product = ProductFactory.create(
        brand=world.brand, collection=world.product.collection, category=CategoryFactory.create(parent=parent)
    )
    StockLevelFactory.create(variant=VariantFactory.create(product=product), store=world.stores["A"], on_hand=units)
    return product


@pytest.fixture
def collection(world: World) -> None:
    """Put the shirt into a collection, among the tops."""
    world.product.collection = CollectionFactory.create(brand=world.brand)
    world.product.category.parent = CategoryFactory.create(code="tops")
    world.product.category.save()
    world.product.save()


@pytest.mark.usefixtures("collection")
def test_outfit_takes_one_of_each_other_branch_in_the_order_of_the_rule(world: World) -> None:
    coat, first, second = piece(world, "outerwear"), piece(world, "bottoms"), piece(world, "bottoms")
    piece(world, "tops")
    piece(world, "bottoms", units=0)
    ProductFactory.create(brand=world.brand, category=first.category)
    outfit = queries.outfit_of(world.product.pk)
    assert outfit[0] in {first.pk, second.pk}
    assert outfit[1:] == [coat.pk]
    assert queries.outfit_of(world.product.pk) == outfit


def test_outfit_of_a_product_without_a_collection_is_none(world: World) -> None:
    assert queries.outfit_of(world.product.pk) == []


# Codes


def test_find_scanned_knows_sku_and_barcode_of_the_brand_only(world: World) -> None:
    Variant.objects.filter(pk=world.variants["M"].pk).update(barcode="6901234567892")
    shirt = ("SHIRT", WHITE, "M")
    assert queries.find_scanned("one", "SHIRT-M") == queries.find_scanned("one", "6901234567892") == shirt
    assert queries.find_scanned("two", "6901234567892") is None
    assert queries.find_scanned("one", "") is None
    Product.objects.filter(pk=world.product.pk).update(is_active=False)
    assert queries.find_scanned("one", "SHIRT-M") is None
