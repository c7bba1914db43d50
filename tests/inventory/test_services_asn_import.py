"""Taking advance shipping notices from a file."""

from datetime import date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inventory.models import Shipment, ShipmentLine
from tests.cast import World
from tests.factories.stock import announced, receive

pytestmark = pytest.mark.django_db

HEADER = "asn,store_code,sku,quantity,expected_on,sender\n"


def run(folder: Path, content: str, *, brand: str = "one") -> str:
    file, said = folder / "asn.csv", StringIO()
    file.write_text(content, encoding="utf-8")
    call_command("import_asn", str(file), "--brand", brand, stdout=said)
    return said.getvalue().strip()


def snapshot() -> list[tuple[object, ...]]:
    return list(
        ShipmentLine.objects.order_by("pk").values_list("pk", "shipment__reference", "variant__sku", "quantity")
    )


def refused(folder: Path, content: str) -> list[str]:
    before = snapshot()
    with pytest.raises(CommandError) as refusal:
        run(folder, content)
    assert snapshot() == before
    return str(refusal.value).splitlines()


def test_import_asn_makes_a_shipment_of_each_notice(world: World, tmp_path: Path) -> None:
    said = run(
        tmp_path, HEADER + "N1,A,SHIRT-S,3,2026-03-17,华东总仓\nN1,A,SHIRT-M,2,2026-03-17,华东总仓\nN2,B,SHIRT-S,1,,\n"
    )

    assert said == "3 rows: 2 notices added, 0 changed, 0 as they were."
    facts = ("reference", "to_store__code", "kind", "status", "expected_on", "sender")
    assert list(Shipment.objects.order_by("reference").values_list(*facts)) == [
        ("N1", "A", "asn", "expected", date(2026, 3, 17), "华东总仓"),
        ("N2", "B", "asn", "expected", None, ""),
    ]
    assert [row[1:] for row in snapshot()] == [("N1", "SHIRT-S", 3), ("N1", "SHIRT-M", 2), ("N2", "SHIRT-S", 1)]


def test_import_asn_twice_changes_nothing_and_another_figure_replaces(world: World, tmp_path: Path) -> None:
    run(tmp_path, HEADER + "N1,A,SHIRT-S,3,,\n")
    first = snapshot()
    assert run(tmp_path, HEADER + "N1,A,SHIRT-S,3,,\n") == "1 rows: 0 notices added, 0 changed, 1 as they were."
    assert snapshot() == first

    said = run(tmp_path, HEADER + "N1,B,SHIRT-S,4,,\n")

    assert said == "1 rows: 0 notices added, 1 changed, 0 as they were."
    assert [row[1:] for row in snapshot()] == [("N1", "SHIRT-S", 4)]
    assert Shipment.objects.get().to_store == world.stores["B"]


def test_import_asn_with_bad_rows_names_each_by_its_line_and_takes_nothing(world: World, tmp_path: Path) -> None:
    rows = [
        "N1,A,SHIRT-S,3,,",
        ",A,SHIRT-S,1,,",
        "N2,Z,SHIRT-X,0,,",
        "N3,A,SHIRT-S,1,morgen,",
        "N1,B,SHIRT-M,1,,",
        "N1,A,SHIRT-S,2,,",
    ]

    assert refused(tmp_path, HEADER + "\n".join(rows) + "\n") == [
        "line 3: asn: needs 1 to 40 characters",
        "line 4: store_code: the brand has no store “Z”",
        "line 4: sku: the brand has no SKU “SHIRT-X”",
        "line 4: quantity: “0” is not a number of pieces",
        "line 5: expected_on: “morgen” is no date; write 2026-03-16",
        "line 6: asn: store, date or sender differ from line 2",
        "line 7: sku: “SHIRT-S” is in this notice already",
        "7 problems; nothing was imported.",
    ]


def test_import_asn_of_one_that_is_being_received_is_refused_unless_it_is_the_same(
    world: World, tmp_path: Path, now: datetime
) -> None:
    run(tmp_path, HEADER + "N1,A,SHIRT-S,3,,\n")
    receive(world, Shipment.objects.get(), {"S": 1, "M": 1})

    assert run(tmp_path, HEADER + "N1,A,SHIRT-S,3,,\n").endswith("1 as they were.")
    assert refused(tmp_path, HEADER + "N1,A,SHIRT-S,5,,\n") == [
        "line 2: asn: “N1” is being received already",
        "1 problem; nothing was imported.",
    ]


def test_import_asn_of_another_brand_is_another_notice(world: World, tmp_path: Path) -> None:
    announced(world, {"S": 3}, reference="N1")

    run(tmp_path, HEADER + "N1,A,SHIRT-M,1,,\n", brand="two")

    assert list(Shipment.objects.order_by("pk").values_list("brand__code", "reference")) == [
        ("one", "N1"),
        ("two", "N1"),
    ]
