"""How many two-line orders `place_order` takes a second, planning and holding included, and where the time goes.

The demo's four brands, 2,040 stores and more than half a million stock rows. Placing and the plain transaction (the
same rows, stores planned beforehand) take turns of some seconds, so that both meet the same machine. It is noon, when
stores are open, and every store takes any number of orders a day.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from fulfillment import sql as fulfillment_sql
from fulfillment.services import CannotReserveStock
from inventory import sql as inventory_sql
from members import sql as members_sql
from omni.kernel import clock, statements
from omni.kernel.outbox import sql as outbox_sql
from omni.kernel.transactions import Idempotency, entry, run_once
from orders import services
from orders import sql as orders_sql
from stores import sql as stores_sql
from tests.bench._plain_orders import NotEnough, PlainWriter, PlannedOrder, plan_orders
from tests.bench.rows import Row, percentile

PROCESSES = (1, 4)
ROUNDS = 6
TURN_SECONDS = 2.0
WARM_UP_ORDERS = 120
PROBED_ORDERS = 300
LEAST_RATIO = 0.33
MOST_PYTHON_MS = 3.0
TICKS = os.sysconf("SC_CLK_TCK")

# Baskets that some store has: two SKUs of one store each, and a point some kilometres from it.
BASKETS = """
SELECT store.brand_id, store.lat, store.lng, store.district_id, (array_agg(variant.sku))[1:2] FROM (
    SELECT store_id, variant_id, row_number() OVER (PARTITION BY store_id ORDER BY random()) AS rank
    FROM inventory_stocklevel WHERE on_hand - held - allocated - unsellable - safety >= 1
) level
JOIN stores_store store ON store.id = level.store_id AND store.offers_shipping AND store.consents_to_routing
    AND store.district_id IS NOT NULL
JOIN inventory_variant variant ON variant.id = level.variant_id
WHERE rank <= 20
GROUP BY store.id, (rank - 1) / 2 HAVING count(*) = 2
"""

# What the statements of placing are called.
GROUPS = {
    orders_sql.TERMS: "terms of delivery",
    inventory_sql.PRICE_LINES: "prices",
    members_sql.RUNNING_PROMOTIONS: "promotions that run",
    members_sql.USE_UNLIMITED: "use the promotions",
    fulfillment_sql.BEGIN_PLAN: "rules of the brand",
    fulfillment_sql.SINGLES: "candidate stores",
    fulfillment_sql.GATHERED: "candidate stores",
    fulfillment_sql.PARTS: "candidate stores",
    fulfillment_sql.BROKEN_SIZES: "figures for the brand's rules",
    fulfillment_sql.MARKED_DOWN_SINCE: "figures for the brand's rules",
    stores_sql.TAKE_CAPACITY: "take capacity",
    inventory_sql.TAKE: "hold stock",
    fulfillment_sql.WRITE_PLAN: "write the demand, its shares and the decision",
    orders_sql.PLACE: "write the order",
    outbox_sql.PUBLISH: "write the event",
}


@dataclass
class Turn:
    """What one writer did in one turn."""

    orders: int = 0
    refusals: int = 0
    seconds: float = 0.0
    python_seconds: float = 0.0
    database_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def add(self, other: Turn) -> None:
        """Count what another did; seconds of processes side by side are the caller's to add."""
        self.orders += other.orders
        self.refusals += other.refusals
        self.python_seconds += other.python_seconds
        self.database_seconds += other.database_seconds
        self.latencies += other.latencies


def measure() -> list[Row]:
    """Build the demo, then let placing and the plain transaction take turns in one process and in four."""
    call_command("migrate", verbosity=0)
    call_command("seed_demo", verbosity=0)
    settings.OUTBOX_HINTS = False
    with connection.cursor() as cursor:
        cursor.execute("UPDATE stores_store SET daily_capacity = 100000")
        cursor.execute("VACUUM ANALYZE")
    now = _noon()
    _say("warming up")
    _place_some(_wishes(seed=0)[:WARM_UP_ORDERS], now)
    rows: list[Row] = []
    for processes in PROCESSES:
        _say(f"{processes} at once")
        rows += _compare(processes, _wishes(seed=processes), now)
    wishes = _wishes(seed=9)
    return rows + _probe(wishes[:PROBED_ORDERS], now) + _repeat(wishes[PROBED_ORDERS:], now)


