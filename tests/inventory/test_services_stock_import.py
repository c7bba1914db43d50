"""Taking stock from a file."""

import time
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inventory import services
from inventory.models import Reservation, StockLevel, StockMovement
from inventory.services import StockWant
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from tests.cast import World
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.stores import StoreFactory

pytestmark = pytest.mark.django_db

HEADER = "store_code,sku,on_hand\n"


def run(folder: Path, content: str, *, brand: str = "one") -> str:
    file, said = folder / "stock.csv", StringIO()
    file.write_text(content, encoding="utf-8")
    call_command("import_stock", str(file), "--brand", brand, stdout=said)
    return said.getvalue().strip()


def refused(folder: Path, content: str, *, brand: str = "one") -> list[str]:
    before = snapshot()
    with pytest.raises(CommandError) as refusal:
        run(folder, content, brand=brand)
    assert snapshot() == before
    return str(refusal.value).splitlines()


def snapshot() -> list[tuple[int, int, int, int]]:
    return list(StockLevel.objects.order_by("pk").values_list("pk", "on_hand", "held", "allocated"))


def imported() -> list[tuple[str, str, int, str]]:
    movements = StockMovement.objects.filter(kind="import").order_by("level__store__code", "level__variant__sku")
    return list(movements.values_list("level__store__code", "level__variant__sku", "quantity", "actor"))


def test_import_stock_sets_figures_and_books_the_differences(world: World, tmp_path: Path) -> None:
    said = run(tmp_path, HEADER + "A,SHIRT-S,12\nA,SHIRT-M,0\nB,SHIRT-S,5\n")

    assert said == "3 rows: 2 changed, 1 as they were; 0 levels added; 0 promises displaced."
    assert [world.level(*place).on_hand for place in (("A", "S"), ("A", "M"), ("B", "S"))] == [12, 0, 5]
    assert world.level("A", "L").counted_on is None
    assert imported() == [("A", "SHIRT-M", -2, "system:import"), ("A", "SHIRT-S", 2, "system:import")]


def test_import_stock_twice_books_nothing_the_second_time(world: World, tmp_path: Path) -> None:
    run(tmp_path, HEADER + "A,SHIRT-S,12\n")

    assert run(tmp_path, HEADER + "A,SHIRT-S,12\n") == (
        "1 rows: 0 changed, 1 as they were; 0 levels added; 0 promises displaced."
    )
    assert len(imported()) == 1
    assert world.level("A", "S").counted_on is not None


def test_import_stock_of_a_variant_new_to_the_store_adds_the_level(world: World, tmp_path: Path) -> None:
    store = StoreFactory.create(brand=world.brand, code="D", default_safety=1)

    said = run(tmp_path, HEADER + "D,SHIRT-S,4\nD,SHIRT-M,0\n")

    assert said == "2 rows: 1 changed, 1 as they were; 2 levels added; 0 promises displaced."
    levels = StockLevel.objects.filter(store=store).order_by("variant__position")
    assert list(levels.values_list("on_hand", "safety")) == [(4, 1), (0, 1)]
    assert imported() == [("D", "SHIRT-S", 4, "system:import")]


def test_import_stock_below_what_is_promised_displaces_the_youngest(
    world: World, tmp_path: Path, now: datetime
) -> None:
    wants = [StockWant(world.stores["A"].pk, world.variants["S"].pk, 3)]
    with entry():
        (oldest,) = services.allocate_stock(wants, owner="fulfillment_order:1", now=now)
        (youngest,) = services.hold_stock(wants, owner="fulfillment_order:2", now=now)

    said = run(tmp_path, HEADER + "A,SHIRT-S,5\n")

    assert said == "1 rows: 1 changed, 0 as they were; 0 levels added; 1 promises displaced."
    level = world.level("A", "S")
    assert (level.on_hand, level.held, level.allocated) == (5, 0, 3)
    assert list(Reservation.objects.order_by("pk").values_list("pk", "status")) == [
        (oldest, "allocated"),
        (youngest, "released"),
    ]
    event = Event.objects.get()
    assert (event.name, event.entity) == ("inventory.ReservationDisplaced", "owner:fulfillment_order:2")


