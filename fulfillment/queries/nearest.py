"""The nearest stores for a basket: what a shopper may ask before ordering anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from fulfillment import rules, sql
from fulfillment.choices import Way
from fulfillment.queries.candidates import Search, find_parts, find_singles, get_terms
from inventory import queries as inventory_queries
from omni.kernel import geo
from omni.kernel.errors import InvalidInput
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class UnknownSku(InvalidInput):
    """The brand sells no such SKU now."""

    code = "unknown_sku"


class InvalidPoint(InvalidInput):
    """A point off the earth."""

    code = "invalid_point"


@dataclass(frozen=True, slots=True)
class NearestStore:
    """A store that has the whole basket; its point is WGS-84."""

    code: str
    name_zh: str
    name_en: str
    lat: float
    lng: float
    metres: float


@dataclass(frozen=True, slots=True)
class PickupStore:
    """A store that could keep a basket ready, about at `ready_at`. `opens_at` is None while it is open."""

    store_id: int
    name_zh: str
    name_en: str
    address: str
    metres: float
    opens_at: datetime | None
    ready_at: datetime


def nearest_stores(
    brand_code: str, wanted: Sequence[tuple[str, int]], *, lat: float, lng: float, limit: int, now: datetime
) -> list[NearestStore]:
    """Return the nearest stores, twenty at most, that hold every (SKU, units) and could send it by courier now.

    They pass the filters of routing: open in time, capacity left, within reach. Only distance orders them.

    :raises NotFound: with field "brand", when there is no such brand.
    :raises InvalidPoint: with field "lat" or "lng".
    :raises UnknownSku: with field "lines.<position>.sku".
    """
    brand = stores_queries.get_brand(brand_code)
    try:
        geo.check_point(lat, lng)
    except InvalidInput as error:
        raise InvalidPoint(error.message, field=error.field) from error
    search = Search(
        brand_id=brand.pk,
        way=Way.COURIER,
        lines=_lines(brand.pk, wanted, now),
        lat=lat,
        lng=lng,
        terms=get_terms(brand.pk),
        now=now,
    )
    nearest = sorted(find_singles(search).candidates, key=lambda one: (one.chord, one.store_id))[:limit]
    with connection.cursor() as cursor:
        cursor.execute(sql.STORES, {"ids": [one.store_id for one in nearest]})
        metres = {one.store_id: rules.metres_from_chord(one.chord) for one in nearest}
        found = [
            NearestStore(code, name_zh, name_en, lat, lng, metres[store_id])
            for store_id, code, name_zh, name_en, lat, lng, _address in cursor.fetchall()
        ]
    return sorted(found, key=lambda one: (one.metres, one.code))


def pickup_stores(
    brand_id: int, wanted: Sequence[tuple[int, int]], *, lat: float, lng: float, limit: int, now: datetime
) -> list[PickupStore]:
    """Return the nearest stores, twenty at most, where (variant id, units) could be collected together, by distance.

    They pass the filters of routing: they offer it, open in time, have capacity left and hold everything.
    """
    search = Search(
        brand_id=brand_id,
        way=Way.PICKUP,
        lines=tuple(rules.DemandLine(variant_id, units, 0) for variant_id, units in wanted),
        lat=lat,
        lng=lng,
        terms=get_terms(brand_id),
        now=now,
    )
    nearest = sorted(find_singles(search).candidates, key=lambda one: (one.chord, one.store_id))[:limit]
    with connection.cursor() as cursor:
        cursor.execute(sql.STORES, {"ids": [one.store_id for one in nearest]})
        words = {row[0]: (row[2], row[3], row[6]) for row in cursor.fetchall()}
    return [
        PickupStore(
            one.store_id,
            *words[one.store_id],
            metres=one.metres,
            opens_at=now + timedelta(minutes=one.opens_in) if one.opens_in > 0 else None,
            ready_at=now + timedelta(minutes=rules.ready_in(one.opens_in, search.terms.offer_minutes)),
        )
        for one in nearest
    ]


def sendable(
    brand_id: int, ways: Sequence[Way], variant_ids: Sequence[int], *, lat: float, lng: float, now: datetime
) -> frozenset[int]:
    """Return those of some variants of which a store could send a unit to a point now, by one of some ways.

    They pass the filters of routing, as those of `nearest_stores`. As many statements for any number of stores.
    """
    found: set[int] = set()
    terms = get_terms(brand_id)
    for way in ways:
        rest = [variant_id for variant_id in variant_ids if variant_id not in found]
        if not rest:
            break
        lines = tuple(rules.DemandLine(variant_id, 1, 0) for variant_id in rest)
        candidates = find_parts(Search(brand_id, way, lines, lat, lng, terms, now)).candidates
        found.update(
            variant_id
            for position, variant_id in enumerate(rest)
            if any(one.sellable[position] > 0 for one in candidates)
        )
    return frozenset(found)


def _lines(brand_id: int, wanted: Sequence[tuple[str, int]], now: datetime) -> tuple[rules.DemandLine, ...]:
    """Return the lines as the planner takes them; nothing is declared, since nothing is sent."""
    priced = inventory_queries.price_lines(brand_id, [sku for sku, _units in wanted], now)
    variants = {item.sku: item.variant_id for item in priced}
    for position, (sku, _units) in enumerate(wanted):
        if sku not in variants:
            raise UnknownSku(_("%(sku)s is not on sale."), field=f"lines.{position}.sku", sku=sku)
    return tuple(rules.DemandLine(variants[sku], units, 0) for sku, units in wanted)
