"""Where a store's goods lie, and of which of them it is in doubt that they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inventory.choices import DOUBTFUL
from inventory.models import CountTask, StockLevel, Variant

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


class Doubt(NamedTuple):
    """Why somebody should look at the shelf first: units were not found there, or damaged, and nobody has counted."""

    reason: str
    opened_at: datetime


def bins_of(store_id: int, variant_ids: Collection[int]) -> dict[int, str]:
    """Return where in a store variants lie; those without a place are missing."""
    levels = StockLevel.objects.filter(store=store_id, variant__in=variant_ids).exclude(bin="")
    return dict(levels.values_list("variant_id", "bin"))


def doubts_of(store_id: int, variant_ids: Collection[int]) -> dict[int, Doubt]:
    """Return the variants of which units were not found or damaged in a store since it was last counted."""
    tasks = CountTask.objects.filter(
        level__store=store_id, level__variant__in=variant_ids, closed_at__isnull=True, reason__in=DOUBTFUL
    )
    rows = tasks.values_list("level__variant_id", "reason", "opened_at")
    return {variant_id: Doubt(reason, opened_at) for variant_id, reason, opened_at in rows}


def name_of_code(brand_id: int, code: str) -> str:
    """Return the SKU of what a brand's SKU or barcode names, on sale or not; "" when it names nothing."""
    if not code or "\0" in code:
        return ""
    variants = Variant.objects.filter(brand=brand_id)
    found = variants.filter(sku=code).first() or variants.filter(barcode=code).first()
    return found.sku if found else ""
