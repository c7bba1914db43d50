"""The admin pages of the catalogue and of stock."""

from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from inventory import services
from inventory.models import SizeChart
from inventory.services import StockWant
from omni.kernel.transactions import entry
from tests.cast import World
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client) -> Client:
    """Return a browser signed in to the admin."""
    client.force_login(UserFactory.create(username="admin", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def _rows(world: World, now: datetime) -> None:
    place = (world.stores["A"].pk, world.variants["S"].pk)
    with entry():
        services.hold_stock([StockWant(*place, 1)], owner="fulfillment_order:1", now=now)
        services.report_not_found(*place, 1, cause="reject:1", actor="user:1", now=now)


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize(
    "name", ["category", "product", "variant", "stocklevel", "stockmovement", "reservation", "counttask"]
)
def test_admin_lists_and_shows_every_record(administrator: Client, name: str) -> None:
    listing = administrator.get(reverse(f"admin:inventory_{name}_changelist"))

    assert listing.status_code == 200
    row = listing.context["cl"].queryset.first()
    assert administrator.get(reverse(f"admin:inventory_{name}_change", args=[row.pk])).status_code == 200


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("name", ["stocklevel", "stockmovement", "reservation", "counttask"])
def test_admin_cannot_change_stock(administrator: Client, world: World, name: str) -> None:
    before = world.level("A", "S").on_hand
    row = administrator.get(reverse(f"admin:inventory_{name}_changelist")).context["cl"].queryset.first()

    assert (
        administrator.post(reverse(f"admin:inventory_{name}_change", args=[row.pk]), {"on_hand": 99}).status_code == 403
    )
    assert administrator.get(reverse(f"admin:inventory_{name}_add")).status_code == 403
    assert world.level("A", "S").on_hand == before


@pytest.mark.parametrize(
    "change", ["UPDATE inventory_stockmovement SET quantity = 1", "DELETE FROM inventory_stockmovement"]
)
def test_stock_movement_is_never_changed_or_deleted(world: World, change: str) -> None:
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_admin_refuses_a_size_chart_with_an_unknown_measure(administrator: Client, world: World) -> None:
    values = {"brand": world.brand.pk, "category": world.product.category_id, "garment": "{}"}
    address = reverse("admin:inventory_sizechart_add")
    bad = administrator.post(address, values | {"body": '{"measures": ["beauty"], "sizes": [["M", 1]]}'})
    assert "body" in bad.context["adminform"].form.errors
    assert not SizeChart.objects.exists()
    good = administrator.post(address, values | {"body": '{"measures": ["bust"], "sizes": [["M", "86–90"]]}'})
    assert good.status_code == 302
    assert SizeChart.objects.get().body["sizes"] == [["M", "86–90"]]
