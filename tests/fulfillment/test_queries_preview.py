"""What the checkout promises before anything is held: the plan that would be carried out, and about when."""

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from fulfillment import queries
from fulfillment.choices import Way
from fulfillment.queries import DemandLine, PlanPreview
from inventory.models import Reservation, StockLevel
from tests.cast import HOME, World
from tests.factories.inventory import StockLevelFactory

pytestmark = pytest.mark.django_db


def preview(
    world: World, now: datetime, *lines: tuple[str, int], way: Way = Way.COURIER, store: str = ""
) -> PlanPreview:
    wanted = [DemandLine(world.variants[size].pk, units, 49900 * units) for size, units in lines]
    store_id = world.stores[store].pk if store else None
    return queries.preview_plan(
        world.brand.pk, way, wanted, lat=HOME[0], lng=HOME[1], now=now, pickup_store_id=store_id
    )


def test_preview_names_the_nearest_store_that_has_all_and_when(world: World, now: datetime) -> None:
    found = preview(world, now, ("S", 1), ("M", 1))

    (store,) = found.stores
    assert (store.store_id, store.name_en, store.units) == (world.stores["A"].pk, "Store A", (1, 1))
    assert (store.opens_at, found.promised_on, found.short) == (None, now.date(), ())
    assert found.there_at is not None
    assert timedelta(minutes=90) <= found.there_at - now <= timedelta(minutes=150)
    assert not Reservation.objects.exists()


def test_preview_splits_over_stores_when_none_has_all(world: World, now: datetime) -> None:
    StockLevel.objects.filter(store=world.stores["A"], variant=world.variants["M"]).update(on_hand=0)
    StockLevel.objects.filter(variant=world.variants["S"]).exclude(store=world.stores["A"]).update(on_hand=0)

    found = preview(world, now, ("S", 1), ("M", 1))

    assert sorted(store.units for store in found.stores) == [(0, 1), (1, 0)]


def test_preview_to_collect_is_of_the_chosen_store_and_quicker(world: World, now: datetime) -> None:
    found = preview(world, now, ("S", 1), way=Way.PICKUP, store="B")

    assert [store.store_id for store in found.stores] == [world.stores["B"].pk]
    assert found.there_at == now + timedelta(minutes=60)


def test_preview_of_too_much_names_the_lines_that_lack(world: World, now: datetime) -> None:
    found = preview(world, now, ("S", 1), ("L", 90))

    assert (found.stores, found.promised_on, found.there_at, found.short) == ((), None, None, (1,))


def test_preview_takes_as_many_queries_for_many_lines(
    world: World, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    levels = StockLevelFactory.create_batch(20, store=world.stores["A"], variant__product=world.product, on_hand=5)
    for count in (1, 20):
        lines = [DemandLine(level.variant_id, 1, 100) for level in levels[:count]]
        with django_assert_max_num_queries(4):
            queries.preview_plan(world.brand.pk, Way.COURIER, lines, lat=HOME[0], lng=HOME[1], now=now)
