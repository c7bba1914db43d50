"""Reads of accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import Q, QuerySet

from omni.accounts.choices import OPEN_ERASURES, ErasureStatus, HoldReason, KeptReason
from omni.accounts.models import Erasure, User
from omni.kernel import sealing

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


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


def names_of(user_ids: Collection[int]) -> dict[int, str]:
    """Return what accounts are called, by id: their name, else the name they sign in with."""
    users = User.objects.filter(pk__in=user_ids)
    return {user.pk: user.get_full_name() or user.get_username() for user in users}


def find_by_phone(phone: str) -> User | None:
    """Return the account that a phone (E.164) belongs to, or None."""
    return User.objects.filter(phone_index=sealing.blind_index(phone)).first()


def phone_index_of(user_id: int) -> QuerySet[User, str | None]:
    """Return the blind index of an account's proven phone as a subquery of one value; no row when there is none."""
    return User.objects.filter(pk=user_id, phone_index__isnull=False).values_list("phone_index", flat=True)


@dataclass(frozen=True, slots=True)
class ErasureView:
    """How far the newest erasure of an account has come; texts are in the language of the reader."""

    status: str
    status_label: str
    requested_at: datetime
    due_at: datetime | None
    held_for: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Tell whether it is still to be done."""
        return self.status in OPEN_ERASURES

    @property
    def is_held(self) -> bool:
        """Tell whether it has to wait for something."""
        return self.status == ErasureStatus.HELD


def find_erasure(user_id: int) -> ErasureView | None:
    """Return the newest erasure of an account that was not withdrawn, or None."""
    erasure = Erasure.objects.filter(user=user_id).exclude(status=ErasureStatus.CANCELLED).order_by("-pk").first()
    if erasure is None:
        return None
    answers = list(erasure.answers.order_by("part"))
    return ErasureView(
        erasure.status,
        str(ErasureStatus(erasure.status).label),
        erasure.requested_at,
        erasure.due_at,
        tuple(dict.fromkeys(str(HoldReason(answer.held_for).label) for answer in answers if answer.held_for)),
        tuple(dict.fromkeys(str(KeptReason(answer.kept).label) for answer in answers if answer.kept)),
    )


def audit_erasures(*, overdue: datetime) -> tuple[int, int, list[str] | None]:
    """Check that no erasure has waited since before a moment, or for nothing; name up to twenty that have."""
    unfinished = Erasure.objects.filter(status__in=OPEN_ERASURES)
    wrong = unfinished.filter(Q(due_at__isnull=True) | Q(due_at__lt=overdue))
    named = [
        f"erasure {key}: {status}, round {number}"
        for key, status, number in wrong.order_by("pk").values_list("pk", "status", "round")[:20]
    ]
    return unfinished.count(), wrong.count(), named


def export_account(user_id: int) -> dict[str, list[dict[str, object]]]:
    """Return what is kept of an account, by table."""
    user = User.objects.get(pk=user_id)
    identity = get_identity(user_id)
    profile: dict[str, object] = {
        "name": identity.name,
        "phone": identity.phone,
        "language": user.language,
        "joined_at": user.date_joined,
        "last_signed_in_at": user.last_login,
    }
    keys = Authenticator.objects.filter(user=user_id, type=Authenticator.Type.WEBAUTHN).order_by("pk")
    linked = SocialAccount.objects.filter(user=user_id).order_by("pk")
    erasures = Erasure.objects.filter(user=user_id).order_by("pk")
    return {
        "profile": [profile],
        "passkeys": [
            {"name": row.wrap().name, "created_at": row.created_at, "last_used_at": row.last_used_at} for row in keys
        ],
        "linked_accounts": [
            {"provider": row.provider, "id": row.uid, "nickname": row.extra_data.get("nickname", "")} for row in linked
        ],
        "erasures": [dict(row) for row in erasures.values("status", "requested_at", "finished_at")],
    }
