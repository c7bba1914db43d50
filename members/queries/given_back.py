"""What members' offers lose and get back with goods that come back: before it is done, and as it was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

from members.models import OfferUse, PointsEntry, PointsGrant
from members.rules import offers as offer_rules
from members.rules import points as rules
from omni.kernel import bilingual

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class PieceBack:
    """A piece that comes back: the cause of its sale, its own, what was paid for it, and what points paid of it."""

    sale_cause: str
    cause: str
    amount_fen: int
    points_fen: int


@dataclass(frozen=True, slots=True)
class OffersBack:
    """Points earned that are taken back, points spent that are given back; names of coupons used, by what they do."""

    points_taken: int
    points_given: int
    coupons_back: tuple[str, ...] = ()
    coupons_kept: tuple[str, ...] = ()


def offers_back(owner: str, pieces: Sequence[PieceBack], *, is_all_back: bool, now: datetime) -> OffersBack:
    """Return what would become of an owner's offers if the pieces came back now; the services do exactly this.

    With the last units of an order all that is left of its points comes back, and its coupons by their policy.
    """
    uses = list(OfferUse.objects.filter(owner=owner, given_back_at=None).select_related("coupon__template"))
    given = 0
    for use in uses:
        if use.points:
            given += use.points - use.points_back if is_all_back else _given(use, pieces)
    coupons = [use for use in uses if use.coupon_id is not None]
    back = [use for use in coupons if is_all_back and _is_restored(use, now)]
    return OffersBack(
        points_taken=_taken(pieces),
        points_given=given,
        coupons_back=_names(back),
        coupons_kept=_names(use for use in coupons if use not in back),
    )


def offers_given_back(owner: str, pieces: Sequence[PieceBack], *, at: datetime) -> OffersBack:
    """Return what became of an owner's offers when the pieces came back, at a moment."""
    taken = PointsEntry.objects.filter(cause__in=[piece.cause for piece in pieces])
    sums = taken.aggregate(
        pending=Sum("pending", default=0), available=Sum("available", default=0), owed=Sum("owed", default=0)
    )
    uses = list(OfferUse.objects.filter(owner=owner).select_related("coupon__template"))
    causes = [f"{owner}:points:{piece.cause}" for piece in pieces]
    if any(use.given_back_at == at for use in uses):
        causes.append(f"{owner}:points:rest")
    given = PointsEntry.objects.filter(cause__in=causes).aggregate(spent=Sum("spent", default=0))
    coupons = [use for use in uses if use.coupon_id is not None]
    back = [use for use in coupons if use.given_back_at == at and _is_restored(use, at)]
    return OffersBack(
        points_taken=sums["owed"] - sums["pending"] - sums["available"],
        points_given=-given["spent"],
        coupons_back=_names(back),
        coupons_kept=_names(use for use in coupons if use not in back),
    )


def _taken(pieces: Iterable[PieceBack]) -> int:
    """Return the points that the sales of the pieces earned, each part after those before it."""
    grants = {row.cause: row for row in PointsGrant.objects.filter(cause__in={piece.sale_cause for piece in pieces})}
    before = {cause: grant.reversed_fen for cause, grant in grants.items()}
    points = 0
    for piece in pieces:
        grant = grants.get(piece.sale_cause)
        if grant is None or piece.amount_fen <= 0:
            continue
        points += rules.part_points(
            grant.points, grant.amount_fen, before_fen=before[grant.cause], part_fen=piece.amount_fen
        )
        before[grant.cause] += piece.amount_fen
    return points


def _given(use: OfferUse, pieces: Iterable[PieceBack]) -> int:
    """Return the points that paid for the pieces."""
    back_fen, points = use.back_fen, 0
    for piece in pieces:
        part_fen = min(piece.points_fen, use.amount_fen - back_fen)
        points += rules.part_points(use.points, use.amount_fen, before_fen=back_fen, part_fen=part_fen)
        back_fen += part_fen
    return points


def _is_restored(use: OfferUse, now: datetime) -> bool:
    coupon = use.coupon
    if coupon is None:
        return False
    template = coupon.template
    return offer_rules.restored_until(coupon.expires_at, template.restore_policy, template.extra_days, now) is not None


def _names(uses: Iterable[OfferUse]) -> tuple[str, ...]:
    return tuple(bilingual.name_of(use.coupon.template) for use in uses if use.coupon is not None)
