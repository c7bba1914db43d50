"""The digits of a member's code, which changes every minute: pure arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A member's code: ten digits that hide who it is, eight that prove it. It changes every minute.
CODE_SECONDS = 60
CODE_DIGITS = 18
PROOF_DIGITS = 8
# The code shown now and those of the two minutes before.
CODES_ALIVE = 3

_BODY: int = 10 ** (CODE_DIGITS - PROOF_DIGITS)
_PROOF: int = 10**PROOF_DIGITS


def code_window(seconds: float) -> int:
    """Return the minute (since 1970) of a moment in seconds."""
    return int(seconds) // CODE_SECONDS


def write_code(member_id: int, window: int, keyed_hash: Callable[[str], int]) -> str:
    """Return a member's code of a minute."""
    proof = keyed_hash(f"member-code:{member_id}:{window}") % _PROOF
    body = (member_id + keyed_hash(f"member-mask:{proof}:{window}")) % _BODY
    return f"{body:0{CODE_DIGITS - PROOF_DIGITS}d}{proof:0{PROOF_DIGITS}d}"


def read_code(digits: str, window: int, keyed_hash: Callable[[str], int]) -> int | None:
    """Return the member whose code this is at a minute, also when it has just changed; None when it is nobody's."""
    body, proof = int(digits[:-PROOF_DIGITS]), int(digits[-PROOF_DIGITS:])
    for earlier in range(CODES_ALIVE):
        at = window - earlier
        member_id = (body - keyed_hash(f"member-mask:{proof}:{at}")) % _BODY
        if keyed_hash(f"member-code:{member_id}:{at}") % _PROOF == proof:
            return member_id
    return None
