"""Gathering the candidates of a plan from the database, filtered and with their figures."""

from __future__ import annotations

import functools
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from fulfillment import rules, sql
from fulfillment.choices import RuleCode, Way
from fulfillment.rules import Candidate, Terms
from omni.kernel.clock import BUSINESS_ZONE
from omni.kernel.geo import unit_vector
from omni.kernel.statements import execute_prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from fulfillment.rules import DemandLine

# Stores walked before looking at how dense the goods lie, and the most ever walked (some milliseconds): probing the
# stock at each step, and with the stores that list each line in a hash, when no line has more rows than so many.
FIRST_WALK = 200
LONGEST_WALK = 2000
LONGEST_LISTED_WALK = 8000
MOST_LISTED = 10_000
# So many lines are gathered in one pass, walking so far when they have many rows; and the rounds of such a search.
GATHERED_LINES = (2, 3)
GATHERING_WALK = 3500
GATHERED, IN_DOUBT = 0, -1
# How many stores with the same units are kept beyond those that a plan can use, should others take some meanwhile.
SPARE = 2
MOST_RULES = frozenset({RuleCode.BROKEN_RUNS, RuleCode.OLDEST_MARKDOWN})


@dataclass(frozen=True, slots=True)
class OwnShare:
    """What a share that is routed again already holds: it counts as available at its store."""

    store_id: int
    quantities: tuple[int, ...]
    capacity_on: date | None


@dataclass(frozen=True, slots=True)
class Search:
    """What a plan is made for."""

    brand_id: int
    way: str
    lines: tuple[DemandLine, ...]
    lat: float
    lng: float
    terms: Terms
    now: datetime
    pickup_store_id: int | None = None
    excluded: tuple[int, ...] = ()
    own: OwnShare | None = None
    only_store_id: int | None = None


@dataclass(slots=True)
class Found:
    """Candidates and, for each search made, how many nearer stores were refused by each of `rules.REFUSALS`.

    `is_hopeless`: nobody has a unit of some line, so the search ended there. `dropped`: more that no plan would need.
    """

    candidates: list[Candidate]
    refusals: list[Sequence[int]]
    is_hopeless: bool = False
    dropped: int = 0
    lost: list[tuple[int, str]] = field(default_factory=list)


def get_terms(brand_id: int) -> Terms:
    """Return how a brand chooses stores."""
    with connection.cursor() as cursor:
        cursor.execute(sql.TERMS, {"brand_id": brand_id})
        row = cursor.fetchone()
    return read_terms(row) if row else Terms()


def read_terms(row: Sequence[Any]) -> Terms:
    """Return the terms of a row of `sql.TERMS`; a row of nulls stands for a brand without a rule."""
    return Terms() if row[0] is None else Terms(tuple(row[0]), *row[1:])


def find_candidates(search: Search, *, all_figures: bool = False) -> Found:
    """Return what a plan is chosen from: the stores that have everything; when there are none, those with a part.

    `all_figures` has the costly figures read that no rule in force needs.
    """
    is_anywhere = search.way != Way.PICKUP and search.only_store_id is None
    may_split = is_anywhere and rules.can_split(search.lines, search.terms)
    limits = {**_limits(search, _wanted(search)), "may_split": may_split}
    read = _read(sql.SINGLES, search, limits)
    if read.is_in_doubt:
        read = _read(sql.SINGLES, search, {**limits, "kinds": None})
    found = _found(search, read, all_figures=all_figures)
    if read.is_gathered or found.candidates or found.is_hopeless or not may_split:
        return found
    return find_parts(search, all_figures=all_figures)


def find_singles(search: Search) -> Found:
    """Return the stores that pass the filters and hold every line in full, with the figures of the rules.

    When distance alone decides, the nearest 20 are enough, else the nearest 128.
    """
    return _found(search, _read(sql.SINGLES, search, _limits(search, _wanted(search))), all_figures=False)


