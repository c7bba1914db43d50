"""Personal data at rest: sealed with AES-GCM under a named key, found again by a blind index, shown masked."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
import re
from typing import NamedTuple

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import InvalidInput

_KEY_BYTES = 32
_NONCE_BYTES = 12
_PHONE_CHARACTERS = re.compile(r"[+＋]?[\d\s()./\-‐-―−－]{5,40}")


class CannotUnseal(ValueError):
    """A sealed text was changed, or its key is not among the configured ones."""


class _Keys(NamedTuple):
    current: str
    ciphers: dict[str, AESGCM]
    index_key: bytes


def seal(text: str) -> str:
    """Encrypt a text under the current key; the result starts with the key's id and differs every time."""
    keys = _load_keys()
    nonce = os.urandom(_NONCE_BYTES)
    sealed = keys.ciphers[keys.current].encrypt(nonce, text.encode(), keys.current.encode())
    return f"{keys.current}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(sealed: str) -> str:
    """Decrypt what `seal` returned, under whichever configured key it names.

    :raises CannotUnseal: when the key is unknown or the text was changed.
    """
    key_id, _colon, encoded = sealed.partition(":")
    cipher = _load_keys().ciphers.get(key_id)
    if cipher is None:
        raise CannotUnseal("The sealing key of this text is not configured.")
    try:
        raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
        return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], key_id.encode()).decode()
    except (ValueError, InvalidTag) as error:
        raise CannotUnseal("This sealed text was changed.") from error


def blind_index(text: str) -> str:
    """Return a keyed hash (64 hex digits) by which a sealed text can be found; normalise the text first."""
    return hmac.new(_load_keys().index_key, text.encode(), hashlib.sha256).hexdigest()


def normalise_phone(raw: str) -> str:
    """Return a phone number in E.164, read as a Chinese one when it names no country: `+8613800138000`.

    :raises InvalidInput: with field "phone", when it is no possible number.
    """
    refusal = InvalidInput(_("Enter a valid phone number."), field="phone")
    text = raw.strip()
    if not _PHONE_CHARACTERS.fullmatch(text):
        raise refusal
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException as error:
        raise refusal from error
    if not phonenumbers.is_valid_number(number):
        raise refusal
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask_phone(e164: str) -> str:
    """Return a phone number fit to be shown: `138****8000`, or `+65 ****1234` for another country's."""
    chinese = re.fullmatch(r"\+86(\d{3})\d{4}(\d{4})", e164)
    if chinese:
        return f"{chinese[1]}****{chinese[2]}"
    number = phonenumbers.parse(e164, None)
    return f"+{number.country_code} ****{e164[-4:]}"


def _load_keys() -> _Keys:
    """Read SEALING_KEYS (key id to 32 bytes in base64; the first is current) and SEALING_INDEX_KEY.

    Where they are empty they are derived from SECRET_KEY, which is for a fresh machine: keys of their own can be
    rotated and kept apart.
    """
    return _build_keys(tuple(settings.SEALING_KEYS.items()), settings.SEALING_INDEX_KEY, settings.SECRET_KEY)


@functools.lru_cache(maxsize=4)
def _build_keys(configured: tuple[tuple[str, str], ...], index_key: str, secret: str) -> _Keys:
    """Build the ciphers once for each configuration."""
    raw = {key_id: _decode_key(encoded) for key_id, encoded in configured} or {
        "derived": _derive_key(secret, b"sealing")
    }
    return _Keys(
        current=next(iter(raw)),
        ciphers={key_id: AESGCM(key) for key_id, key in raw.items()},
        index_key=_decode_key(index_key) if index_key else _derive_key(secret, b"blind index"),
    )


def _decode_key(encoded: str) -> bytes:
    """Decode one configured key."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise ImproperlyConfigured("A sealing key is not base64.") from error
    if len(key) != _KEY_BYTES:
        raise ImproperlyConfigured("A sealing key has 32 bytes, in base64.")
    return key


def _derive_key(secret: str, purpose: bytes) -> bytes:
    """Derive a key for one purpose from the secret of the installation."""
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(secret.encode())
