"""How much the stores of a network have to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count

from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import FulfillmentOrder

if TYPE_CHECKING:
    from collections.abc import Collection

AT_STORE = (
    Status.OFFERED,
    Status.ACCEPTED,
    Status.PICKING,
    Status.PACKED,
    Status.AWAITING_COURIER,
    Status.LABELLED,
    Status.READY_FOR_PICKUP,
    Status.CHECKED_IN,
    Status.IN_ROOM,
    Status.SET_ASIDE,
    Status.CANCEL_REQUESTED,
)


# What may be overdue: what a store has in hand, what it is to see again, and parcels of which nothing is heard.
MAY_BE_OVERDUE = (*AT_STORE, Status.HANDED_OVER, Status.RETURNING, Status.PICKUP_EXPIRED)


def open_tasks_by_store(brand_ids: Collection[int]) -> dict[int, int]:
    """Return how many orders wait in each store of the brands; a store without any is missing."""
    waiting = FulfillmentOrder.objects.filter(
        store__isnull=False, fulfillment__brand__in=brand_ids, status__in=AT_STORE
    )
    return dict(waiting.values_list("store").annotate(number=Count("pk")))


def overdue_tasks(brand_ids: Collection[int]) -> int:
    """Return how many orders of the brands their stores have let lie, or no company fetches, brings or tells of."""
    overdue = FulfillmentOrder.objects.filter(overdue_at__isnull=False, status__in=MAY_BE_OVERDUE)
    return overdue.filter(fulfillment__brand__in=brand_ids).count()
