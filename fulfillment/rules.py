"""The planner: which stores fulfill a demand. Pure arithmetic; whoever calls it has gathered the candidates.

A plan is *exact* when it is the one that brute force finds under this definition:

* A store passes the filters when it is active, takes routed orders, offers the way, is not excluded, was counted
  recently enough, lies within the courier's reach, opens within the brand's longest wait, and has capacity left on the
  date of that opening (the date it promises). For a collection the only store is the one that was chosen.
* Distance is great-circle on WGS-84. The chord through the unit sphere orders stores the same way and is what is
  compared; store id settles ties.
* One store: among the nearest 128 stores that pass and hold every line in full, the first by the brand's rules. The
  first rule that tells two candidates apart decides; distance is the last but one, store id the last.
* A split, only when there is none: the candidates of a line are the nearest 128 stores that pass and have at least one
  sellable unit of it. They are ranked by the same rules. Stores of a split take, in the order of their rank, all they
  can of what is still open; it is allowed when each takes something, nothing stays open, and no store's share is worth
  less than the brand's minimum. The plan is the allowed split with the fewest stores (at most the brand's most), of
  these the one whose first store ranks best, then its second, and so on.

The record of a decision (`RECORD_VERSION` 1) is one compact JSON object:

* `v`: the version; `rules`: the rules in force, in their order; `lines`: [variant id, quantity] of each line;
* `best`: at most 20 candidates, the best first, each [store id, metres, minutes until it opens (0: open), capacity
  used, capacity, [sellable units of each line], offers of 30 days, accepted of these, sizes out of stock of these
  products in these colours, days since the oldest markdown or null, fee of courier or express in fen]; every rule's
  figure, on or off (when an order is placed, the sizes and the markdown are null unless a rule in force needs them);
* `plan`: [store id, promised date, [units of each line]] of each chosen store, or null when there was none;
* `rest`: for each search (one, or one a line when many lines had to be split) how many nearer stores were refused, by
  reason (`out_of_reach`: 1 when a store beyond the courier's reach was seen, where the search ends);
* `more`: how many further stores have goods that no plan needs (of those that have everything, when one store does it);
* `refused`: [store id, "full" or "sold out"] lost to others meanwhile;
* `bounded`: present and true when the search for a split was cut short after it had found this plan;
* `offers`: present when no store was looked for, because this many offers had come back: the brand's limit.
"""

from __future__ import annotations

import functools
import math
import operator
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from fulfillment.choices import RuleCode, Way
from omni.kernel.geo import EARTH_RADIUS_METRES
from omni.kernel.money import cumulative_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RECORD_VERSION = 1
# What a promise reckons with, in minutes: packing in the store, and until a courier is there.
PACKING_MINUTES = 30
COURIER_MINUTES = 30
# Express goes to the whole country.
EXPRESS_REACH_METRES = 6_000_000
NEAREST = 128
SHOWN = 20
# How many stores the search for a split may look at before it is cut short (about a tenth of a second), and with how
# many kinds of supply a store is compared beforehand. Only demands of many lines and pieces come near. What the stores
# that remain could supply at most is worth knowing from so many steps on.
SPLIT_STEPS = 20_000
KINDS_COMPARED = 100
UNBOUNDED_STEPS = 50
REFUSALS = (
    "inactive", "no_consent", "no_service", "excluded", "count_too_old", "closed", "full", "out_of_reach",
)  # fmt: skip


class DemandLine(NamedTuple):
    """Units of one variant. `declared_value_fen` is the value of the whole line."""

    variant_id: int
    quantity: int
    declared_value_fen: int


class Terms(NamedTuple):
    """How a brand chooses stores; the defaults are those of `RoutingRule`."""

    order: tuple[str, ...] = ()
    offer_minutes: int = 30
    max_attempts: int = 5
    courier_reach_metres: int = 60_000
    opening_wait_minutes: int = 1080
    max_stores: int = 3
    min_split_value_fen: int = 0
    count_max_age_days: int | None = None

    @property
    def needs_many(self) -> bool:
        """Tell whether more than distance decides, so that the nearest few need not be the best."""
        return any(rule != RuleCode.NEAREST for rule in self.order)


