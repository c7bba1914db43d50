"""A member as a store's counter sees them: masked, with what they have to spend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from members import rules
from members.models import Member, PointsAccount, Tier
from members.queries.points import spend_of
from omni.kernel import bilingual, sealing

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class CounterMember:
    """Who stands at the counter; name and phone are masked."""

    member_id: int
    number: str
    name: str = field(repr=False)
    phone: str = field(repr=False)
    tier: str
    points: int
    has_account: bool


def consent_topics() -> list[tuple[str, StrOrPromise]]:
    """Return the name and the words of each topic that a member may agree to."""
    return [(topic.name, topic.words) for topic in rules.TOPICS]


def find_by_phone(brand_id: int, phone: str) -> int | None:
    """Return the id of a brand's member by their phone; None when nobody has joined with it.

    :raises InvalidInput: with field "phone", when it is no possible number.
    """
    index = sealing.blind_index(sealing.normalise_phone(phone))
    return Member.objects.filter(brand=brand_id, phone_index=index).values_list("pk", flat=True).first()


def counter_member(member_id: int, *, now: datetime) -> CounterMember:
    """Return a member as the counter sees them.

    :raises Member.DoesNotExist: when there is no such member.
    """
    member = Member.objects.get(pk=member_id)
    spend_fen = spend_of(member_id, now=now)
    tiers = Tier.objects.filter(brand=member.brand_id, threshold_fen__lte=spend_fen).order_by("-threshold_fen")
    tier = tiers.first()
    account = PointsAccount.objects.filter(member=member_id).first()
    return CounterMember(
        member_id=member_id,
        number=member.number,
        name=f"{member.name[:1]}**" if member.name else "",
        phone=sealing.mask_phone(sealing.unseal(member.phone_sealed)) if member.phone_sealed else "",
        tier=bilingual.name_of(tier) if tier else "",
        points=account.available if account else 0,
        has_account=member.user_id is not None,
    )
