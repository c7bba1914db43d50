"""Public numbers: random, check-digited, free of look-alike characters; and digits for secret codes."""

from __future__ import annotations

import re
import secrets

# Without 0, O, 1, I and L, which people mistake for one another.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

_VALUES = {symbol: value for value, symbol in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_MODULUS = 37
_SYMBOLS = 15
_GROUP = 5
_SHAPE = re.compile(rf"[A-Z]{{1,4}}[{ALPHABET}]{{{_SYMBOLS - 4},{_SYMBOLS - 1}}}")


def public_number(prefix: str) -> str:
    """Return a new number such as `O7K2M-9QX4T-3HB8W`: 17 characters that begin with the prefix.

    The last character checks the rest: the sum of values weighted by position is 0 modulo the prime 37, which finds
    every single wrong character and every exchange of two. The number is no credential. Uniqueness is the column's:
    ten random characters or more (49 bits) make a collision a matter for a retry, not for a loop here.

    :raises ValueError: when the prefix is not one to four letters A to Z.
    """
    if not re.fullmatch(r"[A-Z]{1,4}", prefix):
        raise ValueError("A prefix is one to four letters A to Z.")
    while True:
        body = prefix + "".join(secrets.choice(ALPHABET) for _position in range(_SYMBOLS - 1 - len(prefix)))
        check = _symbol_for(-_weighted_sum(body + "0") % _MODULUS)
        if check is not None:
            symbols = body + check
            return "-".join(symbols[start : start + _GROUP] for start in range(0, _SYMBOLS, _GROUP))


def is_valid_number(text: str) -> bool:
    """Tell whether a text has the exact form of a public number and its check character fits."""
    groups = text.split("-")
    symbols = "".join(groups)
    return (
        [len(group) for group in groups] == [_GROUP] * (_SYMBOLS // _GROUP)
        and _SHAPE.fullmatch(symbols) is not None
        and _weighted_sum(symbols) % _MODULUS == 0
    )


def secret_digits(count: int) -> str:
    """Return that many digits from the system's secure source, leading zeros included."""
    return "".join(secrets.choice("0123456789") for _position in range(count))


def _weighted_sum(symbols: str) -> int:
    """Sum the values, weighted by position from the right (1, 2, 3, ...): all weights differ modulo 37."""
    return sum(weight * _VALUES[symbol] for weight, symbol in enumerate(reversed(symbols), start=1))


def _symbol_for(value: int) -> str | None:
    """Return the unambiguous character of a value, if it has one."""
    return next((symbol for symbol in ALPHABET if _VALUES[symbol] == value), None)
