"""Reads of the ledger, the credit and the rules behind it."""

from settlement.queries.audit import (
    audit_credit,
    audit_journals,
    audit_order_money,
    audit_orphans,
    audit_reversals,
    audit_sales,
    last_entry_before,
)
from settlement.queries.credit import (
    CreditTotal,
    CreditView,
    credit_by_day,
    credit_by_guide,
    credit_by_role,
    credit_by_store,
    credit_of_order,
)
from settlement.queries.facts import (
    CollectionFacts,
    RefundFacts,
    collection_facts,
    refund_facts,
    reversal_facts,
    sale_facts,
)
from settlement.queries.ledger import (
    JournalLineView,
    TrialBalanceRow,
    journal_of_order,
    trial_balance,
)
from settlement.queries.rule_versions import NoRuleInForce, find_rule_in_force, rule_in_force

__all__ = [
    "CollectionFacts",
    "CreditTotal",
    "CreditView",
    "JournalLineView",
    "NoRuleInForce",
    "RefundFacts",
    "TrialBalanceRow",
    "audit_credit",
    "audit_journals",
    "audit_order_money",
    "audit_orphans",
    "audit_reversals",
    "audit_sales",
    "collection_facts",
    "credit_by_day",
    "credit_by_guide",
    "credit_by_role",
    "credit_by_store",
    "credit_of_order",
    "find_rule_in_force",
    "journal_of_order",
    "last_entry_before",
    "refund_facts",
    "reversal_facts",
    "rule_in_force",
    "sale_facts",
    "trial_balance",
]
