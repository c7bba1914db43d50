"""A small world with an order in every state that the audit looks at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fulfillment.choices import DeliveryState
from fulfillment.services import handover
from members.models import Promotion
from omni.accounts import services as accounts_services
from omni.kernel.transactions import entry
from omni.pages import exporting
from orders import services
from orders.clients import ProviderRefund
from orders.models import Order, PaymentIntent, Refund, TryOn
from orders.services import payment, refunds
from tests.audit.after_history import invoice, wait_for_size
from tests.audit.offer_history import use_offers
from tests.cast import NOON, World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.offers import PromotionFactory
from tests.factories.orders import (
    accepted_order,
    carried_order,
    move_share,
    offered_order,
    paid_order,
    placed_order,
    proof_of,
    run_deliveries,
    shares_of,
    started_payment,
)
from tests.factories.try_ons import prepared

LATER = NOON + timedelta(minutes=5)


@dataclass(frozen=True)
class History:
    """Orders by what became of them, and a payment that came too late."""

    placed: Order
    offered: Order
    accepted: Order
    delivered: Order
    cancelled: Order
    orphan: PaymentIntent
    discounted: Order
    try_on: TryOn


def live_through(world: World) -> History:
    """Make the orders; every event is delivered and every refund has arrived."""
    placed = placed_order(world, ("S", 1))
    offered = offered_order(world, ("S", 1))
    accepted = accepted_order(world, ("M", 1))
    delivered = sell(world, ("S", 2))
    cancelled = paid_order(world, ("L", 1))
    orphan = late_payment(world)
    with entry():
        services.cancel_order(cancelled.pk, actor="guest", now=LATER)
    run_deliveries(LATER)
    for refund in Refund.objects.all():
        confirm_refund(refund, LATER)
    run_deliveries(LATER)
    discounted = sell_cheaper(world)
    use_offers(world, placed)
    with entry():
        accounts_services.request_erasure(ShopperUserFactory.create().pk, now=LATER)
        exporting.request_export(ShopperUserFactory.create().pk, language="en", now=LATER)
    wait_for_size(world)
    delivered.refresh_from_db()
    invoice(delivered)
    run_deliveries(LATER)
    return History(placed, offered, accepted, delivered, cancelled, orphan, discounted, prepared(world, "S"))


def sell_cheaper(world: World) -> Order:
    """Return a delivered order of two shirts, cheaper by an offer of which the mall bears a part."""
    promotion = PromotionFactory.create(brand=world.brand, amount_fen=1001, brand_ppm=400_000, mall_ppm=600_000)
    order = sell(world, ("L", 2))
    Promotion.objects.filter(pk=promotion.pk).update(is_running=False)
    return order


def sell(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return an order that was delivered; its sale is booked and credited. `changes` replace fields of the wish."""
    order = carried_order(world, *lines, now=now, **changes)
    for share in shares_of(order):
        move_share(share, handover.mark_delivered, now)
        share.deliveries.update(state=DeliveryState.DELIVERED, next_attempt_at=None)
    return order


def late_payment(world: World) -> PaymentIntent:
    """Return a payment that came after its order had been cancelled."""
    order = placed_order(world, ("S", 1))
    intent = started_payment(order)
    with entry():
        services.cancel_order(order.pk, actor="guest", now=NOON)
    with entry():
        payment.record_payment(
            intent.pk,
            proof_of(intent, transaction_id="4200000000202603160000000002"),
            actor="provider:wechat",
            now=NOON,
        )
    return PaymentIntent.objects.get(pk=intent.pk)


def confirm_refund(refund: Refund, now: datetime) -> None:
    """Let the provider say that a refund has arrived."""
    answer = ProviderRefund(
        status="SUCCESS",
        out_refund_no=refund.out_refund_no,
        out_trade_no=refund.intent.out_trade_no,
        refund_id=f"5000000000000000000{refund.pk}",
        amount_fen=refund.amount_fen,
        refunded_at=now,
        mchid="1900000001",
    )
    with entry():
        refunds.apply_refund(refund.pk, answer, now=now)
