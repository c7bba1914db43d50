"""Reads of baskets, orders and payments."""

from orders.queries.access import get_order_for, orders_visible_to, read_order_token, sign_order_token
from orders.queries.audit import audit_due_rows, audit_owners, audit_paid_orders, last_recognition_before
from orders.queries.basket import BasketLineView, BasketView, baskets_of, find_basket
from orders.queries.hq import Derived, OrderRow, derive, order_counts, order_rows
from orders.queries.orders import OrderLineView, OrderShareView, OrderView, order_view
from orders.queries.pages import OrderPage, ParcelView, order_page, payment_link

__all__ = [
    "BasketLineView",
    "BasketView",
    "Derived",
    "OrderLineView",
    "OrderPage",
    "OrderRow",
    "OrderShareView",
    "OrderView",
    "ParcelView",
    "audit_due_rows",
    "audit_owners",
    "audit_paid_orders",
    "baskets_of",
    "derive",
    "find_basket",
    "get_order_for",
    "last_recognition_before",
    "order_counts",
    "order_page",
    "order_rows",
    "order_view",
    "orders_visible_to",
    "payment_link",
    "read_order_token",
    "sign_order_token",
]
