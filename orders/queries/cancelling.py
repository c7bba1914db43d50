"""Whether an order can be cancelled, by whose word, and what came of a wish to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fulfillment import choices as fulfillment_choices
from orders.choices import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from omni.kernel.models import Transition
    from orders.models import Order

S = fulfillment_choices.FulfillmentOrderStatus
# What a store has in hand: it must be asked.
BEGUN = frozenset(
    {S.ACCEPTED, S.PICKING, S.PACKED, S.AWAITING_COURIER, S.LABELLED, S.READY_FOR_PICKUP, S.CANCEL_REQUESTED}
)
UNTOUCHED = frozenset({S.PLANNED, S.PENDING_ROUTING, S.OFFERED, S.UNFILLABLE})


@dataclass(frozen=True, slots=True)
class Cancelling:
    """Cancelling an order: `needs_store` when a store has begun; `is_on_the_way` when a part has left already.

    `asked_at` is when it was asked for last, `refused_at` when the stores said no to that.
    """

    is_possible: bool
    needs_store: bool
    is_on_the_way: bool
    asked_at: datetime | None
    refused_at: datetime | None

    @property
    def is_waiting(self) -> bool:
        """Tell whether an answer is still to come."""
        return self.asked_at is not None and self.refused_at is None


def cancelling_of(order: Order, statuses: Collection[str], changes: Sequence[Transition]) -> Cancelling:
    """Return what a shopper should know before and after cancelling an order.

    `statuses` are those of its shares, `changes` those of the order's status, the oldest first.
    """
    asked = [change.at for change in changes if change.to_status == OrderStatus.CANCEL_REQUESTED]
    resumed = [
        change.at
        for change in changes
        if change.from_status == OrderStatus.CANCEL_REQUESTED and change.to_status != OrderStatus.CANCELLED
    ]
    is_answered = bool(asked and resumed and resumed[-1] >= asked[-1])
    is_unpaid = order.paid_at is None
    return Cancelling(
        is_possible=is_unpaid or not (BEGUN | UNTOUCHED).isdisjoint(statuses),
        needs_store=not BEGUN.isdisjoint(statuses),
        is_on_the_way=S.HANDED_OVER in statuses,
        asked_at=asked[-1] if asked and order.status != OrderStatus.CANCELLED else None,
        refused_at=resumed[-1] if is_answered else None,
    )
