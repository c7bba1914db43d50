"""Handlers of lower apps' events."""

from __future__ import annotations

from datetime import datetime

from fulfillment import services
from inventory.events import ReservationDisplaced
from omni.kernel.outbox import subscribe


@subscribe(ReservationDisplaced, name="fulfillment.reroute_displaced")
def reroute_displaced(event: ReservationDisplaced, *, now: datetime) -> None:
    """The goods of a share are not there: find others."""
    services.reroute_displaced(event.reservation_id, now=now)
