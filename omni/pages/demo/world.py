"""Puts the demo world together and loads it in one transaction."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from django.db import connection

from inventory import services as inventory_services
from omni.kernel.transactions import step
from omni.pages.demo.brands import BRANDS
from omni.pages.demo.catalogue import Catalogue
from omni.pages.demo.copying import Table, without_indexes
from omni.pages.demo.offers import Offers
from omni.pages.demo.people import People
from omni.pages.demo.places import Places
from omni.pages.demo.reviews import Reviews
from omni.pages.demo.shelves import add_shelf_work
from omni.pages.demo.stock import Stock

if TYPE_CHECKING:
    from datetime import datetime

SEED = 20260316
# How far couriers go: for every brand, and for the one with rules of its own.
REACH_METRES = 60_000
SHORT_REACH_METRES = 15_000


@step
def build_world(*, now: datetime) -> dict[str, int]:
    """Make four brands with all they have, load them with COPY, and return how many rows each table got.

    The same every time but for what is secret (hashes, sealed phones, member numbers). Dates count back from now.
    """
    brands = Table(
        "stores_brand",
        *("code", "name_zh", "name_en", "legal_entity", "accent", "delivery_fee_fen", "free_delivery_from_fen"),
        *("preparation_minutes", "promise_reach_metres"),
    )
    rules = Table(
        "fulfillment_routingrule",
        *("brand_id", "order", "offer_minutes", "max_attempts", "courier_reach_metres", "opening_wait_minutes"),
        *("max_stores", "min_split_value_fen", "count_max_age_days", "pickup_keep_hours"),
    )
    # One source of chance a part, so that a change in one leaves the others as they were.
    catalogue = Catalogue(_dice("catalogue"), now)
    places = Places(_dice("places"))
    people = People(_dice("people"), now)
    offers = Offers(_dice("offers"), now)
    reviews = Reviews(_dice("reviews"), now)
    stock = Stock(_dice("stock"), now)
    people.add_administrator()
    people.add_mall_finance(places)
    for number, brand in enumerate(BRANDS):
        names = (brand.code, brand.name_zh, brand.name_en, brand.legal_entity, brand.accent)
        reach_metres = SHORT_REACH_METRES if brand.routing else REACH_METRES
        brand_id = brands.add((*names, 1200, 29900, brand.preparation_minutes, reach_metres))
        catalogue.add_brand(brand, brand_id)
        places.add_brand(brand, brand_id)
        stores = [store for store in places.stores if store.brand_id == brand_id]
        people.add_headquarters(brand, brand_id)
        for store in stores:
            people.add_store_staff(brand, number, store)
        people.add_members(brand_id, number, stores, places)
        members = [member for member in people.memberships if member.brand_id == brand_id]
        reviews.add_brand(brand_id, catalogue.styles[brand_id])
        offers.add_brand(brand, brand_id, catalogue.category_ids, members)
        stock.add_brand(catalogue.styles[brand_id], stores)
        if brand.routing:
            rules.add((brand_id, list(brand.routing), 20, 4, SHORT_REACH_METRES, 1080, 2, 0, None, 72))
    counts = _load(
        [brands, *places.tables(), *catalogue.tables(), *people.tables(), *offers.tables(), reviews.reviews, rules],
        stock.tables(),
    )
    while inventory_services.refresh_listings(now=now):
        pass
    add_shelf_work(catalogue.styles, now=now)
    return counts


def _dice(part: str) -> random.Random:
    return random.Random(f"{SEED}:{part}")  # noqa: S311  chance for a demo


def _load(small: list[Table], big: list[Table]) -> dict[str, int]:
    """Copy the tables in their order, the big ones without their indexes, and gather statistics for the planner."""
    counts = {table.name: table.load() for table in small}
    with without_indexes([table.name for table in big]):
        counts |= {table.name: table.load() for table in big}
    with connection.cursor() as cursor:
        for name in counts:
            cursor.execute(f'ANALYZE "{name}"')
    return counts
