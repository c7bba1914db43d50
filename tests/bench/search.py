"""How long the shop's search, filters and pages far down take, with the demo's 400 products and with 20,000.

The 20,000 are the demo's with other codes: every word then finds fifty times as many, which is the hard case for
ranking and counting. Each figure is of the statements alone, one after the other; the pages around them are measured
by `bin/bench pages`.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.db import connection

from inventory import queries
from inventory import services as inventory_services
from inventory.choices import ColorFamily, SortOrder
from inventory.queries import ListWish
from omni.kernel import clock, geo
from omni.kernel.transactions import entry
from tests.bench.rows import Row, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COPIES = 49
ROUNDS = 12
PAGE = 24
FAR_PAGE = 500
HOME = geo.unit_vector(31.2295, 121.4470)
# What a shopper bears while typing, and when a page is asked for.
SUGGESTING_MS, SEARCHING_MS, FILTERING_MS = 50.0, 100.0, 150.0
QUERIES = (
    *("红色连衣裙", "连衣裙", "羊毛大衣", "黑色 T恤", "阔腿裤", "真丝衬衫", "汀未", "藏青夹克", "羽绒服", "针织"),
    *("red dress", "wool coat", "white shirt", "jeans", "cashmere scarf", "TW1001", "black"),
)
MISTYPED = ("连衣群", "夹可", "dres", "jaket", "红色连衣群", "wol coat")
TYPED = ("连", "红色连", "大", "羊毛", "re", "red dr", "TW10", "藏青")

MULTIPLY = """
INSERT INTO inventory_product
SELECT (jsonb_populate_record(product, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('inventory_product', 'id')), 'code', code || '.' || copy,
    'launched_on', launched_on - copy
))).*
FROM inventory_product product, generate_series(1, %(copies)s) copy
"""
MULTIPLY_VARIANTS = """
INSERT INTO inventory_variant (
    brand_id, product_id, sku, barcode, color_zh, color_en, color_hex, size, position, is_active
)
SELECT variant.brand_id, copy.id, variant.sku || '.' || number, '', variant.color_zh,
    variant.color_en, variant.color_hex, variant.size, variant.position, true
