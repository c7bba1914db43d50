"""Uneven stock: each store carries part of the range, in broken runs, deepest in the middle sizes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from omni.pages.demo.copying import Table

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from omni.pages.demo.catalogue import Style
    from omni.pages.demo.places import DemoStore

PATTERNS = 400
# Units of a size by how popular it is, as cumulative chances of 0, 1, 2, ... units. The first is a size at the end of
# a run, the last one in its middle.
DEPTHS = (
    (0.42, 0.74, 0.92, 0.98, 1.0),
    (0.26, 0.54, 0.78, 0.91, 0.97, 1.0),
    (0.16, 0.38, 0.62, 0.80, 0.91, 0.97, 1.0),
)
NEVER_SENT = 0.12
# A style hangs on one rack of one zone in every store, a row a colour: "B-07-2".
ZONES = "ABCDE"
RACKS = 12


class Stock:
    """Collects levels and the movements that opened them; rows are written as text at once, for there are many."""

    def __init__(self, dice: random.Random, now: datetime) -> None:
        self.dice = dice
        self.now = now
        self.levels = Table(
            "inventory_stocklevel",
            *("store_id", "variant_id", "on_hand", "held", "allocated", "unsellable", "safety", "counted_on", "bin"),
        )
        self.movements = Table("inventory_stockmovement", "level_id", "kind", "quantity", "cause", "actor", "moved_at")
        self.patterns: dict[int, list[tuple[int, ...]]] = {}

    def tables(self) -> list[Table]:
        """Return the tables in the order in which they must be loaded."""
        return [self.levels, self.movements]

    def add_brand(self, styles: list[Style], stores: list[DemoStore]) -> None:
        """Give each store its part of the range. A style's rows lie together, as its page reads them together."""
        counted = [
            (self.now - timedelta(days=self.dice.randrange(60))).date().isoformat() for _store in range(len(stores))
        ]
        for style in styles:
            # Old styles have left many stores.
            spread = 1.25 - style.age_days / 300
            for store, counted_on in zip(stores, counted, strict=True):
                if self.dice.random() < store.size * spread:
                    self._add_style(style, store, counted_on)

    def _add_style(self, style: Style, store: DemoStore, counted_on: str) -> None:
        """Write the rows of one style in one store, a broken run a colour; -1 in a pattern is a size never sent."""
        dice, levels, movements = self.dice, self.levels, self.movements
        opened_at = (self.now - timedelta(days=style.age_days % 30 + 1)).isoformat()
        shelf = f"{ZONES[style.product_id % len(ZONES)]}-{style.product_id % RACKS + 1:02d}"
        for row, run in enumerate(style.colors, start=1):
            patterns = self.patterns.get(len(run)) or self._make_patterns(len(run))
            pattern = patterns[int(dice.random() * PATTERNS)]
            for variant_id, units in zip(run, pattern, strict=True):
                if units < 0:
                    continue
                level_id = levels.next_id
                levels.next_id = level_id + 1
                safety = store.default_safety
                sample = 1 if units > 2 and level_id % 61 == 0 else 0
                levels.lines.append(
                    f"{level_id}\t{store.store_id}\t{variant_id}\t{units}\t0\t0\t{sample}\t{safety}\t{counted_on}\t{shelf}-{row}"
                )
                if units:
                    movement_id = movements.next_id
                    movements.next_id = movement_id + 1
                    movements.lines.append(
                        f"{movement_id}\t{level_id}\topening\t{units}\topening:{level_id}\tsystem:demo\t{opened_at}"
                    )

    def _make_patterns(self, length: int) -> list[tuple[int, ...]]:
        """Make a stock of size runs of this length to draw from."""
        self.patterns[length] = [
            tuple(self._units(min(place, length - 1 - place, 2)) for place in range(length)) for _n in range(PATTERNS)
        ]
        return self.patterns[length]

    def _units(self, popularity: int) -> int:
        if self.dice.random() < NEVER_SENT:
            return -1
        chance = self.dice.random()
        return next(units for units, limit in enumerate(DEPTHS[popularity]) if chance <= limit)
