"""What the shop's pages say of a store: hours in words, services, the way there, its point on the map."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from omni.kernel import clock, geo
from stores import queries, rules
from stores.choices import Service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from stores.models import Store
    from stores.queries import FoundStore, Place


class Day(NamedTuple):
    """One day's hours; `is_special` when they are not those of every week."""

    on_date: date
    hours: str
    is_special: bool


class Shown(NamedTuple):
    """A store as a page shows it."""

    number: int
    found: FoundStore
    url: str
    route_url: str
    is_open: bool
    opening: str
    services: list[str]
    week: list[tuple[str, str]]
    lat: str
    lng: str


class Map(NamedTuple):
    """What the map shows besides the stores. `labels` is JSON: [latitude, longitude, name] of each town or district."""

    labels: str
    lat: str
    lng: str
    tiles: str
    attribution: str


def shown(found: FoundStore, now: datetime, number: int = 1) -> Shown:
    """Return a store as a page shows it."""
    store = found.store
    lat, lng = _on_map(store.lat, store.lng)
    return Shown(
        number=number,
        found=found,
        url=reverse("stores:store", args=[store.brand.code, store.code]),
        route_url=queries.route_url(store),
        is_open=found.closes_at is not None,
        opening=queries.opening_words(found, now),
        services=[str(service.label) for service in Service if getattr(store, queries.SERVICE_FIELDS[service])],
        week=week_words(store),
        lat=lat,
        lng=lng,
    )


def week_words(store: Store) -> list[tuple[str, str]]:
    """Return the regular hours as (days, hours), neighbouring days with equal hours together."""
    spans = rules.week_spans(store.opens_minutes, store.closes_minutes)
    if len(spans) == 1:
        return [(_("Every day"), _hours_words(spans[0][2]))]
    lines = []
    for first, last, hours in spans:
        days = {"first": WEEKDAYS[first], "last": WEEKDAYS[last]}
        lines.append(
            (str(WEEKDAYS[first]) if first == last else _("%(first)s to %(last)s") % days, _hours_words(hours))
        )
    return lines


def coming_days(found: FoundStore, now: datetime) -> list[Day]:
    """Return the hours of today and the six days after it."""
    today = clock.business_date(now)
    return [_day(found, today + timedelta(days=offset)) for offset in range(7)]


def later_exceptions(found: FoundStore, now: datetime) -> list[Day]:
    """Return the days with other hours behind those of `coming_days`."""
    last = clock.business_date(now) + timedelta(days=6)
    return [_day(found, day) for day in found.exceptions if day > last]


def _day(found: FoundStore, day: date) -> Day:
    hours = rules.hours_on(day, found.store.opens_minutes, found.store.closes_minutes, found.exceptions)
    text = "closed" if hours is None else rules.format_range(*hours)
    return Day(day, _hours_words(text), day in found.exceptions)


def _hours_words(hours: str) -> str:
    """Return "10:00-22:00" or "closed" as the page says it."""
    return _("Closed") if hours == "closed" else hours.replace("-", "–")


def map_of(stores: Sequence[FoundStore], place: Place | None) -> Map:
    """Return the map of some stores: the names of their cities, or of their districts within one city."""
    here = _on_map(place.lat, place.lng) if place else ("", "")
    return Map(
        json.dumps(_labels([found.store for found in stores]), ensure_ascii=False),
        *here,
        tiles=settings.STORE_MAP_TILES,
        attribution=settings.STORE_MAP_ATTRIBUTION,
    )


def _labels(stores: Sequence[Store]) -> list[tuple[float, float, str]]:
    """Return each name in the middle of its stores."""
    districts = [(store, store.district) for store in stores if store.district is not None]
    is_one_city = len({queries.city_name(district) for _store, district in districts}) == 1
    named: dict[str, list[Store]] = {}
    for store, district in districts:
        name = queries.district_name(district) if is_one_city else queries.city_name(district)
        named.setdefault(name, []).append(store)
    labels = []
    for name, members in named.items():
        lat, lng = (sum(getattr(store, axis) for store in members) / len(members) for axis in ("lat", "lng"))
        lat_text, lng_text = _on_map(lat, lng)
        labels.append((float(lat_text), float(lng_text), name))
    return labels


def _on_map(lat: float, lng: float) -> tuple[str, str]:
    """Return a point in the datum of the map's tiles."""
    lat, lng = geo.from_wgs84(lat, lng, geo.Datum(settings.STORE_MAP_DATUM))
    return f"{lat:.6f}", f"{lng:.6f}"
