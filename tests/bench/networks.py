"""Synthetic networks of stores with stock, loaded by COPY: as many SKUs as a measurement needs, and no more."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import connection

from inventory.models import Category, Product, Variant
from omni.kernel.geo import unit_vector
from stores.models import Brand

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CITIES = 34
SIZES = ("XS", "S", "M", "L", "XL")
# Share of the stores that have a row of such a SKU, how many SKUs there are, and whether anything is sellable.
CLASSES = {
    "50 %": (0.5, 10, True),
    "5 %": (0.05, 40, True),
    "0.1 %": (0.001, 100, True),
    "none": (0.05, 10, False),
    "sold out": (0.5, 5, False),
}

HELD_SHARE = 0.1


@dataclass(frozen=True)
class Network:
    """A brand, its points by store id, its SKUs by class, and the units of each (store, variant)."""

    brand_id: int
    points: dict[int, tuple[float, float]]
    variants: dict[str, list[int]]
    stock: dict[tuple[int, int], int]


def build_network(code: str, stores: int, *, seed: int) -> Network:
    """Load a brand with that many stores, scattered over cities, and the stock of all classes, in store order."""
    source = random.Random(seed)
    brand_id = _insert_brand(code)
    points = _load_stores(brand_id, stores, source)
    variants = _load_variants(brand_id, code)
    stock = _load_stock(points, variants, source)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE stores_store, inventory_stocklevel, inventory_variant")
    return Network(brand_id, points, variants, stock)


def _insert_brand(code: str) -> int:
    return Brand.objects.create(code=code, name_zh=code, name_en=code).pk


def _load_stores(brand_id: int, count: int, source: random.Random) -> dict[int, tuple[float, float]]:
    """Scatter stores around cities of very different size, some thirty kilometres wide."""
    centres = [(source.uniform(22, 45), source.uniform(102, 125)) for _city in range(CITIES)]
    weights = [1 / (rank + 1) for rank in range(CITIES)]
    first_id = _next_id("stores_store")
    points = {}
    rows = []
    for offset, (lat, lng) in enumerate(source.choices(centres, weights, k=count)):
        point = (lat + source.gauss(0, 0.15), lng + source.gauss(0, 0.15))
        points[first_id + offset] = point
        vector = unit_vector(*point)
        rows.append(
            (first_id + offset, brand_id, f"S{offset}", f"S{offset}", "", "direct", "", "", *point, *vector,
             "{600,600,600,600,600,600,600}", "{1320,1320,1320,1320,1320,1320,1320}",
             *("t",) * 6, 1000, 0)
        )  # fmt: skip
    columns = (
        "id brand_id code name_zh name_en kind address phone lat lng ux uy uz opens_minutes closes_minutes"
        " offers_shipping offers_pickup offers_try_on takes_returns consents_to_routing is_active daily_capacity"
        " default_safety"
    )
    _copy("stores_store", columns.split(), rows)
    return points


def _load_variants(brand_id: int, code: str) -> dict[str, list[int]]:
    """Make products of five sizes for each class."""
    category = Category.objects.create(code=code, position=0)
    variants: dict[str, list[int]] = {}
    for name, (_share, count, _is_sellable) in CLASSES.items():
        products = Product.objects.bulk_create(
            Product(brand_id=brand_id, code=f"{name} {number}", category=category, launched_on=date(2026, 1, 1))
            for number in range(-(-count // len(SIZES)))
        )
        rows = Variant.objects.bulk_create(
            Variant(
                brand_id=brand_id,
                product=products[number // len(SIZES)],
                sku=f"{name} {number}",
                color_hex="red",
                size=SIZES[number % len(SIZES)],
                position=number % len(SIZES),
            )
            for number in range(count)
        )
        variants[name] = [row.pk for row in rows]
    return variants


def _load_stock(
    points: dict[int, tuple[float, float]], variants: dict[str, list[int]], source: random.Random
) -> dict[tuple[int, int], int]:
    """Give each SKU to a random share of the stores; rows lie in the table store by store, as imports leave them.

    Of what nobody can sell nothing is there, but for each tenth store, whose only unit is held.
    """
    stock: dict[tuple[int, int], int] = {}
    stores = list(points)
    for name, (share, _count, is_sellable) in CLASSES.items():
        for variant_id in variants[name]:
            for store_id in source.sample(stores, max(1, round(len(stores) * share))):
                stock[store_id, variant_id] = source.choice((1, 1, 2, 2, 3, 5)) if is_sellable else 0
    rows = [(store, variant, *_counts(units, source), 0, 0, 0) for (store, variant), units in sorted(stock.items())]
    _copy(
        "inventory_stocklevel", ("store_id", "variant_id", "on_hand", "held", "allocated", "unsellable", "safety"), rows
    )
    return stock


def _counts(sellable: int, source: random.Random) -> tuple[int, int]:
    """Return what is on hand and what of it is held."""
    return (sellable, 0) if sellable else (1, 1) if source.random() < HELD_SHARE else (0, 0)


def _next_id(table: str) -> int:
    """Return an id above all that the table has; the sequence is set past what COPY will write."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
        first = int(cursor.fetchone()[0])
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first + 1_000_000])
    return first


def _copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    buffer = io.StringIO("".join("\t".join(map(str, row)) + "\n" for row in rows))
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", buffer)
