"""Issuing API keys and ending them."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from omni.api.choices import Scope
from omni.api.models import ApiKey
from omni.api.queries import hash_secret
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET_BYTES = 32
# How exactly it is known when a key was last used; each time would be a write a request.
USE_INTERVAL = timedelta(minutes=1)


class UnknownScope(InvalidInput):
    """There is no such scope."""

    code = "unknown_scope"


@step
def issue_api_key(
    brand_id: int, *, name: str, scopes: Sequence[str], expires_at: datetime, now: datetime
) -> tuple[ApiKey, str]:
    """Make a key of a brand and return it with its text, `prefix.secret`, which nobody can read again.

    :raises UnknownScope: with field "scopes", when there is none or one of them does not exist.
    :raises InvalidInput: with field "expires_at", when it would have expired already.
    """
    if not scopes or not set(scopes) <= set(Scope.values):
        raise UnknownScope(_("Choose among these scopes: %(known)s."), field="scopes", known=", ".join(Scope.values))
    if expires_at <= now:
        raise InvalidInput(_("A key expires in the future."), field="expires_at")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey.objects.create(
        brand_id=brand_id,
        name=name,
        prefix=f"omni_{secrets.token_hex(5)}",
        secret_hash=hash_secret(secret),
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=expires_at,
    )
    return key, f"{key.prefix}.{secret}"


@step
def revoke_api_key(prefix: str, *, now: datetime) -> None:
    """End a key at once; one that is revoked keeps the moment of the first time.

    :raises NotFound: when there is no such key.
    """
    if not ApiKey.objects.filter(prefix=prefix).exists():
        raise NotFound
    ApiKey.objects.filter(prefix=prefix, revoked_at=None).update(revoked_at=now)


@step
def note_use(key_id: int, *, now: datetime) -> None:
    """Write when a key was last used, to the minute."""
    is_old = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_INTERVAL)
    ApiKey.objects.filter(is_old, pk=key_id).update(last_used_at=now)
