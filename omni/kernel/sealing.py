"""Personal data at rest: sealed with AES-GCM under a named key, found again by a blind index, shown masked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import InvalidInput

_NONCE_BYTES = 12
_PHONE_CHARACTERS = re.compile(r"[+＋]?[\d\s()./\-‐-―−－]{5,40}")


class CannotUnseal(ValueError):
    """A sealed text was changed, or its key is not among the configured ones."""


def seal(text: str) -> str:
    """Encrypt a text under the first of SEALING_KEYS; the result starts with the key's id and differs every time."""
    key_id, key = next(iter(settings.SEALING_KEYS.items()))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), key_id.encode())
    return f"{key_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(sealed: str) -> str:
    """Decrypt what `seal` returned, under whichever of SEALING_KEYS it names.

    :raises CannotUnseal: when the key is unknown or the text was changed.
    """
    key_id, _colon, encoded = sealed.partition(":")
    key = settings.SEALING_KEYS.get(key_id)
    if key is None:
        raise CannotUnseal("The sealing key of this text is not configured.")
    try:
        raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], key_id.encode()).decode()
    except (ValueError, InvalidTag) as error:
        raise CannotUnseal("This sealed text was changed.") from error


def blind_index(text: str) -> str:
    """Return a keyed hash (64 hex digits) by which a sealed text can be found; normalise the text first."""
    return hmac.new(settings.BLIND_INDEX_KEY, text.encode(), hashlib.sha256).hexdigest()


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