def _noon() -> datetime:
    """Return the next noon in Shanghai."""
    today = clock.business_date(clock.now())
    return datetime(today.year, today.month, today.day, 4, tzinfo=UTC) + timedelta(days=1)


def _wishes(seed: int) -> list[services.PlaceOrder]:
    """Return two-line wishes in random order."""
    source = random.Random(seed)
    with connection.cursor() as cursor:
        cursor.execute(BASKETS)
        baskets = cursor.fetchall()
    source.shuffle(baskets)
    return [
        services.PlaceOrder(
            brand_id=brand_id,
            lines=tuple(services.WantedLine(sku, 1) for sku in skus),
            contact_name="王小雨",
            phone="13800138000",
            district_code=district_id,
            street="南京西路 1 号",
            lat=lat + source.gauss(0, 0.02),
            lng=lng + source.gauss(0, 0.02),
        )
        for brand_id, lat, lng, district_id, skus in baskets
    ]


def _place(wish: services.PlaceOrder, now: datetime) -> None:
    with entry():
        services.place_order(wish, now=now)


def _place_some(wishes: Sequence[services.PlaceOrder], now: datetime) -> Turn:
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    return _take_turn(wishes, lambda wish: _place(wish, now), pid, seconds=float("inf"))


def _take_turn(works: Iterable[Any], write: Callable[[Any], None], pid: int, *, seconds: float = TURN_SECONDS) -> Turn:
    """Write one after the other until the time is over or nothing is left; `pid` is the database's process."""
    turn = Turn()
    database, python, start = _cpu_of(pid), time.process_time(), time.perf_counter()
    at = start
    for work in works:
        try:
            write(work)
            turn.orders += 1
        except (CannotReserveStock, NotEnough):
            turn.refusals += 1
        before, at = at, time.perf_counter()
        turn.latencies.append(at - before)
        if at - start > seconds:
            break
    turn.seconds = at - start
    turn.python_seconds = time.process_time() - python
    turn.database_seconds = _cpu_of(pid) - database
    return turn


