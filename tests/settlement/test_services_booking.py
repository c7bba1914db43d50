from datetime import UTC, date, datetime

import pytest

from omni.kernel.errors import NotFound
from omni.kernel.transactions import StepOutsideTransaction, entry
from settlement import services
from settlement.models import Account, CreditEntry, JournalEntry, JournalLine
from settlement.queries import NoRuleInForce, trial_balance
from stores.choices import Channel
from tests.factories.inventory import VariantFactory
from tests.factories.members import MemberFactory
from tests.factories.settlement import (
    AllocationFactory,
    ChargeFactory,
    PaidIntentFactory,
    RecognitionFactory,
    RefundFactory,
    SaleLineFactory,
    SaleOrderFactory,
)
from tests.factories.stores import GuideFactory, StoreFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 17, 16, 30, tzinfo=UTC)  # half past midnight of the 18th in Shanghai


def lines_of(entry_row: JournalEntry) -> list[tuple[str, int, int]]:
    return list(entry_row.lines.order_by("pk").values_list("account__code", "debit_fen", "credit_fen"))


def credits_of(recognition_id: int) -> list[tuple[str, int | None, int | None, int]]:
    rows = CreditEntry.objects.filter(recognition=recognition_id).order_by("pk")
    return list(rows.values_list("role", "store", "guide", "amount_fen"))


def test_book_payment_debits_transit_and_credits_prepayment() -> None:
    paid = AllocationFactory.create()
    with entry():
        booked = services.book_payment(
            order_id=paid.order_id, intent_id=paid.intent_id, amount_fen=49900, paid_at=NOW, now=NOW
        )
    assert booked is not None
    assert lines_of(booked) == [("psp_transit:wechat", 49900, 0), ("prepayment", 0, 49900)]
    assert (booked.brand_id, booked.order_id) == (paid.order.brand_id, paid.order_id)
    assert (booked.cause, booked.business_on) == (f"payment:{paid.intent_id}:{paid.order_id}", date(2026, 3, 18))
    assert list(Account.objects.order_by("code").values_list("code", "type")) == [
        ("prepayment", "liability"),
        ("psp_transit:wechat", "asset"),
    ]


def test_book_payment_told_twice_books_once() -> None:
    paid = AllocationFactory.create()
    entries = []
    for _attempt in range(2):
        with entry():
            entries.append(
                services.book_payment(
                    order_id=paid.order_id, intent_id=paid.intent_id, amount_fen=49900, paid_at=NOW, now=NOW
                )
            )
    assert entries[0] == entries[1]
    assert (JournalEntry.objects.count(), JournalLine.objects.count()) == (1, 2)


def test_book_sale_of_the_worked_example_comes_out_to_the_fen() -> None:
    """Guide G of store A sells a coat and a scarf online, store B ships; see the reference on settlement, example 3."""
    store = StoreFactory.create()
    guide = GuideFactory.create(store=store)
    order = SaleOrderFactory.create(brand=store.brand, goods_fen=99800)
    shipper = StoreFactory.create(brand=order.brand)
    expected = {(89900, 8188): [49027, 24514, 8171], (19900, 1812): [10853, 5426, 1809]}
    for (price, discount), parts in expected.items():
        line = SaleLineFactory.create(
            order=order, unit_price_fen=price, discount_fen=discount, guide=guide, selling_store=store
        )
        sale = RecognitionFactory.create(order_line=line, fulfilling_store=shipper)
        with entry():
            services.book_sale(sale.pk, now=NOW)
        assert credits_of(sale.pk) == [
            ("selling", store.pk, guide.pk, parts[0]),
            ("fulfilling", shipper.pk, None, parts[1]),
            ("channel", None, None, parts[2]),
        ]
    assert [(row.account, row.balance_fen) for row in trial_balance(order.brand_id)] == [
        ("prepayment", 99800),
        ("sales", -99800),
    ]


def test_book_sale_of_a_guide_without_a_named_store_credits_the_guides_store() -> None:
    store = StoreFactory.create()
    guide = GuideFactory.create(store=store)
    line = SaleLineFactory.create(order__brand=store.brand, guide=guide, selling_store=None)
    sale = RecognitionFactory.create(order_line=line)
    with entry():
        services.book_sale(sale.pk, now=NOW)
    assert credits_of(sale.pk)[0] == ("selling", store.pk, guide.pk, 29940)


