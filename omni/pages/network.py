"""The network on one page: stores, stock and open tasks by city, and where the cities are."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from fulfillment import queries as fulfillment_queries
from inventory import queries as inventory_queries
from orders import queries as orders_queries
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

    from stores.models import District
    from stores.permissions import Actor

# The map: degrees from its upper left corner, 24 px a degree; parallels shrink by the cosine of 36 degrees.
WEST, NORTH, SCALE, SHRINK = 97.0, 48.5, 24.0, 0.809
NAMED_CITIES = 20
NAME_WIDTH, NAME_HEIGHT = 52, 13


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class City:
    """A city's sums, and its dot on the map."""

    name: str
    store_count: int
    on_hand: str
    open_tasks: int
    x: float
    y: float
    is_named: bool

    @property
    def radius(self) -> float:
        """Return the dot's radius: its area grows with the stores."""
        return round(2.0 + 1.1 * math.sqrt(self.store_count), 1)

    @property
    def label_x(self) -> float:
        """Return where the name begins."""
        return round(self.x + self.radius + 3, 1)


@dataclass(frozen=True, slots=True)
class Network:
    figures: tuple[Figure, ...]
    cities: tuple[City, ...]


def read(actor: Actor, *, now: datetime) -> Network:
    """Return the network of the actor's brands; three grouped queries over stores, stock and open tasks."""
    stores = stores_queries.stores_visible_to(actor).filter(is_active=True)
    on_hand = inventory_queries.on_hand_by_store(actor.brand_ids())
    open_tasks = fulfillment_queries.open_tasks_by_store(actor.brand_ids())
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    places: dict[tuple[str, str], District] = {}
    placed = list(stores.filter(district__isnull=False).values_list("pk", "district__code"))
    for store_id, code in placed:
        district = stores_queries.get_known_district(code)
        key = (district.province, district.city)
        places.setdefault(key, district)
        for position, amount in enumerate((1, on_hand.get(store_id, 0), open_tasks.get(store_id, 0))):
            sums[key][position] += amount
    ordered = sorted(sums, key=lambda key: (-sums[key][0], key))
    cities = _named(tuple(_city(places[key], sums[key]) for key in ordered))
    figures = (
        Figure(_("Stores"), f"{stores.count():,}"),
        Figure(_("Cities"), f"{len(cities):,}"),
        Figure(_("Units on hand"), f"{sum(on_hand.values()):,}"),
        Figure(_("Open tasks"), f"{sum(open_tasks.values()):,}"),
        Figure(_("Overdue tasks"), f"{fulfillment_queries.overdue_tasks(actor.brand_ids()):,}"),
        *(Figure(label, f"{number:,}") for label, number in orders_queries.order_counts(actor, now=now)),
    )
    return Network(figures, cities)


def _named(cities: tuple[City, ...]) -> tuple[City, ...]:
    """Name the largest cities on the map, as far as their names do not cover each other."""
    named: list[City] = []
    for city in cities[:NAMED_CITIES]:
        if all(abs(city.x - other.x) > NAME_WIDTH or abs(city.y - other.y) > NAME_HEIGHT for other in named):
            named.append(city)
    return tuple(replace(city, is_named=city in named) for city in cities)


def _city(district: District, amounts: list[int]) -> City:
    return City(
        name=stores_queries.city_name(district),
        store_count=amounts[0],
        on_hand=f"{amounts[1]:,}",
        open_tasks=amounts[2],
        x=round((district.lng - WEST) * SCALE * SHRINK, 1),
        y=round((NORTH - district.lat) * SCALE, 1),
        is_named=False,
    )
