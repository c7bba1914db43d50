"""Memberships, one for each phone and brand, and the addresses that an account keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from members.models import AccountAddress, Member
from members.services.coupons import welcome_member
from omni.accounts import queries as accounts_queries
from omni.kernel import numbers, sealing
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.transactions import step
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

MOST_ADDRESSES = 20
MAX_NAME_LENGTH = 60
MAX_STREET_LENGTH = 200


class NoProvenPhone(Conflict):
    """A member is known by a phone, and this account has proven none."""

    code = "no_proven_phone"


class TooManyAddresses(Conflict):
    """An account keeps only so many addresses."""

    code = "too_many_addresses"


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An address as somebody typed it."""

    recipient: str = field(repr=False)
    phone: str = field(repr=False)
    district_code: str
    street: str = field(repr=False)


@step
def enrol(user_id: int, brand_id: int, *, now: datetime) -> int:
    """Make an account's person a member of a brand, or find that they are; return the member's id.

    A membership that a store began for the same phone becomes the account's. A new member gets the welcome coupons.

    :raises NoProvenPhone: the account has no phone.
    """
    identity = accounts_queries.get_identity(user_id)
    if identity.phone_index is None:
        raise NoProvenPhone(_("Sign in with your phone to become a member."))
    member, is_new = Member.objects.get_or_create(
        brand_id=brand_id,
        phone_index=identity.phone_index,
        defaults={
            "user_id": user_id,
            "number": numbers.public_number("M"),
            "name": identity.name,
            "phone_sealed": identity.phone_sealed,
            "language": identity.language,
            "joined_at": now,
        },
    )
    if is_new:
        welcome_member(member.pk, brand_id, now=now)
    elif member.user_id is None:
        Member.objects.filter(pk=member.pk, user=None).update(user=user_id)
    return member.pk


@step
def claim_memberships(user_id: int) -> int:
    """Give an account the memberships that stores began for its proven phone; return how many were new to it."""
    index = accounts_queries.get_identity(user_id).phone_index
    return Member.objects.filter(phone_index=index, user=None).update(user=user_id) if index else 0


@step
def rename_member(user_id: int, *, name: str, language: str) -> None:
    """Let every brand the account has joined know the name and language."""
    Member.objects.filter(user=user_id).update(name=name, language=language)


@step
def add_address(user_id: int, address: NewAddress, *, is_default: bool, now: datetime) -> int:
    """Keep another address; return its id.

    :raises InvalidInput: with field "recipient", "phone", "place" or "street".
    :raises TooManyAddresses: there are twenty already.
    """
    values = _checked(address)
    if AccountAddress.objects.filter(user=user_id).count() >= MOST_ADDRESSES:
        raise TooManyAddresses(_("You have as many addresses as we keep. Delete one first."))
    preferred_at = now if is_default else None
    created = AccountAddress.objects.create(user_id=user_id, preferred_at=preferred_at, created_at=now, **values)
    return created.pk


@step
def change_address(user_id: int, address_id: int, address: NewAddress, *, is_default: bool, now: datetime) -> None:
    """Write an address anew; orders placed with it keep theirs.

    :raises InvalidInput: with field "recipient", "phone", "place" or "street".
    :raises NotFound: there is none, or it is somebody else's.
    """
    values = _checked(address) | ({"preferred_at": now} if is_default else {})
    if not AccountAddress.objects.filter(pk=address_id, user=user_id).update(**values):
        raise NotFound


@step
def prefer_address(user_id: int, address_id: int, *, now: datetime) -> None:
    """Make an address the default.

    :raises NotFound: there is none, or it is somebody else's.
    """
    if not AccountAddress.objects.filter(pk=address_id, user=user_id).update(preferred_at=now):
        raise NotFound


@step
def delete_address(user_id: int, address_id: int) -> None:
    """Forget an address; the default is then the one that was preferred before it.

    :raises NotFound: there is none, or it is somebody else's.
    """
    deleted, _by_model = AccountAddress.objects.filter(pk=address_id, user=user_id).delete()
    if not deleted:
        raise NotFound


def _checked(address: NewAddress) -> dict[str, str]:
    """Return an address as it is stored.

    :raises InvalidInput: something in it cannot be right.
    """
    recipient, street = " ".join(address.recipient.split()), " ".join(address.street.split())
    if len(recipient) > MAX_NAME_LENGTH or not recipient.isprintable() or not any(map(str.isalpha, recipient)):
        raise InvalidInput(_("Enter a name with at least one letter or Chinese character."), field="recipient")
    if len(street) > MAX_STREET_LENGTH or not street.isprintable() or not any(map(str.isalnum, street)):
        raise InvalidInput(_("Enter the street and house number."), field="street")
    try:
        district = stores_queries.get_district(address.district_code)
    except InvalidInput as error:
        raise InvalidInput(_("Choose your district."), field="place") from error
    phone = sealing.normalise_phone(address.phone)
    return {
        "recipient": recipient, "phone_sealed": sealing.seal(phone), "district_id": district.pk, "street": street,
    }  # fmt: skip