FROM inventory_variant variant
JOIN inventory_product original ON original.id = variant.product_id
CROSS JOIN generate_series(1, %(copies)s) number
JOIN inventory_product copy ON copy.brand_id = original.brand_id AND copy.code = original.code || '.' || number
"""
MULTIPLY_PRICES = """
INSERT INTO inventory_price (variant_id, tag_fen, list_fen, sale_fen, valid)
SELECT copy.id, price.tag_fen, price.list_fen + number * 100, price.sale_fen, price.valid
FROM inventory_price price
JOIN inventory_variant variant ON variant.id = price.variant_id
CROSS JOIN generate_series(1, %(copies)s) number
JOIN inventory_variant copy ON copy.brand_id = variant.brand_id AND copy.sku = variant.sku || '.' || number
WHERE upper_inf(price.valid)
"""


def measure() -> list[Row]:
    """Seed the demo, measure; multiply its products, measure again, and walk down."""
    call_command("migrate", verbosity=0)
    call_command("seed_demo", verbosity=0)
    rows = _measure("400 products")
    _multiply()
    return [*rows, *_measure("20,000 products"), *_measure_depth()]


def _multiply() -> None:
    """Make fifty products of each, let the segmenter read them, and tidy up as the database does by itself."""
    with entry(), connection.cursor() as cursor:
        for statement in (MULTIPLY, MULTIPLY_VARIANTS, MULTIPLY_PRICES):
            cursor.execute(statement, {"copies": COPIES})
    start, total = time.perf_counter(), 0
    while True:
        with entry():
            done = inventory_services.refresh_listings(now=clock.now(), limit=5_000)
        if not done:
            break
        total += done
    sys.stderr.write(f"  {total:,} products read by the segmenter in {time.perf_counter() - start:.1f} s\n")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE inventory_product, inventory_variant, inventory_price, inventory_productlisting")


def _measure(size: str) -> list[Row]:
    """Return the figures with as many products as there are now."""
    near = queries.near_stock(HOME, 10_000)
    wishes = [
        ListWish(colors=(ColorFamily.RED, ColorFamily.BLUE), sizes=("M",)),
        ListWish(category="dresses", is_on_offer=True, order=SortOrder.MOST_OFF),
        ListWish(brand="tingwei", price_from_fen=50_000, price_to_fen=99_999, order=SortOrder.PRICE_UP),
        ListWish(category="scarf", colors=(ColorFamily.PURPLE,)),
    ]
    nearby = [ListWish(near=near), ListWish(near=near, sizes=("M",), colors=(ColorFamily.RED,))]
    return [
        *_rows(f"search, {size}", [partial(_search, text) for text in QUERIES], SEARCHING_MS),
        *_rows(f"mistyped search, {size}", [partial(_understand, text) for text in MISTYPED], SEARCHING_MS),
        *_rows(f"suggestions, {size}", [partial(_suggest, text) for text in TYPED], SUGGESTING_MS),
        *_rows(f"list, {size}", [partial(queries.list_products, ListWish(), limit=PAGE)], SUGGESTING_MS),
        *_rows(
            f"filtered list, {size}",
            [partial(queries.list_products, wish, limit=PAGE) for wish in wishes], FILTERING_MS,
        ),
        *_rows(
            f"list of stores nearby, {size}",
            [partial(queries.list_products, wish, limit=PAGE) for wish in nearby], FILTERING_MS,
        ),
        *_rows(
            f"what {len(near.stores)} stores nearby have, {size}",
            [partial(queries.near_stock, HOME, 10_000)], FILTERING_MS,
        ),
        *_rows(
            f"counts beside the filters, {size}",
            [partial(queries.count_facets, wish) for wish in [ListWish(), *wishes, *nearby]], None,
        ),
    ]  # fmt: skip


def _search(text: str) -> None:
    query = queries.understand(text)
    if not queries.list_products(ListWish(search=query, order=SortOrder.BEST), limit=PAGE):
        raise AssertionError(f"{text} finds nothing")


def _understand(text: str) -> None:
    query = queries.understand(text)
    if query is None or queries.find_meant(query) is None:
        raise AssertionError(f"{text} is not understood")


def _suggest(text: str) -> None:
    queries.suggest_words(text)
    queries.suggest_products(text)


def _measure_depth() -> list[Row]:
    """Walk down each order, and compare the first page with one far down."""
    rows: list[Row] = []
    for order in (SortOrder.NEWEST, SortOrder.PRICE_UP, SortOrder.PRICE_DOWN, SortOrder.MOST_OFF):
        wish, after = ListWish(order=order), None
        for _page in range(FAR_PAGE - 1):
            after = queries.list_products(wish, after=after, limit=PAGE)[-1].cursor
        first = _times([partial(queries.list_products, wish, limit=PAGE)])
        far = _times([partial(queries.list_products, wish, after=after, limit=PAGE)])
        name = f"page {FAR_PAGE} beside page 1, {order.value}"
        rows.append(Row(name, percentile(far, 0.5) / percentile(first, 0.5), "times as long", 2.0))
    return rows


def _rows(name: str, calls: Sequence[Callable[[], object]], limit: float | None) -> list[Row]:
    times = _times(calls)
    return [
        Row(f"{name}, p50", percentile(times, 0.5), "ms"),
        Row(f"{name}, p99", percentile(times, 0.99), "ms", limit),
    ]


def _times(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Return how many milliseconds each call took; a first round, in which statements are prepared, is left out."""
    times: list[float] = []
    for number in range(ROUNDS + 1):
        for call in calls:
            start = time.perf_counter()
            call()
            if number:
                times.append(1e3 * (time.perf_counter() - start))
    return times
