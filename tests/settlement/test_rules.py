from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.choices import PaymentMethod
from settlement import rules
from settlement.choices import AccountType, CreditCase, CreditRole
from settlement.rules import CreditShare, InvalidSplit, Posting, SaleFacts
from tests.factories.settlement import CREDIT_SPLIT

WEB_SALE = SaleFacts(
    recognition_id=1,
    order_id=2,
    brand_id=3,
    paid_fen=49900,
    funding={},
    business_on=date(2026, 3, 17),
    channel="web",
    is_charge=False,
    fulfilling_store_id=10,
    selling_store_id=None,
    guide_id=None,
    home_store_id=None,
)


@pytest.mark.parametrize(
    ("facts", "case"),
    [
        ({}, "online"),
        ({"home_store_id": 12}, "online_member"),
        ({"selling_store_id": 11, "guide_id": 5}, "online_guide"),
        ({"selling_store_id": 11, "guide_id": 5, "home_store_id": 12}, "online_guide"),
        ({"selling_store_id": 10, "guide_id": 5}, "online_guide"),
        ({"channel": "endless_aisle", "selling_store_id": 11}, "cross_store"),
        ({"channel": "scan_to_pay", "selling_store_id": 10}, "own_store"),
        ({"channel": "counter", "selling_store_id": 10, "home_store_id": 12}, "own_store"),
        ({"channel": "marketplace"}, "online"),
        ({"is_charge": True, "home_store_id": 12}, "charge"),
    ],
)
def test_credit_case_is_the_first_that_fits(facts: dict[str, Any], case: str) -> None:
    assert rules.credit_case(replace(WEB_SALE, **facts)) == case


@pytest.mark.parametrize(
    ("amount_fen", "parts"),
    [(81712, [49027, 24514, 8171]), (18088, [10853, 5426, 1809]), (-18088, [-10853, -5426, -1809]), (1, [1, 0, 0])],
)
def test_split_credit_of_a_guides_sale_comes_out_to_the_fen(amount_fen: int, parts: list[int]) -> None:
    """The coat and the scarf of the worked example, and the scarf's return."""
    shares = rules.split_credit(amount_fen, CREDIT_SPLIT["online_guide"])
    assert [share.amount_fen for share in shares] == parts
    assert [share.role for share in shares] == [CreditRole.SELLING, CreditRole.FULFILLING, CreditRole.CHANNEL]
    assert [share.share_ppm for share in shares] == [600_000, 300_000, 100_000]


def test_split_credit_is_independent_of_the_order_of_the_table() -> None:
    shuffled = {"channel": 333_334, "fulfilling": 333_333, "selling": 333_333}
    assert rules.split_credit(100, shuffled) == [
        CreditShare(CreditRole.SELLING, 333_333, 33),
        CreditShare(CreditRole.FULFILLING, 333_333, 33),
        CreditShare(CreditRole.CHANNEL, 333_334, 34),
    ]


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(CREDIT_SPLIT)))
def test_split_credit_of_any_amount_sums_to_it(amount_fen: int, case: str) -> None:
    shares = rules.split_credit(amount_fen, CREDIT_SPLIT[case])
    assert sum(share.amount_fen for share in shares) == amount_fen
    assert sum(share.share_ppm for share in shares) == 1_000_000


@pytest.mark.parametrize(
    ("role", "party"),
    [("selling", (11, 5)), ("fulfilling", (10, None)), ("home", (12, None)), ("channel", (None, None))],
)
def test_party_of_a_role_is_its_store_and_for_the_seller_the_guide(role: str, party: tuple[int | None, ...]) -> None:
    facts = replace(WEB_SALE, selling_store_id=11, guide_id=5, home_store_id=12)
    assert rules.party_of(CreditRole(role), facts) == party


def test_check_split_table_with_the_default_is_content() -> None:
    rules.check_split_table(CREDIT_SPLIT)
    assert set(CREDIT_SPLIT) == set(CreditCase)


@pytest.mark.parametrize(
    ("case", "shares"),
    [
        ("online", None),
        ("online", {}),
        ("online", {"fulfilling": 999_999}),
        ("online", {"fulfilling": 1_000_001}),
        ("online", {"fulfilling": 500_000, "channel": 500_000, "selling": 1}),
        ("online", {"fulfilling": 500_000, "selling": 500_000}),
        ("online", {"fulfilling": 1_000_000, "channel": 0}),
        ("online", {"fulfilling": 1_500_000, "channel": -500_000}),
        ("online", {"fulfilling": 500_000.0, "channel": 500_000.0}),
        ("online", {"fulfilling": True, "channel": 999_999}),
        ("own_store", {"fulfilling": 1_000_000}),
        ("sold_by_magic", {"channel": 1_000_000}),
    ],
)
def test_check_split_table_with_a_wrong_case_names_it(case: str, shares: dict[str, int] | None) -> None:
    table = {**CREDIT_SPLIT, case: shares}
    if shares is None:
        del table[case]
    with pytest.raises(InvalidSplit) as refusal:
        rules.check_split_table(table)
    assert (refusal.value.field, refusal.value.code, refusal.value.status) == (f"params.{case}", "invalid_split", 400)


def test_transfer_of_a_negative_amount_moves_the_other_way() -> None:
    assert rules.transfer("a", "b", 5) == (Posting("a", debit_fen=5), Posting("b", credit_fen=5))
    assert rules.transfer("a", "b", -5) == (Posting("b", debit_fen=5), Posting("a", credit_fen=5))
    with pytest.raises(ValueError, match="moves something"):
        rules.transfer("a", "b", 0)


def test_accounts_of_every_payment_method_have_a_type() -> None:
    assert set(rules.TRANSIT_ACCOUNTS) == set(PaymentMethod.values)
    assert rules.ACCOUNT_TYPES["psp_transit:wechat"] == AccountType.ASSET


def test_sale_that_others_pay_for_in_part_is_booked_and_credited_whole() -> None:
    sale = replace(WEB_SALE, paid_fen=43900, funding={"platform": 2000, "mall": 3600})
    assert sale.amount_fen == 49500
    assert rules.sale_postings(sale) == (
        Posting("prepayment", debit_fen=43900),
        Posting("funder_receivable:mall", debit_fen=3600),
        Posting("funder_receivable:platform", debit_fen=2000),
        Posting("sales", credit_fen=49500),
    )
    mirror = replace(sale, paid_fen=-43900, funding={"platform": -2000, "mall": -3600})
    assert rules.sale_postings(mirror) == (
        Posting("prepayment", credit_fen=43900),
        Posting("funder_receivable:mall", credit_fen=3600),
        Posting("funder_receivable:platform", credit_fen=2000),
        Posting("sales", debit_fen=49500),
    )


def test_sale_that_the_brand_gives_away_books_nothing_and_one_that_others_give_away_books_theirs() -> None:
    assert rules.sale_postings(replace(WEB_SALE, paid_fen=0)) == ()
    assert rules.sale_postings(replace(WEB_SALE, paid_fen=0, funding={"mall": 500})) == (
        Posting("funder_receivable:mall", debit_fen=500),
        Posting("sales", credit_fen=500),
    )
