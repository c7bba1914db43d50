"""Buyers at once, on real connections. Each race has a control that shows what the guard prevents."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from inventory import services, sql
from inventory.models import Reservation
from inventory.services import StockWant
from omni.kernel.transactions import entry
from stores import services as stores_services
from stores.models import StoreCapacity
from tests.cast import NOON, World, build_world

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 8


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


def at_once(works: list[Callable[[], None]], workers: int = WORKERS) -> list[str]:
    """Run the works in threads that start together and return "done", or the name of each one's error."""
    start = Barrier(workers, timeout=30)

    def one_worker(share: list[Callable[[], None]]) -> list[str]:
        start.wait()
        try:
            return [_outcome(work) for work in share]
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        outcomes = list(pool.map(one_worker, [works[n::workers] for n in range(workers)]))
    return [outcome for share in outcomes for outcome in share]


def _outcome(work: Callable[[], None]) -> str:
    try:
        work()
    except Exception as error:  # noqa: BLE001  the outcome is the point
        return type(error).__name__
    return "done"


def buy(world: World, *wants: tuple[str, str, int]) -> None:
    with entry():
        services.hold_stock(
            [StockWant(world.stores[store].pk, world.variants[size].pk, units) for store, size, units in wants],
            owner="fulfillment_order:1",
            now=NOON,
        )


def unguarded(statement: str) -> str:
    """Return the statement without its verdict and without the guard in its UPDATE."""
    without = statement.replace("coalesce(locked.sellable >= needed.quantity, false)", "true").replace(
        "AND level.on_hand - level.held - level.allocated - level.unsellable - level.safety >= needed.quantity", ""
    )
    assert len(statement) - len(without) > 100
    return without


def units_promised() -> int:
    return sum(Reservation.objects.filter(status="held").values_list("quantity", flat=True))


def test_fifty_buyers_of_ten_units_buy_exactly_ten(small_world: World) -> None:
    outcomes = at_once([lambda: buy(small_world, ("A", "S", 1))] * 50)

    assert (outcomes.count("done"), outcomes.count("CannotHold")) == (10, 40)
    assert units_promised() == 10
    assert small_world.level("A", "S").held == 10


def test_fifty_buyers_without_the_guard_are_stopped_by_the_constraint(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "TAKE", unguarded(sql.TAKE))

    outcomes = at_once([lambda: buy(small_world, ("A", "S", 1))] * 50)

    assert (outcomes.count("done"), outcomes.count("IntegrityError")) == (10, 40)
    assert units_promised() == 10


def test_fifty_buyers_without_guard_and_constraint_oversell(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "TAKE", unguarded(sql.TAKE))
    constraint = "inventory_stock_not_oversold"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE inventory_stocklevel DROP CONSTRAINT {constraint}")
    try:
        outcomes = at_once([lambda: buy(small_world, ("A", "S", 1))] * 50)
        assert outcomes.count("done") == 50
        assert units_promised() == 50
    finally:
        Reservation.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE inventory_stocklevel SET held = 0")
            cursor.execute(
                f"ALTER TABLE inventory_stocklevel ADD CONSTRAINT {constraint}"
                " CHECK (on_hand >= held + allocated + unsellable)"
            )


def crossing_orders(world: World) -> list[Callable[[], None]]:
    """Return orders for the same two levels, half of them naming the levels the other way round."""
    both = [("B", "S", 1), ("B", "L", 1)]
    return [lambda: buy(world, *both), lambda: buy(world, *reversed(both))] * 40


def test_orders_that_cross_on_two_levels_never_deadlock(small_world: World) -> None:
    outcomes = at_once(crossing_orders(small_world))

    assert sorted(set(outcomes)) == ["CannotHold", "done"]
    assert outcomes.count("done") == 5
    assert units_promised() == 10


def test_orders_that_lock_in_their_own_order_deadlock(small_world: World) -> None:
    meeting = Barrier(2, timeout=30)

    def lock(*sizes: str) -> None:
        with entry():
            for size in sizes:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE inventory_stocklevel SET held = held + 1 WHERE id = %s",
                        [small_world.level("B", size).pk],
                    )
                if size == sizes[0]:
                    meeting.wait()

    outcomes = at_once([lambda: lock("S", "L"), lambda: lock("L", "S")], workers=2)

    assert sorted(outcomes) == ["Busy", "done"]


