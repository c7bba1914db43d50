"""What a return books: the mirror of its sale, and a credit for the receiving store only when a rule says so."""

from datetime import date, timedelta

import pytest
from django.conf import LazySettings

from omni.kernel.errors import InvalidInput
from omni.kernel.transactions import entry
from orders.models import Recognition
from settlement import services
from settlement.choices import RuleKind
from settlement.models import CreditEntry, JournalEntry
from settlement.queries import credit_by_store, find_rule_in_force
from settlement.services.reversing import SaleNotBooked
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.returns import NEXT_DAY, delivered_order, refunded_return
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _merchant(settings: LazySettings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


def handling_rule(world: World, amount_fen: int) -> None:
    with entry():
        draft = services.draft_return_handling(
            brand_id=world.brand.pk, amount_fen=amount_fen, valid_from=date(2026, 3, 17), valid_to=None, actor="user:1"
        )
        services.approve_rule_version(draft.pk, actor="user:2", now=NOON)


def test_book_reversal_with_a_handling_rule_credits_the_receiving_store(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    handling_rule(world, 500)
    order = delivered_order(world, ("S", 2))
    refunded_return(world, order, 2, store="B")
    today = date(2026, 3, 17)
    totals = {
        total.key: total.amount_fen for total in credit_by_store(world.brand.pk, today, today + timedelta(days=1))
    }
    assert totals == {world.stores["A"].pk: -49900, world.stores["B"].pk: 1000}


def test_draft_return_handling_of_nothing_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput) as refused, entry():
        services.draft_return_handling(
            brand_id=world.brand.pk, amount_fen=0, valid_from=date(2026, 3, 17), valid_to=None, actor="user:1"
        )
    assert refused.value.field == "amount_fen"
    assert find_rule_in_force(world.brand.pk, RuleKind.RETURN_HANDLING, date(2026, 3, 17)) is None


def test_book_reversal_told_again_books_nothing_more(world: World) -> None:
    order = delivered_order(world)
    refunded_return(world, order)
    mirror = Recognition.objects.get(reversal_of__isnull=False)
    before = (CreditEntry.objects.count(), JournalEntry.objects.count())
    with entry():
        again = services.book_reversal(mirror.pk, now=NEXT_DAY)
    assert [row.amount_fen for row in again] == [-24950, -24950]
    assert (CreditEntry.objects.count(), JournalEntry.objects.count()) == before
    entry_row = JournalEntry.objects.get(cause=f"recognition:{mirror.pk}")
    assert entry_row.reversal_of == JournalEntry.objects.get(cause=f"recognition:{mirror.reversal_of_id}")


def test_book_reversal_before_its_sale_waits(world: World) -> None:
    order = delivered_order(world)
    refunded_return(world, order)
    sale = Recognition.objects.get(reversal_of__isnull=True)
    unbooked = Recognition.objects.create(
        order=order, order_line=sale.order_line, fulfilling_store=sale.fulfilling_store, quantity=1, amount_fen=1,
        cause="other", recognised_at=NEXT_DAY, business_on=date(2026, 3, 17),
    )  # fmt: skip
    mirror = Recognition.objects.create(
        order=order, order_line=sale.order_line, fulfilling_store=sale.fulfilling_store, quantity=-1, amount_fen=-1,
        cause="mirror", recognised_at=NEXT_DAY, business_on=date(2026, 3, 17), reversal_of=unbooked,
    )  # fmt: skip
    with pytest.raises(SaleNotBooked), entry():
        services.book_reversal(mirror.pk, now=NEXT_DAY)
