"""Who is credited with a sale, to exactly 100 %, and which accounts an event moves: pure arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from members import choices as members_choices
from omni.kernel import money
from omni.kernel.errors import InvalidInput
from orders import choices as orders_choices
from settlement.choices import AccountType, CreditCase, CreditRole
from stores import choices as stores_choices

if TYPE_CHECKING:
    from datetime import date

PREPAYMENT = "prepayment"
SALES = "sales"
REFUND_PAYABLE = "refund_payable"
RETURN_CREDIT = "return_credit"
CASH = "cash:store"
CASH_OVER_SHORT = "cash_over_short"

# What others owe the brand for discounts that they bear.
FUNDER_RECEIVABLES = {
    party.value: f"funder_receivable:{party.value}"
    for party in members_choices.Funder
    if party != members_choices.Funder.BRAND
}

# What a provider, the card's acquirer or a mall has collected for us stands there until its bill arrives; cash lies in
# the drawers and safes of the stores.
# Credit for returned goods passes from one order to another through an account that is always empty after.
TRANSIT_ACCOUNTS = {
    orders_choices.PaymentMethod.WECHAT_NATIVE.value: "psp_transit:wechat",
    orders_choices.PaymentMethod.CARD.value: "card_transit",
    orders_choices.PaymentMethod.MALL_TILL.value: "mall_receivable",
    orders_choices.PaymentMethod.CASH.value: CASH,
    orders_choices.PaymentMethod.RETURN_CREDIT.value: RETURN_CREDIT,
}

ACCOUNT_TYPES = {
    PREPAYMENT: AccountType.LIABILITY,
    SALES: AccountType.INCOME,
    REFUND_PAYABLE: AccountType.LIABILITY,
    CASH_OVER_SHORT: AccountType.EXPENSE,
    **dict.fromkeys(FUNDER_RECEIVABLES.values(), AccountType.ASSET),
    **dict.fromkeys(TRANSIT_ACCOUNTS.values(), AccountType.ASSET),
}

IN_STORE_CHANNELS = frozenset(
    {stores_choices.Channel.COUNTER, stores_choices.Channel.SCAN_TO_PAY, stores_choices.Channel.ENDLESS_AISLE}
)

# The roles that a case may credit: those for which it always has somebody.
ROLES_OF_CASE: dict[CreditCase, frozenset[CreditRole]] = {
    CreditCase.OWN_STORE: frozenset({CreditRole.SELLING, CreditRole.CHANNEL}),
    CreditCase.CROSS_STORE: frozenset({CreditRole.SELLING, CreditRole.FULFILLING, CreditRole.CHANNEL}),
    CreditCase.ONLINE_GUIDE: frozenset({CreditRole.SELLING, CreditRole.FULFILLING, CreditRole.CHANNEL}),
    CreditCase.ONLINE_MEMBER: frozenset({CreditRole.HOME, CreditRole.FULFILLING, CreditRole.CHANNEL}),
    CreditCase.ONLINE: frozenset({CreditRole.FULFILLING, CreditRole.CHANNEL}),
    CreditCase.CHARGE: frozenset({CreditRole.FULFILLING, CreditRole.CHANNEL}),
}

SplitTable = Mapping[str, Mapping[str, int]]


class InvalidSplit(InvalidInput):
    """A table of credit shares is incomplete, names a role its case does not have, or does not come to 100 %."""

    code = "invalid_split"


@dataclass(frozen=True, slots=True)
class SaleFacts:
    """What the booking and the credit of one recognised sale depend on. Stores and staff are ids; a charge has no line.

    `paid_fen` is what the shopper paid, `funding` what others than the brand bear of the price, {party: fen}. After the
    sale (a piece that comes back, its collection) money is no longer prepaid, but owed to the shopper.
    """

    recognition_id: int
    order_id: int
    brand_id: int
    paid_fen: int
    funding: Mapping[str, int]
    business_on: date
    channel: str
    is_charge: bool
    fulfilling_store_id: int
    selling_store_id: int | None
    guide_id: int | None
    home_store_id: int | None
    is_after_sale: bool = False

    @property
    def amount_fen(self) -> int:
        """Return what was sold: paid by the shopper or borne by others; the brand's own discounts only sell cheaper."""
        return self.paid_fen + sum(self.funding.values())


@dataclass(frozen=True, slots=True)
class ReversalFacts:
    """Which unit of which sale came back, what the sale was made of, and which store received it.

    `receiving_store_id` is None for a charge, and for goods that a courier lost.
    """

    sale_id: int
    quantity: int
    paid_fen: int
    funding: Mapping[str, int]
    unit: int
    receiving_store_id: int | None

    def amount_until_fen(self, units: int) -> int:
        """Return what the first so many units of the sale were sold for, part by part rounded as they are returned."""
        parts = [self.paid_fen, *self.funding.values()]
        return sum(money.cumulative_part(part, units, self.quantity) for part in parts)


