"""The use cases of accounts."""

from omni.accounts.services.accounts import (
    MAX_NAME_LENGTH,
    AccountClosed,
    CannotCount,
    TooManyCodes,
    change_profile,
    count_code_request,
    count_try,
    find_by_password,
    forget_tries,
    join,
    refuse_closed,
)
from omni.accounts.services.erasure import (
    NothingToWithdraw,
    answer_erasure,
    drive_due_erasures,
    request_erasure,
    withdraw_erasure,
)

__all__ = [
    "MAX_NAME_LENGTH",
    "AccountClosed",
    "CannotCount",
    "NothingToWithdraw",
    "TooManyCodes",
    "answer_erasure",
    "change_profile",
    "count_code_request",
    "count_try",
    "drive_due_erasures",
    "find_by_password",
    "forget_tries",
    "join",
    "refuse_closed",
    "request_erasure",
    "withdraw_erasure",
]
