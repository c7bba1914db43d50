"""Exchanges in the states that tests need, made by the use cases themselves."""

from collections.abc import Mapping
from datetime import datetime

from fulfillment import services as fulfillment_services
from fulfillment.choices import DeliveryState
from fulfillment.services import handover
from omni.kernel.transactions import entry
from orders import services
from orders.models import Order, Return
from orders.services import payment, return_deadlines
from tests.cast import World
from tests.factories.orders import move_share, proof_of, run_deliveries, shares_of, started_payment
from tests.factories.returns import NEXT_DAY, inspect, wish_to_return


def wish_to_exchange(
    order: Order, size: str, *units: int, seen: int | None = None, **changes: object
) -> services.RequestExchange:
    """Return a wish for another size instead of units of an order's lines (none said: one of each)."""
    back = wish_to_return(order, *units, **changes)
    swaps: Mapping[int, str] = dict.fromkeys(back.lines, f"SHIRT-{size}")
    return services.RequestExchange(back, swaps, seen)


def agreed_exchange(order: Order, size: str, *units: int, now: datetime = NEXT_DAY) -> Return:
    """Return an exchange whose goods its shopper may bring, and whose replacement is held."""
    with entry():
        case = services.request_exchange(order.pk, wish_to_exchange(order, size, *units), actor="guest", now=now)
    run_deliveries(now)
    return Return.objects.get(pk=case.pk)


def replacement_of(case: Return) -> Order:
    """Return what replaces the goods of an exchange, as it is now."""
    return Order.objects.get(replaces=case)


def pay_difference(case: Return, now: datetime = NEXT_DAY) -> None:
    """Let the shopper pay what the replacement costs more."""
    intent = started_payment(replacement_of(case), now)
    proof = proof_of(intent, now, transaction_id=f"420000000000000000000000000{intent.pk}")
    with entry():
        payment.record_payment(intent.pk, proof, actor="provider:wechat", now=now)
    run_deliveries(now)


def bring(case: Return, world: World, *conditions: str, store: str = "B", now: datetime = NEXT_DAY) -> Return:
    """Receive and look at the goods of an exchange (none said: all as new)."""
    with entry():
        services.receive_return(case.pk, world.stores[store].pk, actor="user:1", now=now)
    return inspect(case, *conditions, now=now)


def deliver_order(order: Order, now: datetime = NEXT_DAY) -> None:
    """Bring a paid replacement to its shopper."""
    for share in shares_of(order):
        with entry():
            fulfillment_services.route(share.pk, now=now)
        with entry():
            fulfillment_services.accept_offer(share.pk, actor="user:1", now=now)
        with entry():
            fulfillment_services.pack(share.pk, actor="user:1", now=now)
        move_share(share, handover.give_to_courier, now)
        move_share(share, handover.mark_delivered, now)
        share.deliveries.update(state=DeliveryState.DELIVERED, next_attempt_at=None)
    order.refresh_from_db()


def settle(case: Return, now: datetime = NEXT_DAY) -> Return:
    """Do what a return waits for, as the sweeper does."""
    return_deadlines.drive_return(case.pk, now=now)
    run_deliveries(now)
    return Return.objects.get(pk=case.pk)
