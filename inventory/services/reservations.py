"""Promising units: hold, allocate, release, consume. After each, counters and reservations agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from inventory import locks, sql
from inventory.choices import LIVE_RESERVATIONS, ReservationStatus
from inventory.models import Reservation
from omni.kernel.errors import Conflict
from omni.kernel.statements import execute_prepared
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class StockWant:
    """Units of a variant wanted from one store."""

    store_id: int
    variant_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A want that could not be met, and how many units were sellable."""

    store_id: int
    variant_id: int
    wanted: int
    sellable: int


class CannotHold(Conflict):
    """A store has fewer sellable units than wanted; `shortages` says where."""

    code = "cannot_hold"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__(_("There is not enough stock left."))
        self.shortages = tuple(shortages)


class ReservationsNotAllocated(Conflict):
    """Some reservations are not allocated: displaced, released or consumed; `reservation_ids` names them."""

    code = "reservations_not_allocated"

    def __init__(self, reservation_ids: Sequence[int]) -> None:
        super().__init__(_("Some of these goods are no longer set aside for this order."))
        self.reservation_ids = tuple(reservation_ids)


class ReservationsNotConsumed(Conflict):
    """Some reservations never left the store, or came back already; `reservation_ids` names them."""

    code = "reservations_not_consumed"

    def __init__(self, reservation_ids: Sequence[int]) -> None:
        super().__init__(_("Some of these goods never left the store or are back already."))
        self.reservation_ids = tuple(reservation_ids)


@step
def hold_stock(wants: Sequence[StockWant], *, owner: str, now: datetime) -> list[int]:
    """Hold every want or none, in one statement, and return the reservation ids in the order of the wants.

    `owner` names whose they are ("fulfillment_order:12"). Locks the levels in the order of their ids; after a refusal
    roll back to a savepoint before trying elsewhere, or these locks are kept out of order.

    :raises CannotHold: when a store has too few sellable units; nothing is held.
    """
    return _take(wants, ReservationStatus.HELD, owner, now)


@step
def allocate_stock(wants: Sequence[StockWant], *, owner: str, now: datetime) -> list[int]:
    """Do as `hold_stock` does for goods that are paid for: the reservations start allocated.

    :raises CannotHold: when a store has too few sellable units; nothing is allocated.
    """
    return _take(wants, ReservationStatus.ALLOCATED, owner, now)


def _take(wants: Sequence[StockWant], status: ReservationStatus, owner: str, now: datetime) -> list[int]:
    """Run the one guarded statement; see `sql.TAKE`."""
    if not wants or any(want.quantity < 1 for want in wants):
        raise ValueError("At least one unit of at least one variant is wanted.")
    values: dict[str, Any] = {
        "stores": [want.store_id for want in wants],
        "variants": [want.variant_id for want in wants],
        "quantities": [want.quantity for want in wants],
        "status": status.value,
        "owner": owner,
        "now": now,
    }
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.TAKE, values)
        rows = cursor.fetchall()
    if any(reservation_id is None for reservation_id, _sellable in rows):
        raise CannotHold(_shortages(wants, [sellable for _id, sellable in rows]))
    return [reservation_id for reservation_id, _sellable in rows]


def _shortages(wants: Sequence[StockWant], sellable: Sequence[int]) -> list[Shortage]:
    """Return the wants that their level could not meet, counting all wants of the same level together."""
    needed: dict[tuple[int, int], int] = {}
    for want in wants:
        place = (want.store_id, want.variant_id)
        needed[place] = needed.get(place, 0) + want.quantity
    left = {(want.store_id, want.variant_id): max(0, units) for want, units in zip(wants, sellable, strict=True)}
    return [Shortage(*place, wanted, left[place]) for place, wanted in needed.items() if left[place] < wanted]


@step
def lock_stock(places: Sequence[tuple[int, int]]) -> None:
    """Lock the levels of (store id, variant id) pairs in the order of their ids.

    For a transaction that takes and releases in several calls: locks taken call by call could cross another's.
    """
    locks.lock_places(places)


@step
def allocate_reservations(reservation_ids: Sequence[int]) -> list[int]:
    """Turn held reservations into allocated ones and return their ids; one displaced meanwhile is not among them.

    Locks the levels in the order of their ids, then the reservations.
    """
    return _move(sql.ALLOCATE, reservation_ids)


@step
def release_reservations(reservation_ids: Sequence[int]) -> list[int]:
    """Give held and allocated units back and return the ids released now; what was not live any more is left alone.

    Locks the levels in the order of their ids, then the reservations.
    """
    return _move(sql.RELEASE, reservation_ids)


@step
def consume_reservations(reservation_ids: Sequence[int], *, actor: str, now: datetime) -> None:
    """Take allocated units out of stock as they leave the store: one SALE movement each, cause "reservation:<id>".

    Locks the levels in the order of their ids, then the reservations.

    :raises ReservationsNotAllocated: when one of them is not allocated; the transaction must be rolled back.
    """
    moved = _move(sql.CONSUME, reservation_ids, {"actor": actor, "now": now})
    missing = sorted(set(reservation_ids) - set(moved))
    if missing:
        raise ReservationsNotAllocated(missing)


@step
def return_to_stock(reservation_ids: Sequence[int], *, actor: str, now: datetime, unsellable: bool = False) -> None:
    """Take consumed units back into the store they left: one RETURN movement each, cause "return:<id>".

    `unsellable` sets them aside as damaged. Locks the levels in the order of their ids.

    :raises ReservationsNotConsumed: when one never left or is back already; the transaction must be rolled back.
    """
    moved = _move(sql.RETURN, reservation_ids, {"actor": actor, "now": now, "unsellable": unsellable})
    missing = sorted(set(reservation_ids) - set(moved))
    if missing:
        raise ReservationsNotConsumed(missing)


@step
def split_reservation(reservation_id: int, quantity: int) -> int | None:
    """Part so many units of a live reservation off and return the new one's id; its owner and status are the same.

    The counters of the level stay as they are. None when it is not live any more: displaced, released or consumed.
    Locks the level.

    :raises ValueError: unless some units stay and some are parted off.
    """
    locks.lock_levels([Reservation.objects.values_list("level_id", flat=True).get(pk=reservation_id)])
    whole = Reservation.objects.get(pk=reservation_id)
    if not 0 < quantity < whole.quantity:
        raise ValueError("A reservation is split into two parts of at least a unit.")
    if whole.status not in LIVE_RESERVATIONS:
        return None
    Reservation.objects.filter(pk=reservation_id).update(quantity=F("quantity") - quantity)
    part = Reservation.objects.create(
        level_id=whole.level_id,
        quantity=quantity,
        status=whole.status,
        owner=whole.owner,
        created_at=whole.created_at,
    )
    return part.pk


def _move(statement: str, reservation_ids: Sequence[int], values: Mapping[str, Any] | None = None) -> list[int]:
    """Run one of the statements that move reservations and return the ids that moved."""
    if not reservation_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, {"ids": list(reservation_ids), **(values or {})})
        return [row[0] for row in cursor.fetchall()]
