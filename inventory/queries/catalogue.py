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
from omni.kernel import bilingual
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


def categories() -> QuerySet[Category]:
    """Return the categories that products are listed under, in their order."""
    return Category.objects.filter(parent__isnull=False)


def category_tree() -> QuerySet[Category]:
    """Return every category, with those above others, in their order."""
    return Category.objects.all()


def load_cards(product_ids: Sequence[int], *, now: datetime) -> dict[int, ProductCard]:
    """Return the cards of products by id; one that has no price now is missing."""
    found = fetch_rows(sql.PRODUCT_CARDS, {"ids": list(product_ids), "now": now})
    return {row[0]: ProductCard(*frozen(row)) for row in found}


def find_version(brand_code: str, code: str) -> tuple[int, str] | None:
    """Return (id, page version) of a product on sale by the codes of its brand and style, or None; one statement."""
    found = fetch_rows(sql.FIND_VERSION, {"brand": brand_code, "code": code})
    return found[0] if found else None


def variants_in_stock(variant_ids: Collection[int]) -> set[int]:
    """Return those of the variants of which some store has a unit to sell."""
    return {row[0] for row in fetch_rows(sql.VARIANTS_IN_STOCK, {"variants": list(variant_ids)})}


def on_hand_by_store(brand_ids: Collection[int]) -> dict[int, int]:
    """Return the units on hand of each store of the brands; a store without any is missing."""
    return dict(fetch_rows(sql.ON_HAND_BY_STORE, {"brands": list(brand_ids)}))


def frozen(row: tuple[Any, ...]) -> list[Any]:
    """Turn the arrays of a row into tuples."""
    return [tuple(value) if isinstance(value, list) else value for value in row]


def fetch_rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a prepared statement and return its rows."""
    with connection.cursor() as cursor:
        execute_prepared(cursor, statement, values)
        return list(cursor.fetchall())
