"""How many pages of the shop the production server gives a second, with stock that changes and is shown rightly.

The demo's 400 products, 2,040 stores and half a million stock rows; gunicorn as `./run` starts it. While visitors ask,
a writer takes the last units of stores and gives them back, twenty times a second, on the very products they look at.
A checker changes others and asks for the page at once: the next page must say what the database says. An empty view
behind the same middleware takes its turns in between, so that what the machine can do is measured in the same minutes.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event, Thread

from django.core.management import call_command
from django.core.signing import get_cookie_signer
from django.db import connection

from bin.children import end, spawn, tail, wait_until
from bin.local import ROOT, Local
from bin.servers import free_port
from bin.up import Supervisor, answers
from inventory import services as inventory_services
from inventory.services import StockWant
from omni.kernel import clock
from omni.kernel.transactions import entry
from tests.bench._visitors import Visits, fetch, request, visit
from tests.bench.rows import Row, percentile

LEAST_RATE = 600.0
ROUNDS = 4
TURN_SECONDS = 4.0
CHANGES_A_SECOND = 20.0
CHECK_PAUSE_SECONDS = 0.1
VISITED_PRODUCTS = 60
CHECKED_PRODUCTS = 4
TICKS = os.sysconf("SC_CLK_TCK")
PLACE = get_cookie_signer(salt="place").sign("310106")

PRODUCTS = """
SELECT brand.code, product.code FROM inventory_product product JOIN stores_brand brand ON brand.id = product.brand_id
ORDER BY product.launched_on DESC, product.id DESC
"""

# Where units of products can be taken: in stores that the pages count.
SHELVES = """
SELECT brand.code, product.code, variant.sku, level.store_id, level.variant_id,
    level.on_hand - level.held - level.allocated - level.unsellable - level.safety
FROM inventory_stocklevel level
JOIN stores_store store ON store.id = level.store_id AND store.is_active
JOIN inventory_variant variant ON variant.id = level.variant_id AND variant.is_active
JOIN inventory_product product ON product.id = variant.product_id
JOIN stores_brand brand ON brand.id = product.brand_id
WHERE (brand.code, product.code) IN %(products)s AND variant.color_hex = (
        SELECT color_hex FROM inventory_variant WHERE product_id = product.id AND is_active ORDER BY position LIMIT 1
    )
    AND level.on_hand - level.held - level.allocated - level.unsellable - level.safety > 0
"""

STORES_OF_SKU = """
SELECT count(*) FROM inventory_stocklevel level JOIN stores_store store ON store.id = level.store_id AND store.is_active
WHERE level.variant_id = %s AND level.on_hand - level.held - level.allocated - level.unsellable - level.safety > 0
"""

SET_ASIDE = """
UPDATE inventory_stocklevel level SET safety = safety + %(units)s
FROM inventory_variant variant, inventory_product product
WHERE variant.id = level.variant_id AND product.id = variant.product_id AND product.code = %(code)s
"""

Product = tuple[str, str]


@dataclass(frozen=True)
class Shelf:
    """All units that a store can sell of a variant."""

    product: Product
    sku: str
    want: StockWant

    @property
    def address(self) -> str:
        """Return the address of the product's page."""
        return "/products/{}/{}/".format(*self.product)


