"""Two clerks with one till, one refund, one order or one slip, on real connections; each guard has a control."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from fulfillment import services as fulfillment_services
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import locks, queries, services
from orders.choices import DrawerStatus, IntentStatus, MovementKind, OrderStatus, RefundStatus
from orders.models import DrawerMovement, DrawerSession, Order, PaymentIntent, Refund, TillSlip
from orders.services import drawers, payment, refunds, settling, tenders, till_refunds
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.factories.orders import proof_of, run_deliveries
from tests.factories.till import CLERK, charge_card, counter_orders, opened_drawer, paid_at_till, pay_cash
from tests.orders.wechat import Provider
from tests.races.meeting import LONG, SHORT, meeting
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
    both_have_read = Barrier(2, timeout=30)

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
    drawer, both_have_read = opened_drawer(small_world), Barrier(2, timeout=30)

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
    drawer, both_have_read = opened_drawer(small_world), Barrier(2, timeout=30)

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
    both_have_read = Barrier(2, timeout=30)

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


def scanned(order: Order) -> PaymentIntent:
    """Return a WeChat payment whose code the shopper has scanned, while they look for cash as well."""
    with entry():
        intent = services.start_wechat(order.checkout_id, amount_fen=49900, actor=CLERK, now=NOON)
    PaymentIntent.objects.filter(pk=intent.pk).update(status=IntentStatus.PENDING)
    return intent


def hear_of(intent: PaymentIntent) -> None:
    """Take the provider's notice of a payment over."""
    with entry():
        payment.record_payment(intent.pk, proof_of(intent), actor="provider:wechat", now=NOON)


def money_of(order: Order) -> tuple[int, int]:
    """Return what came in for an order, and what of that is owed back."""
    came = PaymentIntent.objects.filter(checkout=order.checkout_id, succeeded_at__isnull=False)
    owed = Refund.objects.filter(intent__checkout=order.checkout_id)
    return sum(came.values_list("amount_fen", flat=True)), sum(owed.values_list("amount_fen", flat=True))


@pytest.mark.parametrize("turn", range(4))
def test_cash_and_a_notice_of_wechat_at_once_pay_once_and_the_rest_goes_back(small_world: World, turn: int) -> None:
    (order,) = counter_orders(small_world, "S")
    drawer, intent = opened_drawer(small_world), scanned(order)

    outcomes = at_once(lambda: pay_cash(order, drawer, 49900), lambda: hear_of(intent))
    run_deliveries()

    order.refresh_from_db()
    intent.refresh_from_db()
    assert (outcomes, intent.status, money_of(order)) in [
        (["done", "done"], IntentStatus.ORPHAN_PAID, (99800, 49900)),
        (["NothingDue", "done"], IntentStatus.SUCCEEDED, (49900, 0)),
    ]
    assert (order.status, Event.objects.filter(name="orders.OrderPaid").count()) == (OrderStatus.PAID, 1)
    assert broken_claims(NOON) == {}


