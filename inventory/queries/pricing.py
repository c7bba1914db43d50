"""Reads of the catalogue and of stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Count, F

from inventory import sql
from inventory.models import Price, Product, StockLevel, Variant
from omni.kernel.statements import execute_prepared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class PricedVariant:
    """What placing needs to know of a SKU: VAT is inside the prices, `unit_price_fen` is what everybody pays.

    A member's lower price, `member_fen`, is an adjustment of the line, never its unit price. `is_marked_down`: it is
    the price of a sale.
    """

    sku: str
    variant_id: int
    product_name_zh: str
    product_name_en: str
    color_zh: str
    color_en: str
    size: str
    unit_price_fen: int
    tag_fen: int
    tax_rate_ppm: int
    member_fen: int | None
    product_id: int
    category_id: int
    is_marked_down: bool


def variants_by_sku(brand_id: int, skus: Iterable[str]) -> dict[str, Variant]:
    """Return a brand's variants by SKU, on sale or not; an unknown SKU is missing."""
    return {variant.sku: variant for variant in Variant.objects.filter(brand_id=brand_id, sku__in=set(skus))}


def variants_of(product_ids: Iterable[int]) -> list[Variant]:
    """Return the variants of products, on sale or not, as they were entered."""
    return list(Variant.objects.filter(product__in=set(product_ids)).order_by("pk"))


def product_ids_by_code(brand_id: int, codes: Iterable[str]) -> dict[str, int]:
    """Return the ids of a brand's products by style code, on sale or not; an unknown code is missing."""
    return dict(Product.objects.filter(brand_id=brand_id, code__in=set(codes)).values_list("code", "pk"))


def product_codes(product_ids: Iterable[int]) -> dict[int, str]:
    """Return the style codes of products by id."""
    return dict(Product.objects.filter(pk__in=set(product_ids)).values_list("pk", "code"))


def price_lines(brand_id: int, skus: Sequence[str], now: datetime) -> list[PricedVariant]:
    """Return the brand's SKUs that are on sale and have a price now, in no order; one statement.

    A SKU that is unknown, withdrawn or without a price is missing from the result.
    """
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.PRICE_LINES, {"brand_id": brand_id, "skus": list(skus), "now": now})
        return [PricedVariant(*row) for row in cursor.fetchall()]


def unit_prices(variant_ids: Iterable[int], now: datetime) -> dict[int, int]:
    """Return what a shopper pays for a unit of each variant now, in fen; one without a price is missing."""
    prices = Price.objects.filter(variant__in=set(variant_ids), valid__contains=now)
    return {price.variant_id: price.unit_price_fen for price in prices}


def stores_with_all(variant_ids: Sequence[int], store_ids: Sequence[int]) -> set[int]:
    """Return those of some stores that can sell a unit of every variant; one query."""
    sellable = F("on_hand") - F("held") - F("allocated") - F("unsellable") - F("safety")
    levels = StockLevel.objects.filter(variant__in=variant_ids, store__in=store_ids)
    levels = levels.annotate(units_left=sellable).filter(units_left__gt=0)
    found = levels.values("store").annotate(variants=Count("pk")).filter(variants=len(set(variant_ids)))
    return set(found.values_list("store", flat=True))


def variants_at(store_id: int, variant_ids: Iterable[int]) -> set[int]:
    """Return those of the variants of which one store has a unit to sell; one query."""
    sellable = F("on_hand") - F("held") - F("allocated") - F("unsellable") - F("safety")
    levels = StockLevel.objects.filter(store=store_id, variant__in=set(variant_ids)).annotate(units_left=sellable)
    return set(levels.filter(units_left__gt=0).values_list("variant", flat=True))


def on_sale_by_sku(sku: str) -> list[Variant]:
    """Return the variants of this SKU, with their products and brands: each brand may have one of its own."""
    found = Variant.objects.filter(sku=sku, is_active=True, product__is_active=True)
    return list(found.select_related("product__category", "brand").order_by("pk"))
