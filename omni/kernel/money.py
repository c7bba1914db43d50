"""Money as integer fen. The only place that rounds or splits; no float comes near it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

PPM = 1_000_000
_YUAN = re.compile(r"(-?)[¥￥]?(\d{1,13})(?:\.(\d{1,2}))?", re.ASCII)


def share_of(amount_fen: int, ppm: int) -> int:
    """Return the share of an amount at a rate in parts per million, half up, symmetric about zero."""
    product = amount_fen * ppm
    rounded = (abs(product) + PPM // 2) // PPM
    return -rounded if product < 0 else rounded


def split(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights; the parts always sum to it.

    Largest remainder: every part is rounded toward zero, then the fen left over go one each to the largest
    remainders, the earlier of equals first. A negative amount is split as its opposite, negated.

    :raises ValueError: when a weight is negative, or none is positive.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("Weights must not be negative, and at least one must be positive.")
    sign = -1 if amount_fen < 0 else 1
    whole = [divmod(abs(amount_fen) * weight, total) for weight in weights]
    parts = [part for part, _remainder in whole]
    by_remainder = sorted(range(len(whole)), key=lambda index: -whole[index][1])
    for index in by_remainder[: abs(amount_fen) - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def cumulative_part(amount_fen: int, part: int, whole: int) -> int:
    """Return what the first `part` of `whole` equal units amount to, rounded toward zero.

    Unit k is worth `cumulative_part(a, k, n) - cumulative_part(a, k - 1, n)`: units dealt with one by one, in any
    grouping, sum to the amount to the fen.

    :raises ValueError: when `whole` is not positive or `part` is outside 0..whole.
    """
    if whole <= 0 or not 0 <= part <= whole:
        raise ValueError("A part lies between nothing and the whole, and the whole is positive.")
    floor = abs(amount_fen) * part // whole
    return -floor if amount_fen < 0 else floor


def format_fen(amount_fen: int) -> str:
    """Return an amount as people read it: `¥1,234.50`, `-¥0.01`."""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}¥{yuan:,}.{fen:02d}"


def yuan_to_fen(text: str, *, field: str = "amount") -> int:
    """Read an amount in yuan (`1234.5`, `¥1,234.50`, `-0.01`) as fen.

    :raises InvalidInput: when it is not a number with at most two decimals.
    """
    cleaned = text.strip()
    if "," in cleaned:
        if not re.fullmatch(r"-?[¥￥]?\d{1,3}(,\d{3})+(\.\d{1,2})?", cleaned, re.ASCII):
            raise InvalidInput(_("Enter an amount in yuan with at most two decimals."), field=field)
        cleaned = cleaned.replace(",", "")
    match = _YUAN.fullmatch(cleaned)
    if match is None:
        raise InvalidInput(_("Enter an amount in yuan with at most two decimals."), field=field)
    sign, yuan, fen = match.groups(default="")
    amount = int(yuan) * 100 + int(fen.ljust(2, "0"))
    return -amount if sign else amount
