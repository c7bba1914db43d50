"""What the database itself guards: entries balance at commit, and what is booked never changes."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection
from django.db.models import Model

from omni.kernel.transactions import entry
from orders.models import Recognition
from settlement import services
from settlement.models import Account, CreditEntry, JournalEntry, JournalLine
from tests.factories.settlement import RecognitionFactory
from tests.factories.stores import BrandFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)


@pytest.fixture
def accounts() -> tuple[Account, Account]:
    brand = BrandFactory.create()
    return (
        Account.objects.create(brand=brand, code="psp_transit:wechat", type="asset"),
        Account.objects.create(brand=brand, code="prepayment", type="liability"),
    )


def draft_entry(accounts: tuple[Account, Account], debit_fen: int, credit_fen: int) -> JournalEntry:
    journal = JournalEntry.objects.create(
        brand=accounts[0].brand, cause="test", business_on=date(2026, 3, 17), booked_at=NOW
    )
    if debit_fen:
        JournalLine.objects.create(entry=journal, account=accounts[0], debit_fen=debit_fen)
    if credit_fen:
        JournalLine.objects.create(entry=journal, account=accounts[1], credit_fen=credit_fen)
    return journal


def test_entry_that_balances_is_kept(accounts: tuple[Account, Account]) -> None:
    with entry():
        draft_entry(accounts, 100, 100)
    assert JournalLine.objects.count() == 2


@pytest.mark.parametrize(("debit_fen", "credit_fen"), [(100, 99), (100, 0), (0, 100), (0, 0)])
def test_entry_that_does_not_balance_is_refused(
    accounts: tuple[Account, Account], debit_fen: int, credit_fen: int
) -> None:
    with pytest.raises(IntegrityError, match="does not balance"), entry():
        draft_entry(accounts, debit_fen, credit_fen)
    assert (JournalEntry.objects.count(), JournalLine.objects.count()) == (0, 0)


def test_line_added_to_a_balanced_entry_is_refused(accounts: tuple[Account, Account]) -> None:
    with entry():
        journal = draft_entry(accounts, 100, 100)
    with pytest.raises(IntegrityError, match="does not balance"), entry():
        JournalLine.objects.create(entry=journal, account=accounts[0], debit_fen=1)
    assert JournalLine.objects.count() == 2


@pytest.mark.parametrize(("debit_fen", "credit_fen"), [(1, 1), (0, 0)])
def test_line_with_two_sides_or_none_is_refused(
    accounts: tuple[Account, Account], debit_fen: int, credit_fen: int
) -> None:
    with entry():
        journal = draft_entry(accounts, 100, 100)
    with pytest.raises(IntegrityError, match="settlement_line_one_side"), entry():
        JournalLine.objects.create(entry=journal, account=accounts[0], debit_fen=debit_fen, credit_fen=credit_fen)


@pytest.mark.parametrize("model", [JournalEntry, JournalLine, CreditEntry, Recognition])
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_booked_rows_are_never_changed(model: type[Model], act: str) -> None:
    sale = RecognitionFactory.create()
    with entry():
        services.book_sale(sale.pk, now=NOW)
    before = list(model._default_manager.values())
    with pytest.raises(IntegrityError, match="never changed or deleted"), entry(), connection.cursor() as cursor:
        cursor.execute(act.format(model._meta.db_table))
    assert list(model._default_manager.values()) == before
