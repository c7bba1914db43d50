"""The admin pages of fulfillment."""

import pytest
from django.test import Client
from django.urls import reverse

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus
from fulfillment.models import AcceptanceRecord, DeliveryCallback, FulfillmentOrder, RoutingRule
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.factories.accounts import UserFactory
from tests.factories.fulfillment import accept
from tests.fulfillment.test_services_routing import offered

pytestmark = pytest.mark.django_db

SHOWN = [
    "fulfillment", "fulfillmentorder", "routingdecision", "acceptancerecord", "delivery", "deliverycallback",
    "pickupcode",
]  # fmt: skip


@pytest.fixture
def administrator(client: Client) -> Client:
    """Return a browser signed in to the admin."""
    client.force_login(UserFactory.create(username="admin", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def _rows(world: World) -> None:
    share = offered(world, ("S", 1))
    accept(share)
    with entry():
        services.count_acceptance(now=NOON)
    DeliveryCallback.objects.create(provider="omni", message_id="m1", body={}, received_at=NOON)


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("name", SHOWN)
def test_admin_lists_and_shows_every_record(administrator: Client, name: str) -> None:
    listing = administrator.get(reverse(f"admin:fulfillment_{name}_changelist"))

    assert listing.status_code == 200
    row = listing.context["cl"].queryset.first()
    page = administrator.get(reverse(f"admin:fulfillment_{name}_change", args=[row.pk]))
    assert page.status_code == 200
    assert b"sealed" not in page.content


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("name", SHOWN)
def test_admin_changes_no_record(administrator: Client, name: str) -> None:
    row = administrator.get(reverse(f"admin:fulfillment_{name}_changelist")).context["cl"].queryset.first()
    address = reverse(f"admin:fulfillment_{name}_change", args=[row.pk])

    assert administrator.post(address, {"status": "cancelled"}).status_code == 403
    assert administrator.get(reverse(f"admin:fulfillment_{name}_add")).status_code == 403
    assert FulfillmentOrder.objects.get().status == FulfillmentOrderStatus.ACCEPTED
    assert AcceptanceRecord.objects.get().offers == 1


def test_admin_sets_a_brands_routing_rule(administrator: Client, world: World) -> None:
    values = {
        "brand": world.brand.pk, "order": "least_loaded,nearest", "offer_minutes": 20, "max_attempts": 3,
        "courier_reach_metres": 30000, "opening_wait_minutes": 600, "max_stores": 2, "min_split_value_fen": 10000,
        "pickup_keep_hours": 48, "preparation_minutes": 45, "overdue_minutes": 30, "cancel_answer_minutes": 20,
    }  # fmt: skip

    assert administrator.post(reverse("admin:fulfillment_routingrule_add"), values).status_code == 302

    rule = RoutingRule.objects.get()
    assert (rule.order, rule.max_stores, rule.count_max_age_days) == (["least_loaded", "nearest"], 2, None)


def test_admin_refuses_an_unknown_rule(administrator: Client, world: World) -> None:
    page = administrator.post(
        reverse("admin:fulfillment_routingrule_add"), {"brand": world.brand.pk, "order": "luckiest"}
    )

    assert "order" in page.context["adminform"].form.errors
    assert not RoutingRule.objects.exists()
