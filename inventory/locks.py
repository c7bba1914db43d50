"""The row locks of inventory: a count or a shipment, then levels, then their reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from django.db import connection

from inventory import sql
from inventory.models import Count, Shipment, StockLevel
from omni.kernel.errors import NotFound
from omni.kernel.locking import locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

M = TypeVar("M")


def lock_count(count_id: int) -> Count:
    """Lock a count and return it as it is now.

    :raises NotFound: when there is none.
    """
    return _one(locked(Count.objects.filter(pk=count_id)))


def lock_shipment(shipment_id: int) -> Shipment:
    """Lock a shipment and return it as it is now.

    :raises NotFound: when there is none.
    """
    return _one(locked(Shipment.objects.filter(pk=shipment_id)))


def _one(rows: list[M]) -> M:
    if not rows:
        raise NotFound
    return rows[0]


def lock_levels(level_ids: Iterable[int]) -> dict[int, StockLevel]:
    """Lock stock levels in the order of their ids and return them as they are now, by id."""
    return {level.pk: level for level in locked(StockLevel.objects.filter(pk__in=list(level_ids)))}


def lock_level(store_id: int, variant_id: int) -> StockLevel:
    """Lock one store's level of a variant and return it as it is now.

    :raises NotFound: when the store never had the variant.
    """
    return _one(locked(StockLevel.objects.filter(store_id=store_id, variant_id=variant_id)))


def lock_levels_at(places: Sequence[tuple[int, int]]) -> list[StockLevel]:
    """Lock the levels of (store id, variant id) in the order of their ids and return them as they are now."""
    return list(lock_levels([level.id for level in lock_places(places)]).values())


class LockedLevel(NamedTuple):
    """What an import needs of a locked level."""

    id: int
    store_id: int
    variant_id: int
    on_hand: int
    unsellable: int


def add_missing_levels(places: Sequence[tuple[int, int]]) -> int:
    """Add an empty level for each (store id, variant id) that has none, with the store's safety; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ADD_LEVELS, _columns(places))
        return int(cursor.rowcount)


def lock_places(places: Sequence[tuple[int, int]]) -> list[LockedLevel]:
    """Lock the levels of many (store id, variant id) in the order of their ids and return them as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_PLACES, _columns(places))
        return [LockedLevel(*row) for row in cursor.fetchall()]


def _columns(places: Sequence[tuple[int, int]]) -> dict[str, list[int]]:
    return {
        "stores": [store_id for store_id, _variant in places],
        "variants": [variant_id for _s, variant_id in places],
    }
