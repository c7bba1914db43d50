"""Reads for the shop: which products, in which colours and sizes, at which price, in how many stores.

A page is kept together with the version of its products (see `StockPulse`), so it asks for versions each time and
reads the rest only when they changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from inventory import sql
from inventory.models import Category
from omni.kernel import bilingual, clock
from omni.kernel.statements import execute_prepared

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class ProductCard:
    """A product in a list. Prices in fen: the lowest a shopper pays, and the list price beside it."""

    product_id: int
    brand_code: str
    brand_name_zh: str
    brand_name_en: str
    code: str
    name_zh: str
    name_en: str
    shape: str
    price_fen: int
    list_fen: int
    colors: tuple[str, ...]
    is_sold_out: bool

    @property
    def is_on_sale(self) -> bool:
        """Tell whether the shopper pays less than the list price."""
        return self.price_fen < self.list_fen

    @property
    def brand_name(self) -> str:
        """Return the brand's name in the language active now."""
        return bilingual.pick(self.brand_name_zh, self.brand_name_en)


@dataclass(frozen=True, slots=True)
class SizeView:
    """A size of one colour: its price now, how many stores have it, and how far the nearest is."""

    variant_id: int
    sku: str
    name: str
    price_fen: int
    list_fen: int
    store_count: int
    nearest_metres: float | None


@dataclass(frozen=True, slots=True)
class ColorView:
    hex: str
    name_zh: str
    name_en: str

    @property
    def name(self) -> str:
        """Return the colour's name in the language active now."""
        return bilingual.pick(self.name_zh, self.name_en)


@dataclass(frozen=True, slots=True)
class ProductDetail:
    """A product's words and colours."""

    product_id: int
    brand_code: str
    brand_name_zh: str
    brand_name_en: str
    code: str
    shape: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    fabric_zh: str
    fabric_en: str
    care_zh: str
    care_en: str
    colors: tuple[ColorView, ...]

    def text(self, field: str) -> str:
        """Return a two-language text ("name", "description", "fabric", "care") in the language active now."""
        return bilingual.pick(getattr(self, f"{field}_zh"), getattr(self, f"{field}_en"))


@dataclass(frozen=True, slots=True)
class NearStore:
    """A store that has sizes of a colour, how far it is, and its hours today (minutes after midnight; -1: closed)."""

    name_zh: str
    name_en: str
    address: str
    metres: float
    sizes: tuple[str, ...]
    opens_minute: int
    closes_minute: int

    @property
    def hours(self) -> str:
        """Return today's hours as a clock shows them ("10:00–22:00"); nothing when it is closed."""
        if self.opens_minute < 0:
            return ""
        clocks = [f"{minute // 60 % 24:02d}:{minute % 60:02d}" for minute in (self.opens_minute, self.closes_minute)]
        return "–".join(clocks)


def categories() -> QuerySet[Category]:
    """Return the categories that products are listed under, in their order."""
    return Category.objects.filter(parent__isnull=False)


def list_products(
    *, brand_code: str = "", category_code: str = "", after: tuple[str, int] | None = None, limit: int = 24
) -> list[tuple[int, str, str]]:
    """Return (product id, its page version, its launch date) of products on sale, the newest first; one statement.

    `after` is the (launch date, id) of the last product seen, so depth costs nothing.
    """
    conditions, values = [], dict[str, Any](limit=limit)
    if brand_code:
        conditions.append(sql.IN_BRAND)
        values["brand"] = brand_code
    if category_code:
        conditions.append(sql.IN_CATEGORY)
        values["category"] = category_code
    if after:
        conditions.append(sql.AFTER)
        values["after_on"], values["after_id"] = after
    return _rows(sql.LIST_PRODUCTS.format(conditions=" ".join(conditions)), values)


def load_cards(product_ids: Sequence[int], *, now: datetime) -> dict[int, ProductCard]:
    """Return the cards of products by id; one that has no price now is missing."""
    rows = _rows(sql.PRODUCT_CARDS, {"ids": list(product_ids), "now": now})
    return {row[0]: ProductCard(*_frozen(row)) for row in rows}


def find_version(brand_code: str, code: str) -> tuple[int, str] | None:
    """Return (id, page version) of a product on sale by the codes of its brand and style, or None; one statement."""
    rows = _rows(sql.FIND_VERSION, {"brand": brand_code, "code": code})
    return rows[0] if rows else None


def load_product(product_id: int) -> ProductDetail | None:
    """Return the words and colours of a product on sale; None when it is not, or has nothing to choose from."""
    rows = _rows(sql.LOAD_PRODUCT, {"product": product_id})
    if not rows or rows[0][-1] is None:
        return None
    *facts, colors = rows[0]
    return ProductDetail(*[*facts, tuple(ColorView(*color) for color in colors)])


def sizes_of(
    product_id: int, color_hex: str, *, point: tuple[float, float, float] | None, now: datetime
) -> list[SizeView]:
    """Return the sizes of a colour in their order; distances only with the unit vector of a point."""
    x, y, z = point or (None, None, None)
    values = {"product": product_id, "color": color_hex, "x": x, "y": y, "z": z, "now": now}
    return [SizeView(*row) for row in _rows(sql.SIZES_OF, values)]


def near_stores(
    product_id: int, color_hex: str, *, point: tuple[float, float, float], now: datetime, limit: int = 5
) -> list[NearStore]:
    """Return the nearest stores that have any size of a colour to sell, the nearest first; their hours are today's."""
    x, y, z = point
    today = clock.business_date(now)
    values = {"product": product_id, "color": color_hex, "x": x, "y": y, "z": z, "limit": limit}
    rows = _rows(sql.NEAR_STORES, {**values, "today": today, "weekday": today.isoweekday()})
    return [NearStore(*_frozen(row)) for row in rows]


def variants_in_stock(variant_ids: Collection[int]) -> set[int]:
    """Return those of the variants of which some store has a unit to sell."""
    return {row[0] for row in _rows(sql.VARIANTS_IN_STOCK, {"variants": list(variant_ids)})}


def on_hand_by_store(brand_ids: Collection[int]) -> dict[int, int]:
    """Return the units on hand of each store of the brands; a store without any is missing."""
    return dict(_rows(sql.ON_HAND_BY_STORE, {"brands": list(brand_ids)}))


def _frozen(row: tuple[Any, ...]) -> list[Any]:
    """Turn the arrays of a row into tuples."""
    return [tuple(value) if isinstance(value, list) else value for value in row]


def _rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        execute_prepared(cursor, statement, values)
        return list(cursor.fetchall())
