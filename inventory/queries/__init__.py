"""Reads of the catalogue and of stock."""

from inventory.queries.audit import audit_counters, audit_movements
from inventory.queries.catalogue import (
    ProductCard,
    categories,
    category_tree,
    find_version,
    list_products,
    load_cards,
    on_hand_by_store,
    variants_in_stock,
)
from inventory.queries.pricing import PricedVariant, price_lines, variants_by_sku
from inventory.queries.product import (
    ColorView,
    NearStore,
    ProductDetail,
    SizeView,
    load_product,
    near_stores,
    sizes_of,
)
from inventory.queries.stands import find_product, find_variant, sellable_stands

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
    "category_tree",
    "find_product",
    "find_variant",
    "find_version",
    "list_products",
    "load_cards",
    "load_product",
    "near_stores",
    "on_hand_by_store",
    "price_lines",
    "sellable_stands",
    "sizes_of",
    "variants_by_sku",
    "variants_in_stock",
]
