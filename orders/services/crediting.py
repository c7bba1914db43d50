"""Credit for goods that came back: what was paid for them pays for another order, and never leaves the brand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.kernel.numbers import public_number
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import queries
from orders.choices import IntentStatus, PaymentMethod
from orders.models import IntentAllocation, PaymentIntent, Refund
from orders.services import refunds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from orders.models import Order, Return

ACTOR = "system:returns"


@step
def pay_with_credit(
    case: Return,
    order: Order,
    intents: Sequence[PaymentIntent],
    *,
    wanted: Order,
    amount_fen: int,
    now: datetime,
) -> list[PaymentIntent]:
    """Use a part of what came back of an order for another one of the brand; return the payments that it made.

    One for each payment that had paid for the goods, those last that would be refunded first, so that money which has
    to go back can go back the way it came. Both orders and their checkouts are locked. Emits RefundSucceeded.

    :raises RefundExceedsPayment: when less was paid.
    """
    before = Refund.objects.filter(cause__startswith=f"return_credit:{case.pk}:").count()
    made, left_fen = list[PaymentIntent](), amount_fen
    for source, free_fen in _sources(order, intents):
        part_fen = min(left_fen, free_fen)
        if part_fen:
            cause = f"return_credit:{case.pk}:{before + len(made)}"
            refund = refunds.use_as_credit(source, order=order, amount_fen=part_fen, cause=cause, now=now)
            made.append(_credit(refund, source, wanted, now))
            left_fen -= part_fen
    if left_fen:
        raise refunds.RefundExceedsPayment(refunds.TOO_MUCH)
    case.credit_fen += amount_fen
    case.save(update_fields=["credit_fen"])
    return made


def _sources(order: Order, intents: Sequence[PaymentIntent]) -> Iterator[tuple[PaymentIntent, int]]:
    """Return the payments of an order with what of each is still this order's, the last to be refunded first."""
    paid = [intent for intent in intents if intent.status == IntentStatus.SUCCEEDED]
    allocations = queries.allocations_to(order, paid)
    for intent in reversed(refunds.in_refund_order(paid)):
        yield intent, allocations[intent.pk].amount_fen - allocations[intent.pk].refunded_fen


def _credit(refund: Refund, source: PaymentIntent, wanted: Order, now: datetime) -> PaymentIntent:
    """Write the payment that a refund made."""
    credit = PaymentIntent.objects.create(
        checkout_id=wanted.checkout_id,
        brand_id=wanted.brand_id,
        method=PaymentMethod.RETURN_CREDIT,
        merchant_id=source.merchant_id,
        out_trade_no=public_number("P"),
        amount_fen=refund.amount_fen,
        credit_of=refund,
        expires_at=now,
        succeeded_at=now,
        created_at=now,
    )
    IntentAllocation.objects.create(intent=credit, order=wanted, amount_fen=refund.amount_fen)
    transition(credit, to=IntentStatus.SUCCEEDED, actor=ACTOR, now=now)
    return credit
