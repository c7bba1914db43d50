"""Reads of baskets, orders and payments."""

from orders.queries.basket import BasketLineView, BasketView, baskets_of, find_basket
from orders.queries.pages import OrderPage, ParcelView, order_page, payment_link

__all__ = [
    "BasketLineView",
    "BasketView",
    "OrderPage",
    "ParcelView",
    "baskets_of",
    "find_basket",
    "order_page",
    "payment_link",
]