def find_parts(search: Search, *, all_figures: bool = False) -> Found:
    """Return, of each line, the nearest 128 stores that pass the filters and have at least one unit of it.

    When distance alone decides, those are left out of which enough nearer ones have the same units.
    """
    limits = _limits(search, rules.NEAREST)
    if len(search.lines) in GATHERED_LINES:
        gathered = _read(sql.GATHERED, search, limits)
        if gathered.is_gathered:
            return _found(search, gathered, all_figures=all_figures)
    read = _read(sql.PARTS, search, limits)
    units: dict[int, list[int]] = {}
    first_rows: list[_Row] = []
    for row in read.stores:
        known = units.get(row.store_id)
        if known is None:
            known = units[row.store_id] = [0] * len(search.lines)
            first_rows.append(row)
        known[row.line - 1] = row.sellable[0]
    kept = _nearest_of_each_kind(search, first_rows, units)
    candidates = [_candidate(search, row, units[row.store_id]) for row in kept]
    return Found(_with_figures(search, candidates, all_figures), read.refusals, dropped=len(first_rows) - len(kept))


def _wanted(search: Search) -> int:
    """Return how many stores with everything are enough."""
    return rules.NEAREST if search.terms.needs_many else rules.SHOWN


def _found(search: Search, read: _Read, *, all_figures: bool) -> Found:
    """Return what was read as candidates."""
    candidates = [_candidate(search, row, row.sellable) for row in read.stores]
    return Found(
        _with_figures(search, candidates, all_figures),
        read.refusals,
        is_hopeless=read.is_hopeless,
        dropped=read.dropped,
    )


def _nearest_of_each_kind(search: Search, rows: list[_Row], units: Mapping[int, list[int]]) -> list[_Row]:
    """Leave out stores that no plan could need: so many nearer ones have the same units, with some to spare."""
    terms = search.terms
    if terms.needs_many or terms.min_split_value_fen:
        return rows
    need = [line.quantity for line in search.lines]
    counts: Counter[tuple[int, ...]] = Counter()
    kept: list[_Row] = []
    for row in sorted(rows, key=attrgetter("chord", "store_id")):
        kind = tuple(map(min, units[row.store_id], need))
        counts[kind] += 1
        if counts[kind] <= terms.max_stores + SPARE or len(kept) < rules.SHOWN:
            kept.append(row)
    return kept


class _Row(NamedTuple):
    """What a statement tells of a store; `opening` in minutes after today's midnight; `line` counts from 1.

    The row without a store closes a search.
    """

    line: int
    round: int
    store_id: int
    chord: float
    opening: float
    used: int
    room: int
    sellable: list[int]
    offers: int
    accepted: int
    refusals: Sequence[int]
    lacking: int | None


class _Read(NamedTuple):
    """What a statement found: the stores, search by search, the nearest first; of each search the counts of refusals.

    `is_hopeless`: nobody has a single unit of one of the lines. `is_gathered`: the stores with a part are among them,
    `dropped` more have goods that no plan needs. `is_in_doubt`: it is no answer, more must be looked at.
    """

    stores: list[_Row]
    refusals: list[Sequence[int]]
    is_hopeless: bool
    is_gathered: bool
    is_in_doubt: bool
    dropped: int


def _read(statement: str, search: Search, limits: Mapping[str, Any]) -> _Read:
    """Run a statement that makes one search, or one a line."""
    with connection.cursor() as cursor:
        execute_prepared(cursor, statement, {**_values(search), **limits})
        found = list(map(_Row._make, cursor.fetchall()))
    stores: list[_Row] = []
    closing: list[_Row] = []
    line = last_round = taken = 0
    for row in found:
        if row.line != line:
            line, last_round, taken = row.line, row.round, 0
        if not row.store_id and row.round in (last_round, IN_DOUBT):
            closing.append(row)
        elif row.round == last_round and (taken < limits["wanted"] or row.round == GATHERED):
            stores.append(row)
            taken += 1
    rounds = [row.round for row in closing]
    return _Read(
        stores,
        [row.refusals for row in closing],
        is_hopeless=any(row.lacking is not None for row in closing),
        is_gathered=GATHERED in rounds,
        is_in_doubt=IN_DOUBT in rounds,
        dropped=sum(row.used or 0 for row in closing),
    )


def _candidate(search: Search, row: _Row, sellable: Sequence[int]) -> Candidate:
    """Return a store as the planner takes it."""
    today, minute = _today_and_minute(search.now)
    return Candidate(
        row.store_id,
        row.chord,
        row.opening - minute,
        rules.promised_date(today, row.opening),
        row.used,
        row.room,
        tuple(sellable),
        row.offers,
        row.accepted,
        way=search.way,
    )