class Candidate(NamedTuple):
    """A store that passes the filters, with the figures of every rule.

    `chord` is the straight distance through the unit sphere; `opens_in` minutes from now (0: open); `sellable` units of
    each line of the demand, 0 where it is no candidate of that line. `marked_down_days` is the age of the oldest
    markdown among the lines it can supply.
    """

    store_id: int
    chord: float
    opens_in: float
    promised_on: date
    used: int
    room: int
    sellable: tuple[int, ...]
    offers: int = 0
    accepted: int = 0
    broken_sizes: int | None = None
    marked_down_days: int | None = None
    way: str = Way.COURIER

    @property
    def metres(self) -> float:
        """How far away it is along the great circle."""
        return metres_from_chord(self.chord)

    @property
    def fee_fen(self) -> int:
        """What sending it from here would cost, as estimated."""
        if self.way == Way.PICKUP:
            return 0
        return express_fee_fen(self.metres) if self.way == Way.EXPRESS else courier_fee_fen(self.metres)

    @property
    def depth(self) -> int:
        """The sellable units of the scarcest line among those it has."""
        return min((units for units in self.sellable if units > 0), default=0)


class Share(NamedTuple):
    """What one store does in a plan: `units` of each line of the demand; it opens in so many minutes."""

    store_id: int
    promised_on: date
    opens_in: float
    units: tuple[int, ...]

    @classmethod
    def of(cls, candidate: Candidate, units: tuple[int, ...]) -> Share:
        """Give a candidate its units."""
        return cls(candidate.store_id, candidate.promised_on, candidate.opens_in, units)


class Plan(NamedTuple):
    """The chosen stores, the best ranked first."""

    shares: tuple[Share, ...]
    is_bounded: bool = False


def metres_from_chord(chord: float) -> float:
    """Return the great-circle distance that belongs to a chord of the unit sphere."""
    return 2 * EARTH_RADIUS_METRES * math.asin(min(1.0, chord / 2))


def chord_from_metres(metres: float) -> float:
    """Return the chord of the unit sphere that belongs to a great-circle distance."""
    return 2 * math.sin(min(math.pi / 2, metres / (2 * EARTH_RADIUS_METRES)))


def courier_fee_fen(metres: float) -> int:
    """Estimate a courier's fee: ¥6 up to 3 km, ¥2 a started kilometre up to 10 km, ¥3 beyond."""
    kilometres = math.ceil(metres / 1000)
    return 600 + 200 * max(0, min(kilometres, 10) - 3) + 300 * max(0, kilometres - 10)


def ready_in(opens_in: float, offer_minutes: int) -> int:
    """Return in how many minutes a store should have goods ready: it opens, answers in time, and packs."""
    return math.ceil(max(0.0, opens_in)) + offer_minutes + PACKING_MINUTES


def carried_in(metres: float) -> int:
    """Return how many minutes a courier should need who is asked when goods are ready: they come, and ride 12 km/h."""
    return COURIER_MINUTES + math.ceil(metres / 200)


def express_fee_fen(metres: float) -> int:
    """Estimate an express company's fee: ¥8, and ¥2 for each further 500 km."""
    return 800 + 200 * (max(0, math.ceil(metres / 500_000) - 1))


def promised_date(today: date, opening_minute: float) -> date:
    """Return the date on which a store can work: the day of its opening, in minutes after today's midnight."""
    return today + timedelta(days=math.floor(opening_minute / 1440))


# What each rule compares; the smaller comes first.
FIGURES: Mapping[str, Callable[[Candidate], float]] = {
    RuleCode.NEAREST: lambda candidate: candidate.chord,
    RuleCode.LEAST_LOADED: lambda candidate: candidate.used / candidate.room,
    RuleCode.DEEPEST_STOCK: lambda candidate: -candidate.depth,
    RuleCode.BROKEN_RUNS: lambda candidate: -(candidate.broken_sizes or 0),
    RuleCode.OLDEST_MARKDOWN: lambda candidate: -(candidate.marked_down_days or 0),
    RuleCode.CHEAPEST: lambda candidate: candidate.fee_fen,
    RuleCode.ACCEPTANCE: lambda candidate: -candidate.accepted / candidate.offers if candidate.offers else -1.0,
}


