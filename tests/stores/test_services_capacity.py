"""Taking and giving back places of a store's day."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from omni.kernel.transactions import entry
from stores import services
from stores.models import StoreCapacity
from tests.factories.stores import FullStoreFactory, StoreCapacityFactory, StoreFactory

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 16)


def rows() -> list[tuple[date, int, int]]:
    return list(StoreCapacity.objects.order_by("on_date").values_list("on_date", "limit", "used"))


def test_take_capacity_first_makes_the_row_from_the_daily_capacity() -> None:
    store = StoreFactory.create(daily_capacity=2)

    with entry():
        services.take_capacity(store.pk, DAY)

    assert rows() == [(DAY, 2, 1)]


def test_take_capacity_beyond_the_limit_is_refused_and_changes_nothing() -> None:
    store = StoreFactory.create(daily_capacity=2)
    with entry():
        services.take_capacity(store.pk, DAY, units=2)

    with pytest.raises(services.CapacityFull) as refusal, entry():
        services.take_capacity(store.pk, DAY)

    assert rows() == [(DAY, 2, 2)]
    assert refusal.value.params == {"store_id": store.pk, "on_date": "2026-03-16"}


def test_take_capacity_of_a_store_that_takes_none_makes_no_row() -> None:
    store = FullStoreFactory.create()

    with pytest.raises(services.CapacityFull), entry():
        services.take_capacity(store.pk, DAY)

    assert rows() == []


def test_take_capacity_obeys_the_limit_of_the_day_rather_than_the_store() -> None:
    raised = StoreCapacityFactory.create(store__daily_capacity=0, on_date=DAY, limit=5)

    with entry():
        services.take_capacity(raised.store_id, DAY, units=3)

    assert rows() == [(DAY, 5, 3)]


def test_take_capacity_of_no_units_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="At least one place"), entry():
        services.take_capacity(StoreFactory.create().pk, DAY, units=0)


def test_give_back_capacity_never_gives_more_than_was_taken() -> None:
    store = StoreFactory.create()
    with entry():
        services.take_capacity(store.pk, DAY, units=2)
        services.give_back_capacity(store.pk, DAY)

    with pytest.raises(services.CapacityNotTaken), entry():
        services.give_back_capacity(store.pk, DAY, units=2)

    assert rows() == [(DAY, 60, 1)]


def test_capacity_used_beyond_its_limit_is_refused_by_the_database() -> None:
    capacity = StoreCapacityFactory.create(on_date=DAY, limit=1)

    with pytest.raises(IntegrityError, match="within_limit"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE stores_storecapacity SET used = 2 WHERE id = %s", [capacity.pk])
