"""What the stores' shares of an order mean for its lines: reads for the handlers of fulfillment's events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Min, Q, Sum

from fulfillment import choices as fulfillment_choices
from members import choices as members_choices
from omni.kernel.numbers import is_valid_number
from orders.choices import OrderStatus
from orders.models import LineAdjustment, Order, OrderLine, Recognition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# A share whose goods have left a store and were not lost: the courier was paid for.
CARRIED = (
    fulfillment_choices.FulfillmentOrderStatus.HANDED_OVER,
    fulfillment_choices.FulfillmentOrderStatus.DELIVERED,
    fulfillment_choices.FulfillmentOrderStatus.COLLECTED,
    fulfillment_choices.FulfillmentOrderStatus.RETURNING,
    fulfillment_choices.FulfillmentOrderStatus.RETURNED_TO_STORE,
)


# What an order that is being prepared is told by, once all that is left of it is there.
TELLING = frozenset(
    {
        fulfillment_choices.FulfillmentOrderStatus.HANDED_OVER,
        fulfillment_choices.FulfillmentOrderStatus.READY_FOR_PICKUP,
    }
)


class ShareLine(NamedTuple):
    """Units of an order line in one store's share, and how much of the line was sold or cancelled before."""

    share_line_id: int
    units: int
    line: OrderLine
    sold_units: int

    @property
    def dealt_units(self) -> int:
        """Return the units of the order line that were sold or cancelled so far."""
        return self.sold_units + self.line.cancelled_quantity


class Units(NamedTuple):
    """All units of an order, and what became of them."""

    ordered: int
    cancelled: int
    sold: int

    @property
    def is_dealt_with(self) -> bool:
        """Tell whether every unit was either sold or cancelled."""
        return self.sold + self.cancelled >= self.ordered


def standing(status: str, share_statuses: Iterable[str]) -> str:
    """Return where an order stands, in words: "On the way" or "Ready to collect" once all that is to come is."""
    left = set(share_statuses) - fulfillment_choices.FINAL_FULFILLMENT_ORDER_STATUSES
    if status == OrderStatus.PROCESSING and len(left) == 1 and left <= TELLING:
        return str(fulfillment_choices.FulfillmentOrderStatus(left.pop()).label)
    return str(OrderStatus(status).label)


def lines_of_share(order: Order, fulfillment_order_id: int) -> list[ShareLine]:
    """Return the order's lines that a store's share holds units of."""
    lines = {line.fulfillment_line_id: line for line in order.lines.all()}
    sold = dict(
        Recognition.objects.filter(order=order, order_line__isnull=False, reversal_of__isnull=True)
        .values_list("order_line_id")
        .annotate(units=Sum("quantity"))
    )
    rows = (
        Order.objects.filter(pk=order.pk, fulfillment__orders=fulfillment_order_id)
        .order_by("fulfillment__orders__lines")
        .values_list(
            "fulfillment__orders__lines__pk",
            "fulfillment__orders__lines__quantity",
            "fulfillment__orders__lines__fulfillment_line_id",
        )
    )
    return [
        ShareLine(share_line_id, units, lines[line_id], sold.get(lines[line_id].pk, 0))
        for share_line_id, units, line_id in rows
    ]


def cause_of(share_line_id: int) -> str:
    """Return the cause under which the units of a share's line are recognised as sold."""
    return f"fulfillment_order_line:{share_line_id}"


def points_on(order: Order) -> dict[int, int]:
    """Return what points pay of each line, in fen, by the line's id."""
    paid = LineAdjustment.objects.filter(order_line__order=order, kind=members_choices.AdjustmentKind.POINTS)
    return dict(paid.order_by().values_list("order_line_id").annotate(Sum("amount_fen")))


def funders_of(order: Order) -> dict[int, list[tuple[str, int]]]:
    """Return who bears what of the adjustments of each line, (party, fen), by the line's id."""
    found: dict[int, list[tuple[str, int]]] = {}
    rows = LineAdjustment.objects.filter(order_line__order=order).order_by("pk").values_list("order_line_id", "funders")
    for line_id, funders in rows:
        found.setdefault(line_id, []).extend((party, amount_fen) for party, amount_fen in funders)
    return found


def units_of(order: Order) -> Units:
    """Return how many units an order has and what became of them."""
    totals = order.lines.aggregate(ordered=Sum("quantity"), cancelled=Sum("cancelled_quantity"))
    sales = Recognition.objects.filter(order=order, order_line__isnull=False, reversal_of__isnull=True)
    sold = sales.aggregate(units=Sum("quantity"))
    return Units(totals["ordered"] or 0, totals["cancelled"] or 0, sold["units"] or 0)


def parked_ids(order: Order) -> list[int]:
    """Return the shares that no store can fulfill."""
    shares = Order.objects.filter(
        pk=order.pk, fulfillment__orders__status=fulfillment_choices.FulfillmentOrderStatus.UNFILLABLE
    )
    return list(shares.order_by("fulfillment__orders").values_list("fulfillment__orders__pk", flat=True))


def find_id(order: Order, number: str) -> int | None:
    """Return a share of an order by its number, or None."""
    if not is_valid_number(number):
        return None
    shares = Order.objects.filter(pk=order.pk, fulfillment__orders__number=number)
    return shares.values_list("fulfillment__orders__pk", flat=True).first()


def parked_until(order: Order, moment: datetime) -> list[int]:
    """Return the shares that no store can fulfill, and that were parked by a moment."""
    shares = Order.objects.filter(
        Q(fulfillment__orders__parked_at__lte=moment) | Q(fulfillment__orders__parked_at=None),
        pk=order.pk,
        fulfillment__orders__status=fulfillment_choices.FulfillmentOrderStatus.UNFILLABLE,
    )
    return list(shares.order_by("fulfillment__orders").values_list("fulfillment__orders__pk", flat=True))


def first_parked_at(order: Order) -> datetime | None:
    """Return since when the share has been parked that waits longest; None when none is."""
    parked = Order.objects.filter(
        pk=order.pk, fulfillment__orders__status=fulfillment_choices.FulfillmentOrderStatus.UNFILLABLE
    )
    first: datetime | None = parked.aggregate(first=Min("fulfillment__orders__parked_at"))["first"]
    return first


def is_answered(order: Order) -> bool:
    """Tell whether every store has answered a wish to cancel, and goods are still on their way to the shopper."""
    statuses = Order.objects.filter(pk=order.pk).values_list("fulfillment__orders__status", flat=True)
    live = {
        fulfillment_choices.FulfillmentOrderStatus(status) for status in statuses
    } - fulfillment_choices.FINAL_FULFILLMENT_ORDER_STATUSES
    return bool(live) and fulfillment_choices.FulfillmentOrderStatus.CANCEL_REQUESTED not in live


def find_carrying_store(order: Order) -> int | None:
    """Return a store whose share of the order was carried away by a courier or collected, if any was."""
    stores = Order.objects.filter(pk=order.pk, fulfillment__orders__status__in=CARRIED)
    return stores.order_by("fulfillment__orders").values_list("fulfillment__orders__store_id", flat=True).first()
