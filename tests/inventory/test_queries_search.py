"""Finding products by words: what is found, in which order, and what a mistyped word may have meant."""

import pytest

from inventory import queries, services
from inventory.choices import ColorFamily, SortOrder
from inventory.models import Product, ProductListing
from inventory.queries import ListWish
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.factories.inventory import CategoryFactory, ProductFactory, VariantFactory

pytestmark = pytest.mark.django_db

DRESSES = (
    ("红色真丝连衣裙", "Red silk dress", "#a3222f", "酒红", "Wine"),
    ("桑蚕丝收腰连衣裙", "Waisted silk dress", "#1b1b1f", "墨黑", "Ink black"),
    ("亚麻茶歇连衣裙", "Tea-length linen dress", "#6c1f2f", "酒红", "Wine"),
    ("羊毛系带短大衣", "Belted wool short coat", "#b98a54", "驼色", "Camel"),
    ("重磅棉落肩长袖 T 恤", "Drop-shoulder heavyweight cotton long-sleeve T-shirt", "#f7f6f2", "本白", "Soft white"),
    ("防泼水锦纶飞行员夹克", "Bomber nylon jacket", "#22304d", "藏青", "Navy"),
)


@pytest.fixture
def range_of_brand(world: World) -> dict[str, Product]:
    """Return products of brand two by their Chinese names, read by the segmenter."""
    category = CategoryFactory.create(code="pieces", name_zh="单品", name_en="Pieces")
    made: dict[str, Product] = {}
    for name_zh, name_en, color_hex, color_zh, color_en in DRESSES:
        product = ProductFactory.create(brand=world.other_brand, name_zh=name_zh, name_en=name_en, category=category)
        VariantFactory.create(
            product=product, color_hex=color_hex, color_zh=color_zh, color_en=color_en, sku=f"{product.code}-M",
            barcode=f"69{product.pk:011d}",
        )  # fmt: skip
        made[name_zh] = product
    refresh()
    return made


def refresh() -> None:
    with entry():
        services.refresh_listings(now=NOON)


def names(text: str, *, is_any: bool = False) -> list[str]:
    """Return the names of what a query finds, the best first."""
    query = queries.understand(text, is_any=is_any)
    assert query is not None
    found = queries.list_products(ListWish(search=query, order=SortOrder.BEST), limit=50)
    by_id = dict(Product.objects.values_list("pk", "name_zh"))
    return [by_id[product.product_id] for product in found]


def meant(text: str) -> str | None:
    query = queries.understand(text)
    assert query is not None
    found = queries.find_meant(query)
    return found.text if found else None


def test_search_finds_words_that_stand_apart_in_the_name_and_ranks_the_name_first(
    range_of_brand: dict[str, Product],
) -> None:
    assert names("红色连衣裙") == ["红色真丝连衣裙", "亚麻茶歇连衣裙"]
    assert names("红裙") == ["红色真丝连衣裙", "亚麻茶歇连衣裙"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("短大衣", ["羊毛系带短大衣"]),
        ("大衣", ["羊毛系带短大衣"]),
        ("T恤", ["重磅棉落肩长袖 T 恤"]),
        ("t 恤", ["重磅棉落肩长袖 T 恤"]),
        ("T-Shirts", ["重磅棉落肩长袖 T 恤"]),
        ("red dresses", ["红色真丝连衣裙", "亚麻茶歇连衣裙"]),
        ("夹克 藏青", ["防泼水锦纶飞行员夹克"]),
        ("blue jacket", ["防泼水锦纶飞行员夹克"]),
        ("ｊａｃｋｅｔ", ["防泼水锦纶飞行员夹克"]),
        ("宇航服", []),
        ("裙 夹克", []),
    ],
)
def test_search_finds(range_of_brand: dict[str, Product], text: str, found: list[str]) -> None:
    assert names(text) == found


def test_search_by_code_sku_or_barcode_finds_the_one(range_of_brand: dict[str, Product]) -> None:
    product = range_of_brand["羊毛系带短大衣"]
    for code in (product.code, product.code.lower(), f"{product.code}-M", f"69{product.pk:011d}"):
        assert names(code) == ["羊毛系带短大衣"]


