"""Plans, offers and answers at once, on real connections. Each race has a control that shows what prevents it."""

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import connection
from pytest_django import Settings

from fulfillment import locks, queries, rules, services
from fulfillment.choices import FulfillmentOrderStatus, RejectReason
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, RoutingDecision
from fulfillment.queries import searches
from fulfillment.services import moving, planning
from inventory import services as inventory_services
from inventory.models import Reservation, StockLevel
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from stores import sql as stores_sql
from stores.models import Store, StoreCapacity
from tests.cast import NOON, World, build_world
from tests.fulfillment.test_services_planning import demand
from tests.fulfillment.test_services_routing import fresh, paid, stock_agrees
from tests.races.meeting import meeting
from tests.races.test_stock_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus
MONDAY = date(2026, 3, 16)
WORKERS = 8


@pytest.fixture(autouse=True)
def _no_hints(settings: Settings) -> None:
    settings.OUTBOX_HINTS = False


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


def hold(world: World, *wanted: tuple[str, int]) -> None:
    with entry():
        services.plan_and_hold(demand(world, *wanted), now=NOON)


def plan_together(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let so many buyers plan before the first of them takes anything."""
    meeting, choose = Barrier(count, timeout=30), rules.choose

    def choose_together(*args: object) -> object:
        plan = choose(*args)  # type: ignore[arg-type]
        try:
            meeting.wait(3)
        except BrokenBarrierError:
            pass
        else:
            meeting.abort()
        return plan

    monkeypatch.setattr(rules, "choose", choose_together)


def held_units() -> int:
    return sum(Reservation.objects.filter(status="held").values_list("quantity", flat=True))


def no_violation() -> bool:
    """Tell whether the audit of fulfillment finds nothing."""
    findings = [queries.audit_holds(), queries.audit_promises(), queries.audit_capacity(since=MONDAY)]
    return [wrong for _checked, wrong, _named in findings] == [0, 0, 0] and stock_agrees()


# Planning.


def test_fifty_plans_for_ten_units_hold_exactly_ten(small_world: World) -> None:
    StockLevel.objects.exclude(pk=small_world.level("A", "S").pk).update(safety=99)

    outcomes = at_once([lambda: hold(small_world, ("S", 1))] * 50)

    assert (outcomes.count("done"), outcomes.count("CannotReserveStock")) == (10, 40)
    assert (held_units(), small_world.level("A", "S").held) == (10, 10)
    assert StoreCapacity.objects.get().used == 10


def test_fifty_plans_for_more_than_one_store_has_spread_over_stores(small_world: World) -> None:
    outcomes = at_once([lambda: hold(small_world, ("S", 1))] * 50)

    assert (outcomes.count("done"), outcomes.count("CannotReserveStock")) == (15, 35)
    assert (small_world.level("A", "S").held, small_world.level("B", "S").held) == (10, 5)


def test_the_last_place_of_a_store_goes_once(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.objects.exclude(pk=small_world.stores["A"].pk).update(is_active=False)
    StoreCapacity.objects.create(store=small_world.stores["A"], on_date=MONDAY, limit=3, used=2)
    plan_together(monkeypatch, WORKERS)

    outcomes = at_once([lambda: hold(small_world, ("S", 1))] * WORKERS)

    assert (outcomes.count("done"), outcomes.count("CannotReserveStock")) == (1, WORKERS - 1)
    assert (StoreCapacity.objects.get().used, held_units()) == (3, 1)


@pytest.fixture
def unlimited() -> Iterator[None]:
    """Take the constraint on capacity off for one test."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE stores_storecapacity DROP CONSTRAINT stores_capacity_within_limit")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM stores_storecapacity")
        cursor.execute(
            'ALTER TABLE stores_storecapacity ADD CONSTRAINT stores_capacity_within_limit CHECK (used <= "limit")'
        )


def test_the_last_place_of_a_store_without_the_guard_goes_to_all(
    small_world: World, monkeypatch: pytest.MonkeyPatch, unlimited: None
) -> None:
    guard = 'WHERE capacity.used + EXCLUDED.used <= capacity."limit"'
    assert guard in stores_sql.TAKE_CAPACITY
    monkeypatch.setattr(stores_sql, "TAKE_CAPACITY", stores_sql.TAKE_CAPACITY.replace(guard, ""))
    Store.objects.exclude(pk=small_world.stores["A"].pk).update(is_active=False)
    StoreCapacity.objects.create(store=small_world.stores["A"], on_date=MONDAY, limit=3, used=2)
    plan_together(monkeypatch, WORKERS)

    outcomes = at_once([lambda: hold(small_world, ("S", 1))] * WORKERS)

    assert outcomes == ["done"] * WORKERS
    assert StoreCapacity.objects.get().used == 2 + WORKERS


