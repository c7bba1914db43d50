"""Whose key it is."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from omni.api.models import ApiKey

if TYPE_CHECKING:
    from datetime import datetime


def hash_secret(secret: str) -> str:
    """Return what is kept of a secret. It is random and long, so a slow hash would guard nothing more."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_live_key(text: str, now: datetime) -> ApiKey | None:
    """Return the key that `prefix.secret` opens, None when there is none, or it has expired or been revoked."""
    if not text.isprintable():  # nor may the database be asked for every character
        return None
    prefix, _dot, secret = text.partition(".")
    key = ApiKey.objects.filter(prefix=prefix, revoked_at=None, expires_at__gt=now).first()
    if key is None or not hmac.compare_digest(key.secret_hash, hash_secret(secret)):
        return None
    return key
