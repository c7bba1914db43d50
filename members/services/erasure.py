"""Forgetting a person as brands know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from members.choices import ConsentSource
from members.models import AccountAddress, Member, SizeProfile, Wish
from members.services.profile import record_consent
from omni.accounts import queries as accounts_queries
from omni.kernel.transactions import step
from omni.messages import services as messages_services

if TYPE_CHECKING:
    from datetime import datetime


@step
def erase_person(user_id: int, *, now: datetime) -> None:
    """Forget an account's addresses, wishes and sizes, who its memberships are, and whom messages went to.

    Memberships stay as numbers, for what was booked under them; so do records of consent, all taken back now.
    """
    identity = accounts_queries.get_identity(user_id)
    for kept in (AccountAddress, Wish, SizeProfile):
        kept.objects.filter(user=user_id).delete()
    mine = Q(user=user_id)
    if identity.phone_index is not None:
        mine |= Q(phone_index=identity.phone_index)
    for member in Member.objects.filter(mine).order_by("pk"):
        record_consent(member.pk, (), source=ConsentSource.ERASURE, now=now)
        Member.objects.filter(pk=member.pk).update(
            user=user_id, name="", phone_sealed="", phone_index=f"erased:{member.pk}"
        )
    messages_services.forget_recipients([identity.phone_index or ""], now=now)