def _cpu_of(pid: int) -> float:
    """Return the seconds of processor time that a process has used; 0 where it runs on another machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _compare(processes: int, wishes: Sequence[services.PlaceOrder], now: datetime) -> list[Row]:
    """Let so many processes place orders, then write plain ones, in turns."""
    planned = plan_orders(seed=processes)
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(processes), context.Queue()

    def work(number: int) -> None:
        mine = slice(number, None, processes)
        results.put(_work(wishes[mine], planned[mine], now, lambda: barrier.wait(60)))

    children = [context.Process(target=work, args=(number,), daemon=True) for number in range(processes)]
    for child in children:
        child.start()
    patience = 30 + 6 * ROUNDS * TURN_SECONDS
    turns: list[list[tuple[Turn, Turn]]] = [results.get(timeout=patience) for _child in children]
    for child in children:
        child.join()
    return _rows_of(processes, list(zip(*turns, strict=True)))


def _work(
    wishes: Sequence[services.PlaceOrder], planned: Sequence[PlannedOrder], now: datetime, meet: Callable[[], object]
) -> list[tuple[Turn, Turn]]:
    """Take all turns of one process, each begun together with the others."""
    mine, plain, writer = iter(wishes), itertools.cycle(planned), PlainWriter()
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    turns = []
    for _round in range(ROUNDS):
        meet()
        placing = _take_turn(mine, lambda wish: _place(wish, now), pid)
        meet()
        writing = _take_turn(plain, lambda order: writer.write(order, now), writer.backend_pid())
        turns.append((placing, writing))
    writer.close()
    connections.close_all()
    return turns


def _rows_of(processes: int, rounds: Sequence[Sequence[tuple[Turn, Turn]]]) -> list[Row]:
    """Sum the turns of all processes and rounds, and set one writer beside the other."""
    placing, writing = Turn(), Turn()
    parts = []
    for turns in rounds:
        for placed, written in turns:
            placing.add(placed)
            writing.add(written)
        placed_seconds, written_seconds = (max(turn[side].seconds for turn in turns) for side in (0, 1))
        placing.seconds, writing.seconds = placing.seconds + placed_seconds, writing.seconds + written_seconds
        orders, plain_orders = (sum(turn[side].orders for turn in turns) for side in (0, 1))
        parts.append(orders / placed_seconds / (plain_orders / written_seconds))
    name = f"{processes} process{'es' if processes > 1 else ''}"
    ours, plain = placing.orders / placing.seconds, writing.orders / writing.seconds
    per_order = 1000 / placing.orders
    return [
        Row(f"{name}: placing, beside the plain transaction", ours, "orders/s", plain),
        Row(f"{name}: share of the plain transaction", ours / plain, "", LEAST_RATIO),
        Row(f"{name}: that share in the worst of {len(parts)} rounds", min(parts), ""),
        Row(f"{name}: that share in the best", max(parts), ""),
        Row(f"{name}: placing, p50", 1000 * percentile(placing.latencies, 0.5), "ms"),
        Row(f"{name}: placing, p99", 1000 * percentile(placing.latencies, 0.99), "ms"),
        Row(f"{name}: plain transaction, p50", 1000 * percentile(writing.latencies, 0.5), "ms"),
        Row(f"{name}: plain transaction, p99", 1000 * percentile(writing.latencies, 0.99), "ms"),
        Row(f"{name}: Python an order", placing.python_seconds * per_order, "ms CPU", MOST_PYTHON_MS),
        Row(f"{name}: PostgreSQL an order", placing.database_seconds * per_order, "ms CPU"),
        Row(f"{name}: Python a plain order", 1000 * writing.python_seconds / writing.orders, "ms CPU"),
        Row(f"{name}: PostgreSQL a plain order", 1000 * writing.database_seconds / writing.orders, "ms CPU"),
        Row(f"{name}: orders refused for want of stock", 100 * placing.refusals / len(placing.latencies), "%"),
    ]


def _probe(wishes: Sequence[services.PlaceOrder], now: datetime) -> list[Row]:
    """Say where the time of an order goes, by groups of statements, in one process with nothing beside it."""
    with _timed() as seconds:
        turn = _place_some(wishes, now)
    seconds["Python and the driver"] = turn.seconds - sum(seconds.values())
    ordered = sorted(seconds.items(), key=lambda pair: -pair[1])
    return [Row(f"of an order: {name}", 1000 * spent / turn.orders, "ms") for name, spent in ordered]


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    """Collect the time of statements and commits by group."""
    seconds: dict[str, float] = defaultdict(float)
    commit, groups = connection.commit, _groups()

    def run(execute: Callable[..., Any], statement: str, values: object, many: bool, context: object) -> object:
        start = time.perf_counter()
        try:
            return execute(statement, values, many, context)
        finally:
            is_border = "SAVEPOINT" in statement
            name = "savepoints" if is_border else groups.get(statement, "other statements")
            seconds[name] += time.perf_counter() - start

    def timed_commit() -> None:
        start = time.perf_counter()
        try:
            commit()
        finally:
            seconds["commit"] += time.perf_counter() - start

    connection.commit = timed_commit  # type: ignore[method-assign]
    try:
        with connection.execute_wrapper(run):
            yield seconds
    finally:
        connection.commit = commit  # type: ignore[method-assign]


def _groups() -> dict[str, str]:
    """Return the groups by the statements as they are sent: by themselves, or as calls of what was prepared."""
    return GROUPS | {statements._forms_of(statement)[1]: name for statement, name in GROUPS.items()}


def _repeat(wishes: Sequence[services.PlaceOrder], now: datetime) -> list[Row]:
    """Repeat requests with their idempotency keys and say how long the same answer takes."""
    times = []
    for number, wish in enumerate(wishes[:50]):
        once = Idempotency("bench", str(number), "the same")

        def work(wish: services.PlaceOrder = wish) -> dict[str, Any]:
            return {"number": services.place_order(wish, now=now).number}

        try:
            first, _is_replayed = run_once(once, work)
        except CannotReserveStock:
            continue
        start = time.perf_counter()
        if run_once(once, work) != (first, True):
            raise AssertionError("A repeated request gave another order.")
        times.append(time.perf_counter() - start)
    return [Row("a repeated request, p50", 1000 * percentile(times, 0.5), "ms")]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  progress beside the report