def _values(search: Search) -> dict[str, Any]:
    """Return what is searched, as the parameters of the statements."""
    today, minute = _today_and_minute(search.now)
    x, y, z = unit_vector(search.lat, search.lng)
    terms, own = search.terms, search.own
    is_pickup = search.way == Way.PICKUP
    return {
        "brand_id": search.brand_id,
        "variants": [line.variant_id for line in search.lines],
        "quantities": [line.quantity for line in search.lines],
        "x": x,
        "y": y,
        "z": z,
        "reach": math.inf if is_pickup else rules.chord_from_metres(_reach_metres(search)),
        "is_pickup": is_pickup,
        "only_store": search.pickup_store_id if is_pickup else search.only_store_id,
        "excluded": list(search.excluded),
        "counted_since": terms.count_max_age_days and today - timedelta(days=terms.count_max_age_days),
        "own_store": own and own.store_id,
        "own_quantities": list(own.quantities) if own else [0] * len(search.lines),
        "own_capacity_on": own and own.capacity_on,
        "today": today,
        "minute": minute,
        "wait": terms.opening_wait_minutes,
    }


def _reach_metres(search: Search) -> int:
    """Return how far from the point a store may be."""
    return rules.EXPRESS_REACH_METRES if search.way == Way.EXPRESS else search.terms.courier_reach_metres


def _limits(search: Search, wanted: int) -> dict[str, Any]:
    """Return how far to look, as the parameters of the statements."""
    terms = search.terms
    needs_all = terms.needs_many or terms.min_split_value_fen
    return {
        "wanted": wanted,
        "first_walk": max(FIRST_WALK, 2 * wanted),
        "longest_walk": LONGEST_WALK,
        "longest_listed_walk": LONGEST_LISTED_WALK,
        "gathering_walk": GATHERING_WALK,
        "most_listed": MOST_LISTED,
        "most": rules.NEAREST,
        "kinds": None if needs_all else terms.max_stores + SPARE,
        "shown": rules.SHOWN,
        "may_split": False,
    }


@functools.lru_cache(maxsize=4)
def _today_and_minute(now: datetime) -> tuple[date, float]:
    """Return the date in Asia/Shanghai and the minutes since its midnight."""
    local = now.astimezone(BUSINESS_ZONE)
    return local.date(), local.hour * 60 + local.minute + (local.second + local.microsecond / 1e6) / 60


def _with_figures(search: Search, candidates: list[Candidate], all_figures: bool) -> list[Candidate]:  # noqa: FBT001
    """Fill in the costly figures: of all candidates when a rule in force needs them, of the best 20 when asked."""
    in_force = MOST_RULES.intersection(search.terms.order)
    if not candidates or not (in_force or all_figures):
        return candidates
    few = candidates if in_force else rules.ranked(candidates, search.terms.order)[: rules.SHOWN]
    variants = [line.variant_id for line in search.lines]
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.BROKEN_SIZES, {"stores": [one.store_id for one in few], "variants": variants})
        broken = dict(cursor.fetchall())
        execute_prepared(cursor, sql.MARKED_DOWN_SINCE, {"variants": variants, "now": search.now})
        since: Mapping[int, datetime] = dict(cursor.fetchall())
    ages = [(search.now - since[variant]).days if variant in since else None for variant in variants]
    return [
        candidate._replace(broken_sizes=broken.get(candidate.store_id), marked_down_days=_oldest(candidate, ages))
        for candidate in candidates
    ]


def _oldest(candidate: Candidate, ages: Sequence[int | None]) -> int | None:
    """Return the age of the oldest markdown among the lines a candidate can supply."""
    return max(
        (age for age, units in zip(ages, candidate.sellable, strict=True) if age is not None and units > 0),
        default=None,
    )


def skus_of(variant_ids: Sequence[int]) -> list[str]:
    """Return the SKUs of variants, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SKUS, {"variants": list(variant_ids)})
        return [row[0] for row in cursor.fetchall()]


def without(found: Found, store_id: int) -> Found:
    """Return what is left when a store turned out to be full."""
    found.lost.append((store_id, "full"))
    return replace(found, candidates=[one for one in found.candidates if one.store_id != store_id])


def with_less(found: Found, store_id: int, units: Mapping[int, int]) -> Found:
    """Return what is left when a store turned out to have fewer units of some lines (by position)."""
    found.lost.append((store_id, "sold out"))
    return replace(
        found,
        candidates=[
            one._replace(sellable=tuple(units.get(line, had) for line, had in enumerate(one.sellable)))
            if one.store_id == store_id
            else one
            for one in found.candidates
        ],
    )
