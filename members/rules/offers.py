"""What is taken off a basket: member price, then promotions, then coupons, then points.

Every part is of one line, largest remainder by what is left of the lines, so that parts sum exactly and none takes a
line below zero. The basket keeps one fen to pay, since no provider takes a payment of nothing. Lines are split in the
order of their variants: how the basket is sorted changes nothing.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from members.choices import AdjustmentKind, Benefit, Funder, RestorePolicy
from omni.kernel import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

# So many combinations of promotions are compared; beyond, each stacking group takes its best in turn.
MOST_COMBINATIONS = 4096
FUNDERS = (Funder.BRAND.value, Funder.STORE.value, Funder.MALL.value, Funder.PLATFORM.value)
BRAND_PAYS = ((Funder.BRAND.value, money.PPM),)

Funders = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One line of a basket, in its order. Prices are those of one unit; `member_fen` a member's lower one."""

    variant_id: int
    product_id: int
    category_id: int
    quantity: int
    unit_price_fen: int
    member_fen: int | None = None
    is_marked_down: bool = False


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One line's part of one offer; `amount_fen` > 0 is taken off. `funders`: (party, ppm) summing to 1,000,000."""

    position: int
    kind: str
    source: str
    name_zh: str
    name_en: str
    amount_fen: int
    funders: Funders


@dataclass(frozen=True, slots=True)
class Terms:
    """A promotion or coupon as the rules see it. `category_ids` holds the children as well; no scope: everything."""

    source: str
    kind: str
    name_zh: str
    name_en: str
    benefit: str
    amount_fen: int = 0
    percent_ppm: int = 0
    cap_fen: int | None = None
    threshold_fen: int = 0
    threshold_units: int = 0
    category_ids: frozenset[int] = frozenset()
    product_ids: frozenset[int] = frozenset()
    excludes_marked_down: bool = False
    group: str = ""
    is_exclusive: bool = False
    priority: int = 0
    funders: Funders = BRAND_PAYS

    def fits(self, line: OfferLine) -> bool:
        """Tell whether a line is in the scope."""
        is_in_scope = (
            not (self.category_ids or self.product_ids)
            or line.category_id in self.category_ids
            or line.product_id in self.product_ids
        )
        return is_in_scope and not (self.excludes_marked_down and line.is_marked_down)

    @property
    def rank(self) -> tuple[int, str]:
        """Return what sorts offers: priority, then the source, so that nothing is left to chance."""
        return -self.priority, self.source

    @property
    def stack(self) -> str:
        """Return what only one of may be used; without a group, an offer shares with none."""
        return self.group or self.source


@dataclass(frozen=True, slots=True)
class PointsTerms:
    """What points may pay: one point's value, and the most share of each line."""

    value_fen: int
    most_share_ppm: int
    available: int
    wanted: int


class Shortfall(NamedTuple):
    """Why an offer takes nothing off: no line fits, or so much is missing to the threshold."""

    is_out_of_scope: bool = False
    missing_fen: int = 0
    missing_units: int = 0


class Taken(NamedTuple):
    """What one offer takes off each line."""

    terms: Terms
    parts: tuple[int, ...]

    @property
    def total_fen(self) -> int:
        """Return what it takes off in all."""
        return sum(self.parts)


class LineStep(NamedTuple):
    """One step of a line's price: what is taken off, by what, and what is left."""

    name_zh: str
    name_en: str
    amount_fen: int
    rest_fen: int


def funders_of(ppms: Iterable[int]) -> Funders:
    """Return who bears an offer, of what brand, store, mall and platform bear in parts per million."""
    return tuple((party, ppm) for party, ppm in zip(FUNDERS, ppms, strict=True) if ppm)


def gross_of(lines: Iterable[OfferLine]) -> tuple[int, ...]:
    """Return what each line costs before anything is taken off."""
    return tuple(line.unit_price_fen * line.quantity for line in lines)


def member_prices(lines: Sequence[OfferLine]) -> tuple[int, ...]:
    """Return what a member pays less for each line."""
    return tuple(
        0 if line.member_fen is None else max(0, line.unit_price_fen - line.member_fen) * line.quantity
        for line in lines
    )


def shortfall(terms: Terms, lines: Sequence[OfferLine], rest: Sequence[int]) -> Shortfall | None:
    """Return why the offer takes nothing off what is left of the lines; None when it does."""
    fitting = [(line, left) for line, left in zip(lines, rest, strict=True) if terms.fits(line) and left > 0]
    if not fitting:
        return Shortfall(is_out_of_scope=True)
    missing_fen = terms.threshold_fen - sum(left for _line, left in fitting)
    missing_units = terms.threshold_units - sum(line.quantity for line, _left in fitting)
    if missing_fen > 0 or missing_units > 0:
        return Shortfall(missing_fen=max(0, missing_fen), missing_units=max(0, missing_units))
    return None if any(take(terms, lines, rest)) else Shortfall(is_out_of_scope=True)


def take(terms: Terms, lines: Sequence[OfferLine], rest: Sequence[int]) -> tuple[int, ...]:
    """Return what the offer takes off each line, its threshold not looked at."""
    weights = [left if terms.fits(line) else 0 for line, left in zip(lines, rest, strict=True)]
    base_fen = sum(weights)
    amount_fen = terms.amount_fen if terms.benefit == Benefit.AMOUNT else money.share_of(base_fen, terms.percent_ppm)
    if terms.cap_fen is not None:
        amount_fen = min(amount_fen, terms.cap_fen)
    return _spread(min(amount_fen, base_fen, sum(rest) - 1), weights, lines)


