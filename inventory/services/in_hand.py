"""Goods that somebody holds in their hands: they are there, whatever the books and the safety stock say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import F

from inventory import locks
from inventory.choices import MovementKind, ReservationStatus
from inventory.models import Reservation, StockLevel, StockMovement
from inventory.services.corrections import open_count_task
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inventory.services.reservations import StockWant


@step
def hold_in_hand(wants: Sequence[StockWant], *, owner: str, actor: str, now: datetime) -> list[int]:
    """Hold goods that are sold over the counter, and return the reservation ids in the order of the wants.

    Safety stock may be used. What the books lack is booked in as found, once an owner and level, with a count task:
    nobody's promise is touched. Locks the levels in the order of their ids.
    """
    places = sorted({(want.store_id, want.variant_id) for want in wants})
    locks.add_missing_levels(places)
    levels = {(row.store_id, row.variant_id): row for row in locks.lock_levels_at(places)}
    units: Counter[int] = Counter()
    for want in wants:
        units[levels[want.store_id, want.variant_id].pk] += want.quantity
    for level in levels.values():
        _hold(level, units[level.pk], owner=owner, actor=actor, now=now)
    rows = Reservation.objects.bulk_create(
        Reservation(
            level=levels[want.store_id, want.variant_id],
            quantity=want.quantity,
            status=ReservationStatus.HELD,
            owner=owner,
            created_at=now,
        )
        for want in wants
    )
    return [row.pk for row in rows]


def _hold(level: StockLevel, units: int, *, owner: str, actor: str, now: datetime) -> None:
    """Count units of a locked level as held, and book in those of them that it lacks."""
    missing = max(0, units - (level.on_hand - level.held - level.allocated - level.unsellable))
    StockLevel.objects.filter(pk=level.pk).update(on_hand=F("on_hand") + missing, held=F("held") + units)
    if missing:
        StockMovement.objects.create(
            level=level,
            kind=MovementKind.FOUND,
            quantity=missing,
            cause=f"in_hand:{owner}:{level.pk}",
            actor=actor,
            moved_at=now,
        )
        open_count_task(level, reason=MovementKind.FOUND, now=now)
