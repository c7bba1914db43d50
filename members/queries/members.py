"""Reads of members, and of what an account keeps for all brands."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models import AccountAddress, Member
from omni.kernel import bilingual, sealing
from omni.kernel.errors import InvalidInput, NotFound
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class MembershipView:
    """A brand, and the account's member number there; empty where it has not joined."""

    brand_code: str
    brand_name: str
    number: str


@dataclass(frozen=True, slots=True)
class AddressView:
    """An address as its owner sees it; `place` is the text by which the district is chosen."""

    id: int
    recipient: str = field(repr=False)
    phone: str = field(repr=False)
    district_label: str
    street: str = field(repr=False)
    place: str
    is_default: bool

    @property
    def phone_masked(self) -> str:
        """Return the phone as a list shows it."""
        return sealing.mask_phone(self.phone)


class UnknownMember(InvalidInput):
    """The brand has no member of this number."""

    code = "unknown_member"


def get_member_id(brand_id: int, number: str) -> int:
    """Return the id of a brand's member by their number.

    :raises UnknownMember: naming the field "member_number".
    """
    found = Member.objects.filter(brand=brand_id, number=number.strip().upper()) if number.isprintable() else None
    member_id = found.values_list("pk", flat=True).first() if found is not None else None
    if member_id is None:
        raise UnknownMember(_("There is no such member."), field="member_number")
    return member_id


def get_named_member_id(brand_id: int, text: str) -> int:
    """Return the id of a brand's member by what somebody calls them: their number, or their phone.

    :raises UnknownMember: naming the field "member".
    """
    wanted = text.strip()
    named = Q(number=wanted.upper())
    with suppress(InvalidInput):
        named |= Q(phone_index=sealing.blind_index(sealing.normalise_phone(wanted)))
    found = Member.objects.filter(named, brand=brand_id).first() if wanted and wanted.isprintable() else None
    if found is None:
        raise UnknownMember(_("The brand has no member of this number or phone."), field="member")
    return found.pk


def find_membership(user_id: int, brand_code: str) -> int | None:
    """Return the id of an account's membership with a brand, or None before it has one."""
    return Member.objects.filter(user=user_id, brand__code=brand_code).values_list("pk", flat=True).first()


def memberships_of(user_id: int) -> list[MembershipView]:
    """Return every brand with the account's member number there."""
    numbers = dict(Member.objects.filter(user=user_id).values_list("brand_id", "number"))
    return [
        MembershipView(brand.code, bilingual.name_of(brand), numbers.get(brand.pk, ""))
        for brand in stores_queries.active_brands()
    ]


def addresses_of(user_id: int) -> list[AddressView]:
    """Return the account's addresses, the default first."""
    rows = _addresses(user_id).select_related("district")
    return [_view(address, is_default=position == 0) for position, address in enumerate(rows)]


def get_address_for(user_id: int, address_id: int) -> AddressView:
    """Return an address of the account.

    :raises NotFound: there is none, or it is somebody else's.
    """
    for address in addresses_of(user_id):
        if address.id == address_id:
            return address
    raise NotFound


def _addresses(user_id: int) -> QuerySet[AccountAddress]:
    newest = F("preferred_at").desc(nulls_last=True)
    return AccountAddress.objects.filter(user=user_id).order_by(newest, "pk")


def _view(address: AccountAddress, *, is_default: bool) -> AddressView:
    place = stores_queries.find_place(address.district_id)
    return AddressView(
        id=address.pk,
        recipient=address.recipient,
        phone=sealing.unseal(address.phone_sealed),
        district_label=place.full_label if place else "",
        street=address.street,
        place=address.district_id,
        is_default=is_default,
    )