def test_plans_that_cross_on_the_same_skus_never_deadlock(small_world: World) -> None:
    StockLevel.objects.update(safety=0)
    StockLevel.objects.filter(store=small_world.stores["B"]).update(on_hand=40)

    outcomes = at_once(
        [lambda: hold(small_world, ("S", 1), ("L", 1)), lambda: hold(small_world, ("L", 1), ("S", 1))] * 20
    )

    assert outcomes == ["done"] * 40
    assert small_world.level("B", "L").held == 40


def split_plans(world: World) -> list[Callable[[], None]]:
    """Return demands that each need both A and B, half of them naming the lines the other way round.

    A has the level with the lower id of one line, B that of the other.
    """
    StockLevel.objects.update(safety=99)
    StockLevel.objects.filter(pk__in=[world.level("B", "S").pk, world.level("A", "L").pk]).update(on_hand=100, safety=0)
    return [lambda: hold(world, ("S", 1), ("L", 1)), lambda: hold(world, ("L", 1), ("S", 1))] * 20


def test_splits_that_cross_never_deadlock(small_world: World) -> None:
    outcomes = at_once(split_plans(small_world))

    assert outcomes == ["done"] * 40
    assert (small_world.level("B", "S").held, small_world.level("A", "L").held) == (40, 40)


