"""Which coupons go together, and whether one is worth using."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members.rules import offers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from members.rules.offers import OfferLine, Terms


def clash(chosen: Sequence[Terms]) -> bool:
    """Tell whether coupons may not be used together: two of one stacking group, or an exclusive one beside others.

    Coupons without a group are of one: a basket takes a single one of those.
    """
    groups = [terms.group for terms in chosen]
    return len(set(groups)) < len(groups) or (len(chosen) > 1 and any(terms.is_exclusive for terms in chosen))


def rest_before(lines: Sequence[OfferLine], *, is_member: bool, promotions: Sequence[Terms]) -> tuple[int, ...]:
    """Return what is left of the lines when coupons come to be looked at."""
    adjustments, _points = offers.build(lines, is_member=is_member, promotions=promotions, coupons=(), points=None)
    rest = list(offers.gross_of(lines))
    for adjustment in adjustments:
        rest[adjustment.position] -= adjustment.amount_fen
    return tuple(rest)


def is_worse_alone(coupon: Terms, lines: Sequence[OfferLine], rest: Sequence[int], promotions: Sequence[Terms]) -> bool:
    """Tell whether an exclusive coupon takes off less of what is left than the promotions it stands for."""
    instead = sum(taken.total_fen for taken in offers.best_promotions(promotions, lines, rest))
    return sum(offers.take(coupon, lines, rest)) <= instead
