"""Booking what came back: the mirror of exactly what its sale booked, whatever rules are in force now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.kernel.errors import Conflict
from omni.kernel.transactions import step
from settlement import queries, rules
from settlement.choices import CreditRole, RuleKind
from settlement.models import CreditEntry, JournalEntry
from settlement.services import booking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from settlement.rules import ReversalFacts, SaleFacts


class SaleNotBooked(Conflict):
    """The sale that came back is not booked yet; it will be, and the reversal after it."""

    code = "sale_not_booked"


@step
def book_reversal(recognition_id: int, *, now: datetime) -> list[CreditEntry]:
    """Book the mirror of one unit of a sale, or of a charge: its money is owed to the shopper, its credit taken back.

    Each role loses its part of what it was given, by the rule of that time; the store that received the goods is
    credited for that only if a rule says so. Returns the credit entries, those of the first time when told again.

    :raises SaleNotBooked: when the sale itself is still to be booked.
    """
    facts, back = queries.sale_facts(recognition_id), queries.reversal_facts(recognition_id)
    known = list(CreditEntry.objects.filter(recognition=recognition_id).order_by("pk"))
    if known:
        return known
    given = list(CreditEntry.objects.filter(recognition=back.sale_id).exclude(role=CreditRole.HANDLING).order_by("pk"))
    if not given:
        raise SaleNotBooked("The sale is not booked yet.")
    postings = rules.sale_postings(facts)
    if postings:
        original = JournalEntry.objects.get(cause=f"recognition:{back.sale_id}")
        voucher = booking.Voucher(
            facts.brand_id, f"recognition:{recognition_id}", facts.order_id, facts.business_on, original.pk
        )
        booking.book(voucher, postings, now=now)
    return [*_take_credit(facts, back, given, now), *_credit_handling(facts, back, given[0].case, now)]


def _take_credit(
    facts: SaleFacts, back: ReversalFacts, given: Sequence[CreditEntry], now: datetime
) -> list[CreditEntry]:
    """Insert what each role loses."""
    parts = rules.reverse_credit(
        [row.amount_fen for row in given],
        before_fen=back.amount_until_fen(back.unit),
        until_fen=back.amount_until_fen(back.unit + 1),
    )
    return CreditEntry.objects.bulk_create(
        CreditEntry(
            brand_id=row.brand_id,
            recognition_id=facts.recognition_id,
            rule_version_id=row.rule_version_id,
            case=row.case,
            role=row.role,
            store_id=row.store_id,
            guide_id=row.guide_id,
            share_ppm=row.share_ppm,
            amount_fen=part,
            reversal_of=row,
            business_on=facts.business_on,
            booked_at=now,
        )
        for row, part in zip(given, parts, strict=True)
    )


def _credit_handling(facts: SaleFacts, back: ReversalFacts, case: str, now: datetime) -> list[CreditEntry]:
    """Insert the fixed credit of the store that received a piece, when the brand has a rule for it."""
    if back.receiving_store_id is None:
        return []
    version = queries.find_rule_in_force(facts.brand_id, RuleKind.RETURN_HANDLING, facts.business_on)
    if version is None:
        return []
    entry = CreditEntry.objects.create(
        brand_id=facts.brand_id,
        recognition_id=facts.recognition_id,
        rule_version=version,
        case=case,
        role=CreditRole.HANDLING,
        store_id=back.receiving_store_id,
        share_ppm=0,
        amount_fen=version.params["amount_fen"],
        business_on=facts.business_on,
        booked_at=now,
    )
    return [entry]
