"""Orders, payments and refunds at once, on real connections. Each race has a control that shows what prevents it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import connection
from pytest_django import Settings

from fulfillment.services import planning
from inventory import sql as inventory_sql
from inventory.models import Reservation
from omni.kernel.models import Event
from omni.kernel.transactions import Idempotency, entry, run_once
from orders import locks, services, sql
from orders.choices import NoticeOutcome, RefundReason
from orders.models import Order, PaymentIntent, PaymentNotice, Refund
from orders.services import payment, refunds
from stores.models import StoreCapacity
from tests.cast import NOON, World, build_world
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.orders import (
    paid_order,
    placed_order,
    proof_of,
    run_deliveries,
    shares_of,
    started_payment,
    wish,
)
from tests.orders.wechat import Provider, payment_resource
from tests.races.test_stock_races import at_once, unguarded

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 8
NOT_OVERSOLD = ("inventory_stocklevel", "inventory_stock_not_oversold", "on_hand >= held + allocated + unsellable")
NOT_OVERPAID = ("orders_paymentintent", "orders_intent_refunds_within_amount", "refunded_fen <= amount_fen")


@pytest.fixture(autouse=True)
def _merchant(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


@pytest.fixture
def shop() -> World:
    """Return the small world, committed, with ten caps: six in A and four in B."""
    world = build_world()
    cap = VariantFactory.create(product=world.product, sku="CAP")
    StockLevelFactory.create(store=world.stores["A"], variant=cap, on_hand=6)
    StockLevelFactory.create(store=world.stores["B"], variant=cap, on_hand=4)
    world.variants["CAP"] = cap
    return world


@pytest.fixture
def unconstrained(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take a constraint off for one test; what violates it is deleted before it is put back."""
    table, name, condition = request.param
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE orders_checkout, inventory_stocklevel CASCADE")
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})")


def buy(world: World, *lines: tuple[str, int]) -> None:
    with entry():
        services.place_order(wish(world, *lines), now=NOON)


