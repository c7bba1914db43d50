from datetime import UTC, date, datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from omni.kernel.transactions import entry
from orders.models import OrderLine
from settlement import queries, services
from settlement.queries import CreditTotal, CreditView, JournalLineView, TrialBalanceRow
from tests.factories.settlement import AllocationFactory, ChargeFactory, RecognitionFactory, SaleLineFactory
from tests.factories.stores import BrandFactory, GuideFactory, StoreFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)


@pytest.fixture
def sold() -> OrderLine:
    """Return a line that was paid and sold by a guide, with its delivery charge, all booked."""
    store = StoreFactory.create()
    guide = GuideFactory.create(store=store, display_name="李娜")
    line = SaleLineFactory.create(order__brand=store.brand, order__charges_fen=1200, guide=guide, selling_store=store)
    paid = AllocationFactory.create(order=line.order)
    goods = RecognitionFactory.create(order_line=line, fulfilling_store=store)
    charge = RecognitionFactory.create(
        order_line=None,
        charge=ChargeFactory.create(order=line.order),
        fulfilling_store=store,
        business_on=date(2026, 3, 18),
    )
    with entry():
        services.book_payment(order_id=line.order_id, intent_id=paid.intent_id, amount_fen=51100, paid_at=NOW, now=NOW)
        services.book_sale(goods.pk, now=NOW)
        services.book_sale(charge.pk, now=NOW)
    return line


def test_trial_balance_of_a_brand_shows_its_accounts_alone(sold: OrderLine) -> None:
    assert queries.trial_balance(sold.order.brand_id) == [
        TrialBalanceRow("prepayment", "liability", 51100, 51100),
        TrialBalanceRow("psp_transit:wechat", "asset", 51100, 0),
        TrialBalanceRow("sales", "income", 0, 51100),
    ]
    assert queries.trial_balance(BrandFactory.create().pk) == []


def test_trial_balance_until_a_date_leaves_it_out(sold: OrderLine) -> None:
    rows = queries.trial_balance(sold.order.brand_id, until=date(2026, 3, 18))
    assert [(row.account, row.balance_fen) for row in rows] == [
        ("prepayment", -1200),
        ("psp_transit:wechat", 51100),
        ("sales", -49900),
    ]


def test_journal_of_order_is_in_the_order_of_booking(sold: OrderLine) -> None:
    lines = queries.journal_of_order(sold.order_id)
    assert [(line.account, line.debit_fen, line.credit_fen) for line in lines] == [
        ("psp_transit:wechat", 51100, 0),
        ("prepayment", 0, 51100),
        ("prepayment", 49900, 0),
        ("sales", 0, 49900),
        ("prepayment", 1200, 0),
        ("sales", 0, 1200),
    ]
    assert isinstance(lines[0], JournalLineView)
    assert (lines[2].business_on, lines[2].booked_at) == (date(2026, 3, 17), NOW)


def test_credit_of_order_names_stores_and_guides(
    sold: OrderLine, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        shares = queries.credit_of_order(sold.order_id)
    store = sold.selling_store
    assert store
    assert shares[0] == CreditView(
        recognition_id=shares[0].recognition_id,
        sku=sold.sku,
        name_zh="真丝衬衫",
        name_en="Silk shirt",
        case="online_guide",
        role="selling",
        store_code=store.code,
        store_name_zh=store.name_zh,
        store_name_en=store.name_en,
        guide_name="李娜",
        share_ppm=600_000,
        amount_fen=29940,
        business_on=date(2026, 3, 17),
    )
    assert [(row.role, row.store_code, row.guide_name, row.amount_fen) for row in shares[1:]] == [
        ("fulfilling", store.code, None, 14970),
        ("channel", None, None, 4990),
        ("channel", None, None, 1200),
    ]
    assert shares[3].sku is None


def test_credit_totals_by_store_guide_and_day_keep_to_period_and_brand(sold: OrderLine) -> None:
    RecognitionFactory.create()
    brand_id, guide = sold.order.brand_id, sold.guide
    assert guide
    march = (date(2026, 3, 1), date(2026, 4, 1))
    assert queries.credit_by_store(brand_id, *march) == [CreditTotal(guide.store_id, 44910)]
    assert queries.credit_by_guide(brand_id, *march) == [CreditTotal(guide.pk, 29940)]
    assert queries.credit_by_day(brand_id, *march) == [
        CreditTotal(date(2026, 3, 17), 49900),
        CreditTotal(date(2026, 3, 18), 1200),
    ]
    assert queries.credit_by_day(brand_id, date(2026, 3, 17), date(2026, 3, 18)) == [
        CreditTotal(date(2026, 3, 17), 49900)
    ]
    assert queries.credit_by_store(BrandFactory.create().pk, *march) == []
