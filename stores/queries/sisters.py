"""The other stores of a brand, as one of them sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q

from omni.kernel import bilingual, geo
from omni.kernel.errors import NotFound
from stores.choices import StoreKind
from stores.models import Store

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Sister(NamedTuple):
    """Another store of the brand and how far it is."""

    store_id: int
    code: str
    name: str
    metres: float


def sister_stores(store: Store, query: str, *, limit: int) -> list[Sister]:
    """Return the nearest other stores and warehouses of a store's brand, those of a name or code; one query."""
    found = _sisters(store)
    if query:
        named = Q(name_zh__icontains=query) | Q(name_en__icontains=query) | Q(code__icontains=query)
        found = found.filter(named)
    rows = found.values_list("pk", "code", "name_zh", "name_en", "lat", "lng")
    sisters = [
        Sister(key, code, bilingual.pick(zh, en), geo.great_circle_metres(store.lat, store.lng, lat, lng))
        for key, code, zh, en, lat, lng in rows
    ]
    return sorted(sisters, key=lambda sister: (sister.metres, sister.store_id))[:limit]


def get_sister(store: Store, store_id: int) -> Store:
    """Return another store of a store's brand.

    :raises NotFound: when there is none.
    """
    sister = _sisters(store).filter(pk=store_id).first()
    if sister is None:
        raise NotFound(field="store")
    return sister


def _sisters(store: Store) -> QuerySet[Store]:
    active = Store.objects.filter(brand=store.brand_id, is_active=True)
    return active.exclude(kind=StoreKind.TRANSIT).exclude(pk=store.pk)
