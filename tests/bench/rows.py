"""What a measurement returns: figures beside their limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_BENCHES = frozenset({"__init__", "__main__", "networks", "rows"})


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `limit` is what it is held against, measured or agreed; None: nothing was agreed."""

    case: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """The figure as a part of its limit."""
        return None if not self.limit else self.value / self.limit

    def as_json(self) -> dict[str, object]:
        """Return the row as it is written."""
        return {
            "case": self.case,
            "value": round(self.value, 4),
            "unit": self.unit,
            "limit": self.limit,
            "ratio": None if self.ratio is None else round(self.ratio, 4),
        }


def names_of_benches() -> list[str]:
    """Return the names of the measurements there are: the modules of this package with a `measure()`."""
    modules = {path.stem for path in Path(__file__).parent.glob("*.py")} - NOT_BENCHES
    return sorted(name for name in modules if not name.startswith("_"))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def as_table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in columns."""
    cells = [("case", "value", "unit", "limit", "ratio")]
    cells += [
        (
            row.case,
            f"{row.value:,.2f}",
            row.unit,
            "" if row.limit is None else f"{row.limit:,.2f}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in {0, 2} else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
