"""Handlers of lower apps' events."""

from __future__ import annotations

from datetime import datetime

from fulfillment import services
from inventory import events as inventory_events
from omni.kernel.outbox import subscribe


@subscribe(inventory_events.ReservationDisplaced, name="fulfillment.reroute_displaced")
def reroute_displaced(event: inventory_events.ReservationDisplaced, *, now: datetime) -> None:
    """The goods of a share are not there: find others."""
    services.reroute_displaced(event.reservation_id, now=now)
