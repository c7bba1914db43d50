"""What orders keep of a person, for a copy of their data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.kernel import sealing
from orders.models import OrderLine
from orders.queries.access import orders_visible_to

if TYPE_CHECKING:
    from stores.permissions import Actor

LINE_COLUMNS = (
    "order__number", "sku", "name_zh", "name_en", "quantity", "cancelled_quantity", "unit_price_fen", "discount_fen",
    "total_fen",
)  # fmt: skip


def export_orders(actor: Actor) -> dict[str, list[dict[str, object]]]:
    """Return what is kept of an actor's orders of every channel, by table. Amounts in fen."""
    orders = list(orders_visible_to(actor).select_related("brand", "fulfillment__district").order_by("pk"))
    lines = OrderLine.objects.filter(order__in=orders).order_by("pk")
    return {
        "orders": [
            {
                "number": order.number,
                "brand": order.brand.code,
                "channel": order.channel,
                "status": order.status,
                "placed_at": order.placed_at,
                "paid_at": order.paid_at,
                "total_fen": order.total_fen,
                "contact": order.contact_name,
                "phone": sealing.unseal(order.contact_phone_sealed) if order.contact_phone_sealed else "",
                "way": order.fulfillment.way,
                "recipient": order.fulfillment.recipient_name,
                "district": order.fulfillment.district_id or "",
                "street": order.fulfillment.street,
            }
            for order in orders
        ],
        "order_lines": [dict(row) for row in lines.values(*LINE_COLUMNS)],
    }
