"""Reads of the catalogue and of stock."""

from inventory.queries.audit import audit_counters, audit_movements
from inventory.queries.catalogue import (
    ColorView,
    NearStore,
    ProductCard,
    ProductDetail,
    SizeView,
    categories,
    find_version,
    list_products,
    load_cards,
    load_product,
    near_stores,
    on_hand_by_store,
    sizes_of,
    variants_in_stock,
)
from inventory.queries.pricing import PricedVariant, price_lines, variants_by_sku

__all__ = [
    "ColorView",
    "NearStore",
    "PricedVariant",
    "ProductCard",
    "ProductDetail",
    "SizeView",
    "audit_counters",
    "audit_movements",
    "categories",
    "find_version",
    "list_products",
    "load_cards",
    "load_product",
    "near_stores",
    "on_hand_by_store",
    "price_lines",
    "sizes_of",
    "variants_by_sku",
    "variants_in_stock",
]
