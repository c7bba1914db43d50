"""What a store does for its members: guides, notes, follow-ups, and looking at a phone number for a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from members.choices import RevealReason
from members.models import FollowUp, GuideChange, Member, MemberNote, PhoneReveal
from omni.kernel import clock, sealing
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import date, datetime

MAX_NOTE_LENGTH = 300
MAX_TASK_LENGTH = 200


class HasAnotherGuide(Conflict):
    """The member is in somebody else's care; only a manager gives them to another guide."""

    code = "has_another_guide"


@step
def bind_guide(member_id: int, staff_id: int | None, *, may_take_over: bool, actor: str, now: datetime) -> None:
    """Put a member into a guide's care (None: into nobody's), and log it; doing it twice is once.

    `may_take_over`: the actor is a manager, and may take the member from another guide.

    :raises HasAnotherGuide: another guide cares for the member, and the actor may not take them over.
    """
    members = Member.objects.filter(pk=member_id).exclude(guide=staff_id)
    if staff_id is None:
        members = Member.objects.filter(pk=member_id, guide__isnull=False)
    if not may_take_over:
        members = members.filter(guide__isnull=True)
    if members.update(guide=staff_id):
        GuideChange.objects.create(member_id=member_id, guide_id=staff_id, actor=actor, at=now)
    elif Member.objects.filter(pk=member_id).values_list("guide", flat=True).get() != staff_id:
        raise HasAnotherGuide(_("Another guide cares for this member. A manager can change it."), field="guide")


@step
def add_note(member_id: int, staff_id: int, text: str, *, now: datetime) -> int:
    """Keep a note on a member; return its id.

    :raises InvalidInput: with field "text", when it is empty or too long.
    """
    note = _checked(text, MAX_NOTE_LENGTH)
    return MemberNote.objects.create(member_id=member_id, staff_id=staff_id, text=note, written_at=now).pk


@step
def add_follow_up(member_id: int, staff_id: int, text: str, due_on: date, *, now: datetime) -> int:
    """Plan something for a member; return its id.

    :raises InvalidInput: with field "text", or with "due_on" for a day that has passed.
    """
    task = _checked(text, MAX_TASK_LENGTH)
    if due_on < clock.business_date(now):
        raise InvalidInput(_("Choose today or a later day."), field="due_on")
    return FollowUp.objects.create(member_id=member_id, staff_id=staff_id, text=task, due_on=due_on, created_at=now).pk


@step
def finish_follow_up(follow_up_id: int, member_id: int, *, now: datetime) -> None:
    """Write that a follow-up was done; the first time counts.

    :raises NotFound: the member has no such follow-up.
    """
    rows = FollowUp.objects.filter(pk=follow_up_id, member=member_id)
    if not rows.filter(done_at__isnull=True).update(done_at=now) and not rows.exists():
        raise NotFound


@step
def reveal_phone(member_id: int, staff_id: int, reason: str, *, now: datetime) -> str:
    """Return a member's whole phone number, and log who looked at it and why.

    :raises InvalidInput: with field "reason", when none of the reasons is given.
    """
    if reason not in RevealReason.values:
        raise InvalidInput(_("Say why you need the number."), field="reason")
    member = Member.objects.get(pk=member_id)
    PhoneReveal.objects.create(member_id=member_id, staff_id=staff_id, reason=reason, at=now)
    return sealing.unseal(member.phone_sealed) if member.phone_sealed else ""


def _checked(text: str, most: int) -> str:
    """Return a text in one line, as it is kept.

    :raises InvalidInput: with field "text".
    """
    kept = " ".join(text.split())
    if not kept or not kept.isprintable():
        raise InvalidInput(_("Write something."), field="text")
    if len(kept) > most:
        raise InvalidInput(_("At most %(most)d characters."), field="text", most=most)
    return kept
