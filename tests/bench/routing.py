"""How long one plan takes, by the size of the network, how widely the SKUs are spread, and the number of lines.

Every plan is compared with one found by brute force over the whole network, in the same run. Shops are reached from
anywhere (no courier's reach), which is the harder case; the last rows have the usual sixty kilometres.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.db import connection

from fulfillment import rules
from fulfillment.choices import Way
from fulfillment.queries.candidates import Search, find_candidates
from fulfillment.rules import Candidate, DemandLine, Plan, Terms
from omni.kernel.geo import great_circle_metres
from tests.bench.networks import CLASSES, Network, build_network
from tests.bench.rows import Row, percentile
from tests.fulfillment.brute_force import best_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOON = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
ANYWHERE_METRES = 20_100_000
# Stores: how many plans a class, and the limits of p50 and p99 in milliseconds.
SIZES: dict[int, tuple[int, float | None, float | None]] = {
    2_000: (200, 2.0, 10.0),
    20_000: (60, None, None),
    100_000: (60, None, 25.0),
}
LINES = (1, 2, 3)
WARM_UP = 5


class WrongPlan(AssertionError):
    """A plan differs from the one that brute force finds."""


def measure() -> list[Row]:
    """Build each network and measure every class of SKU in it."""
    call_command("migrate", verbosity=0)
    rows: list[Row] = []
    for stores in SIZES:
        network = build_network(f"bench{stores}", stores, seed=stores)
        _say(f"{stores:,} stores, {len(network.stock):,} stock rows")
        holders = _by_variant(network)
        anywhere = Terms(courier_reach_metres=ANYWHERE_METRES)
        for name in CLASSES:
            for lines in LINES:
                rows += _measure_class(network, holders, name, lines=lines, terms=anywhere)
        for lines in LINES[1:]:
            rows += _measure_class(network, holders, "5 %", lines=lines, terms=Terms())
    return rows


def _measure_class(
    network: Network, holders: dict[int, dict[int, int]], name: str, *, lines: int, terms: Terms
) -> list[Row]:
    """Time plans for SKUs of one class from points near random stores, and check each."""
    plans, p50_limit, p99_limit = SIZES[len(network.points)]
    source = random.Random(f"{name} {lines}")
    stores = len(network.points)
    times = []
    splits = 0
    for number, search in enumerate(_searches(network, name, lines, terms, source)):
        if number == plans + WARM_UP:
            break
        start = time.perf_counter()
        plan = rules.choose(find_candidates(search).candidates, search.lines, search.terms)
        if number >= WARM_UP:
            times.append((time.perf_counter() - start) * 1000)
        splits += plan is not None and len(plan.shares) > 1
        _check(plan, network, holders, search)
    reach = "" if terms.courier_reach_metres == ANYWHERE_METRES else ", 60 km"
    case = f"{stores:,} stores, {name}, {lines} line{'s' if lines > 1 else ''}{reach}"
    _say(f"  {case}: {len(times)} plans as brute force has them, {splits} of them split")
    return [
        Row(f"{case}, p50", percentile(times, 0.5), "ms", p50_limit),
        Row(f"{case}, p99", percentile(times, 0.99), "ms", p99_limit),
    ]


def _searches(network: Network, name: str, lines: int, terms: Terms, source: random.Random) -> Iterator[Search]:
    """Yield demands of one class from points some kilometres from a random store."""
    points = list(network.points.values())
    while True:
        lat, lng = source.choice(points)
        wanted = tuple(DemandLine(variant, 1, 10_000) for variant in source.sample(network.variants[name], lines))
        point = (lat + source.gauss(0, 0.05), lng + source.gauss(0, 0.05))
        yield Search(network.brand_id, Way.COURIER, wanted, *point, terms, NOON)


def _by_variant(network: Network) -> dict[int, dict[int, int]]:
    """Return, by variant, which stores have how many sellable units."""
    holders: dict[int, dict[int, int]] = {}
    for (store, variant), units in network.stock.items():
        if units > 0:
            holders.setdefault(variant, {})[store] = units
    return holders


def _check(plan: Plan | None, network: Network, holders: dict[int, dict[int, int]], search: Search) -> None:
    """Compare a plan with the one found by looking at every store that has any of the goods.

    :raises WrongPlan: when they differ.
    """
    has = [holders.get(line.variant_id, {}) for line in search.lines]
    expected = _whole(network, has, search) or best_plan(_parts(network, has, search), search.lines, search.terms)
    found = plan and [(share.store_id, share.units) for share in plan.shares]
    if found != expected:
        raise WrongPlan(f"{found} instead of {expected} for {search}")


def _whole(network: Network, has: Sequence[dict[int, int]], search: Search) -> list[tuple[int, tuple[int, ...]]] | None:
    """Return the nearest store that has everything."""
    everything = set.intersection(*map(set, has))
    nearest = min(((_metres(network, store, search), store) for store in everything), default=None)
    if nearest is None or nearest[0] > search.terms.courier_reach_metres:
        return None
    return [(nearest[1], tuple(line.quantity for line in search.lines))]


def _parts(network: Network, has: Sequence[dict[int, int]], search: Search) -> list[Candidate]:
    """Return every store within reach that has a part."""
    candidates = []
    for store in set().union(*has):
        metres = _metres(network, store, search)
        if metres <= search.terms.courier_reach_metres:
            sellable = tuple(line.get(store, 0) for line in has)
            candidates.append(
                Candidate(store, rules.chord_from_metres(metres), 0.0, date(2026, 3, 16), 0, 1000, sellable)
            )
    return candidates


def _metres(network: Network, store: int, search: Search) -> float:
    return great_circle_metres(search.lat, search.lng, *network.points[store])


def _say(text: str) -> None:
    """Tell how far it has come, beside the report."""
    connection.ensure_connection()
    print(text, file=sys.stderr, flush=True)  # noqa: T201