@dataclass
class Usage:
    """Seconds of processor time so far: of the web server, and of the database's sessions."""

    web: float
    database: float

    @classmethod
    def now(cls, server: int) -> Usage:
        """Read what the processes have used."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
            sessions = [row[0] for row in cursor.fetchall()]
        return cls(sum(_cpu_of(pid) for pid in [server, *_children_of(server)]), sum(map(_cpu_of, sessions)))


def measure() -> list[Row]:
    """Seed the demo, start the web server, and let visitors, a writer and a checker loose on it."""
    call_command("migrate", verbosity=0)
    call_command("seed_demo", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(PRODUCTS)
        products: list[Product] = cursor.fetchall()
    visited, checked = products[:VISITED_PRODUCTS], products[VISITED_PRODUCTS : VISITED_PRODUCTS + CHECKED_PRODUCTS]
    with web_server() as (port, server):
        rows = _measure_cold(port, products)
        wrong: list[str] = []
        checks = [0]
        with changing(_shelves(visited)) as changes, checking(port, _shelves(checked), wrong, checks):
            rows += _measure_warm(port, server, visited)
        checks[0] += _check_list(port, products[0], wrong)
    if wrong:
        raise AssertionError(f"{len(wrong)} of {checks[0]} pages were wrong: {wrong[:5]}")
    return [
        *rows,
        Row("stock changes shown meanwhile", changes[0] / max(changes[1], 1), "changes/s"),
        Row("pages compared with the database right after a change, all of them right", checks[0], "pages"),
    ]


@contextmanager
def web_server() -> Iterator[tuple[int, int]]:
    """Run the web server as the supervisor does; the block gets its port and process."""
    local, port = Local.of_environment(), free_port()
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "omni.settings", "OMNI_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    process = spawn(Supervisor(local, port).product_processes()["web"], env=env, log=local.log("web"), cwd=ROOT)
    try:
        if not wait_until(lambda: answers(port) or process.poll() is not None, seconds=60) or not answers(port):
            raise RuntimeError(f"the web server does not answer:\n{tail(local.log('web'))}")
        yield port, process.pid
    finally:
        end(process, signal.SIGTERM, patience_seconds=10)


def _measure_cold(port: int, products: Sequence[Product]) -> list[Row]:
    """Ask for every product once, then for every list once: nothing of them is kept yet."""
    pages = [request(f"/products/{brand}/{code}/") for brand, code in products]
    lists = [request(address) for address in _list_addresses(port)]
    rows: list[Row] = []
    for name, requests in (("product page", pages), ("product list", lists)):
        visits = visit(port, requests, seconds=None)
        _expect_pages(name, visits)
        rows.append(Row(f"{name}, each for the first time", visits.rate, "requests/s"))
        rows.append(Row(f"{name}, each for the first time, p99", 1e3 * percentile(visits.latencies, 0.99), "ms"))
    return rows


def _measure_warm(port: int, server: int, visited: Sequence[Product]) -> list[Row]:
    """Let the empty view, the lists and the product pages take turns, and return the median of the rounds."""
    lists = [request(address) for address in _list_addresses(port)[:12]]
    pages = [
        request(f"/products/{brand}/{code}/", **({"place": PLACE} if number % 2 else {}))
        for number, (brand, code) in enumerate(visited)
    ]
    cases = {"empty view": [request("/healthz")], "product list": lists, "product page": pages}
    rounds: dict[str, list[tuple[Visits, Usage]]] = defaultdict(list)
    for number in range(ROUNDS + 1):
        for name, requests in cases.items():
            before = Usage.now(server)
            visits = visit(port, requests, seconds=TURN_SECONDS)
            after = Usage.now(server)
            _expect_pages(name, visits)
            _say(f"  {name}: {visits.rate:,.0f} requests/s{' (warming up)' if not number else ''}")
            if number:
                rounds[name].append((visits, Usage(after.web - before.web, after.database - before.database)))
    return [row for name, measured in rounds.items() for row in _rows_of(name, measured, rounds["empty view"])]


def _rows_of(
    name: str, measured: Sequence[tuple[Visits, Usage]], baseline: Sequence[tuple[Visits, Usage]]
) -> list[Row]:
    """Return the figures of one kind of page."""
    rate = median(visits.rate for visits, _usage in measured)
    latencies = [latency for visits, _usage in measured for latency in visits.latencies]
    answers_given = len(latencies)
    limit = None if name == "empty view" else LEAST_RATE
    rows = [
        Row(name, rate, "requests/s", limit),
        Row(f"{name}, p50", 1e3 * percentile(latencies, 0.5), "ms"),
        Row(f"{name}, p99", 1e3 * percentile(latencies, 0.99), "ms"),
        Row(f"{name}, processor: web server", 1e3 * sum(usage.web for _v, usage in measured) / answers_given, "ms"),
        Row(f"{name}, processor: database", 1e3 * sum(usage.database for _v, usage in measured) / answers_given, "ms"),
        Row(
            f"{name}, processor: the visitors",
            1e3 * sum(visits.client_seconds for visits, _usage in measured) / answers_given,
            "ms",
        ),
    ]
    if limit:
        empty = median(visits.rate for visits, _usage in baseline)
        rows.insert(1, Row(f"{name}, beside an empty view", rate / empty, "of its rate"))
    return rows


def _expect_pages(name: str, visits: Visits) -> None:
    if visits.failures:
        raise AssertionError(f"{name}: {visits.failures} of {len(visits.latencies)} answers were no pages")


def _list_addresses(port: int) -> list[str]:
    """Return the addresses of the first page of every list that the shop links to, and of some further pages."""
    front = fetch(port, request("/products/"))
    found = [link.replace("&amp;", "&") for link in re.findall(r'href="(/products/\?[^"]+)"', front)]
    return ["/products/", *dict.fromkeys(found)]


def _shelves(products: Sequence[Product]) -> list[Shelf]:
    """Return in random order where the products' first colours can be had."""
    with connection.cursor() as cursor:
        cursor.execute(SHELVES, {"products": tuple(products)})
        shelves = [
            Shelf((brand, code), sku, StockWant(store, variant, units))
            for brand, code, sku, store, variant, units in cursor.fetchall()
        ]
    random.Random(1).shuffle(shelves)
    return shelves


