"""What the QR code of a collection holds: `OMNI:PICKUP:1:<number of the fulfillment order>:<six digits>`.

Only characters of a QR code's alphanumeric mode, so it stays coarse and is read off a dim phone. The 1 is the version
of the format. It proves as much as the digits do, and no more.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PREFIX = "OMNI:PICKUP:1:"
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
