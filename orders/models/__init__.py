"""The tables of orders: what was agreed and paid."""

from orders.models.counter import CounterBasket, CounterLine
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
from orders.models.returns import Return, ReturnLine, ReturnPolicy
from orders.models.till import DrawerMovement, DrawerSession, TillSlip
from orders.models.try_on import TryOn, TryOnLine

__all__ = [
    "Basket",
    "BasketLine",
    "Checkout",
    "CounterBasket",
    "CounterLine",
    "DrawerMovement",
    "DrawerSession",
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
    "Return",
    "ReturnLine",
    "ReturnPolicy",
    "TillSlip",
    "TryOn",
    "TryOnLine",
]