def test_the_last_place_of_a_day_goes_once(small_world: World) -> None:
    store = small_world.stores["A"]
    store.daily_capacity = 1
    store.save()

    def take() -> None:
        with entry():
            stores_services.take_capacity(store.pk, NOON.date())

    outcomes = at_once([take] * 24)

    assert (outcomes.count("done"), outcomes.count("CapacityFull")) == (1, 23)
    assert StoreCapacity.objects.get().used == 1


def test_places_taken_by_check_then_update_are_taken_twice(small_world: World) -> None:
    capacity = StoreCapacity.objects.create(store=small_world.stores["A"], on_date=NOON.date(), limit=2)
    meeting = Barrier(2, timeout=30)

    def check_then_take() -> None:
        with transaction.atomic():
            used = StoreCapacity.objects.get(pk=capacity.pk).used
            meeting.wait()
            if used < 2:
                StoreCapacity.objects.filter(pk=capacity.pk).update(used=used + 1)

    assert at_once([check_then_take] * 2, workers=2) == ["done", "done"]
    assert StoreCapacity.objects.get().used == 1


def test_every_kind_of_change_at_once_leaves_counters_and_promises_equal(small_world: World) -> None:
    variant_id, store_id = small_world.variants["M"].pk, small_world.stores["C"].pk
    dice = random.Random(2)

    def life(number: int, ending: str) -> None:
        with entry():
            want = StockWant(store_id, variant_id, 1 + number % 2)
            ids = services.hold_stock([want], owner=f"fulfillment_order:{number}", now=NOON)
        with entry():
            services.allocate_reservations(ids)
        with entry():
            if ending == "consume":
                services.consume_reservations(ids, actor="user:7", now=NOON)
            elif ending == "release":
                services.release_reservations(ids)
            elif ending == "not_found":
                services.release_reservations(ids)
                services.report_not_found(store_id, variant_id, 2, cause=f"reject:{number}", actor="user:7", now=NOON)

    endings = [dice.choice(["consume", "release", "not_found", "keep"]) for _number in range(120)]
    outcomes = at_once([_bind(life, number, ending) for number, ending in enumerate(endings)])

    assert set(outcomes) <= {"done", "CannotHold", "ReservationsNotAllocated"}
    level = small_world.level("C", "M")
    promised = Reservation.objects.filter(level=level)
    assert level.held == sum(promised.filter(status="held").values_list("quantity", flat=True))
    assert level.allocated == sum(promised.filter(status="allocated").values_list("quantity", flat=True))
    assert level.on_hand == sum(level.movements.values_list("quantity", flat=True))
    assert level.on_hand >= level.held + level.allocated


def _bind(life: Callable[[int, str], None], number: int, ending: str) -> Callable[[], None]:
    return lambda: life(number, ending)


def test_figures_imported_while_shoppers_buy_leave_no_promise_uncovered(small_world: World) -> None:
    world = small_world
    store_code, sku = world.stores["C"].code, world.variants["M"].sku

    def count(units: int) -> None:
        row = stores_services.CsvRow(2, {"store_code": store_code, "sku": sku, "on_hand": str(units)})
        with entry():
            services.import_stock([row], brand=world.brand, actor="system:import", now=NOON)

    figures = [_bind_count(count, units) for units in (30, 45, 12, 60, 20, 8, 33, 10)]
    buyers = [lambda: buy(world, ("C", "M", 2))] * 40
    outcomes = at_once([work for pair in zip(buyers, figures * 5, strict=True) for work in pair])

    assert set(outcomes) <= {"done", "CannotHold"}
    level = world.level("C", "M")
    assert level.held == units_promised() <= level.on_hand
    assert level.on_hand == sum(level.movements.values_list("quantity", flat=True))


def _bind_count(count: Callable[[int], None], units: int) -> Callable[[], None]:
    return lambda: count(units)
