"""Reads of baskets, orders and payments."""

from orders.queries.basket import BasketLineView, BasketView, baskets_of, find_basket

__all__ = ["BasketLineView", "BasketView", "baskets_of", "find_basket"]
