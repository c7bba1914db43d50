"""What a member bought of a brand, on every channel; for the brand's stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

from omni.kernel import bilingual
from orders.choices import OrderStatus
from orders.models import Order, OrderLine
from stores import choices as stores_choices

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """One article of an order; `returned` of its units came back, or are to."""

    name: str
    sku: str
    quantity: int
    returned: int


@dataclass(frozen=True, slots=True)
class BoughtOrder:
    """An order of a member; labels are in the language of the page."""

    number: str
    placed_at: datetime
    channel_label: str
    store_name: str
    status_label: str
    total_fen: int
    lines: tuple[BoughtLine, ...]


@dataclass(frozen=True, slots=True)
class Bought:
    """A member's newest orders, how many were paid in all, and what they came to."""

    orders: tuple[BoughtOrder, ...]
    paid_count: int
    paid_fen: int


def bought_by(member_id: int, *, limit: int = 30) -> Bought:
    """Return what a member bought of the brand; unpaid orders that ended are left out. Three statements."""
    every = Order.objects.filter(member=member_id)
    paid = every.filter(paid_at__isnull=False)
    newest = list(every.exclude(status=OrderStatus.EXPIRED).order_by("-pk")[:limit])
    lines = OrderLine.objects.filter(order__in=newest).select_related("selling_store").order_by("pk")
    by_order: dict[int, list[OrderLine]] = {}
    for line in lines:
        by_order.setdefault(line.order_id, []).append(line)
    sums = paid.aggregate(total=Sum("total_fen", default=0))
    return Bought(
        tuple(_bought(order, by_order.get(order.pk, [])) for order in newest),
        paid_count=paid.count(),
        paid_fen=sums["total"],
    )


def _bought(order: Order, lines: list[OrderLine]) -> BoughtOrder:
    sellers = [line.selling_store for line in lines if line.selling_store is not None]
    return BoughtOrder(
        number=order.number,
        placed_at=order.placed_at,
        channel_label=str(stores_choices.Channel(order.channel).label),
        store_name=bilingual.name_of(sellers[0]) if sellers else "",
        status_label=str(OrderStatus(order.status).label),
        total_fen=order.total_fen,
        lines=tuple(
            BoughtLine(bilingual.name_of(line), line.sku, line.quantity, line.returned_quantity) for line in lines
        ),
    )
