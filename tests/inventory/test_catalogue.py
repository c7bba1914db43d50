"""What the shop reads: cards, sizes, nearest stores, and the versions that say when a page became untrue."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from inventory import queries, services
from inventory.models import Price, Product, StockLevel, StockPulse, Variant
from inventory.services import StockWant
from omni.kernel import geo
from omni.kernel.transactions import entry
from stores.models import Store
from tests.cast import HOME, NOON, World, build_world
from tests.factories.inventory import MediaFactory, StockLevelFactory, VariantFactory
from tests.factories.stores import StoreFactory

pytestmark = pytest.mark.django_db

POINT = geo.unit_vector(*HOME)
WHITE = "#ffffff"


def version(world: World) -> str:
    found = queries.find_version("one", "SHIRT")
    assert found is not None
    assert found[0] == world.product.pk
    return found[1]


def hold(world: World, store: str, size: str, units: int) -> list[int]:
    with entry():
        want = StockWant(world.stores[store].pk, world.variants[size].pk, units)
        return services.hold_stock([want], owner="fulfillment_order:1", now=NOON)


def counts(world: World) -> dict[str, int]:
    sizes = queries.sizes_of(world.product.pk, WHITE, point=None, now=NOON)
    return {size.name: size.store_count for size in sizes}


# Cards


def test_load_cards_shows_the_lowest_price_and_every_color_once(world: World) -> None:
    VariantFactory.create(product=world.product, color_hex="#000000", color_en="Black", position=3)
    VariantFactory.create(product=world.product, color_hex="#123456", position=9, is_active=False)
    card = queries.load_cards([world.product.pk], now=NOON)[world.product.pk]
    assert (card.price_fen, card.list_fen, card.is_on_sale) == (39900, 49900, True)
    assert card.colors == ("#ffffff", "#000000")
    assert (card.code, card.brand_code, card.shape, card.is_sold_out) == ("SHIRT", "one", "shirt", False)


def test_load_cards_without_price_now_has_no_card(world: World) -> None:
    assert queries.load_cards([world.product.pk], now=datetime(2025, 12, 31, tzinfo=UTC)) == {}


def test_load_cards_when_only_a_closed_store_has_it_is_sold_out(world: World) -> None:
    for store in ("A", "B"):
        Store.objects.filter(pk=world.stores[store].pk).update(is_active=False)
    assert not queries.load_cards([world.product.pk], now=NOON)[world.product.pk].is_sold_out
    Store.objects.filter(pk=world.stores["C"].pk).update(is_active=False)
    assert queries.load_cards([world.product.pk], now=NOON)[world.product.pk].is_sold_out


# Versions. Each change is tried beside one that changes nothing a page shows.


def test_version_stays_while_stores_keep_having_the_size(world: World) -> None:
    before = version(world)
    hold(world, "A", "S", 9)
    assert version(world) == before


def test_version_changes_when_the_last_unit_is_held_and_when_it_is_given_back(world: World) -> None:
    first = version(world)
    held = hold(world, "C", "S", 1)
    second = version(world)
    with entry():
        services.release_reservations(held)
    assert len({first, second, version(world)}) == 3


def shut_store_c(world: World) -> None:
    Store.objects.filter(pk=world.stores["C"].pk).update(is_active=False)


def raise_safety_by_raw_sql(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_stocklevel SET safety = 10 WHERE id = %s", [world.level("A", "S").pk])


def end_price(world: World) -> None:
    Price.objects.filter(variant=world.variants["L"]).update(valid=DateTimeTZRange(NOON - timedelta(days=9), NOON))


CHANGES: list[Callable[[World], object]] = [
    shut_store_c,
    raise_safety_by_raw_sql,
    end_price,
    lambda world: Price.objects.filter(variant=world.variants["S"]).update(sale_fen=100),
    lambda world: Price.objects.filter(variant=world.variants["S"]).delete(),
    lambda world: Product.objects.filter(pk=world.product.pk).update(name_en="Shirt"),
    lambda world: Variant.objects.filter(pk=world.variants["S"].pk).update(is_active=False),
    lambda world: VariantFactory.create(product=world.product),
    lambda world: StockLevelFactory.create(variant=world.variants["S"], store=StoreFactory.create(brand=world.brand)),
    lambda world: Store.objects.filter(pk=world.stores["A"].pk).update(name_zh="新店"),
    lambda world: MediaFactory.create(product=world.product),
]


@pytest.mark.parametrize("change", CHANGES)
def test_version_changes_with_all_that_a_page_shows(world: World, change: Callable[[World], object]) -> None:
    before = version(world)
    change(world)
    assert version(world) != before


def test_version_when_a_level_is_deleted_changes(world: World) -> None:
    level = StockLevel.objects.create(
        store=StoreFactory.create(brand=world.brand), variant=world.variants["S"], on_hand=1
    )
    before = version(world)
    level.delete()
    assert version(world) != before


def test_version_of_another_product_stays(world: World) -> None:
    other = queries.find_version("two", world.other_variant.product.code)
    hold(world, "C", "S", 1)
    Store.objects.filter(pk=world.stores["A"].pk).update(is_active=False)
    assert queries.find_version("two", world.other_variant.product.code) == other


def test_store_update_that_no_page_shows_writes_no_pulse(world: World) -> None:
    before = version(world)
    Store.objects.filter(pk=world.stores["A"].pk).update(daily_capacity=3, phone="021")
    assert version(world) == before


@pytest.mark.django_db(transaction=True)
def test_version_changes_again_when_an_earlier_pulse_commits_later() -> None:
    world = build_world()
    pulsed, read = Event(), Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                StockLevel.objects.filter(pk=world.level("A", "M").pk).update(safety=2)
                pulsed.set()
                read.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        assert pulsed.wait(10)
        StockLevel.objects.filter(pk=world.level("C", "S").pk).update(safety=1)
        between, newest = version(world), StockPulse.objects.latest("pk")
        assert counts(world) == {"S": 2, "M": 3, "L": 2}
        read.set()
        late.result(10)
    # The control: the newest pulse alone would have told nothing.
    assert StockPulse.objects.latest("pk") == newest
    assert version(world) != between
    assert counts(world) == {"S": 2, "M": 2, "L": 2}


def test_prune_pulses_keeps_the_newest_of_busy_products_and_makes_another_version(world: World) -> None:
    quiet = StockPulse.objects.filter(product_id=world.other_variant.product_id).count()
    StockPulse.objects.bulk_create(StockPulse(product_id=world.product.pk) for _ in range(100))
    before, newest = version(world), StockPulse.objects.order_by("-pk")[0]
    with entry():
        services.prune_pulses()
    assert list(StockPulse.objects.filter(product_id=world.product.pk)) == [newest]
    assert StockPulse.objects.filter(product_id=world.other_variant.product_id).count() == quiet
    assert version(world) != before
    with entry():
        assert services.prune_pulses() == 0
