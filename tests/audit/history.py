"""A small world with an order in every state that the audit looks at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from members.models import Promotion
from omni.accounts import services as accounts_services
from omni.kernel.transactions import entry
from omni.pages import exporting
from orders import services
from orders.choices import ReturnWay
from orders.models import Order, PaymentIntent, Refund, TryOn
from orders.services import payment, refunds
from tests.audit.after_history import invoice, wait_for_size
from tests.audit.offer_history import use_offers
from tests.cast import NOON, World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.counter import begun, declined, opened_basket, piece_of, put_collection, waiting_order
from tests.factories.exchanges import agreed_exchange, bring, pay_difference, replacement_of, settle
from tests.factories.offers import PromotionFactory
from tests.factories.orders import (
    accepted_order,
    offered_order,
    paid_order,
    placed_order,
    proof_of,
    run_deliveries,
    started_payment,
)
from tests.factories.returns import (
    agreed_return,
    arrival_of,
    confirm_refunds,
    delivered_order,
    inspect,
    received_return,
)
from tests.factories.stock import receive, sent_transfer
from tests.factories.till import paid_at_till, slip
from tests.factories.try_ons import prepared

LATER = NOON + timedelta(minutes=5)


@dataclass(frozen=True)
class History:
    """Orders by what became of them, and a payment that came too late.

    Of two pieces of `returned` one came back to store A and is refunded; that of `awaited` is to be fetched. Of the
    replacements `held` waits for its return, `exchanged` is paid by it, and `undone` was given back with it.
    `tendered` was paid at a till, and its money given back there.
    """

    placed: Order
    offered: Order
    accepted: Order
    delivered: Order
    cancelled: Order
    returned: Order
    awaited: Order
    orphan: PaymentIntent
    discounted: Order
    try_on: TryOn
    held: Order
    exchanged: Order
    undone: Order
    tendered: Order


def live_through(world: World) -> History:
    """Make the orders; every event is delivered and every refund has arrived."""
    placed = placed_order(world, ("S", 1))
    offered = offered_order(world, ("S", 1))
    accepted = accepted_order(world, ("M", 1))
    delivered = delivered_order(world, ("S", 2))
    cancelled = paid_order(world, ("L", 1))
    returned, awaited = delivered_order(world, ("L", 2)), delivered_order(world, ("M", 1))
    inspect(received_return(world, returned, 1, store="A", now=LATER), now=LATER)
    agreed_return(awaited, now=LATER, way=ReturnWay.COLLECT)
    orphan = late_payment(world)
    with entry():
        services.cancel_order(cancelled.pk, actor="guest", now=LATER)
    run_deliveries(LATER)
    for refund in Refund.objects.all():
        confirm_refund(refund, LATER)
    run_deliveries(LATER)
    exchanges = exchange(world)
    sell_at_counter(world)
    discounted = sell_cheaper(world)
    use_offers(world, placed)
    with entry():
        accounts_services.request_erasure(ShopperUserFactory.create().pk, now=LATER)
        exporting.request_export(ShopperUserFactory.create().pk, language="en", now=LATER)
    wait_for_size(world)
    delivered.refresh_from_db()
    invoice(delivered)
    receive(world, sent_transfer(world, {"M": 3}, source="C"), {"M": 1})
    run_deliveries(LATER)
    return History(
        placed,
        offered,
        accepted,
        delivered,
        cancelled,
        returned,
        awaited,
        orphan,
        discounted,
        prepared(world, "S"),
        *exchanges,
        sell_at_till(world),
    )


def exchange(world: World) -> tuple[Order, Order, Order]:
    """Return the replacements of three exchanges: one waits, one is paid, one was given back with its difference."""
    held = agreed_exchange(delivered_order(world, ("S", 1)), "M", now=LATER)
    exchanged = agreed_exchange(delivered_order(world, ("S", 2)), "M", 1, now=LATER)
    settle(bring(exchanged, world, now=LATER), LATER)
    undone = agreed_exchange(delivered_order(world, ("L", 1)), "S", now=LATER)
    pay_difference(undone, LATER)
    with entry():
        services.cancel_return(undone.pk, actor="guest", now=LATER)
    run_deliveries(LATER)
    given_back = replacement_of(undone)
    confirm_refunds(given_back, LATER)
    return replacement_of(held), replacement_of(exchanged), given_back


def sell_cheaper(world: World) -> Order:
    """Return a delivered order of two shirts, cheaper by an offer of which the mall bears a part."""
    promotion = PromotionFactory.create(brand=world.brand, amount_fen=1001, brand_ppm=400_000, mall_ppm=600_000)
    order = delivered_order(world, ("L", 2))
    Promotion.objects.filter(pk=promotion.pk).update(is_running=False)
    return order


def sell_at_counter(world: World) -> None:
    """Settle a basket whose one piece is paid by another that comes back, and begin to pay a second basket."""
    sold, basket = delivered_order(world, ("M", 2)), opened_basket(world, "M", now=LATER)
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=LATER)
    begun(basket, LATER)
    with entry():
        services.settle_basket(basket.pk, actor="user:1", now=LATER)
    collect_at_counter(world)
    begun(opened_basket(world, "M", now=LATER), LATER)
    run_deliveries(LATER)


def collect_at_counter(world: World) -> None:
    """Settle a basket with a paid order that is handed over, of which one piece is not kept."""
    order, basket = waiting_order(world, ("S", 2), now=LATER), opened_basket(world, now=LATER)
    case = put_collection(basket, order, now=LATER)
    with entry():
        services.decline_at_counter(basket.pk, case.pk, declined(case, 1), now=LATER)
    begun(basket, LATER)
    with entry():
        services.settle_basket(basket.pk, actor="user:1", now=LATER)


def sell_at_till(world: World) -> Order:
    """Return a cancelled order that was paid in cash and by card, both given back, at a till that was closed."""
    order, drawer = paid_at_till(world, "cash", "card")
    with entry():
        services.cancel_order(order.pk, actor="guest", now=LATER)
    run_deliveries(LATER)
    card, cash = order.refunds.order_by("pk")
    with entry():
        services.record_card_refund(card.pk, drawer.pk, slip("000009"), actor="user:1", now=LATER)
    with entry():
        services.pay_out_refund(cash.pk, drawer.pk, actor="user:1", now=LATER)
    with entry():
        services.count_drawer(drawer.pk, {10000: 5}, note="", actor="user:1", now=LATER)
    run_deliveries(LATER)
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
    with entry():
        refunds.apply_refund(refund.pk, arrival_of(refund, now), now=now)
