"""Codes, couriers and cancellations at once, on real connections. Each guard has a control that shows the race."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from pytest_django import Settings

from fulfillment import locks, services
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, PickupCodePurpose, PickupCodeStatus, Way
from fulfillment.models import DeliveryCallback, FulfillmentOrder, PickupCode
from fulfillment.services import codes
from inventory.models import StockMovement
from omni.kernel import clock
from omni.kernel.models import Event
from omni.kernel.states import StateConflict
from omni.kernel.transactions import Busy, entry
from orders import services as orders_services
from orders.models import Order, Refund
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.courier import Callbacks, callbacks, company, drive
from tests.factories.fulfillment import (
    CLERK,
    accept_and_pack,
    code_of,
    delivery_of,
    fresh,
    offer_share,
    status_of,
    wrong_code,
)
from tests.factories.orders import packed_order, run_deliveries
from tests.orders.wechat import Provider
from tests.sandbox.fixture import SandboxProcess, sandbox

__all__ = ["callbacks", "company", "sandbox"]

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus
COURIER = PickupCodePurpose.COURIER


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


def at_once(*works: Callable[[], object]) -> list[str]:
    """Run the works in threads that start together; return "done", or the name of each one's error."""
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
        return list(pool.map(run, works))


def hand_over(share: FulfillmentOrder, code: str, clerk: str = CLERK) -> None:
    services.drive_hand_over(share.pk, code=code, actor=clerk, now=clock.now())


def stock(world: World) -> tuple[int, int]:
    level = world.level("A", "S")
    return level.on_hand, level.allocated


def events() -> list[str]:
    names = Event.objects.order_by("pk").values_list("name", flat=True)
    return [name.removeprefix("fulfillment.Fulfillment").removeprefix("Order") for name in names]


# One code, two clerks


def test_eight_clerks_with_one_code_hand_over_once(small_world: World) -> None:
    share = accept_and_pack(offer_share(small_world))
    code = code_of(share)

    outcomes = at_once(*[lambda clerk=clerk: hand_over(share, code, f"user:{clerk}") for clerk in range(8)])

    assert sorted(outcomes) == ["PickupCodeUsed"] * 7 + ["done"]
    assert (status_of(share), stock(small_world)) == (S.HANDED_OVER, (9, 0))
    assert StockMovement.objects.filter(kind="sale").count() == 1
    assert events() == ["Accepted", "HandedOver"]


def test_code_looked_at_before_it_is_used_is_used_twice(small_world: World) -> None:
    """Control: without the Fulfillment's lock and the guarded update, both clerks win."""
    share = accept_and_pack(offer_share(small_world))
    both_have_looked = Barrier(2, timeout=30)

    def redeem_unguarded() -> None:
        with entry():
            code = PickupCode.objects.get(fulfillment_order=share)
            both_have_looked.wait()
            assert code.status == PickupCodeStatus.ISSUED
            code.status = PickupCodeStatus.REDEEMED
            code.save()

    assert at_once(redeem_unguarded, redeem_unguarded) == ["done", "done"]


