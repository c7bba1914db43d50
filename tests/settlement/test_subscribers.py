"""What orders tells reaches the ledger through the outbox."""

from datetime import UTC, datetime

import pytest

from omni.kernel import outbox
from omni.kernel.models import EventDelivery
from omni.kernel.transactions import entry
from orders import events
from settlement.models import CreditEntry, JournalEntry
from tests.factories.settlement import AllocationFactory, PaidIntentFactory, RecognitionFactory, RefundFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)


def test_events_of_an_order_are_each_booked_once() -> None:
    sale = RecognitionFactory.create()
    order = sale.order
    paid = AllocationFactory.create(order=order)
    refund = RefundFactory.create(intent=paid.intent, order=order, amount_fen=100)
    orphan = PaidIntentFactory.create()
    orphan_refund = RefundFactory.create(intent=orphan)
    told = [
        events.OrderPaid(order.pk, paid.intent_id, NOW, 49900),
        events.SaleRecognised(order.pk, sale.pk, NOW, 49900),
        events.RefundSucceeded(order.pk, refund.pk, NOW, 100),
        events.OrphanPaid(orphan.pk, NOW, 49900),
        events.OrphanRefunded(orphan.pk, orphan_refund.pk, NOW, 49900),
    ]
    for event in [*told, *told]:
        with entry():
            outbox.publish(event, now=NOW)
    outbox.run_due_deliveries(50, now=NOW)
    mine = EventDelivery.objects.filter(subscriber__startswith="settlement.")
    assert set(mine.values_list("state", "error")) == {("done", "")}
    assert sorted(JournalEntry.objects.values_list("cause", flat=True)) == sorted(
        [
            f"payment:{paid.intent_id}:{order.pk}",
            f"recognition:{sale.pk}",
            f"refund:{refund.pk}",
            f"orphan:{orphan.pk}",
            f"orphan_refund:{orphan_refund.pk}",
        ]
    )
    assert CreditEntry.objects.filter(recognition=sale.pk).count() == 2
