"""The definition of `fulfillment.rules`, executed the slow and obvious way: every store, every combination."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from fulfillment.rules import NEAREST, Candidate, DemandLine, Terms

Chosen = list[tuple[int, tuple[int, ...]]]


def sort_key(candidate: Candidate, order: Sequence[str]) -> tuple[float, ...]:
    figures: dict[str, float] = {
        "nearest": candidate.chord,
        "least_loaded": candidate.used / candidate.room,
        "deepest_stock": -min([units for units in candidate.sellable if units > 0], default=0),
        "broken_runs": -(candidate.broken_sizes or 0),
        "oldest_markdown": -(candidate.marked_down_days or 0),
        "cheapest": candidate.fee_fen,
        "acceptance": -(candidate.accepted / candidate.offers if candidate.offers else 1),
    }
    return (*(figures[rule] for rule in order), candidate.chord, candidate.store_id)


def best_single(candidates: Sequence[Candidate], lines: Sequence[DemandLine], terms: Terms) -> Chosen | None:
    whole = [
        candidate
        for candidate in sorted(candidates, key=lambda one: (one.chord, one.store_id))
        if all(candidate.sellable[position] >= line.quantity for position, line in enumerate(lines))
    ][:NEAREST]
    if not whole:
        return None
    best = min(whole, key=lambda one: sort_key(one, terms.order))
    return [(best.store_id, tuple(line.quantity for line in lines))]


def nearest_of_each_line(candidates: Sequence[Candidate], lines: Sequence[DemandLine]) -> list[Candidate]:
    """Keep, of each line, the nearest 128 stores that have a unit of it."""
    kept: dict[int, Candidate] = {}
    for position in range(len(lines)):
        holders = [candidate for candidate in candidates if candidate.sellable[position] > 0]
        for candidate in sorted(holders, key=lambda one: (one.chord, one.store_id))[:NEAREST]:
            known = kept.get(candidate.store_id, candidate._replace(sellable=(0,) * len(lines)))
            sellable = list(known.sellable)
            sellable[position] = candidate.sellable[position]
            kept[candidate.store_id] = known._replace(sellable=tuple(sellable))
    return list(kept.values())


def shares_of(stores: Sequence[Candidate], lines: Sequence[DemandLine], terms: Terms) -> Chosen | None:
    """Let the stores take all they can, one after the other; None when that is not allowed."""
    left = [line.quantity for line in lines]
    shares = []
    for store in stores:
        units = tuple(min(store.sellable[position], left[position]) for position in range(len(lines)))
        left = [before - taken for before, taken in zip(left, units, strict=True)]
        value = sum(line.declared_value_fen * taken // line.quantity for line, taken in zip(lines, units, strict=True))
        if not any(units) or value < terms.min_split_value_fen:
            return None
        shares.append((store.store_id, units))
    return None if any(left) else shares


def best_split(candidates: Sequence[Candidate], lines: Sequence[DemandLine], terms: Terms) -> Chosen | None:
    ranked = sorted(nearest_of_each_line(candidates, lines), key=lambda one: sort_key(one, terms.order))
    for stores in range(2, terms.max_stores + 1):
        # Combinations come in the order of rank, so the first that is allowed is the best of its size.
        for chosen in combinations(ranked, stores):
            shares = shares_of(chosen, lines, terms)
            if shares is not None:
                return shares
    return None


def best_plan(candidates: Sequence[Candidate], lines: Sequence[DemandLine], terms: Terms) -> Chosen | None:
    """Return (store, units of each line) of the plan that the definition names, over stores that pass the filters."""
    return best_single(candidates, lines, terms) or best_split(candidates, lines, terms)
