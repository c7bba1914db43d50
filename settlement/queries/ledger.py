"""What the journal adds up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

from settlement.models import JournalLine

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account of a brand with its totals; over all rows debits equal credits."""

    account: str
    type: str
    debit_fen: int
    credit_fen: int

    @property
    def balance_fen(self) -> int:
        """Return debits less credits: above zero for what is owned or owed to the brand."""
        return self.debit_fen - self.credit_fen


@dataclass(frozen=True, slots=True)
class JournalLineView:
    """One line of an order's journal, with the entry it belongs to."""

    cause: str
    business_on: date
    booked_at: datetime
    account: str
    debit_fen: int
    credit_fen: int


def trial_balance(brand_id: int, *, until: date | None = None) -> list[TrialBalanceRow]:
    """Return the totals of a brand's accounts by code, over business dates before `until` (None: all)."""
    lines = JournalLine.objects.filter(entry__brand=brand_id)
    if until is not None:
        lines = lines.filter(entry__business_on__lt=until)
    totals = lines.values("account__code", "account__type").annotate(debit=Sum("debit_fen"), credit=Sum("credit_fen"))
    return [
        TrialBalanceRow(row["account__code"], row["account__type"], row["debit"], row["credit"])
        for row in totals.order_by("account__code")
    ]


def journal_of_order(order_id: int) -> list[JournalLineView]:
    """Return every line booked for an order, in the order of booking."""
    lines = JournalLine.objects.filter(entry__order=order_id).order_by("entry", "pk")
    columns = ("entry__cause", "entry__business_on", "entry__booked_at", "account__code", "debit_fen", "credit_fen")
    return [JournalLineView(*row) for row in lines.values_list(*columns)]
