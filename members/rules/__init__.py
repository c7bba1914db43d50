"""Pure rules of members: consent, codes, offers and points; no database, no clock."""

from members.rules.codes import (
    CODE_DIGITS,
    CODE_SECONDS,
    code_window,
    read_code,
    write_code,
)
from members.rules.consent import (
    TOPICS,
    WORDING,
    Topic,
)

__all__ = [
    "CODE_DIGITS",
    "CODE_SECONDS",
    "TOPICS",
    "WORDING",
    "Topic",
    "code_window",
    "read_code",
    "write_code",
]