def test_splits_that_lock_share_by_share_meet_releases_by_id_in_a_deadlock(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a plan that locks A before B crosses a release that locks by id, B's level first."""
    works = split_plans(small_world)
    low, high = sorted([small_world.level("B", "S").pk, small_world.level("A", "L").pk])
    monkeypatch.setattr(inventory_services, "lock_stock", lambda places: None)
    original = inventory_services.hold_stock

    def slowly(*args: object, **kwargs: object) -> list[int]:
        held = original(*args, **kwargs)  # type: ignore[arg-type]
        time.sleep(0.4)
        return held

    monkeypatch.setattr(inventory_services, "hold_stock", slowly)

    def by_id(first: int, second: int) -> None:
        with entry(), connection.cursor() as cursor:
            cursor.execute("UPDATE inventory_stocklevel SET safety = 0 WHERE id = %s", [first])
            time.sleep(0.4)
            cursor.execute("UPDATE inventory_stocklevel SET safety = 0 WHERE id = %s", [second])

    outcomes = at_once([works[0], lambda: by_id(low, high), works[1], lambda: by_id(high, low)], workers=4)

    assert "Busy" in outcomes


# Routing.


def drive(share_id: int) -> None:
    services.drive_route(share_id, now=NOON)


def sweep(now: datetime = NOON) -> None:
    services.drive_due_routing(30, now=now)


def test_eight_workers_route_a_share_once(small_world: World) -> None:
    (share_id,) = paid(small_world, ("S", 2))

    assert at_once([lambda: drive(share_id)] * WORKERS) == ["done"] * WORKERS

    assert fresh(share_id).status == S.OFFERED
    assert RoutingDecision.objects.filter(kind="route").count() == 1
    assert (small_world.level("A", "S").allocated, StoreCapacity.objects.get().used) == (2, 1)


def test_eight_workers_without_the_lock_decide_more_than_once(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the compare-and-set of the status still lets only one offer through."""
    (share_id,) = paid(small_world, ("S", 2))
    decisions: list[int] = []
    meet, original = meeting(threads=WORKERS), moving.take

    def lockless(share_id: int) -> FulfillmentOrder:
        return FulfillmentOrder.objects.select_related("fulfillment").get(pk=share_id)

    def noted(*args: object, **kwargs: object) -> list[FulfillmentOrder]:
        decisions.append(1)
        meet()
        return original(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("fulfillment.locks.lock_share", lockless)
    monkeypatch.setattr(moving, "take", noted)

    def route() -> None:
        with entry():
            services.route(share_id, now=NOON)

    outcomes = at_once([route] * WORKERS)

    assert len(decisions) > 1
    assert (outcomes.count("done"), outcomes.count("StateConflict")) == (1, WORKERS - 1)


def test_sweepers_share_the_work(small_world: World) -> None:
    StockLevel.objects.filter(pk=small_world.level("A", "S").pk).update(on_hand=100)
    share_ids = [paid(small_world, ("S", 1))[0] for _number in range(24)]

    at_once([sweep] * WORKERS)

    assert {fresh(share_id).status for share_id in share_ids} == {S.OFFERED}
    assert RoutingDecision.objects.filter(kind="route").count() == 24
    assert small_world.level("A", "S").allocated == 24


def moves_that_cross(world: World) -> list[Callable[[], None]]:
    """Return routings of which half move goods from A to B and half from B to A, of the same two SKUs."""
    StockLevel.objects.update(on_hand=50, safety=0)
    both = [paid(world, ("S", 1), ("M", 1))[0] for _number in range(12)]
    to_b, to_a = both[:6], both[6:]
    for share_id in to_a:
        _put(world, share_id, "B")
    excluded = dict.fromkeys(to_b, (world.stores["A"].pk,))
    return [partial(_route_without, share_id, excluded.get(share_id, ())) for share_id in both]


def _put(world: World, share_id: int, store: str) -> None:
    """Move a share's goods to a store."""
    with entry():
        share = locks.lock_share(share_id)
        search = searches.search_of(share, (world.stores["A"].pk,), now=NOON)
        planning.decide(search, lambda plan: moving.take(share, plan, now=NOON))
    assert fresh(share_id).store_id == world.stores[store].pk


def _route_without(share_id: int, excluded: tuple[int, ...]) -> None:
    with entry():
        share = locks.lock_share(share_id)
        search = searches.search_of(share, excluded, now=NOON)
        planning.decide(search, lambda plan: moving.take(share, plan, now=NOON))


def test_moves_that_cross_never_deadlock(small_world: World) -> None:
    works = moves_that_cross(small_world)

    assert at_once(works, workers=6) == ["done"] * 12

    assert (small_world.level("A", "S").allocated, small_world.level("B", "S").allocated) == (6, 6)
    assert stock_agrees()
    assert sorted(StoreCapacity.objects.values_list("used", flat=True)) == [6, 6]


def test_moves_that_release_before_they_lock_the_rest_deadlock(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = moves_that_cross(small_world)
    monkeypatch.setattr(inventory_services, "lock_stock", lambda places: None)
    monkeypatch.setattr(moving, "_move_capacity", lambda share, plan: None)
    original = inventory_services.release_reservations

    def slowly(reservation_ids: list[int]) -> list[int]:
        released = original(reservation_ids)
        time.sleep(0.2)
        return released

    monkeypatch.setattr(inventory_services, "release_reservations", slowly)

    assert "Busy" in at_once(works, workers=6)


# Answers.


def offered(world: World) -> FulfillmentOrder:
    (share_id,) = paid(world, ("S", 2))
    with entry():
        services.route(share_id, now=NOON)
    return fresh(share_id)


def accept(share: FulfillmentOrder) -> None:
    with entry():
        services.accept_offer(share.pk, actor="user:7", now=NOON)


def reject(share: FulfillmentOrder) -> None:
    with entry():
        services.reject_offer(share.pk, reason=RejectReason.TOO_BUSY, actor="user:8", now=NOON)


def cancel(share: FulfillmentOrder) -> None:
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=NOON)


@pytest.mark.parametrize("turn", range(4))
def test_answers_at_once_count_once(small_world: World, turn: int) -> None:
    share = offered(small_world)
    late = NOON + timedelta(hours=1)

    at_once([lambda: accept(share), lambda: reject(share), lambda: sweep(late)] * 2, 6)

    first = fresh(share.pk)
    followers = FulfillmentOrder.objects.exclude(pk=share.pk).count()
    assert (first.status, followers) in {(S.ACCEPTED, 0), (S.REJECTED, 1), (S.TIMED_OUT, 1)}
    assert no_violation()


@pytest.mark.parametrize("turn", range(4))
def test_cancelling_while_the_share_is_routed_leaves_nothing_behind(small_world: World, turn: int) -> None:
    (share_id,) = paid(small_world, ("S", 2))
    share = fresh(share_id)

    at_once([lambda: drive(share_id), lambda: cancel(share)], workers=2)

    assert fresh(share_id).status == S.CANCELLED
    assert (small_world.level("A", "S").allocated, StoreCapacity.objects.get().used) == (0, 0)
    assert Event.objects.filter(name="fulfillment.FulfillmentOrderCancelled").count() == 1
    assert no_violation()


@pytest.mark.parametrize("turn", range(4))
def test_cancelling_while_the_store_rejects_cancels_the_follower_too(small_world: World, turn: int) -> None:
    share = offered(small_world)

    at_once([lambda: reject(share), lambda: cancel(share)], workers=2)

    statuses = sorted(FulfillmentOrder.objects.values_list("status", flat=True))
    assert statuses in ([S.CANCELLED], [S.CANCELLED, S.REJECTED])
    assert not FulfillmentOrderLine.objects.filter(reservation__status="allocated").exists()
    assert no_violation()
