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
from inventory.queries.pricing import PricedVariant, price_lines, product_codes, product_ids_by_code, variants_by_sku
from inventory.queries.product import (
    Chart,
    ColorView,
    Picture,
    ProductDetail,
    SizeView,
    StoreWith,
    find_scanned,
    load_product,
    outfit_of,
    product_addresses,
    promise_of,
    sizes_of,
    stores_with,
)
from inventory.queries.stands import find_product, find_variant, sellable_stands

__all__ = [
    "Chart",
    "ColorView",
    "Picture",
    "PricedVariant",
    "ProductCard",
    "ProductDetail",
    "SizeView",
    "StoreWith",
    "audit_counters",
    "audit_movements",
    "categories",
    "category_tree",
    "find_product",
    "find_scanned",
    "find_variant",
    "find_version",
    "list_products",
    "load_cards",
    "load_product",
    "on_hand_by_store",
    "outfit_of",
    "price_lines",
    "product_addresses",
    "product_codes",
    "product_ids_by_code",
    "promise_of",
    "sellable_stands",
    "sizes_of",
    "stores_with",
    "variants_by_sku",
    "variants_in_stock",
]
