"""Sold goods that come back to a store, whichever they left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import F

from inventory import locks
from inventory.choices import MovementKind, Shelf
from inventory.models import StockLevel, StockMovement
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class ReturnedPiece(NamedTuple):
    """One unit of a variant that came back, and where it goes; `cause` is unique ("return_line:7")."""

    variant_id: int
    shelf: Shelf
    cause: str


@step
def take_in_returns(store_id: int, pieces: Sequence[ReturnedPiece], *, actor: str, now: datetime) -> None:
    """Book pieces into a store that may never have had the variant: one RETURN movement each, by its cause.

    One that is set aside counts as unsellable; one that is thrown away leaves by a SCRAP movement ("scrap:<cause>").
    Locks the levels in the order of their ids.
    """
    places = [(store_id, variant_id) for variant_id in sorted({piece.variant_id for piece in pieces})]
    locks.add_missing_levels(places)
    levels = {level.variant_id: level.id for level in locks.lock_places(places)}
    for piece in pieces:
        level_id = levels[piece.variant_id]
        moves = [(MovementKind.RETURN, 1, piece.cause)]
        if piece.shelf == Shelf.SCRAP:
            moves.append((MovementKind.SCRAP, -1, f"scrap:{piece.cause}"))
        StockMovement.objects.bulk_create(
            StockMovement(level_id=level_id, kind=kind, quantity=units, cause=cause, actor=actor, moved_at=now)
            for kind, units, cause in moves
        )
        if piece.shelf != Shelf.SCRAP:
            StockLevel.objects.filter(pk=level_id).update(
                on_hand=F("on_hand") + 1, unsellable=F("unsellable") + int(piece.shelf == Shelf.ASIDE)
            )