def test_book_sale_with_a_members_home_store_shares_with_it() -> None:
    home = StoreFactory.create()
    member = MemberFactory.create(brand=home.brand, home_store=home)
    sale = RecognitionFactory.create(order_line__order__brand=home.brand, order_line__order__member=member)
    with entry():
        services.book_sale(sale.pk, now=NOW)
    assert credits_of(sale.pk) == [
        ("fulfilling", sale.fulfilling_store_id, None, 19960),
        ("home", home.pk, None, 9980),
        ("channel", None, None, 19960),
    ]


def test_book_sale_of_a_charge_credits_the_channel() -> None:
    charge = ChargeFactory.create()
    sale = RecognitionFactory.create(order_line=None, charge=charge)
    with entry():
        services.book_sale(sale.pk, now=NOW)
    assert credits_of(sale.pk) == [("channel", None, None, 1200)]
    assert lines_of(JournalEntry.objects.get()) == [("prepayment", 1200, 0), ("sales", 0, 1200)]


def test_book_sale_of_nothing_moves_no_money() -> None:
    sale = RecognitionFactory.create(order_line__discount_fen=49900)
    with entry():
        services.book_sale(sale.pk, now=NOW)
    assert credits_of(sale.pk) == [("fulfilling", sale.fulfilling_store_id, None, 0), ("channel", None, None, 0)]
    assert JournalEntry.objects.count() == 0


def test_book_sale_told_twice_books_once() -> None:
    sale = RecognitionFactory.create()
    with entry():
        first = services.book_sale(sale.pk, now=NOW)
    with entry():
        second = services.book_sale(sale.pk, now=NOW)
    assert first == second
    assert (JournalEntry.objects.count(), CreditEntry.objects.count()) == (1, 2)


def test_book_sale_before_any_rule_books_nothing() -> None:
    sale = RecognitionFactory.create(business_on=date(2019, 12, 31))
    with pytest.raises(NoRuleInForce) as refusal, entry():
        services.book_sale(sale.pk, now=NOW)
    assert refusal.value.params == {"kind": "credit_split", "on_date": "2019-12-31"}
    assert (JournalEntry.objects.count(), CreditEntry.objects.count()) == (0, 0)


def test_book_sale_of_an_unknown_recognition_is_not_found() -> None:
    with pytest.raises(NotFound), entry():
        services.book_sale(0, now=NOW)


def test_book_sale_in_a_store_credits_the_store_that_sold() -> None:
    store = StoreFactory.create()
    line = SaleLineFactory.create(
        order__brand=store.brand,
        order__channel=Channel.COUNTER,
        selling_store=store,
        variant=VariantFactory.create(product__brand=store.brand),
    )
    sale = RecognitionFactory.create(order_line=line, fulfilling_store=store)
    with entry():
        services.book_sale(sale.pk, now=NOW)
    assert credits_of(sale.pk) == [("selling", store.pk, None, 49900)]


def test_book_refund_gives_the_prepayment_back() -> None:
    paid = AllocationFactory.create()
    refund = RefundFactory.create(intent=paid.intent, order=paid.order, amount_fen=10000)
    with entry():
        booked = services.book_refund(
            order_id=paid.order_id, refund_id=refund.pk, amount_fen=10000, refunded_at=NOW, now=NOW
        )
    assert lines_of(booked) == [("prepayment", 10000, 0), ("psp_transit:wechat", 0, 10000)]
    assert (booked.order_id, booked.cause) == (paid.order_id, f"refund:{refund.pk}")


def test_book_orphan_and_its_refund_leave_nothing_owed() -> None:
    intent = PaidIntentFactory.create()
    refund = RefundFactory.create(intent=intent)
    with entry():
        orphan = services.book_orphan(intent_id=intent.pk, amount_fen=49900, paid_at=NOW, now=NOW)
    assert lines_of(orphan) == [("psp_transit:wechat", 49900, 0), ("refund_payable", 0, 49900)]
    with entry():
        back = services.book_orphan_refund(
            intent_id=intent.pk, refund_id=refund.pk, amount_fen=49900, refunded_at=NOW, now=NOW
        )
    assert lines_of(back) == [("refund_payable", 49900, 0), ("psp_transit:wechat", 0, 49900)]
    assert [row.balance_fen for row in trial_balance(intent.brand_id)] == [0, 0]
    assert (orphan.order_id, back.order_id) == (None, None)


def test_booking_outside_a_transaction_is_refused() -> None:
    with pytest.raises(StepOutsideTransaction):
        services.book_sale(1, now=NOW)
