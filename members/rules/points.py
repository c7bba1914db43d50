"""Arithmetic of points and tiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omni.kernel import money

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class TierTerms:
    """A level of membership: what must be spent in twelve months, and how fast points are earned."""

    code: str
    threshold_fen: int
    earn_ppm: int


def points_for(amount_fen: int, *, fen_per_point: int, earn_ppm: int) -> int:
    """Return the whole points that a spend earns; what is left of the last one is dropped."""
    return amount_fen * earn_ppm // (fen_per_point * money.PPM)


def part_points(points: int, amount_fen: int, *, before_fen: int, part_fen: int) -> int:
    """Return the points of the next part of an amount, so that all its parts' points sum to the whole's.

    :raises ValueError: when more is asked for than is left.
    """
    done = money.cumulative_part(points, before_fen, amount_fen)
    return money.cumulative_part(points, before_fen + part_fen, amount_fen) - done


def tier_at(tiers: Sequence[TierTerms], spend_fen: int) -> TierTerms | None:
    """Return the highest tier that a spend reaches, or None."""
    reached = [tier for tier in tiers if tier.threshold_fen <= spend_fen]
    return max(reached, key=lambda tier: tier.threshold_fen, default=None)


def next_tier(tiers: Sequence[TierTerms], spend_fen: int) -> TierTerms | None:
    """Return the lowest tier that a spend does not reach yet, or None."""
    ahead = [tier for tier in tiers if tier.threshold_fen > spend_fen]
    return min(ahead, key=lambda tier: tier.threshold_fen, default=None)
