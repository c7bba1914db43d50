"""The admin pages of stores."""

import pytest
from django.test import Client
from django.urls import reverse

from omni.kernel import geo
from stores.models import Staff, Store
from tests.cast import World
from tests.factories.accounts import UserFactory
from tests.factories.stores import MallFactory, StoreCapacityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client) -> Client:
    """Return a browser signed in to the admin."""
    client.force_login(UserFactory.create(username="admin", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def _rows(world: World, clerk_a: Staff) -> None:
    MallFactory.create()
    StoreCapacityFactory.create(store=world.stores["A"], on_date="2026-03-16")


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("name", ["district", "brand", "counterparty", "store", "storecapacity", "staff"])
def test_admin_lists_and_shows_every_record(administrator: Client, name: str) -> None:
    listing = administrator.get(reverse(f"admin:stores_{name}_changelist"), {"q": "A"})

    assert listing.status_code == 200
    shown = administrator.get(reverse(f"admin:stores_{name}_changelist"))
    row = shown.context["cl"].queryset.first()
    assert administrator.get(reverse(f"admin:stores_{name}_change", args=[row.pk])).status_code == 200


def test_admin_who_moves_a_store_moves_its_unit_vector(administrator: Client, world: World) -> None:
    store = world.stores["A"]
    address = reverse("admin:stores_store_change", args=[store.pk])
    form = administrator.get(address).context["adminform"].form
    values = {name: "" if value is None else value for name, value in form.initial.items()}
    values |= {f"{name}_minutes": ",".join(map(str, values[f"{name}_minutes"])) for name in ("opens", "closes")}
    values |= {f"hours_exceptions-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    values |= {f"collectors-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    values |= {"lat": 31.5, "lng": 121.5}

    answer = administrator.post(address, values)

    assert answer.status_code == 302
    moved = Store.objects.get(pk=store.pk)
    assert (moved.lat, moved.lng) == (31.5, 121.5)
    assert (moved.ux, moved.uy, moved.uz) == geo.unit_vector(31.5, 121.5)
