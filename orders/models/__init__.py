"""The tables of orders: what was agreed and paid."""

from orders.models.invoices import Invoice, InvoiceDocument
from orders.models.order import (
    Basket,
    BasketLine,
    Checkout,
    IntentAllocation,
    LineAdjustment,
    Order,
    OrderCharge,
    OrderLine,
    PaymentIntent,
    PaymentNotice,
    Recognition,
    Refund,
)

__all__ = [
    "Basket",
    "BasketLine",
    "Checkout",
    "IntentAllocation",
    "Invoice",
    "InvoiceDocument",
    "LineAdjustment",
    "Order",
    "OrderCharge",
    "OrderLine",
    "PaymentIntent",
    "PaymentNotice",
    "Recognition",
    "Refund",
]
