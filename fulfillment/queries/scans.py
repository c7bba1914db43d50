"""What our QR codes hold.

A collection: `OMNI:PICKUP:1:<number of the fulfillment order>:<six digits>`. It proves as much as the digits do, and no
more. A parcel: `OMNI:PARCEL:1:<number of the parcel>`; its bar code (Code 128) holds the number alone. On the label of
an express parcel the bar code holds the waybill.
Only characters of a QR code's alphanumeric mode, so they stay coarse and are read off a dim phone. The 1 is the version
of the format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from omni.kernel.numbers import is_valid_number

PREFIX = "OMNI:PICKUP:1:"
PARCEL_PREFIX = "OMNI:PARCEL:1:"
_WAYBILL = re.compile(r"[0-9A-Z]{6,40}")
DIGITS = 6
_SCANNED = re.compile(rf"{PREFIX}([0-9A-Z-]{{1,32}}):([0-9]{{6}})")


class Scan(NamedTuple):
    """A fulfillment order's number and the digits that its shopper shows."""

    number: str
    digits: str


def pickup_text(number: str, digits: str) -> str:
    """Return what a shopper's QR code holds."""
    return f"{PREFIX}{number}:{digits}"


def read_pickup_text(text: str) -> Scan | None:
    """Read what a scanner has typed; None when it is none of our codes."""
    found = _SCANNED.fullmatch(text.strip().upper())
    return Scan(found[1], found[2]) if found else None


def looks_like_pickup(text: str) -> bool:
    """Tell whether what was scanned or typed may be a shopper's code: what its QR code holds, or six digits."""
    digits = unicodedata.normalize("NFKC", "".join(text.split()))
    return read_pickup_text(text) is not None or (len(digits) == DIGITS and digits.isascii() and digits.isdigit())


def parcel_text(number: str) -> str:
    """Return what the QR code of a parcel's label holds."""
    return f"{PARCEL_PREFIX}{number}"


def read_parcel_text(text: str) -> str:
    """Return the number of a parcel that a scanner read off its label or somebody typed; "" when it is none."""
    number = text.strip().upper().removeprefix(PARCEL_PREFIX)
    return number if number.startswith("K") and is_valid_number(number) else ""


def read_waybill_text(text: str) -> str:
    """Return a waybill that a scanner read off an express label or somebody typed; "" when it cannot be one."""
    waybill = "".join(text.split()).upper()
    return waybill if _WAYBILL.fullmatch(waybill) else ""
