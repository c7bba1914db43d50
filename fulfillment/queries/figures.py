"""What a store has done of its tasks in a time, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q

from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import FulfillmentOrder
from omni.kernel.models import Transition

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """Tasks packed or lost in a time, how many of them in time; what waits to be collected now."""

    done: int
    lost: int
    on_time: int
    waiting: int

    @property
    def on_time_percent(self) -> int | None:
        """Return how many of a hundred tasks were done in time; None without any."""
        dealt_with = self.done + self.lost
        return 100 * self.on_time // dealt_with if dealt_with else None


def task_figures(store_id: int, start: datetime, end: datetime) -> TaskFigures:
    """Return the tasks of a store that were packed, or lost by its silence, in `[start, end)`; two statements."""
    shares = FulfillmentOrder.objects.filter(store=store_id)
    logged = Transition.objects.filter(
        entity="fulfillment.fulfillmentorder", entity_id=OuterRef("pk"), at__gte=start, at__lt=end
    )
    found = shares.annotate(
        is_packed=Exists(logged.filter(to_status=Status.PACKED)),
        is_lost=Exists(logged.filter(to_status=Status.TIMED_OUT)),
    ).aggregate(
        done=Count("pk", filter=Q(is_packed=True)),
        lost=Count("pk", filter=Q(is_lost=True)),
        on_time=Count("pk", filter=Q(is_packed=True, is_lost=False, late_at__isnull=True)),
    )
    return TaskFigures(**found, waiting=shares.filter(status=Status.READY_FOR_PICKUP).count())
