"""Reads of the catalogue and of stock."""

from inventory.queries.catalogue import (
    ColorView,
    NearStore,
    ProductCard,
    ProductDetail,
    SizeView,
    categories,
    find_product,
    list_products,
    load_cards,
    near_stores,
    on_hand_by_store,
    sizes_of,
)
from inventory.queries.pricing import PricedVariant, price_lines, variants_by_sku

__all__ = [
    "ColorView",
    "NearStore",
    "PricedVariant",
    "ProductCard",
    "ProductDetail",
    "SizeView",
    "categories",
    "find_product",
    "list_products",
    "load_cards",
    "near_stores",
    "on_hand_by_store",
    "price_lines",
    "sizes_of",
    "variants_by_sku",
]
