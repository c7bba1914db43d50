"""Arithmetic of putting the books right: adjustments, counts, receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inventory.choices import AdjustmentReason

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a clerk may put right alone: beyond, it takes a manager.
CLERK_UNITS = 3
CLERK_VALUE_FEN = 300_000

_EFFECTS: dict[AdjustmentReason, tuple[int, int]] = {
    AdjustmentReason.FOUND: (1, 0),
    AdjustmentReason.MISSING: (-1, 0),
    AdjustmentReason.THEFT: (-1, 0),
    AdjustmentReason.DAMAGED: (0, 1),
    AdjustmentReason.SAMPLE: (0, 1),
    AdjustmentReason.BACK_ON_SALE: (0, -1),
    AdjustmentReason.SCRAPPED: (-1, -1),
    AdjustmentReason.CORRECTION: (1, 0),
}


class Effect(NamedTuple):
    """What an adjustment changes."""

    on_hand: int
    unsellable: int


def effect_of(reason: AdjustmentReason, units: int) -> Effect:
    """Return what so many units of a reason change; only a correction may be of a negative number of units."""
    on_hand, unsellable = _EFFECTS[reason]
    return Effect(on_hand * units, unsellable * units)


def needs_manager(units: int, price_fen: int) -> bool:
    """Tell whether an adjustment is above what a clerk may do alone; `price_fen` is of one unit."""
    return abs(units) > CLERK_UNITS or abs(units) * price_fen > CLERK_VALUE_FEN


class Entry(NamedTuple):
    """Pieces counted at a moment: how many, and the books and their last movement then."""

    quantity: int
    books: int
    seen_movement: int


class Verdict(NamedTuple):
    """What a level's count says.

    `difference` is what was counted less the books at that moment: what moved since is not in it. `is_torn`: the
    books moved between the first piece and the last, so that nobody can say what the pieces counted are compared with.
    """

    counted: int
    books: int
    is_torn: bool
    seen_movement: int

    @property
    def difference(self) -> int:
        """Return how many units the books lack (or have too many, below zero)."""
        return self.counted - self.books


def judge(entries: Sequence[Entry]) -> Verdict | None:
    """Compare what was counted with the books at that moment; None when nothing was."""
    if not entries:
        return None
    books = {entry.books for entry in entries}
    return Verdict(
        sum(entry.quantity for entry in entries),
        entries[-1].books,
        len(books) > 1,
        min(entry.seen_movement for entry in entries),
    )
