"""Reads of points and tiers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Min, Q, Sum

from members.choices import PointsKind
from members.models import Member, PointsAccount, PointsEntry, PointsGrant, PointsProgram, Tier
from members.rules import points as rules
from members.rules.points import TierTerms
from omni.kernel import bilingual
from omni.kernel.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

TIER_PERIOD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class TierView:
    """The tier a member has, and the way to the next; without tiers both names are empty."""

    name: str = ""
    benefits: str = ""
    next_name: str = ""
    next_benefits: str = ""
    spend_fen: int = 0
    from_fen: int = 0
    next_fen: int = 0

    @property
    def missing_fen(self) -> int:
        """Return what is still to be spent for the next tier."""
        return max(0, self.next_fen - self.spend_fen)


@dataclass(frozen=True, slots=True)
class PointsView:
    """A member's points of one brand, and their tier. `next_at`: when pending points become available next."""

    brand_code: str
    brand_name: str
    member_number: str
    available: int
    pending: int
    owed: int
    value_fen: int
    next_points: int
    next_at: datetime | None
    tier: TierView


@dataclass(frozen=True, slots=True)
class EntryView:
    """A line of the history: what changed, and whether that is pending still."""

    id: int
    label: str
    points: int
    is_pending: bool
    booked_at: datetime


def spend_of(member_id: int, *, now: datetime) -> int:
    """Return what a member spent in the last twelve months, returns taken off, in fen; never below zero."""
    return _spends([member_id], now).get(member_id, 0)


def tiers_of(brand_id: int) -> list[TierTerms]:
    """Return a brand's tiers, the lowest first."""
    rows = Tier.objects.filter(brand=brand_id).order_by("threshold_fen")
    return [TierTerms(*row) for row in rows.values_list("code", "threshold_fen", "earn_ppm")]


def tier_of(member_id: int, *, brand_id: int, now: datetime) -> TierTerms | None:
    """Return the tier that a member's spend reaches, or None."""
    return rules.tier_at(tiers_of(brand_id), spend_of(member_id, now=now))


def points_of(user_id: int, *, now: datetime) -> list[PointsView]:
    """Return a person's points in every brand with a program that they joined; one statement each for all brands."""
    return _points_of(Member.objects.filter(user=user_id), now)


def points_of_member(member_id: int, *, now: datetime) -> PointsView | None:
    """Return a member's points and tier; None when the brand has no program."""
    return next(iter(_points_of(Member.objects.filter(pk=member_id), now)), None)


def _points_of(rows: QuerySet[Member], now: datetime) -> list[PointsView]:
    members = list(rows.select_related("brand").order_by("brand"))
    brand_ids = [member.brand_id for member in members]
    programs = {row.brand_id: row for row in PointsProgram.objects.filter(brand__in=brand_ids)}
    accounts = {row.member_id: row for row in PointsAccount.objects.filter(member__in=members)}
    tiers: dict[int, list[Tier]] = {}
    for tier in Tier.objects.filter(brand__in=brand_ids).order_by("threshold_fen"):
        tiers.setdefault(tier.brand_id, []).append(tier)
    spends = _spends([member.pk for member in members], now)
    coming = _coming([account.pk for account in accounts.values()])
    views = []
    for member in members:
        program, account = programs.get(member.brand_id), accounts.get(member.pk)
        if program is None:
            continue
        next_at, next_points = coming.get(account.pk, (None, 0)) if account else (None, 0)
        views.append(
            PointsView(
                brand_code=member.brand.code,
                brand_name=bilingual.name_of(member.brand),
                member_number=member.number,
                available=account.available if account else 0,
                pending=account.pending if account else 0,
                owed=account.owed if account else 0,
                value_fen=(account.available if account else 0) * program.point_value_fen,
                next_points=next_points,
                next_at=next_at,
                tier=_tier_view(tiers.get(member.brand_id, []), spends.get(member.pk, 0)),
            )
        )
    return views


def points_history(user_id: int, brand_code: str, *, before_id: int | None, limit: int) -> list[EntryView]:
    """Return the changes of a person's points in one brand, the newest first.

    :raises NotFound: they have not joined it.
    """
    member = Member.objects.filter(user=user_id, brand__code=brand_code).first()
    if member is None:
        raise NotFound
    # What became available was shown as earned: a history of a balance names each point once.
    entries = PointsEntry.objects.filter(account__member=member).exclude(kind=PointsKind.MATURED)
    if before_id is not None:
        entries = entries.filter(pk__lt=before_id)
    ripe = dict(
        PointsGrant.objects.filter(account__member=member, matured_at=None).values_list("cause", "available_at")
    )
    return [
        EntryView(
            id=entry.pk,
            label=str(PointsKind(entry.kind).label),
            points=entry.pending + entry.available - entry.owed,
            is_pending=entry.cause in ripe,
            booked_at=entry.booked_at,
        )
        for entry in entries.order_by("-pk")[:limit]
    ]


def _spends(member_ids: Sequence[int], now: datetime) -> dict[int, int]:
    entries = PointsEntry.objects.filter(account__member__in=member_ids, booked_at__gt=now - TIER_PERIOD)
    sums = entries.order_by().values_list("account__member").annotate(total=Sum("spend_fen"))
    return {member_id: max(0, total or 0) for member_id, total in sums}


def _coming(account_ids: Sequence[int]) -> dict[int, tuple[datetime, int]]:
    """Return when the next pending points of each account become available, and how many those are."""
    waiting = PointsGrant.objects.filter(account__in=account_ids, matured_at=None, points__gt=0)
    first = dict(waiting.order_by().values_list("account").annotate(at=Min("available_at")))
    coming: dict[int, tuple[datetime, int]] = {}
    if not first:
        return coming
    for account_id, at, points, back in waiting.filter(
        Q(*(Q(account=account_id, available_at=at) for account_id, at in first.items()), _connector=Q.OR)
    ).values_list("account", "available_at", "points", "reversed_points"):
        coming[account_id] = (at, coming.get(account_id, (at, 0))[1] + points - back)
    return coming


def _tier_view(tiers: Sequence[Tier], spend_fen: int) -> TierView:
    """Return where a spend stands among a brand's tiers, the lowest first."""
    reached = [tier for tier in tiers if tier.threshold_fen <= spend_fen]
    ahead = [tier for tier in tiers if tier.threshold_fen > spend_fen]
    own, following = (reached[-1] if reached else None), (ahead[0] if ahead else None)
    return TierView(
        name=bilingual.name_of(own) if own else "",
        benefits=bilingual.pick(own.benefits_zh, own.benefits_en) if own else "",
        next_name=bilingual.name_of(following) if following else "",
        next_benefits=bilingual.pick(following.benefits_zh, following.benefits_en) if following else "",
        spend_fen=spend_fen,
        from_fen=own.threshold_fen if own else 0,
        next_fen=following.threshold_fen if following else 0,
    )