def _take(shelf: Shelf) -> list[int]:
    """Hold all that a store has of a variant."""
    with entry():
        return inventory_services.hold_stock([shelf.want], owner="fulfillment_order:0", now=clock.now())


def _give_back(held: list[int]) -> None:
    with entry():
        inventory_services.release_reservations(held)


@contextmanager
def changing(shelves: Sequence[Shelf]) -> Iterator[list[float]]:
    """Empty shelves and fill them again, meanwhile; the block gets (changes, seconds)."""
    done, counted = Event(), [0.0, 0.0]

    def work() -> None:
        start = time.monotonic()
        for shelf in shelves:
            held = _take(shelf)
            done.wait(1 / CHANGES_A_SECOND)
            _give_back(held)
            counted[:] = [counted[0] + 2, time.monotonic() - start]
            if done.wait(1 / CHANGES_A_SECOND):
                break
        connection.close()

    with _thread(work, done):
        yield counted


@contextmanager
def checking(port: int, shelves: Sequence[Shelf], wrong: list[str], checks: list[int]) -> Iterator[None]:
    """Change stock and ask for the page at once, meanwhile; what it says must be what the database says."""
    done = Event()

    def work() -> None:
        for shelf in shelves:
            held = _take(shelf)
            wrong.extend(_compare(port, shelf))
            _give_back(held)
            wrong.extend(_compare(port, shelf))
            checks[0] += 2
            if done.wait(CHECK_PAUSE_SECONDS):
                break
        connection.close()

    with _thread(work, done):
        yield


@contextmanager
def _thread(work: Callable[[], None], done: Event) -> Iterator[None]:
    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _compare(port: int, shelf: Shelf) -> list[str]:
    """Return what is wrong with the page of a product whose stock has just changed."""
    page = fetch(port, request(shelf.address))
    with connection.cursor() as cursor:
        cursor.execute(STORES_OF_SKU, [shelf.want.variant_id])
        count = cursor.fetchone()[0]
    found = re.search(rf'value="{shelf.sku}".*?size-note">(\d*)', page, re.DOTALL)
    shown = int(found[1] or 0) if found else -1
    return [] if shown == count else [f"{shelf.sku}: {shown} stores shown, {count} have it"]


def _check_list(port: int, product: Product, wrong: list[str]) -> int:
    """Sell a product out everywhere and bring it back: the list must say so each time. Return the pages looked at."""
    brand, code = product
    card = re.compile(rf'/products/{brand}/{code}/".*?</a>', re.DOTALL)
    for units, is_gone in ((100_000, True), (-100_000, False)):
        with connection.cursor() as cursor:
            cursor.execute(SET_ASIDE, {"units": units, "code": code})
        found = card.search(fetch(port, request("/products/")))
        if found is None or ("is-gone" in found[0]) != is_gone:
            wrong.append(f"{code} in the list: sold out is {is_gone}")
    return 2


def _cpu_of(pid: int) -> float:
    """Return the seconds of processor time that a process has used; 0 where it runs on another machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
