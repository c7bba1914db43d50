"""Two clerks with one till, one refund, one order or one slip, on real connections; each guard has a control."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import locks, queries, services
from orders.choices import DrawerStatus, IntentStatus, OrderStatus, RefundStatus
from orders.models import DrawerMovement, DrawerSession, Order, PaymentIntent, Refund, TillSlip
from orders.services import drawers, refunds, till_refunds
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.factories.orders import run_deliveries
from tests.factories.till import CLERK, charge_card, counter_orders, opened_drawer, paid_at_till, pay_cash
from tests.orders.wechat import Provider
from tests.races.test_return_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_world(settings: LazySettings) -> World:
    """Return the small world, committed."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    return build_world()


@pytest.fixture
def refund(small_world: World) -> Refund:
    """Return a refund of cash that waits at the till of store A."""
    order, _drawer = paid_at_till(small_world, "cash")
    with entry():
        services.cancel_order(order.pk, actor=CLERK, now=NOON)
    run_deliveries()
    return order.refunds.get()


def move(row: Any, *, to: str, **_log: object) -> None:  # noqa: ANN401  any row with a status
    """Change a status as code without compare-and-set would."""
    type(row).objects.filter(pk=row.pk).update(status=to)
    row.status = to


@contextmanager
def without(statement: str, restoring: str) -> Iterator[None]:
    """Drop a guard of the database, and put it back on an empty table."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
    yield
    DrawerSession.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(restoring)


def count(drawer: DrawerSession, hundreds: int) -> None:
    with entry():
        services.count_drawer(drawer.pk, {10000: hundreds}, note="", actor=CLERK, now=NOON)


def pay_out(refund: Refund) -> None:
    drawer = DrawerSession.objects.get(store=refund.intent.drawer.store_id)  # type: ignore[union-attr]  # it was cash
    with entry():
        services.pay_out_refund(refund.pk, drawer.pk, actor=CLERK, now=NOON)


def test_one_till_is_opened_once(small_world: World) -> None:
    outcomes = at_once(lambda: opened_drawer(small_world), lambda: opened_drawer(small_world))
    assert (outcomes, DrawerSession.objects.count()) == (["TillTaken", "done"], 1)


def test_control_without_the_constraint_one_till_is_opened_twice(small_world: World) -> None:
    restoring = (
        "CREATE UNIQUE INDEX orders_drawer_one_open ON orders_drawersession (store_id, till) WHERE status = 'open'"
    )
    with without("DROP INDEX orders_drawer_one_open", restoring):
        outcomes = at_once(lambda: opened_drawer(small_world), lambda: opened_drawer(small_world))
        assert (outcomes, DrawerSession.objects.count()) == (["done", "done"], 2)


def test_one_refund_is_paid_out_once(small_world: World, refund: Refund) -> None:
    assert at_once(lambda: pay_out(refund), lambda: pay_out(refund)) == ["RefundNotWaiting", "done"]
    run_deliveries()
    refund.refresh_from_db()
    assert (refund.status, refund.movement.amount_fen) == (RefundStatus.SUCCEEDED, -49900)
    assert queries.expected_fen(DrawerSession.objects.get()) == 50000
    assert broken_claims(NOON) == {}


def test_control_without_the_lock_only_the_unique_movement_stops_the_second(
    small_world: World, refund: Refund, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_read = Barrier(2)

    def read(refund_id: int) -> Refund:
        found = Refund.objects.select_related("intent", "order").get(pk=refund_id)
        both_have_read.wait()
        return found

    monkeypatch.setattr(refunds, "lock_refund", read)
    monkeypatch.setattr(till_refunds, "transition", move)
    assert at_once(lambda: pay_out(refund), lambda: pay_out(refund)) == ["IntegrityError", "done"]


def test_one_till_is_counted_once(small_world: World) -> None:
    drawer = opened_drawer(small_world)
    assert at_once(lambda: count(drawer, 5), lambda: count(drawer, 5)) == ["DrawerNotOpen", "done"]
    assert Event.objects.filter(name="orders.DrawerClosed").count() == 1


def test_control_without_the_lock_one_till_is_counted_twice(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer, both_have_read = opened_drawer(small_world), Barrier(2)

    def read(drawer_id: int) -> DrawerSession:
        found = DrawerSession.objects.get(pk=drawer_id)
        both_have_read.wait()
        return found

    monkeypatch.setattr(locks, "lock_drawer", read)
    monkeypatch.setattr(drawers, "transition", move)
    assert at_once(lambda: count(drawer, 5), lambda: count(drawer, 5)) == ["done", "done"]
    assert Event.objects.filter(name="orders.DrawerClosed").count() == 2


def test_cash_is_in_the_count_or_refused(small_world: World) -> None:
    (order,) = counter_orders(small_world, "S")
    drawer = opened_drawer(small_world)
    outcomes = at_once(lambda: pay_cash(order, drawer, 49900), lambda: count(drawer, 5))
    run_deliveries()
    drawer.refresh_from_db()
    assert (outcomes, drawer.status, drawer.expected_fen) in [
        (["done", "done"], DrawerStatus.COUNTED, 99900),
        (["DrawerNotOpen", "done"], DrawerStatus.CLOSED, 50000),
    ]
    assert broken_claims(NOON) == {}


def test_control_without_the_lock_cash_comes_in_behind_the_count(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (order,) = counter_orders(small_world, "S")
    drawer, both_have_read = opened_drawer(small_world), Barrier(2)

    def read(drawer_id: int) -> DrawerSession:
        found = DrawerSession.objects.get(pk=drawer_id)
        found.expected_fen = queries.expected_fen(found)
        both_have_read.wait()
        return found

    monkeypatch.setattr(locks, "lock_drawer", read)
    monkeypatch.setattr(queries, "expected_fen", lambda found: found.expected_fen or 0)
    assert at_once(lambda: pay_cash(order, drawer, 49900), lambda: count(drawer, 5)) == ["done", "done"]
    assert set(broken_claims(NOON)) == {"Tills hold what moved"}


def test_two_tills_take_the_money_of_one_order_once(small_world: World) -> None:
    (order,) = counter_orders(small_world, "S")
    tills = [opened_drawer(small_world, till=name) for name in "12"]
    outcomes = at_once(
        lambda: pay_cash(order, tills[0], 49900, once="a"), lambda: pay_cash(order, tills[1], 49900, once="b")
    )
    run_deliveries()
    assert (outcomes, PaymentIntent.objects.count()) == (["NothingDue", "done"], 1)
    assert broken_claims(NOON) == {}


def test_control_without_the_lock_one_order_is_paid_twice(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (order,) = counter_orders(small_world, "S")
    tills = [opened_drawer(small_world, till=name) for name in "12"]
    both_have_read = Barrier(2)

    def read(_named: object, *, checkout_id: int | None = None) -> list[locks.OrderLock]:
        found = [locks.OrderLock(row, []) for row in Order.objects.filter(checkout=checkout_id)]
        both_have_read.wait()
        return found

    def take(intent_id: int, **_call: object) -> PaymentIntent:
        intent = PaymentIntent.objects.get(pk=intent_id)
        move(intent, to=IntentStatus.SUCCEEDED)
        Order.objects.filter(pk=order.pk).update(status=OrderStatus.PAID)
        return intent

    monkeypatch.setattr(locks, "lock_orders", read)
    monkeypatch.setattr("orders.services.tenders._take", take)
    outcomes = at_once(
        lambda: pay_cash(order, tills[0], 49900, once="a"), lambda: pay_cash(order, tills[1], 49900, once="b")
    )
    assert (outcomes, DrawerMovement.objects.count()) == (["done", "done"], 2)


def test_one_slip_is_recorded_for_one_payment(small_world: World) -> None:
    (first,), (second,) = counter_orders(small_world, "S"), counter_orders(small_world, "M")
    drawer = opened_drawer(small_world)
    outcomes = at_once(lambda: charge_card(first, drawer, 49900), lambda: charge_card(second, drawer, 49900))
    assert (outcomes, TillSlip.objects.count()) == (["SlipKnown", "done"], 1)
    paid = Order.objects.filter(pk__in=[first.pk, second.pk], status=OrderStatus.PAID)
    assert paid.count() == 1
