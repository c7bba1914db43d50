"""Forgetting a person as brands know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from members.choices import ArrivalStatus, ConsentSource, PhotoStatus
from members.models import (
    AccountAddress,
    ArrivalNotice,
    FollowUp,
    Member,
    MemberNote,
    OrderFeedback,
    Review,
    ReviewPhoto,
    SizeProfile,
    Wish,
)
from members.services.coupons import end_offers
from members.services.profile import record_consent
from omni.accounts import queries as accounts_queries
from omni.kernel.states import transition
from omni.kernel.transactions import step
from omni.messages import services as messages_services

if TYPE_CHECKING:
    from datetime import datetime


@step
def erase_person(user_id: int, *, now: datetime) -> None:
    """Forget an account's addresses, wishes and sizes, who its memberships are, and whom messages went to.

    Memberships stay as numbers, for what was booked under them; so do records of consent, all taken back now.
    Coupons that could still be used are withdrawn; used ones and points stay with their number.
    """
    identity = accounts_queries.get_identity(user_id)
    for kept in (AccountAddress, Wish, SizeProfile):
        kept.objects.filter(user=user_id).delete()
    mine = Q(user=user_id)
    if identity.phone_index is not None:
        mine |= Q(phone_index=identity.phone_index)
    member_ids = list(Member.objects.filter(mine).values_list("pk", flat=True))
    _forget_words(member_ids, identity.phone_index, now=now)
    for kept_by_stores in (MemberNote, FollowUp):
        kept_by_stores.objects.filter(member__in=member_ids).delete()
    for member in Member.objects.filter(mine).order_by("pk"):
        end_offers(member.pk, actor="system:members", now=now)
        record_consent(member.pk, (), source=ConsentSource.ERASURE, now=now)
        Member.objects.filter(pk=member.pk).update(
            user=user_id, name="", phone_sealed="", phone_index=f"erased:{member.pk}"
        )
    messages_services.forget_recipients([identity.phone_index or ""], now=now)


def _forget_words(member_ids: list[int], phone_index: str | None, *, now: datetime) -> None:
    """Keep the stars they gave, without name, words and photos, and stop waiting for sizes."""
    Review.objects.filter(member__in=member_ids).update(author="**", text="")
    OrderFeedback.objects.filter(member__in=member_ids).update(text="")
    photos = ReviewPhoto.objects.filter(review__member__in=member_ids).exclude(status=PhotoStatus.REJECTED)
    for photo in photos.order_by("pk"):
        transition(photo, to=PhotoStatus.REJECTED, actor="system:erasure", now=now)
    ReviewPhoto.objects.filter(review__member__in=member_ids, removed_at=None).update(remove_at=now)
    if phone_index is None:
        return
    waiting = Q(phone_index=phone_index) | Q(member__in=member_ids)
    for notice in ArrivalNotice.objects.filter(waiting).order_by("pk"):
        if notice.status == ArrivalStatus.WAITING:
            transition(notice, to=ArrivalStatus.STOPPED, actor="system:erasure", now=now)
        ArrivalNotice.objects.filter(pk=notice.pk).update(phone_sealed="", phone_index=f"erased:{notice.pk}")
