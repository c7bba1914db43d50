"""Reads of points and tiers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Sum

from members.models import PointsEntry, PointsProgram, Tier
from members.rules import points as rules
from members.rules.points import TierTerms

if TYPE_CHECKING:
    from datetime import datetime

TIER_PERIOD = timedelta(days=365)


def points_available_at(brand_id: int, recognised_at: datetime) -> datetime:
    """Return when the points of a sale become available: after the brand's return window."""
    days = PointsProgram.objects.filter(brand=brand_id).values_list("return_days", flat=True).first() or 0
    return recognised_at + timedelta(days=days)


def spend_of(member_id: int, *, now: datetime) -> int:
    """Return what a member spent in the last twelve months, returns taken off, in fen; never below zero."""
    entries = PointsEntry.objects.filter(account__member=member_id, booked_at__gt=now - TIER_PERIOD)
    return max(0, entries.aggregate(total=Sum("spend_fen"))["total"] or 0)


def tiers_of(brand_id: int) -> list[TierTerms]:
    """Return a brand's tiers, the lowest first."""
    rows = Tier.objects.filter(brand=brand_id).order_by("threshold_fen")
    return [TierTerms(*row) for row in rows.values_list("code", "threshold_fen", "earn_ppm")]


def tier_of(member_id: int, *, brand_id: int, now: datetime) -> TierTerms | None:
    """Return the tier that a member's spend reaches, or None."""
    return rules.tier_at(tiers_of(brand_id), spend_of(member_id, now=now))
