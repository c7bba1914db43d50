"""Under which name members keep what orders use of offers, and whether orders that were priced together still stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.choices import OrderStatus
from orders.models import Order
from orders.queries.return_quotes import is_all_back

if TYPE_CHECKING:
    from collections.abc import Sequence

# An order that ended so never sold anything.
UNSOLD = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})


def owner_of_order(order_id: int) -> str:
    """Return the name of an order that was priced alone."""
    return f"order:{order_id}"


def owner_of_checkout(checkout_id: int) -> str:
    """Return the name of orders of a checkout that were priced together."""
    return f"checkout:{checkout_id}"


def offer_owner(order: Order) -> str:
    """Return the name under which an order's offers are used: its own, or that of all that were priced with it."""
    return owner_of_checkout(order.checkout_id) if order.has_shared_offers else owner_of_order(order.pk)


def is_anything_kept(order: Order) -> bool:
    """Tell whether another order that was priced with this one stands, with something that is not back.

    Their checkout is locked.
    """
    return any(row.status not in UNSOLD and not is_all_back(row) for row in _siblings(order))


def _siblings(order: Order) -> Sequence[Order]:
    if not order.has_shared_offers:
        return ()
    return list(Order.objects.filter(checkout=order.checkout_id, has_shared_offers=True).exclude(pk=order.pk))