def ranked(candidates: Sequence[Candidate], order: Sequence[str]) -> list[Candidate]:
    """Return the candidates, the best first: by the rules in their order, then distance, then store id."""
    figures = [FIGURES[rule] for rule in order]
    if not figures:
        return sorted(candidates, key=lambda candidate: (candidate.chord, candidate.store_id))

    def key(candidate: Candidate) -> tuple[float, ...]:
        return (*(figure(candidate) for figure in figures), candidate.chord, candidate.store_id)

    return sorted(candidates, key=key)


def choose(candidates: Sequence[Candidate], lines: Sequence[DemandLine], terms: Terms) -> Plan | None:
    """Return the plan, or None when these candidates allow none."""
    best_first = ranked(candidates, terms.order)
    need = tuple(line.quantity for line in lines)
    for candidate in best_first:
        if all(map(operator.ge, candidate.sellable, need)):
            return Plan((Share.of(candidate, need),))
    return _split(best_first, lines, terms)


def can_split(lines: Sequence[DemandLine], terms: Terms) -> bool:
    """Tell whether a demand can be shared out at all."""
    return terms.max_stores > 1 and sum(line.quantity for line in lines) > 1


def short_lines(candidates: Sequence[Candidate], lines: Sequence[DemandLine], max_stores: int) -> list[int]:
    """Return the positions of the lines that lack units even alone; of all lines when only together they fail."""
    short = []
    for position, line in enumerate(lines):
        supplies = sorted((candidate.sellable[position] for candidate in candidates), reverse=True)
        if sum(supplies[:max_stores]) < line.quantity:
            short.append(position)
    return short or list(range(len(lines)))


def _split(best_first: Sequence[Candidate], lines: Sequence[DemandLine], terms: Terms) -> Plan | None:
    """Return the best split over the fewest stores, or None."""
    if not can_split(lines, terms):
        return None
    search = _SplitSearch(best_first, lines, terms)
    for stores in range(2, terms.max_stores + 1):
        found = search.best(stores)
        if found is not None or search.is_cut_short:
            break
    if found is None:
        return None
    shares = tuple(Share.of(best_first[index], units) for index, units in found)
    return Plan(shares, search.is_cut_short)


_Chosen = list[tuple[int, tuple[int, ...]]]


class _SplitSearch:
    """Depth first, in the order of rank, so that the first allowed split found is the best of its size.

    A branch is left as soon as the largest supplies that remain could not meet what is still open, of one line or of
    all together. Most searches end within a few steps: those are not worth adding these supplies up for.
    """

    def __init__(self, best_first: Sequence[Candidate], lines: Sequence[DemandLine], terms: Terms) -> None:
        self.lines = lines
        self.minimum_fen = terms.min_split_value_fen
        self.max_stores = terms.max_stores
        self.need = tuple(line.quantity for line in lines)
        self.steps = 0
        nothing = (0,) * len(self.need)
        supplies = [tuple(map(min, map(max, candidate.sellable, nothing), self.need)) for candidate in best_first]
        kept = range(len(supplies)) if self.minimum_fen else _not_dominated(supplies, terms.max_stores)
        self.indexes = list(kept)
        self.supplies = [supplies[index] for index in self.indexes]

    @functools.cached_property
    def largest(self) -> list[list[tuple[int, ...]]]:
        return _largest_supplies([(*supply, sum(supply)) for supply in self.supplies], self.max_stores)

    @property
    def is_cut_short(self) -> bool:
        return self.steps > SPLIT_STEPS

    def best(self, stores: int) -> _Chosen | None:
        """Return the best allowed split over exactly so many stores: index of the candidate and its units."""
        return self._from(0, self.need, stores)

    def _from(self, start: int, need: tuple[int, ...], stores: int) -> _Chosen | None:
        """Choose the next store among those from `start` on."""
        for position in range(start, len(self.supplies)):
            self.steps += 1
            if self.is_cut_short or not self._is_enough(position, need, stores):
                return None
            units = tuple(map(min, self.supplies[position], need))
            left = tuple(map(operator.sub, need, units))
            if not self._is_allowed(units, left, stores):
                continue
            chosen = (self.indexes[position], units)
            if stores == 1:
                return [chosen]
            others = self._from(position + 1, left, stores - 1)
            if others is not None:
                return [chosen, *others]
        return None

    def _is_enough(self, position: int, need: tuple[int, ...], stores: int) -> bool:
        """Tell whether so many stores from this one on may meet the need, line by line and in sum."""
        if self.steps <= UNBOUNDED_STEPS:
            return True
        *by_line, in_sum = self.largest[stores][position]
        return in_sum >= sum(need) and all(map(operator.ge, by_line, need))

    def _is_allowed(self, units: tuple[int, ...], left: tuple[int, ...], stores: int) -> bool:
        """Tell whether a share is no empty one, none too small, and whether the last one leaves nothing open."""
        if not any(units) or any(left) == (stores == 1):
            return False
        return not self.minimum_fen or share_value_fen(self.lines, units) >= self.minimum_fen


