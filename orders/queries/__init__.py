"""Reads of baskets, orders and payments."""

from orders.queries.access import get_order_for, orders_visible_to, read_order_token, sign_order_token
from orders.queries.audit import (
    audit_adjustments,
    audit_due_rows,
    audit_invoices,
    audit_owners,
    audit_paid_orders,
    last_recognition_before,
)
from orders.queries.basket import (
    BasketLineView,
    BasketView,
    SeenLine,
    baskets_of,
    count_units,
    find_basket,
    read_seen,
    token_of_account,
)
from orders.queries.checkout import Checkout, Choice, Seen, differences, find_checkout, read_seen_page
from orders.queries.contact import Contact, contact_of_order, contacts_of_fulfillment
from orders.queries.export import export_orders
from orders.queries.feedback import (
    FeedbackLine,
    OrderWord,
    feedback_lines,
    find_order_word,
    find_serving_store,
    order_owner,
)
from orders.queries.hq import OVERDUE, Derived, OrderRow, derive, order_counts, order_rows
from orders.queries.invoicing import InvoiceView, find_invoice, invoices_visible_to
from orders.queries.orders import OrderLineView, OrderShareView, OrderView, order_view
from orders.queries.pages import OrderPage, find_payment, is_payable, lines_of, order_page
from orders.queries.parcels import ParcelView, find_pickup_code

__all__ = [
    "OVERDUE",
    "BasketLineView",
    "BasketView",
    "Checkout",
    "Choice",
    "Contact",
    "Derived",
    "FeedbackLine",
    "InvoiceView",
    "OrderLineView",
    "OrderPage",
    "OrderRow",
    "OrderShareView",
    "OrderView",
    "OrderWord",
    "ParcelView",
    "Seen",
    "SeenLine",
    "audit_adjustments",
    "audit_due_rows",
    "audit_invoices",
    "audit_owners",
    "audit_paid_orders",
    "baskets_of",
    "contact_of_order",
    "contacts_of_fulfillment",
    "count_units",
    "derive",
    "differences",
    "export_orders",
    "feedback_lines",
    "find_basket",
    "find_checkout",
    "find_invoice",
    "find_order_word",
    "find_payment",
    "find_pickup_code",
    "find_serving_store",
    "get_order_for",
    "invoices_visible_to",
    "is_payable",
    "last_recognition_before",
    "lines_of",
    "order_counts",
    "order_owner",
    "order_page",
    "order_rows",
    "order_view",
    "orders_visible_to",
    "read_order_token",
    "read_seen",
    "read_seen_page",
    "sign_order_token",
    "token_of_account",
]
