"""What orders keep of a person, for a copy of their data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet, Subquery

from omni.accounts import queries as accounts_queries
from omni.kernel import sealing
from orders.models import Invoice, OrderLine, Return, TryOn
from orders.queries.access import orders_visible_to

if TYPE_CHECKING:
    from stores.permissions import Actor

LINE_COLUMNS = (
    "order__number", "sku", "name_zh", "name_en", "quantity", "cancelled_quantity", "unit_price_fen", "discount_fen",
    "total_fen",
)  # fmt: skip
TRY_ON_COLUMNS = ("number", "brand__code", "store__code", "status", "contact_name", "starts_at", "booked_at")


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
        "invoices": [
            {
                "number": invoice.number,
                "order": invoice.order.number,
                "title": invoice.title,
                "tax_number": invoice.tax_number,
                "email": sealing.unseal(invoice.email_sealed) if invoice.email_sealed else "",
                "status": invoice.status,
                "amount_fen": invoice.amount_fen,
                "requested_at": invoice.requested_at,
            }
            for invoice in Invoice.objects.filter(order__in=orders).select_related("order").order_by("pk")
        ],
        "returns": [
            _return(case)
            for case in Return.objects.filter(order__in=orders).select_related("order", "collection").order_by("pk")
        ],
        "try_ons": [dict(row) for row in _try_ons_of(actor).order_by("pk").values(*TRY_ON_COLUMNS)],
    }


def _return(case: Return) -> dict[str, object]:
    return {
        "number": case.number,
        "order": case.order.number,
        "status": case.status,
        "reason": case.reason,
        "way": case.way,
        "requested_at": case.requested_at,
        "refund_fen": case.refund_fen,
        "fetched_from": _door_of(case),
    }


def _door_of(case: Return) -> dict[str, str]:
    """Return where a courier was to fetch a return."""
    at = case.collection
    if at is None:
        return {}
    phone = sealing.unseal(at.sender_phone_sealed) if at.sender_phone_sealed else ""
    return {"contact": at.sender_name, "phone": phone, "district": at.district_id, "street": at.street}


def _try_ons_of(actor: Actor) -> QuerySet[TryOn]:
    if actor.user_id is None:
        return TryOn.objects.none()
    mine = Q(member__user=actor.user_id)
    mine |= Q(contact_phone_index=Subquery(accounts_queries.phone_index_of(actor.user_id)))
    return TryOn.objects.filter(mine)
