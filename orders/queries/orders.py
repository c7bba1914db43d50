"""An order as the API shows it, with what is derived from its payments, refunds and sales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet, Sum

from orders.choices import ChargeStatus, FulfilStatus, IntentStatus, RefundStatus
from orders.models import LineAdjustment, Recognition
from orders.queries.hq import derive

if TYPE_CHECKING:
    from datetime import date, datetime

    from orders.models import Order


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """What one offer takes off one line; `amount_fen` > 0."""

    kind: str
    name_zh: str
    name_en: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """One SKU of an order; amounts are fen. `total_fen` is what the line costs with everything taken off."""

    sku: str
    name_zh: str
    name_en: str
    quantity: int
    cancelled_quantity: int
    fulfilled_quantity: int
    unit_price_fen: int
    discount_fen: int
    total_fen: int
    adjustments: tuple[AdjustmentView, ...]


@dataclass(frozen=True, slots=True)
class OrderShareView:
    """One store's share of an order; `store_code` is empty while no store has been found."""

    number: str
    store_code: str
    status: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with what is derived from its payments and sales. Amounts are fen, moments UTC."""

    number: str
    status: str
    charge_status: ChargeStatus
    fulfil_status: FulfilStatus
    channel: str
    way: str
    goods_fen: int
    charges_fen: int
    total_fen: int
    paid_fen: int
    refunded_fen: int
    placed_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    finished_at: datetime | None
    promised_on: date
    lines: tuple[OrderLineView, ...]
    shares: tuple[OrderShareView, ...]


def order_view(order: Order) -> OrderView:
    """Read an order with what is derived from its payments, refunds and sales; a fixed number of queries."""
    sold = dict(
        Recognition.objects.filter(order=order, order_line__isnull=False, reversal_of__isnull=True)
        .values_list("order_line_id")
        .annotate(units=Sum("quantity"))
    )
    taken = adjustments_of(order)
    lines = tuple(
        OrderLineView(
            line.sku,
            line.name_zh,
            line.name_en,
            line.quantity,
            line.cancelled_quantity,
            sold.get(line.pk, 0),
            line.unit_price_fen,
            line.discount_fen,
            line.total_fen,
            tuple(taken.get(line.pk, ())),
        )
        for line in order.lines.order_by("pk")
    )
    derived = derive([order])[order.pk]
    shares = order.fulfillment.orders.order_by("pk").values_list("number", "store__code", "status")
    return OrderView(
        number=order.number,
        status=order.status,
        charge_status=derived.charge_status,
        fulfil_status=derived.fulfil_status,
        channel=order.channel,
        way=order.fulfillment.way,
        goods_fen=order.goods_fen,
        charges_fen=order.charges_fen,
        total_fen=order.total_fen,
        paid_fen=_sum(order.allocations.filter(intent__status=IntentStatus.SUCCEEDED)),
        refunded_fen=_sum(order.refunds.filter(status=RefundStatus.SUCCEEDED)),
        placed_at=order.placed_at,
        expires_at=order.expires_at,
        paid_at=order.paid_at,
        finished_at=order.finished_at,
        promised_on=order.fulfillment.promised_on,
        lines=lines,
        shares=tuple(OrderShareView(share, code or "", status) for share, code, status in shares),
    )


def adjustments_of(order: Order) -> dict[int, list[AdjustmentView]]:
    """Return what is taken off each line, offer by offer, by the line's id; one query."""
    found: dict[int, list[AdjustmentView]] = {}
    rows = LineAdjustment.objects.filter(order_line__order=order).order_by("pk")
    for row in rows:
        view = AdjustmentView(row.kind, row.name_zh, row.name_en, row.amount_fen)
        found.setdefault(row.order_line_id, []).append(view)
    return found


def _sum(rows: QuerySet[Any, Any]) -> int:
    return rows.aggregate(fen=Sum("amount_fen"))["fen"] or 0
