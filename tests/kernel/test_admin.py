from datetime import UTC, datetime

import pytest
from django.test import Client

from omni.accounts.models import User
from omni.kernel.models import DeliveryState, Event, EventDelivery

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)


def test_unpark_of_a_parked_delivery_makes_it_pending_and_leaves_done_ones(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    event = Event.objects.create(name="orders.OrderPaid", entity="order_id:1", payload={}, created_at=NOW)
    parked, done = (
        EventDelivery.objects.create(
            event=event, subscriber=f"test.{state}", entity="order_id:1", state=state, attempts=12, due_at=NOW
        )
        for state in (DeliveryState.PARKED, DeliveryState.DONE)
    )

    client.post("/admin/kernel/eventdelivery/", {"action": "unpark", "_selected_action": [parked.pk, done.pk]})

    parked.refresh_from_db()
    done.refresh_from_db()
    assert (parked.state, parked.attempts) == (DeliveryState.PENDING, 0)
    assert done.state == DeliveryState.DONE


def test_transition_log_in_the_admin_cannot_be_changed(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))

    page = client.get("/admin/kernel/transition/")

    assert "/admin/kernel/transition/add/" not in page.content.decode()
