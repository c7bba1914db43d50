"""What has been paid of orders, payment by payment, and what of a checkout is still to be paid or given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum

from orders.choices import DrawerStatus, IntentStatus, OrderStatus
from orders.models import DrawerSession, IntentAllocation, Order, PaymentIntent, Return

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.models import Refund

# What the causes of a refund's other parts go on with.
PARTS = ":rest"


def paid_fen(order: Order) -> int:
    """Return what succeeded payments have brought for an order, refunded or not."""
    paid = IntentAllocation.objects.filter(order=order, intent__status=IntentStatus.SUCCEEDED)
    return paid.aggregate(fen=Sum("amount_fen"))["fen"] or 0


def left_to_pay_fen(order: Order) -> int:
    """Return what the shopper still has to pay for an unpaid order: of a replacement what its return does not bring."""
    case = Return.objects.filter(replacement=order).first()
    return max(0, order.total_fen - paid_fen(order) - (case.refund_fen if case else 0))


def succeeded_intents(order: Order) -> list[PaymentIntent]:
    """Return the payments that brought money for an order, the oldest first."""
    paid = PaymentIntent.objects.filter(allocations__order=order, status=IntentStatus.SUCCEEDED)
    return list(paid.order_by("pk"))


def allocations_of(intent: PaymentIntent) -> dict[int, int]:
    """Return how much of a payment is for which order, by order id, the oldest order first."""
    return dict(intent.allocations.order_by("order").values_list("order_id", "amount_fen"))


def allocations_to(order: Order, intents: Iterable[PaymentIntent]) -> dict[int, IntentAllocation]:
    """Return what of each payment is for an order, by payment id."""
    rows = IntentAllocation.objects.filter(order=order, intent__in=[intent.pk for intent in intents])
    return {row.intent_id: row for row in rows}


def checkout_due(checkout_id: int) -> int:
    """Return the fen still to be paid for a checkout: what its unpaid orders cost, less what came in for them.

    What came back is among that, once it is taken back: credit is a tender, and what exceeds the orders is owed back at
    once.
    """
    unpaid = Order.objects.filter(checkout=checkout_id, status=OrderStatus.PLACED)
    return sum(left_to_pay_fen(order) for order in unpaid)


def expected_fen(drawer: DrawerSession) -> int:
    """Return the cash that should lie in a drawer: its float and all movements."""
    return drawer.float_fen + (drawer.movements.aggregate(fen=Sum("amount_fen"))["fen"] or 0)


def refund_store_ids(refund: Refund) -> frozenset[int]:
    """Return the stores that may give back what was taken at a till: which took it, or received the goods for it."""
    took = refund.provider_intent.drawer
    received = Return.objects.filter(refund__cause=refund.cause.partition(PARTS)[0]).values_list("receiving_store_id")
    ids = {store_id for (store_id,) in received} | {took.store_id if took else None}
    return frozenset(store_id for store_id in ids if store_id is not None)


def open_drawers(store_id: int) -> list[DrawerSession]:
    """Return the tills of a store that take money now, by their names."""
    return list(DrawerSession.objects.filter(store=store_id, status=DrawerStatus.OPEN).order_by("till"))
