"""What drawings of garments are named, what goes with what, and what a size chart looks like. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from inventory.choices import Measure

if TYPE_CHECKING:
    from collections.abc import Iterable

# A drawing is named by its parts: the garment first, then what sets it apart, in any order: "tee.v.long.stripe.back".
DRAWING = re.compile(r"[a-z]{1,20}(?:\.[a-z0-9]{1,12}){0,7}", re.ASCII)
VIEWS = frozenset({"front", "back", "detail", "figure"})
PRINTS = frozenset(
    {
        "plain",
        "stripe",
        "pinstripe",
        "check",
        "marl",
        "rib",
        "cable",
        "dots",
        "fairisle",
        "floral",
        "wash",
        "lace",
        "weave",
    }
)
CLOTHS = frozenset({"smooth", "satin", "knit", "twill", "wool", "denim", "leather", "nylon", "linen", "fuzzy"})


class Drawing(NamedTuple):
    """A drawing by its parts; `marks` are the rest: neck, sleeves, length, closing and trimmings of the garment."""

    shape: str
    view: str
    motif: str
    cloth: str
    marks: frozenset[str]


def read_drawing(name: str) -> Drawing | None:
    """Return the parts of a drawing's name; None when it is not one. A front in plain, smooth cloth where unsaid."""
    if not DRAWING.fullmatch(name):
        return None
    shape, *parts = name.split(".")
    marks = frozenset(parts)
    return Drawing(
        shape, _one(marks & VIEWS, "front"), _one(marks & PRINTS, "plain"), _one(marks & CLOTHS, "smooth"),
        marks - VIEWS - PRINTS - CLOTHS,
    )  # fmt: skip


def _one(found: frozenset[str], default: str) -> str:
    return min(found, default=default)


def is_size_table(table: object) -> bool:
    """Tell whether this is a table of a size chart; an empty one is."""
    if table == {}:
        return True
    if not isinstance(table, dict) or set(table) != {"measures", "sizes"}:
        return False
    measures, sizes = table["measures"], table["sizes"]
    if not (isinstance(measures, list) and set(map(str, measures)) <= set(Measure.values) and isinstance(sizes, list)):
        return False
    return all(
        isinstance(row, list) and len(row) == 1 + len(measures) and all(map(_is_measurement, row)) for row in sizes
    )


def _is_measurement(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


class Piece(NamedTuple):
    """A product as what it may be worn with sees it: its category, and the branch of the tree it stands in."""

    product_id: int
    category: str
    branch: str
    is_in_stock: bool


# What is looked for beside a piece, by the branch it stands in, the most wanted first.
COMPANIONS: dict[str, tuple[str, ...]] = {
    "tops": ("bottoms", "outerwear", "accessories"),
    "bottoms": ("tops", "outerwear", "accessories"),
    "dresses": ("outerwear", "accessories", "tops"),
    "outerwear": ("tops", "bottoms", "dresses", "accessories"),
    "accessories": ("outerwear", "tops", "bottoms", "dresses"),
}
MOST_COMPANIONS = 4
# A prime, so that neighbouring products get different companions from the same few.
_STRIDE = 7919


def companions(own: Piece, others: Iterable[Piece]) -> list[int]:
    """Return the products that complete an outfit with a piece: at most one a branch, in stock, at most four.

    Within a branch the choice depends on both pieces alone, so a page shows the same each time while stock lasts, and
    different pieces show different ones. A branch that the rule does not know is completed by every other branch.
    """
    by_branch: dict[str, list[Piece]] = {}
    for piece in others:
        if piece.is_in_stock and piece.product_id != own.product_id and piece.category != own.category:
            by_branch.setdefault(piece.branch, []).append(piece)
    wanted = COMPANIONS.get(own.branch) or tuple(sorted(set(by_branch) - {own.branch}))
    chosen = [
        min(
            by_branch[branch],
            key=lambda piece: (_STRIDE * (own.product_id + piece.product_id) % 1009, piece.product_id),
        )
        for branch in wanted
        if branch in by_branch
    ]
    return [piece.product_id for piece in chosen[:MOST_COMPANIONS]]