def test_control_without_lock_and_compare_and_set_both_tenders_are_kept(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (order,) = counter_orders(small_world, "S")
    drawer, intent = opened_drawer(small_world), scanned(order)
    both_have_looked, open_tender, check = Barrier(2, timeout=30), tenders._open, payment._check_match

    def look_first(look: Any) -> Any:  # noqa: ANN401  whatever is looked at
        return lambda *seen, **named: (look(*seen, **named), both_have_looked.wait(5))[0]

    monkeypatch.setattr(locks, "locked", lambda queryset: list(queryset.order_by("pk")))
    monkeypatch.setattr(tenders, "_open", look_first(open_tender))
    monkeypatch.setattr(payment, "_check_match", look_first(check))
    monkeypatch.setattr(settling, "transition", move)
    monkeypatch.setattr(settling, "_is_wanted", lambda *_seen: True)  # as it was for both
    monkeypatch.setattr(settling, "_close_what_is_too_much", lambda *_seen, **_log: None)
    monkeypatch.setattr("fulfillment.services.release_for_routing", lambda *_seen, **_log: None)

    assert at_once(lambda: pay_cash(order, drawer, 49900), lambda: hear_of(intent)) == ["done", "done"]
    assert money_of(order) == (99800, 0)


def take_out(drawer: DrawerSession, once: str) -> None:
    with entry():
        services.move_cash(
            drawer.pk, MovementKind.PAID_OUT, amount_fen=30000, reason="bank", once=once, actor=CLERK, now=NOON
        )


def test_cash_is_taken_out_of_a_till_once(small_world: World) -> None:
    drawer = opened_drawer(small_world)
    assert at_once(lambda: take_out(drawer, "a"), lambda: take_out(drawer, "b")) == ["NotEnoughCash", "done"]
    assert queries.expected_fen(drawer) == 20000


def test_control_without_the_lock_more_is_taken_out_than_there_is(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer, both_have_looked, look = opened_drawer(small_world), Barrier(2, timeout=30), drawers.check_enough
    monkeypatch.setattr(locks, "lock_drawer", lambda drawer_id: DrawerSession.objects.get(pk=drawer_id))
    monkeypatch.setattr(drawers, "check_enough", lambda *seen: (look(*seen), both_have_looked.wait(5))[0])
    assert at_once(lambda: take_out(drawer, "a"), lambda: take_out(drawer, "b")) == ["done", "done"]
    assert queries.expected_fen(drawer) == -10000


def confirm(drawer: DrawerSession) -> None:
    with entry():
        services.confirm_difference(drawer.pk, note="miscounted", actor=CLERK, now=NOON)


def test_one_day_is_closed_by_one_of_two_managers(small_world: World) -> None:
    drawer = opened_drawer(small_world)
    count(drawer, 1)
    assert at_once(lambda: confirm(drawer), lambda: confirm(drawer)) == ["DrawerNotCounted", "done"]
    assert Event.objects.filter(name="orders.DrawerClosed").count() == 1


def test_control_without_lock_and_compare_and_set_one_day_is_closed_twice(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer, both_have_read = opened_drawer(small_world), Barrier(2, timeout=30)
    count(drawer, 1)

    def read(drawer_id: int) -> DrawerSession:
        found = DrawerSession.objects.get(pk=drawer_id)
        both_have_read.wait(5)
        return found

    monkeypatch.setattr(locks, "lock_drawer", read)
    monkeypatch.setattr(drawers, "transition", move)
    assert at_once(lambda: confirm(drawer), lambda: confirm(drawer)) == ["done", "done"]
    assert Event.objects.filter(name="orders.DrawerClosed").count() == 2


def test_one_slip_is_recorded_for_one_payment(small_world: World) -> None:
    (first,), (second,) = counter_orders(small_world, "S"), counter_orders(small_world, "M")
    drawer = opened_drawer(small_world)
    outcomes = at_once(lambda: charge_card(first, drawer, 49900), lambda: charge_card(second, drawer, 49900))
    assert (outcomes, TillSlip.objects.count()) == (["SlipKnown", "done"], 1)
    paid = Order.objects.filter(pk__in=[first.pk, second.pk], status=OrderStatus.PAID)
    assert paid.count() == 1


# Two checkouts of the same goods, each of several orders.


def checkouts_that_cross(world: World, monkeypatch: pytest.MonkeyPatch, *, patience: float) -> list[str]:
    """Pay two checkouts of two orders each, their goods the other way round, in the middle of each other.

    Whoever is first waits so long for the other.
    """
    firsts = [counter_orders(world, *sizes)[0] for sizes in ("SM", "MS")]
    tills = [opened_drawer(world, till=name) for name in "12"]
    release, meet = fulfillment_services.release_for_routing, meeting(patience)

    def release_and_meet(*args: Any, **named: Any) -> None:  # noqa: ANN401  passed on as they came
        release(*args, **named)
        meet()

    monkeypatch.setattr(fulfillment_services, "release_for_routing", release_and_meet)
    return at_once(
        *[
            lambda order=order, till=till: pay_cash(order, till, 99800, once=str(till.pk))
            for order, till in zip(firsts, tills, strict=True)
        ]
    )


def test_checkouts_that_cross_never_deadlock(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkouts_that_cross(small_world, monkeypatch, patience=SHORT) == ["done", "done"]
    assert Order.objects.filter(status=OrderStatus.PAID).count() == 4
    assert broken_claims(NOON) == {}


def test_control_checkouts_that_lock_order_by_order_deadlock(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulfillment_services, "lock_goods", lambda *_goods: None)
    assert checkouts_that_cross(small_world, monkeypatch, patience=LONG) == ["Busy", "done"]
