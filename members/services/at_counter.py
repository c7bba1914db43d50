"""Members at a store's counter: made one on the spot, before there is an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from members import locks
from members.choices import ConsentSource
from members.models import Member
from members.services.coupons import welcome_member
from members.services.members import MAX_NAME_LENGTH
from members.services.profile import record_consent
from omni.kernel import numbers, sealing
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import step
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


class ConsentMissing(InvalidInput):
    """Nobody becomes a member without having agreed to the membership terms."""

    code = "consent_missing"


@step
def enrol_at_store(
    store_id: int, *, phone: str, name: str, has_agreed: bool, given: Collection[str], now: datetime
) -> int:
    """Make somebody at a store's counter a member of its brand, or find that they are; return the member's id.

    `given` are the topics they agree to (names as in `rules.TOPICS`). A new member has the store as their home and gets
    the welcome coupons; whoever proves the phone later finds the membership in their account.

    :raises InvalidInput: with field "phone" or "name".
    :raises NotFound: when there is no such store.
    :raises ConsentMissing: with field "agreed", for a new member who did not agree to the terms.
    """
    number = sealing.normalise_phone(phone)
    clean = " ".join(name.split())
    if len(clean) > MAX_NAME_LENGTH or not clean.isprintable():
        raise InvalidInput(_("Enter a name of at most 60 characters."), field="name")
    brand_id = stores_queries.find_brand_of(store_id)
    if brand_id is None:
        raise NotFound
    known = Member.objects.filter(brand=brand_id, phone_index=sealing.blind_index(number)).first()
    if known is not None:
        return known.pk
    if not has_agreed:
        raise ConsentMissing(_("They have to agree to the membership terms."), field="agreed")
    member, is_new = Member.objects.get_or_create(
        brand_id=brand_id,
        phone_index=sealing.blind_index(number),
        defaults={
            "number": numbers.public_number("M"),
            "name": clean,
            "phone_sealed": sealing.seal(number),
            "home_store_id": store_id,
            "joined_at": now,
        },
    )
    if is_new:
        welcome_member(member.pk, brand_id, now=now)
        record_consent(member.pk, given, source=ConsentSource.STORE, now=now)
    return member.pk


@step
def lock_member(member_id: int) -> None:
    """Lock a member for an act that locks later rows before it comes to them.

    :raises NotFound: when there is no such member.
    """
    locks.lock_member(member_id)
