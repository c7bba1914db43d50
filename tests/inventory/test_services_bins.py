"""Where a store's goods lie."""

from datetime import timedelta
from pathlib import Path

import pytest

from inventory import queries, services
from inventory.models import CountTask, StockLevel
from omni.kernel.errors import NotFound
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.inventory.test_services_stock_import import refused, run

pytestmark = pytest.mark.django_db


def test_put_in_bin_keeps_the_place_in_capitals(world: World) -> None:
    store, variant = world.stores["A"].pk, world.variants["S"].pk

    with entry():
        kept = services.put_in_bin(store, variant, "  ａ-03-2 ")

    assert kept == "A-03-2"
    assert queries.bins_of(store, [variant, world.variants["M"].pk]) == {variant: "A-03-2"}
    with entry():
        services.put_in_bin(store, variant, "")
    assert queries.bins_of(store, [variant]) == {}


@pytest.mark.parametrize("text", ["A" * 21, "-A", "A_1", "A\n<b>", "☃", "\0"])
def test_put_in_bin_refuses_what_is_no_place(world: World, text: str) -> None:
    with pytest.raises(services.NoSuchBin), entry():
        services.put_in_bin(world.stores["A"].pk, world.variants["S"].pk, text)

    assert StockLevel.objects.exclude(bin="").count() == 0


def test_put_in_bin_of_goods_the_store_never_had_is_refused(world: World) -> None:
    with pytest.raises(NotFound), entry():
        services.put_in_bin(world.other_store.pk, world.variants["S"].pk, "A-1")

    assert StockLevel.objects.exclude(bin="").count() == 0


def test_import_stock_takes_places_where_the_file_names_them(world: World, tmp_path: Path) -> None:
    run(tmp_path, "store_code,sku,on_hand,bin\nA,SHIRT-S,10,c-1\nA,SHIRT-M,2,\n")

    assert [world.level("A", size).bin for size in ("S", "M")] == ["C-1", ""]
    run(tmp_path, "store_code,sku,on_hand\nA,SHIRT-S,9\n")
    assert (world.level("A", "S").bin, world.level("A", "S").on_hand) == ("C-1", 9)


def test_import_stock_with_a_bad_place_takes_nothing(world: World, tmp_path: Path) -> None:
    said = refused(tmp_path, "store_code,sku,on_hand,bin\nA,SHIRT-S,12,A_1\n")

    assert said[0].startswith("line 2: bin: ")


def test_doubts_of_names_what_was_not_found_or_damaged_until_it_is_counted(world: World) -> None:
    store, small, medium = world.stores["A"].pk, world.variants["S"].pk, world.variants["M"].pk
    with entry():
        services.allocate_found(store, small, 1, owner="x", cause="f", actor="x", now=NOON)
    assert queries.doubts_of(store, [small, medium]) == {}

    with entry():
        services.report_not_found(store, small, 1, cause="n", actor="x", now=NOON + timedelta(hours=1))
        services.set_aside_damaged(store, medium, 1, now=NOON)

    assert queries.doubts_of(store, [small, medium]) == {
        small: queries.Doubt("not_found", NOON),
        medium: queries.Doubt("damaged", NOON),
    }
    CountTask.objects.update(closed_at=NOON)
    assert queries.doubts_of(store, [small, medium]) == {}


def test_split_reservation_leaves_the_counters_as_they_are(world: World) -> None:
    store, small = world.stores["A"].pk, world.variants["S"].pk
    with entry():
        (whole,) = services.allocate_stock([services.StockWant(store, small, 3)], owner="x:1", now=NOON)
        part = services.split_reservation(whole, 1)
    assert part is not None
    assert world.level("A", "S").allocated == 3

    with entry():
        assert services.release_reservations([part]) == [part]
    assert world.level("A", "S").allocated == 2


@pytest.mark.parametrize("units", [0, 3, 4])
def test_split_reservation_into_nothing_is_a_mistake(world: World, units: int) -> None:
    with entry():
        want = services.StockWant(world.stores["A"].pk, world.variants["S"].pk, 3)
        (whole,) = services.hold_stock([want], owner="x:1", now=NOON)

    with pytest.raises(ValueError, match="two parts"), entry():
        services.split_reservation(whole, units)


def test_split_reservation_that_was_released_is_none(world: World) -> None:
    with entry():
        want = services.StockWant(world.stores["A"].pk, world.variants["S"].pk, 3)
        (whole,) = services.hold_stock([want], owner="x:1", now=NOON)
        services.release_reservations([whole])

    with entry():
        assert services.split_reservation(whole, 1) is None
    assert world.level("A", "S").held == 0
