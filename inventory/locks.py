"""The row locks of inventory. A level is locked before its reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.models import StockLevel
from omni.kernel.errors import NotFound
from omni.kernel.locking import locked

if TYPE_CHECKING:
    from collections.abc import Iterable


def lock_levels(level_ids: Iterable[int]) -> dict[int, StockLevel]:
    """Lock stock levels in the order of their ids and return them as they are now, by id."""
    return {level.pk: level for level in locked(StockLevel.objects.filter(pk__in=list(level_ids)))}


def lock_level(store_id: int, variant_id: int) -> StockLevel:
    """Lock one store's level of a variant and return it as it is now.

    :raises NotFound: when the store never had the variant.
    """
    rows = locked(StockLevel.objects.filter(store_id=store_id, variant_id=variant_id))
    if not rows:
        raise NotFound
    return rows[0]
