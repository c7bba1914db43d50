"""What a person sees of their coupons: their own, and those they could take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from inventory import queries as inventory_queries
from members.choices import CouponStatus
from members.models import Coupon, CouponTally, CouponTemplate, Member
from members.queries.words import describe_benefit, describe_scope, headline
from omni.kernel import bilingual
from omni.kernel.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from members.models import OfferTerms

ENDED = (CouponStatus.EXPIRED, CouponStatus.REVOKED)
MOST_IN_CENTRE = 60


@dataclass(frozen=True, slots=True)
class CouponCard:
    """A person's coupon, as a list and the store's counter see it."""

    id: int
    code: str
    brand_code: str
    brand_name: str
    name: str
    headline: str
    terms: str
    scope: tuple[str, ...]
    status: str
    status_label: str
    expires_at: datetime
    used_at: datetime | None
    is_usable: bool


@dataclass(frozen=True, slots=True)
class ClaimCard:
    """A coupon of the coupon centre. `why_not` is empty where the person can take it."""

    template_id: int
    brand_code: str
    brand_name: str
    name: str
    headline: str
    terms: str
    scope: tuple[str, ...]
    ends_at: datetime | None
    left: int | None
    is_member: bool
    why_not: str


def coupons_of(user_id: int, show: str, *, now: datetime, before_id: int | None, limit: int) -> list[CouponCard]:
    """Return a person's coupons of all brands, the newest first. `show`: "usable", "used" or "ended"."""
    own = Coupon.objects.filter(member__user=user_id)
    if show == "used":
        own = own.filter(status=CouponStatus.USED)
    elif show == "ended":
        # What the sweeper has not come to yet has ended all the same.
        own = own.exclude(status=CouponStatus.USED).exclude(status=CouponStatus.ISSUED, expires_at__gt=now)
    else:
        own = own.filter(status=CouponStatus.ISSUED, expires_at__gt=now)
    if before_id is not None:
        own = own.filter(pk__lt=before_id)
    rows = list(own.select_related("template__brand").order_by("-pk")[:limit])
    names = _category_names(row.template for row in rows)
    return [_card(row, names, now) for row in rows]


def get_coupon_for(user_id: int, code: str, *, now: datetime) -> CouponCard:
    """Return a coupon of the person.

    :raises NotFound: there is none, or it is somebody else's.
    """
    mine = Coupon.objects.select_related("template__brand").filter(member__user=user_id)
    row = mine.filter(code=code).first() if code.isprintable() else None
    if row is None:
        raise NotFound
    return _card(row, _category_names([row.template]), now)


def coupon_centre(user_id: int, *, now: datetime) -> list[ClaimCard]:
    """Return the coupons that can be taken now, of every brand, and whether this person can."""
    found = CouponTemplate.objects.filter(is_claimable=True, is_running=True, valid__contains=now)
    rows = list(found.select_related("brand").order_by("brand", "-priority", "pk")[:MOST_IN_CENTRE])
    members = dict(Member.objects.filter(user=user_id).values_list("brand_id", "pk"))
    taken = dict(
        CouponTally.objects.filter(member__in=members.values(), template__in=rows).values_list(
            "template_id", "issued_count"
        )
    )
    names = _category_names(rows)
    return [
        ClaimCard(
            template_id=row.pk,
            brand_code=row.brand.code,
            brand_name=bilingual.name_of(row.brand),
            name=bilingual.name_of(row),
            headline=headline(row),
            terms=describe_benefit(row),
            scope=describe_scope(row, names),
            ends_at=row.valid.upper,
            left=None if row.total_limit is None else row.total_limit - row.issued_count,
            is_member=row.brand_id in members,
            why_not=_why_not(row, taken.get(row.pk, 0)),
        )
        for row in rows
    ]


def _why_not(row: CouponTemplate, taken: int) -> str:
    if row.per_member_limit is not None and taken >= row.per_member_limit:
        return _("Taken")
    if row.total_limit is not None and row.issued_count >= row.total_limit:
        return _("All gone")
    return ""


def _category_names(terms: Iterable[OfferTerms]) -> Mapping[int, str]:
    """Return the names of all categories, if any offer is limited to some."""
    if not any(row.category_ids for row in terms):
        return {}
    return {category.pk: bilingual.name_of(category) for category in inventory_queries.category_tree()}


def _card(row: Coupon, names: Mapping[int, str], now: datetime) -> CouponCard:
    template = row.template
    is_over = row.status == CouponStatus.ISSUED and row.expires_at <= now
    status = CouponStatus.EXPIRED if is_over else CouponStatus(row.status)
    return CouponCard(
        id=row.pk,
        code=row.code,
        brand_code=template.brand.code,
        brand_name=bilingual.name_of(template.brand),
        name=bilingual.name_of(template),
        headline=headline(template),
        terms=describe_benefit(template),
        scope=describe_scope(template, names),
        status=status.value,
        status_label=str(status.label),
        expires_at=row.expires_at,
        used_at=row.used_at,
        is_usable=status == CouponStatus.ISSUED,
    )


def coupons_of_member(member_id: int, *, now: datetime) -> list[CouponCard]:
    """Return what a member may use at a brand now, the first to end first; for its stores."""
    usable = Coupon.objects.filter(member=member_id, status=CouponStatus.ISSUED, expires_at__gt=now)
    rows = list(usable.select_related("template__brand").order_by("expires_at", "pk"))
    names = _category_names(row.template for row in rows)
    return [_card(row, names, now) for row in rows]