def best_promotions(promotions: Sequence[Terms], lines: Sequence[OfferLine], rest: Sequence[int]) -> tuple[Taken, ...]:
    """Return the promotions that together take off the most: one of each stacking group, or an exclusive one alone.

    They are applied by priority, each to what the ones before left. Of equals, those of higher priority win.
    """
    usable = sorted(
        (terms for terms in promotions if shortfall(terms, lines, rest) is None), key=lambda item: item.rank
    )
    best: tuple[Taken, ...] = ()
    for chosen in _combinations(usable):
        taken = _apply(chosen, lines, rest)
        if taken is not None and _total(taken) > _total(best):
            best = taken
    return best


def build(
    lines: Sequence[OfferLine],
    *,
    is_member: bool,
    promotions: Sequence[Terms],
    coupons: Sequence[Terms],
    points: PointsTerms | None,
) -> tuple[tuple[Adjustment, ...], int]:
    """Return what is taken off every line, in the order of the rules, and how many points that spends.

    A coupon that takes nothing off is left out. An exclusive coupon stands for all promotions and other coupons.
    """
    rest = gross_of(lines)
    found: list[Adjustment] = []
    if is_member:
        price = Terms("member_price", AdjustmentKind.MEMBER_PRICE.value, "会员价", "Member price", Benefit.AMOUNT)
        rest = _record(found, Taken(price, member_prices(lines)), rest)
    if not any(coupon.is_exclusive for coupon in coupons):
        for taken in best_promotions(promotions, lines, rest):
            rest = _record(found, taken, rest)
    for coupon in sorted(coupons, key=lambda item: item.rank):
        if shortfall(coupon, lines, rest) is None:
            rest = _record(found, Taken(coupon, take(coupon, lines, rest)), rest)
    used = 0
    if points is not None:
        used, parts = spend_points(points, lines, rest)
        terms = Terms("points", AdjustmentKind.POINTS.value, "积分抵扣", "Points", Benefit.AMOUNT)
        _record(found, Taken(terms, parts), rest)
    return tuple(found), used


def spend_points(points: PointsTerms, lines: Sequence[OfferLine], rest: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """Return how many of the wanted points can be spent on what is left, and what they pay of each line."""
    allowed = [left * points.most_share_ppm // money.PPM for left in rest]
    most_fen = min(sum(allowed), max(0, sum(rest) - 1))
    used = max(0, min(points.wanted, points.available, most_fen // points.value_fen))
    return used, _spread(used * points.value_fen, allowed, lines)


def explain(lines: Sequence[OfferLine], adjustments: Iterable[Adjustment], position: int) -> tuple[LineStep, ...]:
    """Return how a line's price came about, step by step."""
    rest, steps = gross_of(lines)[position], []
    for adjustment in adjustments:
        if adjustment.position == position:
            rest -= adjustment.amount_fen
            steps.append(LineStep(adjustment.name_zh, adjustment.name_en, adjustment.amount_fen, rest))
    return tuple(steps)


def _combinations(usable: Sequence[Terms]) -> Iterator[tuple[Terms, ...]]:
    """Yield what may be used together, each in the order of application."""
    stacks: dict[str, list[Terms]] = {}
    for terms in usable:
        if terms.is_exclusive:
            yield (terms,)
        else:
            stacks.setdefault(terms.stack, []).append(terms)
    if math.prod(len(stack) + 1 for stack in stacks.values()) > MOST_COMBINATIONS:
        yield from itertools.accumulate(((stack[0],) for stack in stacks.values()), lambda one, other: one + other)
        return
    for chosen in itertools.product(*((*stack, None) for stack in stacks.values())):
        yield tuple(sorted((terms for terms in chosen if terms), key=lambda item: item.rank))


def _apply(chosen: Sequence[Terms], lines: Sequence[OfferLine], rest: Sequence[int]) -> tuple[Taken, ...] | None:
    """Apply one after the other; None when one no longer reaches its threshold."""
    taken: list[Taken] = []
    for terms in chosen:
        if shortfall(terms, lines, rest) is not None:
            return None
        taken.append(Taken(terms, take(terms, lines, rest)))
        rest = _less(rest, taken[-1].parts)
    return tuple(taken)


def _record(found: list[Adjustment], taken: Taken, rest: Sequence[int]) -> tuple[int, ...]:
    """Note what was taken off each line, and return what is left of them."""
    terms = taken.terms
    for position, part in enumerate(taken.parts):
        if part:
            found.append(
                Adjustment(position, terms.kind, terms.source, terms.name_zh, terms.name_en, part, terms.funders)
            )
    return _less(rest, taken.parts)


def _spread(amount_fen: int, weights: Sequence[int], lines: Sequence[OfferLine]) -> tuple[int, ...]:
    """Split an amount over the lines by weight; of equal remainders the lower variant's goes first."""
    if amount_fen <= 0:
        return (0,) * len(lines)
    order = sorted(range(len(lines)), key=lambda position: (lines[position].variant_id, position))
    parts = dict(zip(order, money.split(amount_fen, [weights[position] for position in order]), strict=True))
    return tuple(parts[position] for position in range(len(lines)))


def _less(rest: Sequence[int], parts: Sequence[int]) -> tuple[int, ...]:
    return tuple(left - part for left, part in zip(rest, parts, strict=True))


def _total(taken: Iterable[Taken]) -> int:
    return sum(item.total_fen for item in taken)


def restored_until(expires_at: datetime, policy: str, extra_days: int, now: datetime) -> datetime | None:
    """Return until when a coupon whose order is undone can be used again; None when it cannot."""
    until = max(expires_at, now + timedelta(days=extra_days))
    return None if policy == RestorePolicy.LAPSE or until <= now else until
