"""Row locks in one order, so that two transactions cannot wait for each other in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from omni.kernel.transactions import step

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

M = TypeVar("M", bound="Model")

# The order in which rows are locked, everywhere. Guarded updates (StoreCapacity, StockLevel) are locks too.
# Store rows are never locked. A shopper's act locks Order, then Fulfillment; a clerk's or courier's act locks
# Fulfillment and tells those above by event.
LOCK_ORDER = (
    "orders.CounterBasket",
    "orders.Checkout",
    "orders.PaymentIntent",
    "orders.Order",
    "orders.TryOn",
    "members.Member",
    "orders.DrawerSession",
    "fulfillment.Fulfillment",
    "fulfillment.FulfillmentOrder",
    "fulfillment.Collection",
    "stores.StoreCapacity",
    "inventory.Count",
    "inventory.Shipment",
    "inventory.StockLevel",
)


@step
def locked(queryset: QuerySet[M]) -> list[M]:
    """Lock the rows by primary key and return them as they are now; read nothing that matters before this.

    Takes FOR NO KEY UPDATE on the queryset's own table only, so rows that point to these may still be inserted.
    """
    return list(queryset.order_by("pk").select_for_update(of=("self",), no_key=True))