def share_value_fen(lines: Sequence[DemandLine], units: Sequence[int]) -> int:
    """Return the declared value of some units of each line."""
    return sum(
        cumulative_part(line.declared_value_fen, taken, line.quantity) for line, taken in zip(lines, units, strict=True)
    )


def _not_dominated(supplies: Sequence[tuple[int, ...]], stores: int) -> list[int]:
    """Leave out a candidate when so many better ones supply at least as much of each line: one of them is free for it.

    Only without a minimum value: with one, a larger supply may leave too little for the next store.
    """
    kept: list[int] = []
    counts: dict[tuple[int, ...], int] = {}
    left_out = {(0,) * len(supplies[0])} if supplies else set()
    for index, supply in enumerate(supplies):
        if supply in left_out or counts.get(supply, 0) >= stores:
            continue
        compared = islice(counts.items(), KINDS_COMPARED)
        better = sum(count for other, count in compared if all(map(operator.ge, other, supply)))
        if better >= stores:
            left_out.add(supply)
        else:
            kept.append(index)
            counts[supply] = counts.get(supply, 0) + 1
    return kept


def _largest_supplies(supplies: Sequence[tuple[int, ...]], stores: int) -> list[list[tuple[int, ...]]]:
    """Return, for each number of stores and each position, the most they could supply of each column from there on."""
    lines = len(supplies[0]) if supplies else 0
    largest: list[list[tuple[int, ...]]] = [[(0,) * lines] * (len(supplies) + 1) for _number in range(stores + 1)]
    tops: list[list[int]] = [[] for _line in range(lines)]
    for position in range(len(supplies) - 1, -1, -1):
        for top, units in zip(tops, supplies[position], strict=True):
            top.append(units)
            top.sort(reverse=True)
            del top[stores:]
        for number in range(1, stores + 1):
            largest[number][position] = tuple(sum(top[:number]) for top in tops)
    return largest


def record_of(
    *,
    terms: Terms,
    lines: Sequence[DemandLine],
    candidates: Sequence[Candidate],
    dropped: int = 0,
    plan: Plan | None,
    refusals: Sequence[Sequence[int]],
    refused: Sequence[tuple[int, str]],
) -> dict[str, Any]:
    """Return the record of a decision; its shape is described at the top of this module."""
    best_first = ranked(candidates, terms.order)
    record: dict[str, Any] = {
        "v": RECORD_VERSION,
        "rules": list(terms.order) or [RuleCode.NEAREST.value],
        "lines": [[line.variant_id, line.quantity] for line in lines],
        "best": [_shown(candidate) for candidate in best_first[:SHOWN]],
        "plan": plan and [[share.store_id, share.promised_on.isoformat(), share.units] for share in plan.shares],
        "rest": [
            {reason: count for reason, count in zip(REFUSALS, counts, strict=True) if count} for counts in refusals
        ],
        "more": max(0, len(best_first) - SHOWN) + dropped,
    }
    if refused:
        record["refused"] = [list(refusal) for refusal in refused]
    if plan and plan.is_bounded:
        record["bounded"] = True
    return record


def record_of_giving_up(terms: Terms, lines: Sequence[DemandLine], offers: int) -> dict[str, Any]:
    """Return the record of a share that is offered to nobody any more."""
    record = record_of(terms=terms, lines=lines, candidates=[], plan=None, refusals=[], refused=[])
    return {**record, "offers": offers}


def _shown(candidate: Candidate) -> list[Any]:
    """Return a candidate's row of the record."""
    return [
        candidate.store_id,
        round(candidate.metres),
        math.ceil(candidate.opens_in),
        candidate.used,
        candidate.room,
        candidate.sellable,
        candidate.offers,
        candidate.accepted,
        candidate.broken_sizes,
        candidate.marked_down_days,
        candidate.fee_fen,
    ]
