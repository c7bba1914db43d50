"""Reads of the shop's lists: which products, in which order, and how many each further choice would leave."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from inventory.choices import ColorFamily, SortOrder
from inventory.models import Collection
from inventory.queries.catalogue import fetch_rows
from inventory.sql import listing as sql
from omni.kernel import bilingual, geo
from omni.kernel.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from inventory.queries.search import SearchQuery

# Where one price band ends and the next begins, in fen.
PRICE_BANDS = (20_000, 50_000, 100_000, 200_000)


class ListedProduct(NamedTuple):
    """A product of a list: its page's version, where it stands, the colour asked for, and the lists' version."""

    product_id: int
    version: str
    key: str
    shade: str | None
    lists_version: str

    @property
    def cursor(self) -> tuple[str, int]:
        """Return what a list goes on after."""
        return self.key, self.product_id


@dataclass(frozen=True, slots=True)
class NearStock:
    """What the stores around a point can sell: "family|size" and its halves by product, and the ids of the stores."""

    stores: tuple[int, ...]
    options: Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class ListWish:
    """Which products to list; what is empty leaves all. Of colours, and of sizes, any will do."""

    brand: str = ""
    category: str = ""
    collection_id: int | None = None
    colors: tuple[ColorFamily, ...] = ()
    sizes: tuple[str, ...] = ()
    price_from_fen: int | None = None
    price_to_fen: int | None = None
    is_on_offer: bool = False
    near: NearStock | None = None
    search: SearchQuery | None = None
    order: SortOrder = SortOrder.NEWEST

    @property
    def options(self) -> list[str]:
        """Return the options of which a product must have one."""
        return _options(self.colors, self.sizes)

    @property
    def values(self) -> dict[str, Any]:
        """Return the parameters of all conditions."""
        values: dict[str, Any] = {
            "brand": self.brand,
            "category": self.category,
            "collection": self.collection_id,
            "options": self.options,
            "color_options": _options(self.colors, ()),
            "size_options": _options((), self.sizes),
            "families": [color.value for color in self.colors],
            "sizes": list(self.sizes),
            "any_family": not self.colors,
            "any_size": not self.sizes,
            "price_from": self.price_from_fen,
            "price_to": self.price_to_fen,
            "bands": list(PRICE_BANDS),
            "shades": [color.value for color in self.colors],
            "shade_words": [],
        }
        if self.search:
            values |= {**self.search.values, "match": self.search.match}
            values["shade_words"] = self.search.words
            values["shades"] += self.search.families
        if self.near:
            near = {key: has for key, has in self.near.options.items() if not self.options or has & {*self.options}}
            values |= {"stores": list(self.near.stores), "products": list(near)}
        return values


@dataclass(frozen=True, slots=True)
class Facets:
    """How many products there are, and how many each further choice would leave, by its value in the address."""

    total: int = 0
    on_offer: int = 0
    brands: Mapping[str, int] = field(default_factory=dict)
    categories: Mapping[str, int] = field(default_factory=dict)
    colors: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CollectionCard:
    """A collection as the home page shows it: its looks are (drawing, colour) of up to three products."""

    brand_code: str
    brand_name_zh: str
    brand_name_en: str
    code: str
    name_zh: str
    name_en: str
    story_zh: str
    story_en: str
    looks: tuple[tuple[str, str], ...]

    @property
    def brand_name(self) -> str:
        """Return the brand's name in the language active now."""
        return bilingual.pick(self.brand_name_zh, self.brand_name_en)

    @property
    def story(self) -> str:
        """Return its story line in the language active now."""
        return bilingual.pick(self.story_zh, self.story_en)


@dataclass(frozen=True, slots=True)
class CategoryTile:
    """A category that has something on sale, with the look of its newest product and how many there are."""

    code: str
    name_zh: str
    name_en: str
    shape: str
    color_hex: str
    products: int


def list_products(wish: ListWish, *, after: tuple[str, int] | None = None, limit: int = 24) -> list[ListedProduct]:
    """Return the products of a list in its order, those after the cursor; one statement, no dearer further down.

    Of stores nearby, what they ceased to have since `near` was read is left out.
    """
    key, order, beyond = sql.ORDERS[wish.order]
    values = wish.values | {"limit": limit}
    if after and not _read_cursor(wish.order, after, values):
        after = None
    conditions = " ".join(f"AND {condition}" for condition in _conditions(wish, values))
    shade = sql.SHADE if values["shades"] or values["shade_words"] else sql.NO_SHADE
    if wish.order is SortOrder.BEST:
        statement = sql.LIST_FOUND.format(
            key=key, shade=shade, order=order, conditions=conditions, after=f"AND {beyond}" if after else ""
        )
    else:
        conditions += f" AND {beyond}" if after else ""
        statement = sql.LIST_PRODUCTS.format(key=key, shade=shade, order=order, conditions=conditions)
    return [ListedProduct(*row) for row in fetch_rows(statement, values)]


