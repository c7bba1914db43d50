"""Members as a store sees them: whom it finds, whom its guides care for, and what they mean to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from members.models import FollowUp, Member, MemberNote
from members.queries.members import UnknownMember, get_named_member_id
from members.queries.profile import get_member_by_code
from omni.kernel import sealing
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from django.db.models import QuerySet

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class CareRow:
    """A member in a guide's care."""

    number: str
    name: str
    phone_masked: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note, and who wrote it."""

    text: str
    author: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """Something to do for a member."""

    id: int
    member_number: str
    member_name: str
    text: str
    by: str
    due_on: date
    done_at: datetime | None
    is_late: bool


def find_member_here(brand_id: int, text: str, *, now: datetime) -> Member | None:
    """Return the brand's member whose code, number or whole phone this is; None when there is none."""
    try:
        return get_member_by_code(brand_id, text, now=now)
    except NotFound:
        pass
    try:
        return Member.objects.get(pk=get_named_member_id(brand_id, text))
    except UnknownMember:
        return None


def get_member_here(brand_id: int, number: str) -> Member:
    """Return the brand's member by their number, with guide and home store.

    :raises NotFound: there is none, or another brand's.
    """
    found = Member.objects.filter(brand=brand_id, number=number).select_related("guide", "home_store")
    member = found.first() if is_valid_number(number) else None
    if member is None:
        raise NotFound
    return member


def masked_phone(member: Member) -> str:
    """Return the phone as a desk shows it; empty for somebody who was forgotten."""
    return sealing.mask_phone(sealing.unseal(member.phone_sealed)) if member.phone_sealed else ""


def members_of_guide(staff_id: int) -> list[CareRow]:
    """Return whom a guide cares for, the newest first; one statement."""
    members = Member.objects.filter(guide=staff_id).order_by("-joined_at", "-pk")[:MOST_SHOWN]
    return [CareRow(member.number, member.name, masked_phone(member), member.joined_at) for member in members]


def notes_of(member_id: int) -> list[NoteView]:
    """Return the notes on a member, the newest first; one statement."""
    rows = MemberNote.objects.filter(member=member_id).order_by("-pk")[:MOST_SHOWN]
    return [NoteView(*row) for row in rows.values_list("text", "staff__display_name", "written_at")]


def follow_ups_of(member_id: int, *, today: date) -> list[FollowUpView]:
    """Return what is planned for a member, the next first, then what was done; one statement."""
    return _views(FollowUp.objects.filter(member=member_id).order_by("-done_at", "due_on", "pk"), today)


def open_follow_ups(staff_ids: Collection[int], *, today: date) -> list[FollowUpView]:
    """Return what people meant to do until today, the longest due first; one statement."""
    rows = FollowUp.objects.filter(staff__in=staff_ids, done_at__isnull=True, due_on__lte=today)
    return _views(rows.order_by("due_on", "pk"), today)


def _views(rows: QuerySet[FollowUp], today: date) -> list[FollowUpView]:
    return [
        FollowUpView(
            id=row.pk,
            member_number=row.member.number,
            member_name=row.member.name,
            text=row.text,
            by=row.staff.display_name,
            due_on=row.due_on,
            done_at=row.done_at,
            is_late=row.done_at is None and row.due_on < today,
        )
        for row in rows.select_related("member", "staff")[:MOST_SHOWN]
    ]
