"""What the planner would do with a demand now: read only, for pages that promise something before it is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from fulfillment import rules, sql
from fulfillment.choices import Way
from fulfillment.queries.candidates import Search, find_candidates, find_parts, get_terms
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from stores.models import Brand


@dataclass(frozen=True, slots=True)
class PlannedStore:
    """A store of the plan and its units of each line, in their order. `opens_at` is None while it is open."""

    store_id: int
    name_zh: str
    name_en: str
    address: str
    metres: float
    opens_at: datetime | None
    units: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """What would be promised now: who sends it, the day the last store begins, and about when it is all there.

    There: with the shopper, or ready to collect. Without a plan there is no store, and `short` holds the positions of
    the lines of which there is too little; of all lines when only together they fail.
    """

    way: Way
    stores: tuple[PlannedStore, ...]
    promised_on: date | None
    there_at: datetime | None
    short: tuple[int, ...]


def sending_ways(brand: Brand) -> tuple[Way, ...]:
    """Return how a brand sends goods home, what it prefers first."""
    return (Way.COURIER, Way.EXPRESS) if brand.sends_express else (Way.COURIER,)


def preview_sending(
    brand_id: int, ways: Sequence[Way], lines: Sequence[rules.DemandLine], *, lat: float, lng: float, now: datetime
) -> PlanPreview:
    """Return what the first of some ways that has a plan would promise; without any, why the last one has none."""
    for way in ways:
        preview = preview_plan(brand_id, way, lines, lat=lat, lng=lng, now=now)
        if preview.stores:
            break
    return preview


def preview_plan(
    brand_id: int,
    way: Way,
    lines: Sequence[rules.DemandLine],
    *,
    lat: float,
    lng: float,
    now: datetime,
    pickup_store_id: int | None = None,
) -> PlanPreview:
    """Return the plan that `plan_and_hold` would carry out if nobody came before; the point is WGS-84.

    Holds and locks nothing. Four statements at most, however many lines.
    """
    search = Search(
        brand_id=brand_id,
        way=way,
        lines=tuple(lines),
        lat=lat,
        lng=lng,
        terms=get_terms(brand_id),
        now=now,
        pickup_store_id=pickup_store_id if way == Way.PICKUP else None,
    )
    found = find_candidates(search)
    plan = rules.choose(found.candidates, search.lines, search.terms)
    if plan is None:
        if found.is_hopeless:
            found = find_parts(search)
        short = rules.short_lines(found.candidates, search.lines, search.terms.max_stores)
        return PlanPreview(way, (), None, None, tuple(short))
    by_id = {one.store_id: one for one in found.candidates}
    names = _names_of([share.store_id for share in plan.shares])
    stores = tuple(
        PlannedStore(
            share.store_id,
            *names[share.store_id],
            metres=by_id[share.store_id].metres,
            opens_at=now + timedelta(minutes=share.opens_in) if share.opens_in > 0 else None,
            units=share.units,
        )
        for share in plan.shares
    )
    minutes = max(_minutes(share, by_id[share.store_id].metres, search) for share in plan.shares)
    there_at = now + timedelta(minutes=minutes)
    return PlanPreview(way, stores, max(share.promised_on for share in plan.shares), there_at, ())


def _minutes(share: rules.Share, metres: float, search: Search) -> int:
    """Return in how many minutes a share should be there."""
    ready = rules.ready_in(share.opens_in, search.terms.offer_minutes)
    if search.way == Way.PICKUP:
        return ready
    if search.way == Way.EXPRESS:
        return ready + stores_queries.express_days(metres) * 1440
    return ready + rules.carried_in(metres)


def _names_of(store_ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """Return the names and address of stores by id."""
    with connection.cursor() as cursor:
        cursor.execute(sql.STORES, {"ids": list(store_ids)})
        return {row[0]: (row[2], row[3], row[6]) for row in cursor.fetchall()}
