"""How much the stores of a network have to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count

from fulfillment.choices import AT_STORE, MAY_BE_OVERDUE
from fulfillment.models import FulfillmentOrder

if TYPE_CHECKING:
    from collections.abc import Collection


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
