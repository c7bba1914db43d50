"""Reads of accounts."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import QuerySet

from omni.accounts.models import User
from omni.kernel import sealing


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an account is: a name, a language, and the phone that was proven, if one was."""

    user_id: int
    name: str = field(repr=False)
    language: str
    phone_sealed: str
    phone_index: str | None

    @property
    def phone(self) -> str:
        """Return the phone in E.164; empty when none was proven."""
        return sealing.unseal(self.phone_sealed) if self.phone_sealed else ""


def get_identity(user_id: int) -> Identity:
    """Return who an account is."""
    user = User.objects.get(pk=user_id)
    return Identity(user.pk, user.first_name, user.language, user.phone_sealed, user.phone_index)


def find_by_phone(phone: str) -> User | None:
    """Return the account that a phone (E.164) belongs to, or None."""
    return User.objects.filter(phone_index=sealing.blind_index(phone)).first()


def phone_index_of(user_id: int) -> QuerySet[User, str | None]:
    """Return the blind index of an account's proven phone as a subquery of one value; no row when there is none."""
    return User.objects.filter(pk=user_id, phone_index__isnull=False).values_list("phone_index", flat=True)