def test_search_for_any_word_ranks_by_how_many_are_there(range_of_brand: dict[str, Product]) -> None:
    assert names("羊毛 连衣裙 收腰", is_any=True)[0] == "桑蚕丝收腰连衣裙"
    assert len(names("羊毛 连衣裙 收腰", is_any=True)) == 4


def test_search_shows_the_color_that_was_asked_for(range_of_brand: dict[str, Product]) -> None:
    VariantFactory.create(
        product=range_of_brand["桑蚕丝收腰连衣裙"], color_hex="#6c1f2f", color_zh="酒红", color_en="Wine", position=3
    )
    refresh()
    query = queries.understand("红色 收腰")
    assert query is not None
    assert query.families == (ColorFamily.RED,)
    (found,) = queries.list_products(ListWish(search=query, order=SortOrder.BEST))
    assert found.shade == "#6c1f2f"
    (unasked,) = queries.list_products(ListWish(search=queries.understand("收腰"), order=SortOrder.BEST))
    assert unasked.shade is None


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("连衣群", "连衣裙"),
        ("红色连衣群", "红色连衣裙"),
        ("夹可", "夹克"),
        ("甲克", "夹克"),
        ("dres", "dress"),
        ("jaket", "jacket"),
        ("red derss", "red dress"),
        ("zzzzzz", None),
        ("宇航服", None),
    ],
)
def test_mistyped_word_means_the_nearest_known_one(
    range_of_brand: dict[str, Product], text: str, corrected: str | None
) -> None:
    assert meant(text) == corrected


def test_suggestions_complete_the_last_word_and_name_products(range_of_brand: dict[str, Product]) -> None:
    assert queries.suggest_words("连") == ["连衣裙"]
    assert queries.suggest_words("红色连") == ["红色连衣裙"]
    assert queries.suggest_words("red dr")[0] == "red dress"
    assert queries.suggest_words("%") == []
    assert queries.suggest_words("") == []
    (product,) = queries.suggest_products("飞行")
    assert (product.name_en, product.color_hex, product.is_of_color) == ("Bomber nylon jacket", "#22304d", False)
    assert [product.name_zh for product in queries.suggest_products("羊毛 大")] == ["羊毛系带短大衣"]
    assert queries.suggest_products("'") == []


def test_product_that_is_renamed_is_found_by_its_new_name_alone(range_of_brand: dict[str, Product]) -> None:
    Product.objects.filter(name_zh="红色真丝连衣裙").update(name_zh="朱红斜裁半身裙")
    assert ProductListing.objects.filter(is_segmented=False).count() == 1
    refresh()
    assert names("半身裙") == ["朱红斜裁半身裙"]
    assert ProductListing.objects.filter(is_segmented=False).count() == 0


def test_product_that_is_withdrawn_is_no_longer_found(range_of_brand: dict[str, Product]) -> None:
    Product.objects.filter(name_zh="红色真丝连衣裙").update(is_active=False)
    assert names("红色连衣裙") == ["亚麻茶歇连衣裙"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *((text, []) for text in ("'", "''|&!():*\\", "\\", "a:b", "％", "👗", "<b>", "\u202e")),
        ("红'色", ["红色真丝连衣裙", "亚麻茶歇连衣裙"]),
    ],
)
def test_query_of_strange_characters_is_harmless(
    range_of_brand: dict[str, Product], text: str, found: list[str]
) -> None:
    query = queries.understand(text)

    assert (names(text) if query else []) == found
    assert query is None or queries.find_meant(query) is None
    assert all(word.startswith(("a:b", "b")) for word in queries.suggest_words(text))
    assert len(queries.suggest_products(text)) <= len(DRESSES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("真丝 收腰", ["桑蚕丝收腰连衣裙"]),
        ("短袖", ["重磅棉落肩长袖 T 恤"]),
        ("tshirt", ["重磅棉落肩长袖 T 恤"]),
        ("风衣", ["羊毛系带短大衣"]),
    ],
)
def test_word_for_the_same_thing_finds_it(range_of_brand: dict[str, Product], text: str, found: list[str]) -> None:
    assert names(text) == found
