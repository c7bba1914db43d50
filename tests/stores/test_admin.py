"""The admin pages of stores."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from omni.kernel import geo
from stores import queries
from stores.choices import Channel, Collector
from stores.models import Staff, Store, StoreCollector
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


def store_form(administrator: Client, store: Store) -> dict[str, object]:
    """Return the form of a store as its page has it, without rows of others."""
    form = administrator.get(reverse("admin:stores_store_change", args=[store.pk])).context["adminform"].form
    values = {name: "" if value is None else value for name, value in form.initial.items()}
    values |= {f"{name}_minutes": ",".join(map(str, values[f"{name}_minutes"])) for name in ("opens", "closes")}
    values |= {f"hours_exceptions-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    return values | {f"collectors-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}


def test_admin_who_moves_a_store_moves_its_unit_vector(administrator: Client, world: World) -> None:
    store = world.stores["A"]
    values = store_form(administrator, store) | {"lat": 31.5, "lng": 121.5}

    answer = administrator.post(reverse("admin:stores_store_change", args=[store.pk]), values)

    assert answer.status_code == 302
    moved = Store.objects.get(pk=store.pk)
    assert (moved.lat, moved.lng) == (31.5, 121.5)
    assert (moved.ux, moved.uy, moved.uz) == geo.unit_vector(31.5, 121.5)


def collects(number: int, since: str, collector: str = Collector.MALL, until: str = "") -> dict[str, object]:
    """Return a row of the form: who takes the counter's money from one day until before another."""
    row = {"id": "", "channel": Channel.COUNTER, "collector": collector, "valid_0": since, "valid_1": until}
    return {f"collectors-{number}-{name}": value for name, value in row.items()}


def test_admin_says_who_takes_the_money_from_a_day_on(administrator: Client, world: World) -> None:
    store = world.stores["A"]
    Store.objects.filter(pk=store.pk).update(mall=MallFactory.create())
    values = store_form(administrator, store) | {"collectors-TOTAL_FORMS": 1} | collects(0, "2026-03-16")

    answer = administrator.post(reverse("admin:stores_store_change", args=[store.pk]), values)

    assert answer.status_code == 302
    days = [date(2026, 3, 15), date(2026, 3, 16)]
    assert [queries.collector_of(store.pk, Channel.COUNTER, day) for day in days] == [Collector.BRAND, Collector.MALL]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (collects(0, "2026-03-16", Collector.FRANCHISEE), "The store has none."),
        (collects(0, "2026-03-16") | collects(1, "2026-03-01", until="2026-03-17"), "valid at the same time"),
    ],
    ids=["a franchisee that it does not have", "two at a time"],
)
def test_admin_is_refused_collectors_that_cannot_be(
    administrator: Client, world: World, rows: dict[str, object], told: str
) -> None:
    store = world.stores["A"]
    Store.objects.filter(pk=store.pk).update(mall=MallFactory.create())
    values = store_form(administrator, store) | {"collectors-TOTAL_FORMS": len(rows) // 5} | rows

    answer = administrator.post(
        reverse("admin:stores_store_change", args=[store.pk]), values, headers={"accept-language": "en"}
    )

    assert told in answer.content.decode()
    assert not StoreCollector.objects.exists()
