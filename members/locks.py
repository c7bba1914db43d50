"""The row locks of members: Member first, then uses of offers. Guarded updates of counters come after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members.choices import ArrivalStatus
from members.models import ArrivalNotice, Member, OfferUse
from omni.kernel.errors import NotFound
from omni.kernel.locking import locked

if TYPE_CHECKING:
    from collections.abc import Iterable


def lock_member(member_id: int) -> Member:
    """Lock a member and return it as it is now.

    :raises NotFound: when there is no such member.
    """
    rows = locked(Member.objects.filter(pk=member_id))
    if not rows:
        raise NotFound
    return rows[0]


def lock_uses(owner: str) -> list[OfferUse]:
    """Lock the members of an owner's offers, then what was not given back yet, and return that as it is now."""
    _lock_members(OfferUse.objects.filter(owner=owner, given_back_at=None).values_list("member_id", flat=True))
    return locked(OfferUse.objects.filter(owner=owner, given_back_at=None))


def _lock_members(member_ids: Iterable[int | None]) -> None:
    wanted = {member_id for member_id in member_ids if member_id is not None}
    if wanted:
        locked(Member.objects.filter(pk__in=wanted))


def lock_arrivals(variant_id: int) -> list[ArrivalNotice]:
    """Lock those who wait for a variant, and return them as they are now; nothing else may be locked after."""
    return locked(ArrivalNotice.objects.filter(variant=variant_id, status=ArrivalStatus.WAITING))