@dataclass(frozen=True, slots=True)
class CreditShare:
    """One role's part of a sale."""

    role: CreditRole
    share_ppm: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of a journal entry; exactly one side is above zero."""

    account: str
    debit_fen: int = 0
    credit_fen: int = 0


def credit_case(facts: SaleFacts) -> CreditCase:
    """Return which split applies to a sale: the first that fits, from the top of the list of cases."""
    if facts.is_charge:
        return CreditCase.CHARGE
    if facts.selling_store_id is not None:
        if facts.channel not in IN_STORE_CHANNELS:
            return CreditCase.ONLINE_GUIDE
        is_own = facts.selling_store_id == facts.fulfilling_store_id
        return CreditCase.OWN_STORE if is_own else CreditCase.CROSS_STORE
    return CreditCase.ONLINE if facts.home_store_id is None else CreditCase.ONLINE_MEMBER


def split_credit(amount_fen: int, shares: Mapping[str, int]) -> list[CreditShare]:
    """Split a sale by `{role: ppm}`; the parts sum to the amount, and a negative one mirrors its opposite.

    Largest remainder in the order of `CreditRole`; roles with a share of nothing are left out.
    """
    roles = [role for role in CreditRole if shares.get(role)]
    amounts = money.split(amount_fen, [shares[role] for role in roles])
    return [CreditShare(role, shares[role], part) for role, part in zip(roles, amounts, strict=True)]


def reverse_credit(given: Sequence[int], *, before_fen: int, until_fen: int) -> list[int]:
    """Return what each role loses when the sold amount that came back grows from one figure to another.

    Steps from nothing to the whole take exactly what each role was given; the parts of a step sum to it.
    """
    if not any(given):
        return [0 for _amount in given]
    taken = [money.split(amount_fen, given) for amount_fen in (before_fen, until_fen)]
    return [before - until for before, until in zip(*taken, strict=True)]


def party_of(role: CreditRole, facts: SaleFacts) -> tuple[int | None, int | None]:
    """Return the store and the guide that a role stands for; the online channel is neither."""
    stores = {
        CreditRole.SELLING: facts.selling_store_id,
        CreditRole.FULFILLING: facts.fulfilling_store_id,
        CreditRole.HOME: facts.home_store_id,
        CreditRole.CHANNEL: None,
        CreditRole.HANDLING: None,
    }
    return stores[role], facts.guide_id if role == CreditRole.SELLING else None


def check_split_table(params: SplitTable) -> None:
    """Refuse a table of credit shares that could not split every sale to exactly 100 %.

    :raises InvalidSplit: with field "params.<case>", when a case is missing or unknown, a role does not belong to it,
        a share is no whole number above zero, or the shares do not sum to 1,000,000.
    """
    for case in [*CreditCase, *(set(params) - set(CreditCase))]:
        field = f"params.{case}"
        shares = params.get(case)
        if case not in CreditCase or not isinstance(shares, Mapping):
            raise InvalidSplit(_("A split has exactly one table of shares for every case."), field=field)
        if not set(shares) <= ROLES_OF_CASE[CreditCase(case)]:
            raise InvalidSplit(_("This case does not have one of the roles."), field=field)
        if any(type(share) is not int or share <= 0 for share in shares.values()):
            raise InvalidSplit(_("A share is a whole number of parts per million above zero."), field=field)
        if sum(shares.values()) != money.PPM:
            raise InvalidSplit(_("The shares of a case sum to 1,000,000 parts per million."), field=field)


def transfer(debit: str, credit: str, amount_fen: int) -> tuple[Posting, Posting]:
    """Return the two lines that move an amount between accounts; a negative amount moves the other way.

    :raises ValueError: when the amount is nothing.
    """
    if amount_fen == 0:
        raise ValueError("An entry moves something.")
    if amount_fen < 0:
        debit, credit, amount_fen = credit, debit, -amount_fen
    return Posting(debit, debit_fen=amount_fen), Posting(credit, credit_fen=amount_fen)


def sale_postings(facts: SaleFacts) -> tuple[Posting, ...]:
    """Return the lines that book a sale: what was prepaid (or is owed) and what others owe for it, against the sales.

    A mirror, of which all is negative, books the other way; what was given away books nothing.
    """
    sources = [(REFUND_PAYABLE if facts.is_after_sale else PREPAYMENT, facts.paid_fen)]
    sources += [(FUNDER_RECEIVABLES[party], amount_fen) for party, amount_fen in sorted(facts.funding.items())]
    return tuple(
        posting
        for account, amount_fen in [*sources, (SALES, -facts.amount_fen)]
        for posting in _posting(account, amount_fen)
    )


def _posting(account: str, amount_fen: int) -> tuple[Posting, ...]:
    """Return the line that debits an amount, or credits its opposite; none for nothing."""
    if not amount_fen:
        return ()
    return (Posting(account, debit_fen=amount_fen) if amount_fen > 0 else Posting(account, credit_fen=-amount_fen),)