def test_code_redeemed_without_the_lock_still_goes_once(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guarded update alone is enough: of two that read before either wrote, one changes the row."""
    share = accept_and_pack(offer_share(small_world))
    code, won = code_of(share), []
    started = Barrier(2, timeout=30)
    monkeypatch.setattr(codes, "_no_live_code", lambda *_: StateConflict("gone"))

    def redeem() -> None:
        with entry():
            row = fresh(share)
            started.wait()
            won.append(codes.redeem_code(row, COURIER, code, actor=CLERK, now=NOON) is None)

    assert at_once(redeem, redeem) == ["done", "done"]
    assert sorted(won) == [False, True]


def test_guesses_at_once_are_all_counted(small_world: World) -> None:
    share = accept_and_pack(offer_share(small_world))
    guess = wrong_code(share)

    outcomes = at_once(*[lambda: hand_over(share, guess)] * 12)

    assert sorted(outcomes) == ["PickupCodeReplaced"] * 2 + ["WrongPickupCode"] * 10
    rows = PickupCode.objects.order_by("pk").values_list("status", "tries_left")
    assert list(rows) == [("revoked", 0), ("revoked", 0), ("issued", 3)]
    assert (status_of(share), stock(small_world)) == (S.AWAITING_COURIER, (10, 1))


def test_guesses_counted_in_memory_are_lost(small_world: World) -> None:
    """Control: reading the tries and writing them back loses one of two."""
    share = accept_and_pack(offer_share(small_world))
    both_have_read = Barrier(2, timeout=30)

    def count_unguarded() -> None:
        with entry():
            code = PickupCode.objects.get(fulfillment_order=share)
            both_have_read.wait()
            code.tries_left -= 1
            code.save()

    at_once(count_unguarded, count_unguarded)

    assert PickupCode.objects.get().tries_left == 4


# Cancelled in the moment of the pick-up


def wish_to_cancel(share: FulfillmentOrder) -> None:
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=clock.now())


def agree_to_cancel(share: FulfillmentOrder) -> None:
    with entry():
        services.answer_cancel(share.pk, accept=True, actor=CLERK, now=clock.now())


@pytest.mark.parametrize("turn", range(4))
def test_wish_to_cancel_while_the_desk_hands_over_ends_in_one_of_both(small_world: World, turn: int) -> None:
    share = accept_and_pack(offer_share(small_world))
    code = code_of(share)

    outcomes = at_once(lambda: wish_to_cancel(share), lambda: hand_over(share, code))

    if outcomes[1] == "done":
        assert (status_of(share), stock(small_world)) == (S.HANDED_OVER, (9, 0))
        assert events() == ["Accepted", "HandedOver", "CancelRefused"]
    else:
        assert outcomes == ["done", "StateConflict"]
        assert (status_of(share), stock(small_world)) == (S.CANCEL_REQUESTED, (10, 1))
        assert events() == ["Accepted"]


def ready_order(world: World) -> tuple[Order, FulfillmentOrder, str]:
    """Return a paid order that waits to be collected, its share, and the shopper's code."""
    order = packed_order(world, way=Way.PICKUP, street="", pickup_store_id=world.stores["A"].pk)
    share = FulfillmentOrder.objects.get(fulfillment=order.fulfillment_id)
    return order, share, code_of(share, PickupCodePurpose.SHOPPER)


def collect(share: FulfillmentOrder, code: str) -> None:
    services.drive_collect(share.pk, code=code, actor=CLERK, now=clock.now())


def cancel(order: Order) -> None:
    with entry():
        orders_services.cancel_order(order.pk, actor="guest", now=clock.now())


@pytest.mark.parametrize("turn", range(4))
def test_shopper_who_cancels_on_the_phone_while_the_goods_are_handed_over_has_them(
    small_world: World, settings: Settings, turn: int
) -> None:
    settings.WECHAT_PAY, settings.OUTBOX_HINTS = Provider().settings, False
    order, share, code = ready_order(small_world)

    outcomes = at_once(lambda: cancel(order), lambda: collect(share, code))

    assert outcomes[1] == "done"
    assert outcomes[0] in {"done", "FulfillmentFinished"}
    assert (status_of(share), stock(small_world)) == (S.COLLECTED, (9, 0))
    run_deliveries(clock.now())
    order.refresh_from_db()
    assert (order.status, Refund.objects.count()) == ("completed", 0)
    assert broken_claims(clock.now()) == {}


@pytest.mark.parametrize("turn", range(4))
def test_store_agrees_to_cancel_while_the_shopper_collects_ends_in_one_of_both(
    small_world: World, settings: Settings, turn: int
) -> None:
    settings.WECHAT_PAY, settings.OUTBOX_HINTS = Provider().settings, False
    order, share, code = ready_order(small_world)
    cancel(order)

    outcomes = at_once(lambda: agree_to_cancel(share), lambda: collect(share, code))

    run_deliveries(clock.now())
    order.refresh_from_db()
    paid_back = sum(Refund.objects.values_list("amount_fen", flat=True))
    if outcomes[1] == "done":
        assert (status_of(share), stock(small_world)) == (S.COLLECTED, (9, 0))
        assert (order.status, paid_back) == ("completed", 0)
    else:
        assert (outcomes[0], status_of(share), stock(small_world)) == ("done", S.CANCELLED, (10, 0))
        assert (order.status, paid_back) == ("cancelled", order.total_fen)
    assert sorted(outcomes) != ["done", "done"]
    assert broken_claims(clock.now()) == {}


def test_collected_and_cancelled_without_lock_and_compare_and_set_is_both(
    small_world: World, settings: Settings
) -> None:
    """Control: who looks before the other has written hands the goods over, and gives their money back."""
    settings.WECHAT_PAY, settings.OUTBOX_HINTS = Provider().settings, False
    order, share, _code = ready_order(small_world)
    cancel(order)
    both_have_looked = Barrier(2, timeout=30)
    told: list[str] = []

    def write_unguarded(status: FulfillmentOrderStatus) -> None:
        with entry():
            row = FulfillmentOrder.objects.get(pk=share.pk)
            both_have_looked.wait()
            assert row.status == S.CANCEL_REQUESTED
            FulfillmentOrder.objects.filter(pk=share.pk).update(status=status)
            told.append(status)

    assert at_once(lambda: write_unguarded(S.COLLECTED), lambda: write_unguarded(S.CANCELLED)) == ["done", "done"]
    assert sorted(told) == [S.CANCELLED, S.COLLECTED]


@pytest.mark.parametrize("turn", range(4))
def test_store_agrees_to_cancel_while_the_courier_picks_up_unseen(
    small_world: World, company: SandboxProcess, callbacks: Callbacks, turn: int
) -> None:
    share = accept_and_pack(offer_share(small_world))
    delivery_id = drive(share).provider_id
    wish_to_cancel(share)
    company.advance(delivery_id, "PICKED_UP")
    last = callbacks.take(4)[-1]

    at_once(lambda: agree_to_cancel(share), lambda: callbacks.post(last))
    drive(share)

    assert (status_of(share), stock(small_world)) == (S.HANDED_OVER, (9, 0))
    assert events() == ["Accepted", "HandedOver", "CancelRefused"]
    company.advance(delivery_id, "DELIVERED")
    callbacks.deliver(2)
    assert (status_of(share), events()[-1]) == (S.DELIVERED, "Delivered")


def test_cancellation_taken_for_done_before_the_company_confirms_sells_what_is_gone(
    small_world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    """Control: cancelling at once gives stock back that a courier has carried away."""
    share = accept_and_pack(offer_share(small_world))
    delivery_id = drive(share).provider_id
    wish_to_cancel(share)
    company.advance(delivery_id, "PICKED_UP")

    with entry():
        services.cancel_share(locks.lock_share(share.pk), actor=CLERK, now=clock.now())
    callbacks.deliver(4)

    assert (status_of(share), stock(small_world)) == (S.CANCELLED, (10, 0))
    assert delivery_of(share).last_error == "goods are picked_up although the order is cancelled"


# Callbacks and workers


def test_one_callback_twenty_times_at_once_counts_once(
    small_world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    share = accept_and_pack(offer_share(small_world))
    company.advance(drive(share).provider_id, "DELIVERED")
    last = callbacks.take(6)[-1]
    answers: list[int] = []

    at_once(*[lambda: answers.append(callbacks.post(last))] * 12)

    assert set(answers) == {200}
    assert DeliveryCallback.objects.count() == 1
    assert (status_of(share), stock(small_world)) == (S.DELIVERED, (9, 0))
    assert events() == ["Accepted", "HandedOver", "Delivered"]


def test_all_callbacks_of_a_ride_at_once_deliver_once(
    small_world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    share = accept_and_pack(offer_share(small_world))
    company.advance(drive(share).provider_id, "DELIVERED")
    received, answers = callbacks.take(6), []

    at_once(*[lambda one=one: answers.append(callbacks.post(one)) for one in received * 2])

    assert set(answers) == {200}
    assert (delivery_of(share).state, status_of(share)) == (DeliveryState.DELIVERED, S.DELIVERED)
    assert events() == ["Accepted", "HandedOver", "Delivered"]


def test_two_workers_with_one_delivery_ask_for_one_courier(small_world: World, company: SandboxProcess) -> None:
    share = accept_and_pack(offer_share(small_world))

    at_once(*[lambda: drive(share)] * 4)

    asked = [call["operation"] for call in company.log("courier", "call")]
    assert sorted(asked) == ["create", "quote"]


def test_courier_and_clerk_and_shopper_never_deadlock(
    small_world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    shares = [accept_and_pack(offer_share(small_world)) for _ in range(3)]
    for share in shares:
        company.advance(drive(share).provider_id, "PICKED_UP")
    received, codes_ = callbacks.take(12), [code_of(share) for share in shares]
    started = time.monotonic()

    outcomes = at_once(
        *[lambda share=share: wish_to_cancel(share) for share in shares],
        *[lambda share=share, code=code: hand_over(share, code) for share, code in zip(shares, codes_, strict=True)],
        *[lambda one=one: callbacks.post(one) for one in received],
    )

    assert Busy.__name__ not in outcomes
    assert time.monotonic() - started < 10
    assert [status_of(share) for share in shares] == [S.HANDED_OVER] * 3
    assert stock(small_world) == (7, 0)