def count_facets(wish: ListWish) -> Facets:
    """Count the products of a list, and what each further choice would leave; one statement."""
    values = wish.values
    if wish.near:
        values |= {
            "products": list(wish.near.options),
            "near_options": ["\x1f".join(sorted(has)) for has in wish.near.options.values()],
        }
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for kind, value, number in fetch_rows(_facets_statement(wish), values):
        counts[kind][value] = number
    return Facets(
        total=counts["total"][""],
        on_offer=counts["offer"][""],
        brands=counts["brand"],
        categories=counts["category"],
        colors=counts["color"],
        sizes=counts["size"],
        prices=counts["price"],
    )


def near_stock(point: tuple[float, float, float], metres: float) -> NearStock:
    """Return what the active stores within a distance of a unit vector can sell; two statements."""
    x, y, z = point
    values = {"x": x, "y": y, "z": z, "chord": geo.chord_of_metres(metres)}
    stores = tuple(store_id for (store_id,) in fetch_rows(sql.NEAR_STORES, values))
    if not stores:
        return NearStock((), {})
    with connection.cursor() as cursor:
        cursor.execute(sql.NEAR_STOCK, {"stores": list(stores)})
        found = cursor.fetchall()
    options = {product_id: frozenset[str]().union(*map(_with_halves, pairs)) for product_id, pairs in found}
    return NearStock(stores if found else (), options)


@functools.lru_cache(maxsize=4096)
def _with_halves(pair: str) -> tuple[str, str, str]:
    """Return "family|size" with its halves: "family|" and "|size"."""
    color, _bar, size = pair.partition("|")
    return pair, f"{color}|", f"|{size}"


def get_collection(brand_code: str, code: str, *, today: date) -> Collection:
    """Return a collection that has been launched.

    :raises NotFound: when there is none.
    """
    found = Collection.objects.filter(brand__code=brand_code, code=code, launched_on__lte=today)
    collection = found.select_related("brand").first()
    if collection is None:
        raise NotFound
    return collection


def collection_cards(*, today: date, limit: int) -> list[CollectionCard]:
    """Return the newest collections that have something on sale; one statement."""
    found = fetch_rows(sql.SHOWN_COLLECTIONS, {"today": today, "limit": limit})
    return [CollectionCard(*[*facts, tuple((shape, color) for shape, color in looks)]) for *facts, looks in found]


def category_tiles() -> list[CategoryTile]:
    """Return the categories that have something on sale, in their order; one statement."""
    return [CategoryTile(*row) for row in fetch_rows(sql.CATEGORY_TILES, {})]


def _options(colors: tuple[ColorFamily, ...], sizes: tuple[str, ...]) -> list[str]:
    return [f"{color}|{size}" for color in colors or ("",) for size in sizes or ("",)] if colors or sizes else []


def _read_cursor(order: SortOrder, after: tuple[str, int], values: dict[str, Any]) -> bool:
    """Add the parameters of a cursor; False when it is of a list in another order."""
    key, values["after_id"] = after
    score, _tilde, on = key.rpartition("~")
    values["score"], values["after"] = score, on
    if order is SortOrder.BEST:
        return score.isascii() and score.isdigit() and "-" in on
    return not score and ("-" in on if order is SortOrder.NEWEST else on.isascii() and on.isdigit())


def _conditions(wish: ListWish, values: dict[str, Any]) -> list[str]:
    """Return the conditions of a list."""
    wanted = {
        sql.IN_BRAND: wish.brand,
        sql.IN_CATEGORY: wish.category,
        sql.IN_COLLECTION: wish.collection_id,
        sql.IN_OPTIONS: wish.options,
        sql.FROM_PRICE: wish.price_from_fen is not None,
        sql.TO_PRICE: wish.price_to_fen is not None,
        sql.ON_OFFER: wish.is_on_offer,
        sql.MATCHING: wish.search,
        sql.AMONG: wish.near,
        sql.STILL_NEAR: wish.near,
    }
    return [condition for condition, is_wanted in wanted.items() if is_wanted]


def _facets_statement(wish: ListWish) -> str:
    """Return the statement that counts for a wish."""
    prices = [sql.FROM_PRICE] * (wish.price_from_fen is not None) + [sql.TO_PRICE] * (wish.price_to_fen is not None)
    fixed = [sql.IN_COLLECTION] * bool(wish.collection_id) + [sql.MATCHING] * bool(wish.search)
    has = sql.NEAR_OPTIONS if wish.near else "listing.options"
    return sql.FACETS.format(
        near=sql.NEAR_JOIN if wish.near else "",
        options=has,
        conditions=" ".join(f"AND {condition}" for condition in fixed),
        in_brand=sql.IN_BRAND if wish.brand else "true",
        in_category=sql.IN_CATEGORY if wish.category else "true",
        in_price=" AND ".join(prices) or "true",
        on_offer=sql.ON_OFFER if wish.is_on_offer else "true",
        in_both=f"{has} && %(options)s::text[]" if wish.options else "true",
        in_color=f"{has} && %(color_options)s::text[]" if wish.colors else "true",
        in_size=f"{has} && %(size_options)s::text[]" if wish.sizes else "true",
        size_of_color="= ANY(%(sizes)s::text[])" if wish.sizes else "= ''",
        color_of_size="= ANY(%(families)s::text[])" if wish.colors else "= ''",
    )
