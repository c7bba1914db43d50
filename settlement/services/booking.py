"""Booking: every event of orders moves money once, and a sale brings its credit with it.

An entry is unique by its cause, so an event that arrives again finds its entry and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omni.kernel.clock import business_date
from omni.kernel.transactions import step
from settlement import queries, rules
from settlement.choices import RuleKind
from settlement.models import Account, CreditEntry, JournalEntry, JournalLine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from settlement.rules import Posting, SaleFacts


@step
def book_payment(
    *, order_id: int, intent_id: int, amount_fen: int, paid_at: datetime, now: datetime
) -> JournalEntry | None:
    """Book a shopper's money: the provider holds it for us, and we owe the goods (prepayment).

    None when the order was paid in full by what is booked already.
    """
    if not amount_fen:
        return None
    facts = queries.collection_facts(intent_id)
    voucher = Voucher(facts.brand_id, f"payment:{intent_id}:{order_id}", order_id, business_date(paid_at))
    postings = rules.transfer(rules.TRANSIT_ACCOUNTS[facts.method], rules.PREPAYMENT, amount_fen)
    return book(voucher, postings, now=now)


@step
def book_sale(recognition_id: int, *, now: datetime) -> list[CreditEntry]:
    """Book a recognised sale, VAT inside, against its prepayment, and credit it by the rule of its business date.

    What others than the brand bear of its discounts they owe, and it is sold and credited too. Returns the credit
    entries, those of the first time when it was booked before. A sale of nothing (given away) moves no money, so it
    has credit entries of nothing and no journal entry.

    :raises NoRuleInForce: when no approved split covers the business date.
    """
    facts = queries.sale_facts(recognition_id)
    booked = list(CreditEntry.objects.filter(recognition=recognition_id).order_by("pk"))
    if booked:
        return booked
    postings = rules.sale_postings(facts)
    if postings:
        voucher = Voucher(facts.brand_id, f"recognition:{recognition_id}", facts.order_id, facts.business_on)
        book(voucher, postings, now=now)
    return _credit(facts, now=now)


@step
def book_refund(
    *, order_id: int, refund_id: int, amount_fen: int, refunded_at: datetime, now: datetime
) -> JournalEntry:
    """Book money that went back to the shopper: for what never became a sale, or what is owed since it was reversed."""
    facts = queries.refund_facts(refund_id)
    voucher = Voucher(facts.brand_id, f"refund:{refund_id}", order_id, business_date(refunded_at))
    source = rules.REFUND_PAYABLE if facts.is_after_sale else rules.PREPAYMENT
    postings = rules.transfer(source, rules.TRANSIT_ACCOUNTS[facts.method], amount_fen)
    return book(voucher, postings, now=now)


@step
def book_orphan(*, intent_id: int, amount_fen: int, paid_at: datetime, now: datetime) -> JournalEntry:
    """Book money that came for a payment already given up: it is owed back, and belongs to no order."""
    facts = queries.collection_facts(intent_id)
    voucher = Voucher(facts.brand_id, f"orphan:{intent_id}", None, business_date(paid_at))
    postings = rules.transfer(rules.TRANSIT_ACCOUNTS[facts.method], rules.REFUND_PAYABLE, amount_fen)
    return book(voucher, postings, now=now)


@step
def book_orphan_refund(
    *, intent_id: int, refund_id: int, amount_fen: int, refunded_at: datetime, now: datetime
) -> JournalEntry:
    """Book that an orphan went back: the reverse of `book_orphan`."""
    facts = queries.collection_facts(intent_id)
    voucher = Voucher(facts.brand_id, f"orphan_refund:{refund_id}", None, business_date(refunded_at))
    postings = rules.transfer(rules.REFUND_PAYABLE, rules.TRANSIT_ACCOUNTS[facts.method], amount_fen)
    return book(voucher, postings, now=now)


@step
def book_drawer(
    *, drawer_id: int, brand_id: int, difference_fen: int, closed_at: datetime, now: datetime
) -> JournalEntry | None:
    """Book what a counted till was over (above zero) or short; None when it was right to the fen."""
    if not difference_fen:
        return None
    voucher = Voucher(brand_id, f"drawer:{drawer_id}", None, business_date(closed_at))
    return book(voucher, rules.transfer(rules.CASH, rules.CASH_OVER_SHORT, difference_fen), now=now)


@dataclass(frozen=True, slots=True)
class Voucher:
    """What an entry is about; `cause` is unique. `reversal_of` is the id of the entry that it takes back."""

    brand_id: int
    cause: str
    order_id: int | None
    business_on: date
    reversal_of: int | None = None


@step
def book(voucher: Voucher, postings: Iterable[Posting], *, now: datetime) -> JournalEntry:
    """Insert a balanced entry, or return the one that its cause has already."""
    booked = JournalEntry.objects.filter(cause=voucher.cause).first()
    if booked is not None:
        return booked
    entry = JournalEntry.objects.create(
        brand_id=voucher.brand_id,
        cause=voucher.cause,
        order_id=voucher.order_id,
        business_on=voucher.business_on,
        booked_at=now,
        reversal_of_id=voucher.reversal_of,
    )
    lines = list(postings)
    accounts = _accounts(voucher.brand_id, {line.account for line in lines})
    JournalLine.objects.bulk_create(
        JournalLine(entry=entry, account=accounts[line.account], debit_fen=line.debit_fen, credit_fen=line.credit_fen)
        for line in lines
    )
    return entry


def _accounts(brand_id: int, codes: set[str]) -> dict[str, Account]:
    """Return a brand's accounts by code, opening those that are used for the first time."""
    found = {account.code: account for account in Account.objects.filter(brand=brand_id, code__in=codes)}
    for code in sorted(codes - set(found)):
        found[code], _created = Account.objects.get_or_create(
            brand_id=brand_id, code=code, defaults={"type": rules.ACCOUNT_TYPES[code]}
        )
    return found


def _credit(facts: SaleFacts, *, now: datetime) -> list[CreditEntry]:
    """Insert the credit of a sale, one row a role."""
    version = queries.rule_in_force(facts.brand_id, RuleKind.CREDIT_SPLIT, facts.business_on)
    case = rules.credit_case(facts)
    entries = []
    for share in rules.split_credit(facts.amount_fen, version.params[case.value]):
        store_id, guide_id = rules.party_of(share.role, facts)
        entries.append(
            CreditEntry(
                brand_id=facts.brand_id,
                recognition_id=facts.recognition_id,
                rule_version=version,
                case=case,
                role=share.role,
                store_id=store_id,
                guide_id=guide_id,
                share_ppm=share.share_ppm,
                amount_fen=share.amount_fen,
                business_on=facts.business_on,
                booked_at=now,
            )
        )
    return CreditEntry.objects.bulk_create(entries)
