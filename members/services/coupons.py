"""Coupons are issued, claimed, withdrawn, and end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import F, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from members import queries, sql
from members.choices import CouponStatus
from members.models import Coupon, CouponTemplate, Member
from members.services.offers import CouponUsedUp
from members.services.profile import send_marketing
from omni.kernel import bilingual
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.numbers import public_number
from omni.kernel.states import transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from stores.permissions import Actor

NO_LIMIT = 32_767
MAX_CODE_LENGTH = 20


class CouponNotOffered(Conflict):
    """The coupon is not given out now."""

    code = "coupon_not_offered"


class NotAMember(Conflict):
    """Coupons are for members of the brand."""

    code = "not_a_member"


class UnknownPublicCode(InvalidInput):
    """No brand that the person has joined gives out a coupon for this code now."""

    code = "unknown_public_code"


@step
def issue_coupon(template_id: int, member_id: int, *, now: datetime) -> int:
    """Give a member a coupon of a template of their brand; return its id.

    Locks CouponTemplate and CouponTally by guarded updates.

    :raises CouponNotOffered: the template is stopped, not begun, over, or another brand's.
    :raises CouponUsedUp: as many as there are were issued, or the member has their share.
    """
    template = _offered(now).filter(pk=template_id, brand__in=Member.objects.filter(pk=member_id).values("brand"))
    found = template.first()
    if found is None:
        raise CouponNotOffered(_("This coupon is not given out now."), field="coupon")
    left = CouponTemplate.objects.filter(Q(total_limit=None) | Q(issued_count__lt=F("total_limit")), pk=template_id)
    if not left.update(issued_count=F("issued_count") + 1):
        raise CouponUsedUp(_("All of these coupons are gone."), field="coupon")
    limit = NO_LIMIT if found.per_member_limit is None else found.per_member_limit
    with connection.cursor() as cursor:
        cursor.execute(sql.TALLY, {"template_id": template_id, "member_id": member_id, "limit": limit})
        if not cursor.rowcount:
            raise CouponUsedUp(_("You have this coupon already."), field="coupon")
    coupon = Coupon.objects.create(
        template=found,
        member_id=member_id,
        code=public_number("C"),
        status=CouponStatus.ISSUED,
        issued_at=now,
        expires_at=_end_of(found, now),
    )
    return coupon.pk


@step
def claim_coupon(user_id: int, template_id: int, *, now: datetime) -> int:
    """Take a coupon from the coupon centre; return its id.

    :raises NotFound: there is no such coupon in the centre.
    :raises NotAMember: the person has not joined the brand.
    :raises CouponNotOffered, CouponUsedUp: see `issue_coupon`.
    """
    template = CouponTemplate.objects.filter(pk=template_id, is_claimable=True).first()
    if template is None:
        raise NotFound
    member_id = Member.objects.filter(user=user_id, brand=template.brand_id).values_list("pk", flat=True).first()
    if member_id is None:
        raise NotAMember(_("Join the brand to take its coupons."), field="coupon")
    return issue_coupon(template_id, member_id, now=now)


@step
def claim_code(user_id: int, text: str, *, now: datetime) -> int:
    """Take the coupon that a published code ("AUTUMN20") stands for; return its id.

    :raises UnknownPublicCode: naming the field "code"; the person has joined no brand that gives one.
    :raises CouponUsedUp: see `issue_coupon`.
    """
    code = text.strip().upper()
    brands = dict(Member.objects.filter(user=user_id).values_list("brand_id", "pk"))
    template = None
    if 0 < len(code) <= MAX_CODE_LENGTH and code.isprintable():
        template = _offered(now).filter(public_code=code, brand__in=brands).order_by("pk").first()
    if template is None:
        raise UnknownPublicCode(_("No brand you have joined has such a code now."), field="code")
    return issue_coupon(template.pk, brands[template.brand_id], now=now)


@step
def welcome_member(member_id: int, brand_id: int, *, now: datetime) -> int:
    """Give a new member the brand's welcome coupons that are left; return how many."""
    left = Q(total_limit=None) | Q(issued_count__lt=F("total_limit"))
    issued = 0
    for template in _offered(now).filter(left, brand=brand_id, is_welcome=True).order_by("pk"):
        try:
            issue_coupon(template.pk, member_id, now=now)
        except CouponUsedUp:
            # The last one went to somebody else a moment ago; joining goes on.
            continue
        issued += 1
    return issued


@step
def issue_to_member(actor: Actor, template_id: int, named: str, *, now: datetime) -> int:
    """Give a coupon to one member of the brand, by number or phone; return its id. Limits hold as for everybody.

    Who agreed to marketing by SMS is told, in the daytime.

    :raises NotFound: there is no such template, or it is another brand's.
    :raises UnknownMember: naming the field "member".
    :raises CouponNotOffered, CouponUsedUp: see `issue_coupon`.
    """
    template = queries.get_template_for(actor, template_id)
    member_id = queries.get_named_member_id(template.brand_id, named)
    coupon_id = issue_coupon(template_id, member_id, now=now)
    with translation.override(Member.objects.values_list("language", flat=True).get(pk=member_id)):
        names = {"brand": bilingual.name_of(template.brand), "coupon": bilingual.name_of(template)}
    link = f"{settings.PUBLIC_URL}{reverse('members:coupons')}"
    send_marketing(
        member_id, template="coupon_issued", parameters={**names, "link": link}, cause=f"coupon:{coupon_id}", now=now
    )
    return coupon_id


@step
def revoke_coupon(coupon_id: int, *, actor: str, reason: str, now: datetime) -> None:
    """Withdraw a coupon that was not used.

    :raises StateConflict: it was used, or has ended.
    """
    transition(Coupon.objects.get(pk=coupon_id), to=CouponStatus.REVOKED, actor=actor, reason=reason, now=now)


@step
def end_offers(member_id: int, *, actor: str, now: datetime) -> int:
    """Withdraw every coupon that a member could still use, for who leaves; return how many.

    What was used stays with its orders: coupons and points name a member, never a person.
    """
    usable = list(Coupon.objects.filter(member=member_id, status=CouponStatus.ISSUED).order_by("pk"))
    for coupon in usable:
        transition(coupon, to=CouponStatus.REVOKED, actor=actor, reason="erasure", now=now)
    return len(usable)


@step
def expire_coupon(coupon_id: int, *, now: datetime) -> bool:
    """End a coupon whose time is over; tell whether that was done."""
    coupon = Coupon.objects.filter(pk=coupon_id, status=CouponStatus.ISSUED, expires_at__lte=now).first()
    if coupon is None:
        return False
    transition(coupon, to=CouponStatus.EXPIRED, actor="system", now=now)
    return True


def _offered(now: datetime) -> QuerySet[CouponTemplate]:
    """Return the templates of which coupons are given out now."""
    return CouponTemplate.objects.filter(is_running=True, valid__contains=now)


def _end_of(template: CouponTemplate, now: datetime) -> datetime:
    """Return when a coupon issued now ends: after its days, and not after the template."""
    ends: datetime | None = template.valid.upper
    ends_by_days = None if template.validity_days is None else now + timedelta(days=template.validity_days)
    known = [end for end in (ends, ends_by_days) if end is not None]
    return min(known, default=now + timedelta(days=365))
