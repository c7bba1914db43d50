"""The acts of settlement: booking what orders tells, and agreeing on the rules of the split."""

from settlement.services.booking import (
    book_orphan,
    book_orphan_refund,
    book_payment,
    book_refund,
    book_sale,
)
from settlement.services.rule_versions import (
    RuleAlreadyApproved,
    RuleOverlaps,
    RuleStartsTooEarly,
    SecondPersonNeeded,
    approve_rule_version,
    draft_rule_version,
)

__all__ = [
    "RuleAlreadyApproved",
    "RuleOverlaps",
    "RuleStartsTooEarly",
    "SecondPersonNeeded",
    "approve_rule_version",
    "book_orphan",
    "book_orphan_refund",
    "book_payment",
    "book_refund",
    "book_sale",
    "draft_rule_version",
]
