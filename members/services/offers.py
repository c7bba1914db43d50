"""Offers are used by an order and given back: each once, whoever else tries at the same moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from members import locks, sql
from members.choices import AdjustmentKind, CouponStatus
from members.models import Coupon, OfferUse, Promotion
from members.rules import offers as rules
from members.services import points as points_services
from omni.kernel.errors import Conflict
from omni.kernel.statements import execute_prepared
from omni.kernel.states import StateConflict, transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from members.queries import Offer, OfferRequest


class CouponUsed(Conflict):
    """The coupon was used, withdrawn or expired since it was looked at."""

    code = "coupon_used"


class CouponUsedUp(Conflict):
    """As many as there were of an offer are gone, or the member had their share."""

    code = "offer_used_up"


@step
def take_offer(offer: Offer, request: OfferRequest, *, owner: str, now: datetime) -> None:
    """Use what was offered for an owner ("order:12"): count its promotions, use its coupons, spend its points.

    Locks Member, then Promotion, Coupon and PointsAccount by guarded updates: call it before stock is held.

    :raises CouponUsed: a coupon is no longer usable.
    :raises CouponUsedUp: a promotion's limit is reached.
    :raises NotEnoughPoints: points were spent elsewhere.
    """
    amounts = _amounts_by_source(offer)
    if not amounts:
        return
    if request.member_id is not None:
        locks.lock_member(request.member_id)
    _use_promotions(amounts, request.member_id, owner, now)
    _use_coupons(amounts, request.member_id, owner, now)
    if offer.points_used and request.member_id is not None:
        points_services.spend_points(
            request.member_id, owner=owner, points=offer.points_used, amount_fen=offer.points_fen, now=now
        )


@step
def give_back_offer(owner: str, *, now: datetime) -> None:
    """Give back all that an owner used, once: coupons by their policy, promotions' counts, and points.

    Locks Member, then OfferUse. What came back before is left alone.
    """
    for use in locks.lock_uses(owner):
        OfferUse.objects.filter(pk=use.pk).update(given_back_at=now)
        if use.promotion_id is not None:
            counted = Promotion.objects.filter(pk=use.promotion_id, total_limit__isnull=False, used_count__gt=0)
            counted.update(used_count=F("used_count") - 1)
        elif use.coupon_id is not None:
            _restore_coupon(use.coupon_id, owner, now)
        else:
            points_services.give_back_rest(use, now=now)


def _amounts_by_source(offer: Offer) -> dict[str, int]:
    """Return what each promotion, coupon and the points take off in all; a member price is nothing to use."""
    amounts: dict[str, int] = {}
    for item in offer.adjustments:
        if item.kind != AdjustmentKind.MEMBER_PRICE:
            amounts[item.source] = amounts.get(item.source, 0) + item.amount_fen
    return amounts


def _keys(amounts: Mapping[str, int], kind: AdjustmentKind) -> dict[int, int]:
    """Return the amounts of one kind by row id, in the order in which rows are locked."""
    prefix = f"{kind.value}:"
    found = {int(source.removeprefix(prefix)): fen for source, fen in amounts.items() if source.startswith(prefix)}
    return dict(sorted(found.items()))


def _use_promotions(amounts: Mapping[str, int], member_id: int | None, owner: str, now: datetime) -> None:
    wanted = _keys(amounts, AdjustmentKind.PROMOTION)
    for key in _use_unlimited(wanted, member_id, owner, now) if wanted else ():
        del wanted[key]
    if not wanted:
        return
    for promotion in Promotion.objects.filter(pk__in=wanted).order_by("pk"):
        if promotion.total_limit is not None:
            left = Promotion.objects.filter(pk=promotion.pk, used_count__lt=F("total_limit"))
            if not left.update(used_count=F("used_count") + 1):
                raise _used_up()
        if promotion.per_member_limit is not None:
            # The member is locked: nobody uses it for them meanwhile.
            used = OfferUse.objects.filter(promotion=promotion.pk, member=member_id, given_back_at=None).count()
            if member_id is None or used >= promotion.per_member_limit:
                raise _used_up()
    OfferUse.objects.bulk_create(
        OfferUse(owner=owner, member_id=member_id, promotion_id=key, amount_fen=fen, used_at=now)
        for key, fen in wanted.items()
    )


def _use_unlimited(wanted: Mapping[int, int], member_id: int | None, owner: str, now: datetime) -> list[int]:
    """Use those promotions that have no limit, and return their ids.

    Nothing is counted there: a row that every order writes would let them in one by one.
    """
    values = {
        "ids": list(wanted),
        "amounts": list(wanted.values()),
        "member_id": member_id,
        "owner": owner,
        "now": now,
    }
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.USE_UNLIMITED, values)
        return [row[0] for row in cursor.fetchall()]


def _used_up() -> CouponUsedUp:
    return CouponUsedUp(_("An offer in your basket is used up. Look at the price again."), field="coupon")


def _use_coupons(amounts: Mapping[str, int], member_id: int | None, owner: str, now: datetime) -> None:
    wanted = _keys(amounts, AdjustmentKind.COUPON)
    if not wanted:
        return
    coupons = list(Coupon.objects.filter(pk__in=wanted, member=member_id, expires_at__gt=now).order_by("pk"))
    if len(coupons) < len(wanted):
        raise _used()
    for coupon in coupons:
        try:
            transition(coupon, to=CouponStatus.USED, actor=owner, now=now)
        except StateConflict as error:
            raise _used() from error
        Coupon.objects.filter(pk=coupon.pk).update(used_at=now)
        OfferUse.objects.create(
            owner=owner, member_id=member_id, coupon_id=coupon.pk, amount_fen=wanted[coupon.pk], used_at=now
        )


def _used() -> CouponUsed:
    return CouponUsed(_("This coupon has been used or has ended. Choose another one."), field="coupon")


def _restore_coupon(coupon_id: int, owner: str, now: datetime) -> None:
    """Let a coupon be used again, or end it, as its template says."""
    coupon = Coupon.objects.select_related("template").get(pk=coupon_id)
    template = coupon.template
    expires_at = rules.restored_until(coupon.expires_at, template.restore_policy, template.extra_days, now)
    if expires_at is None:
        transition(coupon, to=CouponStatus.EXPIRED, actor=owner, now=now, reason="given back")
        return
    transition(coupon, to=CouponStatus.ISSUED, actor=owner, now=now, reason="given back")
    Coupon.objects.filter(pk=coupon.pk).update(expires_at=expires_at, used_at=None)
