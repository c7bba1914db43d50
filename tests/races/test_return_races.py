"""Two people at once with one piece, or one parcel, on real connections; each guard has a control."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.conf import LazySettings
from django.db import connection

from omni.kernel.transactions import entry
from orders import locks, queries, services, sql
from orders.models import Order, OrderLine, Recognition, Refund, Return, ReturnLine
from orders.services import receiving, returning
from tests.cast import World, build_world
from tests.factories.returns import NEXT_DAY, delivered_order, received_return, wish_to_return
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_world(settings: LazySettings) -> World:
    """Return the small world, committed."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    return build_world()


def at_once(*works: Callable[[], object]) -> list[str]:
    """Run the works in threads that start together; return "done", or the name of each one's error, sorted."""
    start = Barrier(len(works), timeout=30)

    def run(work: Callable[[], object]) -> str:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001  the outcome is the point
            return type(error).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return sorted(pool.map(run, works))


def ask_for_return(order: Order) -> None:
    with entry():
        services.request_return(order.pk, wish_to_return(order), actor="guest", now=NEXT_DAY)


def put_on_counter(world: World, order: Order, store: str) -> Callable[[], None]:
    """Return what a clerk of a store does who is given an order's first piece."""
    [key, *_others] = (piece.key for piece in queries.held_pieces([order], now=NEXT_DAY))
    piece = services.CounterPiece(key.sale_id, key.unit, "resell", "not_wanted")
    wanted = services.CounterReturn(world.stores[store].pk, (piece,))

    def take_back() -> None:
        with entry():
            services.take_back_here(wanted, actor="user:1", now=NEXT_DAY)

    return take_back


def unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let orders be read without being locked."""
    monkeypatch.setattr(locks, "lock_order", lambda order_id: locks.OrderLock(Order.objects.get(pk=order_id), []))


def test_two_returns_of_one_piece_are_one(small_world: World) -> None:
    order = delivered_order(small_world)
    outcomes = at_once(*[lambda: ask_for_return(order)] * 4)
    assert outcomes == ["NotReturnable", "NotReturnable", "NotReturnable", "done"]
    assert (Return.objects.count(), ReturnLine.objects.count()) == (1, 1)
    assert OrderLine.objects.get().returned_quantity == 1


def test_control_without_lock_and_guard_one_piece_is_counted_twice(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lock, guard of the counter and the constraints behind them are off: everybody gets their return."""
    order = delivered_order(small_world)
    unlock(monkeypatch)
    guard = sql.COUNT_RETURNED.index(" AND returned_quantity")
    monkeypatch.setattr(sql, "COUNT_RETURNED", sql.COUNT_RETURNED[:guard])
    # Both have read before either writes.
    both_have_read, write = Barrier(2, timeout=30), returning._write
    monkeypatch.setattr(returning, "_write", lambda *given: (both_have_read.wait(), write(*given))[1])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_orderline DROP CONSTRAINT orders_line_returned_within_quantity")
        cursor.execute("DROP INDEX orders_return_line_once")
    try:
        outcomes = at_once(*[lambda: ask_for_return(order)] * 2)
        assert outcomes == ["done", "done"]
        assert OrderLine.objects.get().returned_quantity == 2
    finally:
        ReturnLine.objects.all().delete()
        OrderLine.objects.update(returned_quantity=0)
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE orders_orderline ADD CONSTRAINT orders_line_returned_within_quantity"
                " CHECK (returned_quantity <= quantity - cancelled_quantity)"
            )
            cursor.execute(
                "CREATE UNIQUE INDEX orders_return_line_once ON orders_returnline (sale_id, unit) WHERE is_live"
            )


def test_without_the_lock_the_guard_still_refuses(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = delivered_order(small_world)
    unlock(monkeypatch)
    outcomes = at_once(*[lambda: ask_for_return(order)] * 2)
    assert outcomes.count("done") == 1
    assert OrderLine.objects.get().returned_quantity == 1


def test_two_clerks_inspecting_one_parcel_pay_once(small_world: World) -> None:
    case = received_return(small_world, delivered_order(small_world), store="B")
    found = {case.lines.get().pk: "resell"}

    def inspect() -> None:
        with entry():
            services.inspect_return(case.pk, found, actor="user:1", now=NEXT_DAY)

    assert at_once(inspect, inspect) == ["ReturnNotOpen", "done"]
    assert (Refund.objects.count(), Recognition.objects.filter(reversal_of__isnull=False).count()) == (1, 1)
    assert small_world.level("B", "S").on_hand == 6


def test_two_clerks_taking_one_piece_over_their_counters_pay_once(small_world: World) -> None:
    order = delivered_order(small_world)
    clerks = [put_on_counter(small_world, order, store) for store in "BC"]
    assert at_once(*clerks) == ["NotReturnable", "done"]
    assert (Refund.objects.count(), Recognition.objects.filter(reversal_of__isnull=False).count()) == (1, 1)
    assert small_world.level("B", "S").on_hand + small_world.level("C", "S").on_hand == 5 + 1 + 1


def test_control_two_clerks_without_lock_and_guards_pay_one_piece_twice(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lock, guard of the counter and the constraints behind them are off: both clerks take the piece back."""
    order = delivered_order(small_world, ("S", 2))
    monkeypatch.setattr(
        locks, "lock_orders", lambda ids, **_: [locks.OrderLock(Order.objects.get(pk=pk), []) for pk in set(ids)]
    )
    monkeypatch.setattr(receiving, "pay_back", lambda *_given, **_more: None)
    both_have_read, write = Barrier(2, timeout=30), returning.add_pieces
    monkeypatch.setattr(returning, "add_pieces", lambda *given: (both_have_read.wait(), write(*given))[1])
    clerks = [put_on_counter(small_world, order, store) for store in "BC"]
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX orders_return_line_once")
    try:
        assert at_once(*clerks) == ["done", "done"]
        assert ReturnLine.objects.filter(is_live=True, unit=0).count() == 2
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE orders_return CASCADE")
            cursor.execute(
                "CREATE UNIQUE INDEX orders_return_line_once ON orders_returnline (sale_id, unit) WHERE is_live"
            )


def test_a_clerk_receiving_while_the_shopper_calls_it_off_is_one_or_the_other(small_world: World) -> None:
    order = delivered_order(small_world)
    ask_for_return(order)
    case = Return.objects.get()

    def receive() -> None:
        with entry():
            services.receive_return(case.pk, small_world.stores["A"].pk, actor="user:1", now=NEXT_DAY)

    def cancel() -> None:
        with entry():
            services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)

    assert at_once(receive, cancel) == ["ReturnNotOpen", "done"]
    case.refresh_from_db()
    assert (case.status, OrderLine.objects.get().returned_quantity) in {("received", 1), ("cancelled", 0)}