def meet_before_holding(monkeypatch: pytest.MonkeyPatch, buyers: int) -> None:
    """Let so many buyers plan before the first of them holds anything; those that come later pass."""
    meeting, hold = Barrier(buyers, timeout=30), planning._hold

    def hold_together(*args: object) -> object:
        try:
            meeting.wait(2)
        except BrokenBarrierError:
            pass
        else:
            meeting.abort()
        return hold(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(planning, "_hold", hold_together)


def units(status: str = "held") -> int:
    return sum(Reservation.objects.filter(status=status).values_list("quantity", flat=True))


# Stock.


def test_fifty_buyers_of_ten_units_are_sold_exactly_ten(shop: World) -> None:
    outcomes = at_once([lambda: buy(shop, ("CAP", 1))] * 50)

    assert (outcomes.count("done"), outcomes.count("CannotReserveStock")) == (10, 40)
    assert (units(), Order.objects.count()) == (10, 10)
    assert (shop.level("A", "CAP").held, shop.level("B", "CAP").held) == (6, 4)
    assert sum(StoreCapacity.objects.values_list("used", flat=True)) == 10


def test_buyers_who_plan_for_the_same_unit_are_sold_it_once(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_before_holding(monkeypatch, WORKERS)

    outcomes = at_once([lambda: buy(shop, ("L", 5))] * WORKERS)

    assert (outcomes.count("done"), outcomes.count("CannotReserveStock")) == (1, WORKERS - 1)
    assert (units(), shop.level("B", "L").held) == (5, 5)


@pytest.mark.parametrize("unconstrained", [NOT_OVERSOLD], indirect=True)
def test_buyers_who_plan_for_the_same_unit_without_the_guard_are_all_sold_it(
    shop: World, monkeypatch: pytest.MonkeyPatch, unconstrained: None
) -> None:
    monkeypatch.setattr(inventory_sql, "TAKE", unguarded(inventory_sql.TAKE))
    meet_before_holding(monkeypatch, WORKERS)

    outcomes = at_once([lambda: buy(shop, ("L", 5))] * WORKERS)

    assert outcomes == ["done"] * WORKERS
    assert (units(), shop.level("B", "L").on_hand) == (5 * WORKERS, 5)


def test_orders_that_cross_on_the_same_skus_never_deadlock(shop: World) -> None:
    both = [("S", 1), ("CAP", 1)]

    outcomes = at_once([lambda: buy(shop, *both), lambda: buy(shop, *reversed(both))] * 20)

    assert set(outcomes) == {"done", "CannotReserveStock"}
    assert outcomes.count("done") == 10
    assert units() == 20


def test_the_last_place_of_the_day_is_sold_once(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for store in shop.stores.values():
        store.daily_capacity = 1 if store.code == "A" else 0
        store.save()
    meet_before_holding(monkeypatch, WORKERS)

    outcomes = at_once([lambda: buy(shop, ("S", 1))] * 16)

    assert outcomes.count("done") == 1
    assert set(outcomes) == {"done", "CannotReserveStock"}
    assert (units(), StoreCapacity.objects.get().used) == (1, 1)


# Repeated requests.


def place_once(world: World, key: str) -> str:
    def work() -> dict[str, str]:
        return {"number": services.place_order(wish(world), now=NOON).number}

    response, _replayed = run_once(Idempotency("key:1", key, "the same body"), work)
    return str(response["number"])


def test_a_request_repeated_in_parallel_places_one_order(shop: World) -> None:
    numbers: list[str] = []

    outcomes = at_once([lambda: numbers.append(place_once(shop, "one"))] * 16)

    assert outcomes == ["done"] * 16
    assert (Order.objects.count(), units()) == (1, 1)
    assert set(numbers) == {Order.objects.get().number}


def test_requests_under_their_own_keys_place_an_order_each(shop: World) -> None:
    keys = iter(range(8))

    assert at_once([lambda: (place_once(shop, str(next(keys))), None)[1]] * 8) == ["done"] * 8
    assert (Order.objects.count(), units()) == (8, 8)


# Payment, expiry, notices.


def closing_payment(world: World) -> PaymentIntent:
    """Return the payment of an order whose time is over, about to be closed."""
    order = placed_order(world)
    intent = started_payment(order)
    PaymentIntent.objects.filter(pk=intent.pk).update(status="pending")
    return intent


def pay(intent: PaymentIntent) -> None:
    with entry():
        payment.record_payment(intent.pk, proof_of(intent), actor="provider:wechat", now=NOON)


def expire(intent: PaymentIntent) -> None:
    order = Order.objects.get(checkout=intent.checkout_id)
    with entry():
        services.expire_order(order.pk, now=order.expires_at)


def confirm_closing(intent: PaymentIntent) -> None:
    with entry():
        payment._apply(intent.pk, payment.Closed(), now=NOON + timedelta(minutes=15))


def fate_of(intent: PaymentIntent) -> tuple[str, str, tuple[str, ...], int]:
    """Return the statuses of order, payment and goods, and what is refunded."""
    intent.refresh_from_db()
    order = Order.objects.get(checkout=intent.checkout_id)
    goods = Reservation.objects.filter(owner__in=[f"fulfillment_order:{share.pk}" for share in shares_of(order)])
    refunded = sum(Refund.objects.filter(intent=intent).values_list("amount_fen", flat=True))
    return order.status, intent.status, tuple(goods.values_list("status", flat=True)), refunded


PAID = ("paid", "succeeded", ("allocated",), 0)
REFUNDED = ("expired", "orphan_paid", ("released",), 49900)


def test_a_payment_in_the_instant_of_expiry_is_always_taken(shop: World) -> None:
    for _round in range(5):
        intent = closing_payment(shop)

        assert at_once([lambda: pay(intent), lambda: expire(intent)], workers=2) == ["done", "done"]  # noqa: B023
        assert fate_of(intent) == PAID


def test_a_payment_in_the_instant_of_closing_is_taken_or_refunded(shop: World) -> None:
    fates = set()
    for _round in range(10):
        intent = closing_payment(shop)
        expire(intent)

        assert at_once([lambda: pay(intent), lambda: confirm_closing(intent)], workers=2) == ["done", "done"]  # noqa: B023
        fates.add(fate_of(intent))

    assert fates <= {PAID, REFUNDED}
    refunds_told = Event.objects.filter(name="orders.OrphanPaid").count()
    assert refunds_told == Refund.objects.count()


def without_locks(monkeypatch: pytest.MonkeyPatch, readers: int) -> None:
    """Read orders and payments without locking them, and let so many read before the first of them writes."""
    meeting, lock_intent = Barrier(readers, timeout=30), locks.lock_intent

    def read_together(intent_id: int) -> locks.IntentLock:
        found = lock_intent(intent_id)
        meeting.wait(5)
        return found

    monkeypatch.setattr(locks, "locked", lambda queryset: list(queryset.order_by("pk")))
    monkeypatch.setattr(locks, "lock_intent", read_together)


def test_a_payment_in_the_instant_of_closing_without_the_locks_is_lost(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = closing_payment(shop)
    expire(intent)
    without_locks(monkeypatch, 2)

    outcomes = at_once([lambda: pay(intent), lambda: confirm_closing(intent)], workers=2)

    assert sorted(outcomes) == ["StateConflict", "done"]


def send_notice(intent: PaymentIntent, event_id: str, outcomes: list[NoticeOutcome]) -> None:
    provider = Provider()
    body = provider.notice(payment_resource(intent.out_trade_no, intent.amount_fen), event_id=event_id)
    outcomes.append(services.drive_notice(provider.sign(body, NOON), body, now=NOON))


@pytest.mark.parametrize("is_one_event", [True, False])
def test_twenty_notices_of_a_payment_in_parallel_have_one_effect(shop: World, *, is_one_event: bool) -> None:
    intent = closing_payment(shop)
    outcomes: list[NoticeOutcome] = []
    numbers = iter(range(20))

    results = at_once([lambda: send_notice(intent, "EV-1" if is_one_event else f"EV-{next(numbers)}", outcomes)] * 20)

    assert results == ["done"] * 20
    assert (outcomes.count(NoticeOutcome.APPLIED), outcomes.count(NoticeOutcome.REPEATED)) == (1, 19)
    assert fate_of(intent) == PAID
    assert Event.objects.filter(name="orders.OrderPaid").count() == 1
    assert PaymentNotice.objects.count() == (1 if is_one_event else 20)


def test_notices_of_a_payment_without_the_locks_fail_in_each_others_way(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = closing_payment(shop)
    without_locks(monkeypatch, 4)
    numbers = iter(range(4))

    outcomes = at_once([lambda: send_notice(intent, f"EV-{next(numbers)}", [])] * 4, workers=4)

    assert sorted(outcomes) == ["StateConflict"] * 3 + ["done"]


# Cancelling and refunding.


def cancel(order: Order) -> None:
    with entry():
        services.cancel_order(order.pk, actor="guest", now=NOON)


def test_cancellations_in_parallel_refund_once(shop: World) -> None:
    order = paid_order(shop, ("S", 2))

    outcomes = at_once([lambda: cancel(order)] * WORKERS)
    run_deliveries()

    order.refresh_from_db()
    assert outcomes == ["done"] * WORKERS
    assert (order.status, units("released"), sum(StoreCapacity.objects.values_list("used", flat=True))) == (
        *("cancelled", 2),
        0,
    )
    assert list(Refund.objects.values_list("amount_fen", flat=True)) == [99800]


def refund_most(intent: PaymentIntent, cause: str) -> None:
    """Refund more than half of a payment, without the lock that the use cases hold: the guard stands alone."""
    with entry():
        refunds.request_refund(
            intent, order=None, amount_fen=30000, reason=RefundReason.CANCELLED, cause=cause, now=NOON
        )


def refunds_at_once(world: World) -> list[str]:
    paid_order(world)
    intent, causes = PaymentIntent.objects.get(), iter(range(WORKERS))
    works: list[Callable[[], None]] = [lambda: refund_most(intent, f"test:{next(causes)}")] * WORKERS
    return at_once(works)


def test_refunds_in_parallel_never_exceed_the_payment(shop: World) -> None:
    outcomes = refunds_at_once(shop)

    assert (outcomes.count("done"), outcomes.count("RefundExceedsPayment")) == (1, WORKERS - 1)
    assert (Refund.objects.count(), PaymentIntent.objects.get().refunded_fen) == (1, 30000)


@pytest.mark.parametrize("unconstrained", [NOT_OVERPAID], indirect=True)
def test_refunds_in_parallel_without_the_guard_exceed_the_payment(
    shop: World, monkeypatch: pytest.MonkeyPatch, unconstrained: None
) -> None:
    guard = "AND refunded_fen + %(amount_fen)s <= amount_fen"
    assert guard in sql.TAKE_FROM_INTENT
    monkeypatch.setattr(sql, "TAKE_FROM_INTENT", sql.TAKE_FROM_INTENT.replace(guard, ""))

    outcomes = refunds_at_once(shop)

    assert outcomes == ["done"] * WORKERS
    assert PaymentIntent.objects.get().refunded_fen == 30000 * WORKERS > 49900
