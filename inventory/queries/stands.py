"""Where a variant can be had now, whoever asks."""

from __future__ import annotations

from django.db.models import F, Q

from inventory.models import Product, StockLevel, Variant


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
