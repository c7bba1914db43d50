"""A member at hand: what a store may know of one of its brand's members, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from members import choices as members_choices
from members import queries as members_queries
from omni.kernel import bilingual, clock
from orders import queries as orders_queries

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from members.models import Member

SIZES: dict[str, tuple[StrOrPromise, str]] = {
    "usual_top": (_("Tops"), ""),
    "usual_bottom": (_("Trousers and skirts"), ""),
    "height_cm": (_("Height"), "cm"),
    "weight_kg": (_("Weight"), "kg"),
    "chest_cm": (_("Chest"), "cm"),
    "waist_cm": (_("Waist"), "cm"),
    "hips_cm": (_("Hips"), "cm"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the member's sizes in words."""

    label: StrOrPromise
    value: str


@dataclass(frozen=True, slots=True)
class MemberPage:
    """A member as a store's people see them.

    Sizes and wishes are shown to them with the member's consent alone (`may_profile`); wishes of this brand only.
    """

    member: Member
    phone_masked: str
    guide_name: str
    home_store_name: str
    may_profile: bool
    sizes: tuple[Measure, ...]
    wishes: tuple[members_queries.WishView, ...]
    points: members_queries.PointsView | None
    coupons: tuple[members_queries.CouponCard, ...]
    bought: orders_queries.Bought
    topics: tuple[members_queries.TopicView, ...]
    notes: tuple[members_queries.NoteView, ...]
    follow_ups: tuple[members_queries.FollowUpView, ...]


def read(member: Member, *, brand_code: str, now: datetime) -> MemberPage:
    """Return a member's page; as many statements for a long history as for a short one."""
    may_profile = members_queries.has_consent(member.pk, members_choices.ConsentPurpose.PROFILING)
    user_id = member.user_id if may_profile else None
    wishes = members_queries.wishes_of(user_id, now=now) if user_id is not None else []
    return MemberPage(
        member=member,
        phone_masked=members_queries.masked_phone(member),
        guide_name=member.guide.display_name if member.guide else "",
        home_store_name=bilingual.name_of(member.home_store) if member.home_store else "",
        may_profile=may_profile,
        sizes=_measures(user_id) if user_id is not None else (),
        wishes=tuple(wish for wish in wishes if wish.brand_code == brand_code),
        points=members_queries.points_of_member(member.pk, now=now),
        coupons=tuple(members_queries.coupons_of_member(member.pk, now=now)),
        bought=orders_queries.bought_by(member.pk),
        topics=members_queries.topics_of_member(member.pk),
        notes=tuple(members_queries.notes_of(member.pk)),
        follow_ups=tuple(members_queries.follow_ups_of(member.pk, today=clock.business_date(now))),
    )


def _measures(user_id: int) -> tuple[Measure, ...]:
    kept = members_queries.sizes_of_account(user_id)
    return tuple(
        Measure(label, f"{kept[name]} {unit}".strip()) for name, (label, unit) in SIZES.items() if kept.get(name)
    )