def test_import_stock_of_what_is_promised_exactly_displaces_nobody(world: World, tmp_path: Path, now: datetime) -> None:
    with entry():
        services.hold_stock(
            [StockWant(world.stores["A"].pk, world.variants["S"].pk, 3)], owner="fulfillment_order:1", now=now
        )

    run(tmp_path, HEADER + "A,SHIRT-S,3\n")

    assert (world.level("A", "S").on_hand, world.level("A", "S").held) == (3, 3)
    assert not Event.objects.exists()


def test_import_stock_below_the_unsellable_units_takes_them_along(world: World, tmp_path: Path) -> None:
    StockLevel.objects.filter(pk=world.level("A", "S").pk).update(unsellable=4)

    run(tmp_path, HEADER + "A,SHIRT-S,3\n")

    assert (world.level("A", "S").on_hand, world.level("A", "S").unsellable) == (3, 3)


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        ("Z,SHIRT-S,1", ["store_code: the brand has no store “Z”"]),
        ("A,SHIRT-XL,1", ["sku: the brand has no SKU “SHIRT-XL”"]),
        ("A,SHIRT-S,-1", ["on_hand: -1 is negative"]),
        ("A,SHIRT-S,1000001", ["on_hand: 1000001 is more than a store can hold"]),
        ("A,SHIRT-S,99999999999999999999", ["on_hand: 99999999999999999999 is more than a store can hold"]),
        ("A,SHIRT-S,1.5", ["on_hand: “1.5” is not a whole number"]),
        ("A,SHIRT-S,", ["on_hand: “” is not a whole number"]),
        ("A,SHIRT-S,many", ["on_hand: “many” is not a whole number"]),
        ("Z,X,1", ["store_code: the brand has no store “Z”", "sku: the brand has no SKU “X”"]),
    ],
)
def test_import_stock_with_a_bad_row_takes_nothing_and_says_why(
    world: World, tmp_path: Path, row: str, reasons: list[str]
) -> None:
    lines = refused(tmp_path, f"{HEADER}B,SHIRT-S,9\n{row}\n")

    assert lines[:-1] == [f"line 3: {reason}" for reason in reasons]


def test_import_stock_with_a_place_named_twice_is_refused(world: World, tmp_path: Path) -> None:
    lines = refused(tmp_path, HEADER + "A,SHIRT-S,1\nB,SHIRT-S,1\nA,SHIRT-S,2\n")

    assert lines == ["line 4: store and SKU are on line 2 already", "1 problem; nothing was imported."]


def test_import_stock_of_another_brand_knows_only_its_own_stores(world: World, tmp_path: Path) -> None:
    assert refused(tmp_path, HEADER + "B,SHIRT-M,1\n", brand="two") == [
        "line 2: store_code: the brand has no store “B”",
        "1 problem; nothing was imported.",
    ]
    run(tmp_path, HEADER + "A,SHIRT-M,7\n", brand="two")
    assert world.level("A", "M").on_hand == 2


def test_import_stock_of_twenty_thousand_rows_takes_seconds(world: World, tmp_path: Path) -> None:
    stores = StoreFactory.create_batch(200, brand=world.brand)
    variants = VariantFactory.create_batch(100, product=world.product)
    StockLevelFactory.create(store=stores[0], variant=variants[0], on_hand=3)
    rows = "".join(f"{store.code},{variant.sku},{n % 7}\n" for n, variant in enumerate(variants) for store in stores)
    started = time.process_time()  # other work on the machine does not count

    said = run(tmp_path, HEADER + rows)

    assert said.startswith("20,000 rows: ")
    assert time.process_time() - started < 10
