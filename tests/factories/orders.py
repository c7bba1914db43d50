"""Orders in the states that tests need, made by the use cases themselves."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fulfillment import locks
from fulfillment import services as fulfillment_services
from fulfillment.choices import Way
from fulfillment.models import FulfillmentOrder
from fulfillment.services import handover
from omni.kernel.models import EventDelivery
from omni.kernel.outbox import run_due_deliveries
from omni.kernel.transactions import entry
from orders import services
from orders.choices import PaymentMethod
from orders.clients import ProviderPayment
from orders.models import Order, PaymentIntent
from orders.services import payment
from tests.cast import NOON, World

TRANSACTION = "4200000000202603160000000001"


def wish(world: World, *lines: tuple[str, int], **changes: object) -> services.PlaceOrder:
    """Return a wish for shirts, (size, quantity) each, by courier to Jing'an; `changes` replace its fields."""
    wanted = services.PlaceOrder(
        brand_id=world.brand.pk,
        lines=tuple(services.WantedLine(world.variants[size].sku, units) for size, units in lines or (("S", 1),)),
        contact_name="王小雨",
        phone="138 0013 8000",
        way=Way.COURIER,
        district_code="310106",
        street="南京西路 1 号",
    )
    return dataclasses.replace(wanted, **changes)  # type: ignore[arg-type]  # whatever fields a test wants to be wrong


def placed_order(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return an order that waits for payment."""
    with entry():
        placed = services.place_order(wish(world, *lines, **changes), now=now)
    return Order.objects.get(pk=placed.order_id)


def started_payment(order: Order, now: datetime = NOON) -> PaymentIntent:
    """Return a payment of an order that the provider knows nothing of yet."""
    with entry():
        intent_id = services.start_payment(order.pk, PaymentMethod.WECHAT_NATIVE, now=now)
    return PaymentIntent.objects.get(pk=intent_id)


def proof_of(intent: PaymentIntent, at: datetime = NOON, **changes: Any) -> ProviderPayment:  # noqa: ANN401  any field
    """Return what the provider says of a payment that was made; `changes` make it wrong."""
    proof = ProviderPayment(
        state="SUCCESS",
        out_trade_no=intent.out_trade_no,
        mchid="1900000001",
        appid="wx0000000000000001",
        transaction_id=TRANSACTION,
        amount_fen=intent.amount_fen,
        currency="CNY",
        paid_at=at + timedelta(minutes=1),
    )
    return dataclasses.replace(proof, **changes)


def paid_order(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return an order whose goods wait to be routed."""
    order = placed_order(world, *lines, now=now, **changes)
    intent = started_payment(order, now)
    with entry():
        payment.record_payment(intent.pk, proof_of(intent, now), actor="provider:wechat", now=now)
    return Order.objects.get(pk=order.pk)


def shares_of(order: Order) -> list[FulfillmentOrder]:
    """Return the stores' shares of an order, the oldest first."""
    return list(FulfillmentOrder.objects.filter(fulfillment=order.fulfillment_id).order_by("pk"))


def run_deliveries(now: datetime = NOON) -> None:
    """Let every event that is due reach its subscribers; none may fail."""
    run_due_deliveries(1000, now=now)
    unfinished = EventDelivery.objects.exclude(state="done").values_list("subscriber", "error")
    assert list(unfinished) == []


def offered_order(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return an order whose shares are offered to stores."""
    order = paid_order(world, *lines, now=now, **changes)
    for share in shares_of(order):
        with entry():
            fulfillment_services.route(share.pk, now=now)
    return order


def accepted_order(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return an order that its stores have accepted."""
    order = offered_order(world, *lines, now=now, **changes)
    for share in shares_of(order):
        with entry():
            fulfillment_services.accept_offer(share.pk, actor="user:1", now=now)
    run_deliveries(now)
    order.refresh_from_db()
    return order


def packed_order(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return an order that waits for couriers, or for its shopper."""
    order = accepted_order(world, *lines, now=now, **changes)
    for share in shares_of(order):
        with entry():
            fulfillment_services.pack(share.pk, actor="user:1", now=now)
    return order


def move_share(
    share: FulfillmentOrder, change: Callable[..., None], now: datetime = NOON, *, is_reported: bool = True
) -> None:
    """Let a store or courier change a share (`handover.give_to_courier`, …), and report it to those above."""
    with entry():
        change(locks.lock_share(share.pk), actor="user:1", now=now)
    if is_reported:
        run_deliveries(now)


def carried_order(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return an order whose shares are all with couriers."""
    order = packed_order(world, *lines, now=now, **changes)
    for share in shares_of(order):
        move_share(share, handover.give_to_courier, now)
    order.refresh_from_db()
    return order
