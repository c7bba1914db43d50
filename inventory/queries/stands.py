"""Where a variant can be had now, whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q

from inventory.models import Product, StockLevel, Variant

if TYPE_CHECKING:
    from collections.abc import Collection


def sellable_stands(variant_id: int) -> list[tuple[float, float, int]]:
    """Return latitude, longitude and sellable units of every open store that has a variant, by store."""
    units = F("on_hand") - F("held") - F("allocated") - F("unsellable") - F("safety")
    levels = StockLevel.objects.filter(variant=variant_id, store__is_active=True).annotate(units=units)
    rows = levels.filter(units__gt=0).order_by("store")
    return list(rows.values_list("store__lat", "store__lng", "units"))


def find_variant(brand_id: int, sku: str) -> Variant | None:
    """Return a variant that is on sale, with its product and category; None when the brand has none."""
    if "\0" in sku:
        return None
    on_sale = Variant.objects.filter(brand=brand_id, sku=sku, is_active=True, product__is_active=True)
    return on_sale.select_related("product__category").first()


def find_labelled(brand_id: int, code: str) -> Variant | None:
    """Return the brand's variant with this SKU, else with this barcode, on sale or not; None when there is none."""
    if "\0" in code:
        return None
    labelled = Variant.objects.filter(Q(sku=code) | Q(barcode=code), brand=brand_id).exclude(sku="")
    found = labelled.select_related("product__category").order_by("pk")
    return min(found, key=lambda variant: variant.sku != code, default=None)


def sellable_at(store_id: int, variant_id: int) -> int:
    """Return how many units of a variant a store may sell now."""
    units = F("on_hand") - F("held") - F("allocated") - F("unsellable") - F("safety")
    level = StockLevel.objects.filter(store=store_id, variant=variant_id).annotate(units=units)
    return max(level.values_list("units", flat=True).first() or 0, 0)


def find_product(brand_code: str, code: str) -> Product | None:
    """Return a product that is on sale; None when the brand has none."""
    if "\0" in code:
        return None
    return Product.objects.filter(brand__code=brand_code, code=code, is_active=True).first()


def sellable_here(store_id: int, variant_ids: Collection[int]) -> dict[int, int]:
    """Return how many units of variants a store can sell, safety stock left aside; what it never had is missing."""
    units = F("on_hand") - F("held") - F("allocated") - F("unsellable") - F("safety")
    levels = StockLevel.objects.filter(store=store_id, variant__in=set(variant_ids)).annotate(units=units)
    return {variant_id: max(0, left) for variant_id, left in levels.values_list("variant_id", "units")}


def find_for_sale(brand_id: int, text: str) -> list[Variant]:
    """Return what a text that was scanned or typed names: a variant by SKU or barcode, or all of a style code.

    Only what is on sale, with product and category, in the order of the catalogue; empty when it names nothing.
    """
    code = text.strip()
    if not code or not code.isprintable():
        return []
    on_sale = Variant.objects.filter(brand=brand_id, is_active=True, product__is_active=True)
    exact = on_sale.filter(Q(sku__iexact=code) | Q(barcode=code))
    found = exact if exact.exists() else on_sale.filter(product__code__iexact=code)
    return list(found.select_related("product__category").order_by("product", "position", "pk"))
