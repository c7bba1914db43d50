from datetime import datetime

import pytest

from fulfillment import services as fulfillment_services
from fulfillment.services import FulfillmentFinished, handover
from inventory.models import Reservation
from omni.kernel.transactions import entry
from orders import services
from orders.clients import ProviderRefused
from orders.models import Order, Refund
from orders.services import payment
from stores.models import StoreCapacity
from tests.cast import World
from tests.factories.orders import (
    accepted_order,
    carried_order,
    move_share,
    offered_order,
    packed_order,
    paid_order,
    placed_order,
    proof_of,
    run_deliveries,
    shares_of,
    started_payment,
)
from tests.orders.provider import ScriptedProvider


def cancel(order: Order, now: datetime, reason: str = "") -> Order:
    with entry():
        services.cancel_order(order.pk, actor="guest", reason=reason, now=now)
    run_deliveries(now)
    order.refresh_from_db()
    return order


def is_all_free() -> bool:
    statuses = set(Reservation.objects.values_list("status", flat=True))
    return statuses == {"released"} and sum(StoreCapacity.objects.values_list("used", flat=True)) == 0


def test_cancel_of_an_order_without_payment_ends_it_at_once(world: World, now: datetime) -> None:
    order = cancel(placed_order(world), now, "changed my mind")

    assert (order.status, order.cancel_reason, order.finished_at) == ("cancelled", "changed my mind", now)
    assert is_all_free()
    assert not Refund.objects.exists()


def test_cancel_of_an_order_with_an_open_payment_closes_it_first(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)

    cancel(order, now)
    waiting = (order.status, order.ending_as, order.due_at)
    provider.script("close", None)
    services.drive_intent(intent.pk, now=now)

    order.refresh_from_db()
    assert waiting == ("placed", "cancelled", None)
    assert order.status == "cancelled"
    assert is_all_free()


def test_a_payment_that_crosses_the_cancellation_is_refunded(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)
    cancel(order, now)
    provider.script("close", ProviderRefused("ORDERPAID"))
    provider.script("query", proof_of(intent, now))

    services.drive_intent(intent.pk, now=now)

    order.refresh_from_db()
    intent.refresh_from_db()
    assert (order.status, intent.status) == ("cancelled", "orphan_paid")
    assert [(refund.amount_fen, refund.order) for refund in Refund.objects.all()] == [(49900, None)]
    assert is_all_free()


def test_an_order_being_cancelled_cannot_be_paid_anew(world: World, now: datetime) -> None:
    order = placed_order(world)
    started_payment(order, now)
    cancel(order, now)

    with pytest.raises(services.OrderNotPayable):
        started_payment(order, now)


def test_cancel_of_an_order_that_is_expiring_is_not_paid_any_more(
    world: World, now: datetime, provider: ScriptedProvider
) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)
    with entry():
        services.expire_order(order.pk, now=order.expires_at)
    cancel(order, order.expires_at, "too late")
    provider.script("close", ProviderRefused("ORDERPAID"))
    provider.script("query", proof_of(intent, now))

    services.drive_intent(intent.pk, now=order.expires_at)

    order.refresh_from_db()
    intent.refresh_from_db()
    assert (order.status, order.cancel_reason, intent.status) == ("cancelled", "too late", "orphan_paid")
    assert [(refund.amount_fen, refund.order) for refund in Refund.objects.all()] == [(49900, None)]
    assert is_all_free()


def test_cancel_of_a_paid_order_frees_and_refunds_it(world: World, now: datetime) -> None:
    order = cancel(paid_order(world, ("S", 2)), now)

    assert (order.status, order.held_status) == ("cancelled", "paid")
    assert list(Refund.objects.values_list("order", "amount_fen", "status")) == [(order.pk, 99800, "requested")]
    assert is_all_free()


@pytest.mark.parametrize("prepare", [offered_order, accepted_order])
def test_cancel_before_anybody_picks_is_immediate(world: World, now: datetime, prepare: object) -> None:
    order = cancel(prepare(world), now)  # type: ignore[operator]

    assert order.status == "cancelled"
    assert is_all_free()


