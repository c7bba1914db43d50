"""Promotions, coupons and points."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from factory.declarations import LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory

from members.choices import Benefit, CouponStatus
from members.models import (
    Coupon,
    CouponTemplate,
    Member,
    PointsAccount,
    PointsEntry,
    PointsProgram,
    Promotion,
    Tier,
)
from omni.kernel import numbers
from tests.factories.members import MemberFactory
from tests.factories.stores import BrandFactory

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, tzinfo=UTC)


class _TermsFactory(DjangoModelFactory[Any]):
    class Meta:
        abstract = True

    brand = SubFactory(BrandFactory)
    name_zh = "满减"
    name_en = "Money off"
    benefit = Benefit.AMOUNT
    amount_fen = 5000
    valid = DateTimeTZRange(BEGUN, ENDS)
    created_at = BEGUN


class PromotionFactory(_TermsFactory):
    """Fifty yuan off everything."""

    class Meta:
        model = Promotion


class CouponTemplateFactory(_TermsFactory):
    """A coupon of fifty yuan; a member may have one, from the coupon centre."""

    class Meta:
        model = CouponTemplate

    name_zh = "五十元券"
    name_en = "Fifty yuan off"
    per_member_limit = 1
    is_claimable = True


class CouponFactory(DjangoModelFactory[Coupon]):
    """A coupon that its member can use."""

    class Meta:
        model = Coupon

    template = SubFactory(CouponTemplateFactory)
    member = SubFactory(MemberFactory)
    code = LazyFunction(lambda: numbers.public_number("C"))
    status = CouponStatus.ISSUED
    issued_at = BEGUN
    expires_at = ENDS


class PointsProgramFactory(DjangoModelFactory[PointsProgram]):
    """A point for a yuan, worth a fen; points pay up to 30% of a line."""

    class Meta:
        model = PointsProgram

    brand = SubFactory(BrandFactory)


class TierFactory(DjangoModelFactory[Tier]):
    class Meta:
        model = Tier

    brand = SubFactory(BrandFactory)
    code = Sequence(lambda n: f"tier-{n}")
    name_zh = "银卡"
    name_en = "Silver"


def give_points(member: Member, points: int, at: datetime = BEGUN + timedelta(days=1)) -> PointsAccount:
    """Give a member points that can be spent at once."""
    account, _is_new = PointsAccount.objects.get_or_create(member=member)
    PointsAccount.objects.filter(pk=account.pk).update(available=account.available + points)
    PointsEntry.objects.create(
        account=account, kind="matured", cause=f"gift:{account.pk}:{at}", available=points, booked_at=at
    )
    account.refresh_from_db()
    return account
