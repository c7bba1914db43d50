"""Bringing the books to the shelf: not found, damaged, imported. What is promised beyond the shelf is displaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import F

from inventory import locks, sql
from inventory.choices import DAMAGED, DOUBTFUL, MovementKind, ReservationStatus
from inventory.events import ReservationDisplaced
from inventory.models import CountTask, Reservation, StockLevel, StockMovement
from omni.kernel.outbox import publish
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime


class Figure(NamedTuple):
    """What a locked level shall have from now on."""

    level_id: int
    on_hand: int
    unsellable: int


@step
def report_not_found(store_id: int, variant_id: int, quantity: int, *, cause: str, actor: str, now: datetime) -> None:
    """Take units that nobody can find off the books (never below zero) and open a count task for the level.

    The finder's own reservation must be released before, in the same transaction; then only others, the youngest first,
    are displaced when too much is promised. Locks the level. `cause` is unique for each report.
    Emits ReservationDisplaced for each.

    :raises NotFound: when the store never had the variant.
    """
    level = locks.lock_level(store_id, variant_id)
    on_hand = max(0, level.on_hand - quantity)
    figure = Figure(level.pk, on_hand, min(level.unsellable, on_hand))
    correct_levels([figure], kind=MovementKind.NOT_FOUND, cause=cause, actor=actor, now=now)
    open_count_task(level, reason=MovementKind.NOT_FOUND, now=now)


@step
def report_none_left(store_id: int, variant_id: int, *, in_hand: int, cause: str, actor: str, now: datetime) -> None:
    """Take all units off the books but those in somebody's hands and the unsellable ones, and open a count task.

    What else is promised is displaced, the youngest first. The finder's own reservation must be released before, in the
    same transaction. Locks the level. `cause` is unique for each report. Emits ReservationDisplaced for each.

    :raises NotFound: when the store never had the variant.
    """
    level = locks.lock_level(store_id, variant_id)
    figure = Figure(level.pk, min(level.on_hand, in_hand + level.unsellable), level.unsellable)
    correct_levels([figure], kind=MovementKind.NOT_FOUND, cause=cause, actor=actor, now=now)
    open_count_task(level, reason=MovementKind.NOT_FOUND, now=now)


@step
def set_aside_damaged(store_id: int, variant_id: int, quantity: int, *, now: datetime) -> None:
    """Mark units as unsellable (never more than are there) and open a count task for the level.

    The finder's own reservation must be released before, in the same transaction. Locks the level; emits
    ReservationDisplaced for each promise that can no longer be kept, the youngest first.

    :raises NotFound: when the store never had the variant.
    """
    level = locks.lock_level(store_id, variant_id)
    figure = Figure(level.pk, level.on_hand, min(level.on_hand, level.unsellable + quantity))
    correct_levels([figure], kind=MovementKind.ADJUSTMENT, cause="", actor="", now=now)
    open_count_task(level, reason=DAMAGED, now=now)


@step
def allocate_found(
    store_id: int, variant_id: int, quantity: int, *, owner: str, cause: str, actor: str, now: datetime
) -> int:
    """Book in units that somebody holds in their hands though the books lack them, and promise them to an owner.

    Returns the id of the reservation. Opens a count task; `cause` is unique for each find. Locks the level.

    :raises NotFound: when the store never had the variant.
    """
    level = locks.lock_level(store_id, variant_id)
    StockLevel.objects.filter(pk=level.pk).update(on_hand=F("on_hand") + quantity, allocated=F("allocated") + quantity)
    StockMovement.objects.create(
        level=level, kind=MovementKind.FOUND, quantity=quantity, cause=cause, actor=actor, moved_at=now
    )
    reservation = Reservation.objects.create(
        level=level, quantity=quantity, status=ReservationStatus.ALLOCATED, owner=owner, created_at=now
    )
    open_count_task(level, reason=MovementKind.FOUND, now=now)
    return reservation.pk


def open_count_task(level: StockLevel, *, reason: str, now: datetime) -> None:
    """Open a count task unless one is open; one that only found goods asked for gets the reason that puts in doubt."""
    CountTask.objects.bulk_create([CountTask(level=level, reason=reason, opened_at=now)], ignore_conflicts=True)
    if reason in DOUBTFUL:
        harmless = CountTask.objects.filter(level=level, closed_at__isnull=True).exclude(reason__in=DOUBTFUL)
        harmless.update(reason=reason)


def correct_levels(
    figures: Sequence[Figure],
    *,
    kind: MovementKind,
    cause: str,
    actor: str,
    now: datetime,
    counted_on: date | None = None,
) -> int:
    """Set the figures of levels that this transaction has locked, book the differences, displace, and publish.

    Several figures share a cause: each movement's is "<cause>:<level id>". Returns how many promises were displaced.
    """
    values: dict[str, Any] = {
        "levels": [figure.level_id for figure in figures],
        "on_hands": [figure.on_hand for figure in figures],
        "unsellables": [figure.unsellable for figure in figures],
        "kind": kind.value,
        "cause": cause,
        "is_cause_shared": len(figures) > 1,
        "actor": actor,
        "now": now,
        "counted_on": counted_on,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.CORRECT, values)
        displaced = cursor.fetchall()
    for reservation_id, owner, variant_id, quantity in displaced:
        publish(ReservationDisplaced(owner, reservation_id, variant_id, quantity), now=now)
    return len(displaced)
