"""What other stores have of a product, seen from the store in which somebody asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from inventory.queries.catalogue import fetch_rows
from inventory.sql import around as sql
from omni.kernel import bilingual
from stores import choices as stores_choices

if TYPE_CHECKING:
    from datetime import datetime

    from stores.models import Store

# Nobody can walk into these and take a piece away.
ELSEWHERE = [stores_choices.StoreKind.WAREHOUSE.value, stores_choices.StoreKind.TRANSIT.value]


@dataclass(frozen=True, slots=True)
class SizeAround:
    """A size of one colour: what the store may sell, and which other stores have it, the nearest by name."""

    variant_id: int
    sku: str
    name: str
    price_fen: int
    here: int
    store_count: int
    nearest_zh: str | None
    nearest_en: str | None
    nearest_metres: float | None

    @property
    def nearest(self) -> str:
        """Return the nearest store's name in the language active now; empty when none has it."""
        return bilingual.pick(self.nearest_zh or "", self.nearest_en or "")


class UnitsAround(NamedTuple):
    """Another store and what it may sell of a variant."""

    store_id: int
    units: int
    metres: float


def sizes_around(store: Store, product_id: int, color_hex: str, *, now: datetime) -> list[SizeAround]:
    """Return the sizes of a colour that are on sale, in their order; one query for any number of stores."""
    values = {**_seen_from(store), "product": product_id, "color": color_hex, "now": now}
    return [SizeAround(*row) for row in fetch_rows(sql.SIZES_AROUND, values)]


def units_around(store: Store, variant_id: int, *, limit: int) -> list[UnitsAround]:
    """Return the nearest other stores that have a variant, those that nobody can walk into left out; one query."""
    values = {**_seen_from(store), "variant": variant_id, "limit": limit}
    return [UnitsAround(*row) for row in fetch_rows(sql.UNITS_AROUND, values)]


def _seen_from(store: Store) -> dict[str, Any]:
    return {"store": store.pk, "x": store.ux, "y": store.uy, "z": store.uz, "elsewhere": ELSEWHERE}