def test_cancel_twice_refunds_once(world: World, now: datetime) -> None:
    order = paid_order(world)
    cancel(order, now)

    cancel(order, now)

    assert (order.status, Refund.objects.count()) == ("cancelled", 1)


def test_cancel_of_a_packed_order_asks_the_store_which_agrees(world: World, now: datetime) -> None:
    order = cancel(packed_order(world), now)
    asked = order.status
    (share,) = shares_of(order)
    share.deliveries.update(state="cancelled", next_attempt_at=None)

    with entry():
        fulfillment_services.answer_cancel(share.pk, accept=True, actor="user:1", now=now)
    run_deliveries(now)

    order.refresh_from_db()
    assert (asked, order.status) == ("cancel_requested", "cancelled")
    assert Refund.objects.get().amount_fen == 49900


def test_cancel_of_a_packed_order_asks_the_store_which_refuses(world: World, now: datetime) -> None:
    order = cancel(packed_order(world), now)
    (share,) = shares_of(order)

    with entry():
        fulfillment_services.answer_cancel(share.pk, accept=False, actor="user:1", now=now)
    run_deliveries(now)

    order.refresh_from_db()
    assert (order.status, Refund.objects.count()) == ("processing", 0)


def test_a_refused_cancellation_that_overtook_the_acceptance_puts_the_order_into_work(
    world: World, now: datetime
) -> None:
    order = offered_order(world)
    (share,) = shares_of(order)
    with entry():
        fulfillment_services.accept_offer(share.pk, actor="user:1", now=now)
    with entry():
        fulfillment_services.start_picking(share.pk, actor="user:1", now=now)
    with entry():
        services.cancel_order(order.pk, actor="guest", now=now)
    run_deliveries(now)
    with entry():
        fulfillment_services.answer_cancel(share.pk, accept=False, actor="user:1", now=now)

    run_deliveries(now)

    order.refresh_from_db()
    assert order.status == "processing"


def test_a_courier_who_is_faster_than_the_cancellation_wins(world: World, now: datetime) -> None:
    order = cancel(packed_order(world), now)
    (share,) = shares_of(order)

    move_share(share, handover.give_to_courier, now)
    move_share(share, handover.mark_delivered, now)

    order.refresh_from_db()
    assert (order.status, Refund.objects.count()) == ("completed", 0)


def test_cancel_of_an_order_on_its_way_changes_nothing(world: World, now: datetime) -> None:
    order = cancel(carried_order(world), now)

    assert (order.status, Refund.objects.count()) == ("processing", 0)


def test_cancel_of_a_completed_order_is_refused(world: World, now: datetime) -> None:
    order = carried_order(world)
    move_share(shares_of(order)[0], handover.mark_delivered, now)

    with pytest.raises(services.OrderNotCancellable) as caught:
        cancel(order, now)

    assert (caught.value.code, caught.value.status) == ("order_not_cancellable", 409)


def test_cancel_of_an_order_delivered_a_moment_ago_is_refused(world: World, now: datetime) -> None:
    order = carried_order(world)
    move_share(shares_of(order)[0], handover.mark_delivered, now, is_reported=False)

    with pytest.raises(FulfillmentFinished):
        cancel(order, now)

    order.refresh_from_db()
    assert order.status == "processing"


def test_cancel_of_an_expired_order_is_refused(world: World, now: datetime) -> None:
    order = placed_order(world)
    with entry():
        services.expire_order(order.pk, now=order.expires_at)

    with pytest.raises(services.OrderNotCancellable):
        cancel(order, now)


def test_a_notice_during_the_cancellation_is_an_orphan_and_ends_the_order(world: World, now: datetime) -> None:
    order = placed_order(world)
    intent = started_payment(order, now)
    cancel(order, now)

    with entry():
        payment.record_payment(intent.pk, proof_of(intent), actor="provider:wechat", now=now)

    order.refresh_from_db()
    assert (order.status, Refund.objects.get().reason) == ("cancelled", "orphan")
    assert is_all_free()
