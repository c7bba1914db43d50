"""The acts of settlement: booking what orders tells, and agreeing on the rules of the split."""

from settlement.services.booking import (
    book_drawer,
    book_orphan,
    book_orphan_refund,
    book_payment,
    book_refund,
    book_sale,
)
from settlement.services.reversing import book_reversal
from settlement.services.rule_versions import (
    RuleAlreadyApproved,
    RuleOverlaps,
    RuleStartsTooEarly,
    SecondPersonNeeded,
    approve_rule_version,
    draft_return_handling,
    draft_rule_version,
)

__all__ = [
    "RuleAlreadyApproved",
    "RuleOverlaps",
    "RuleStartsTooEarly",
    "SecondPersonNeeded",
    "approve_rule_version",
    "book_drawer",
    "book_orphan",
    "book_orphan_refund",
    "book_payment",
    "book_refund",
    "book_reversal",
    "book_sale",
    "draft_return_handling",
    "draft_rule_version",
]
