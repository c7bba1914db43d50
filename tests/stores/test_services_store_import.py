"""Taking stores from a file."""

import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from omni.kernel import geo
from stores.models import Counterparty, Store
from tests.cast import World
from tests.factories.stores import MallFactory

pytestmark = pytest.mark.django_db

HEADER = "code,name,kind,mall,province,city,district,address,lat,lng,hours\n"
FULL = (
    "N1,静安店,concession,汇澜中心,上海市,上海市,静安区,南京西路 1 号,31.2290,121.4480,"
    "Mo-Fr 10:00-21:00; Sa-Su 10:00-22:00\n"
)


def run(folder: Path, content: str | bytes, *, brand: str = "one", datum: str = "wgs84") -> str:
    file, said = folder / "stores.csv", StringIO()
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    call_command("import_stores", str(file), "--brand", brand, "--datum", datum, stdout=said)
    return said.getvalue().strip()


def refused(folder: Path, content: str | bytes, **options: str) -> list[str]:
    before = snapshot()
    with pytest.raises(CommandError) as refusal:
        run(folder, content, **options)
    assert snapshot() == before
    return str(refusal.value).splitlines()


def snapshot() -> tuple[list[tuple[object, ...]], int]:
    return list(Store.objects.order_by("pk").values_list()), Counterparty.objects.count()


def test_import_stores_with_every_column_fills_the_store(world: World, tmp_path: Path) -> None:
    said = run(tmp_path, HEADER + FULL)

    assert said == "1 stores: 1 added, 0 changed, 0 as they were; 1 malls added."
    store = Store.objects.get(brand=world.brand, code="N1")
    assert (store.name_zh, store.kind, store.address, store.district_id) == (
        "静安店",
        "concession",
        "南京西路 1 号",
        "310106",
    )
    assert (store.opens_minutes, store.closes_minutes) == ([600] * 7, [1260] * 5 + [1320] * 2)
    assert (store.lat, store.lng) == (31.229, 121.448)
    assert (store.ux, store.uy, store.uz) == geo.unit_vector(31.229, 121.448)
    assert store.mall is not None
    assert (store.mall.name_zh, store.mall.kind, store.mall.district_id) == ("汇澜中心", "mall", "310106")


def test_import_stores_with_the_required_columns_only_takes_defaults(world: World, tmp_path: Path) -> None:
    run(tmp_path, "lng,lat,name,code\n121.448,31.229,静安店,N1\n")

    store = Store.objects.get(brand=world.brand, code="N1")
    assert (store.kind, store.mall, store.district, store.address) == ("direct", None, None, "")
    assert (store.opens_minutes, store.closes_minutes) == ([600] * 7, [1320] * 7)
    assert store.is_active
    assert store.daily_capacity == 60


def test_import_stores_twice_changes_nothing_the_second_time(world: World, tmp_path: Path) -> None:
    run(tmp_path, HEADER + FULL)
    before = snapshot()

    assert run(tmp_path, HEADER + FULL) == "1 stores: 0 added, 0 changed, 1 as they were; 0 malls added."
    assert snapshot() == before


def test_import_stores_leaves_what_the_file_leaves_open(world: World, tmp_path: Path) -> None:
    run(tmp_path, HEADER + FULL)

    said = run(tmp_path, "code,name,lat,lng,address\nN1,静安二店,31.2300,121.4480,\n")

    assert said == "1 stores: 0 added, 1 changed, 0 as they were; 0 malls added."
    store = Store.objects.get(brand=world.brand, code="N1")
    assert (store.name_zh, store.lat, store.uz) == ("静安二店", 31.23, geo.unit_vector(31.23, 121.448)[2])
    assert (store.kind, store.address, store.district_id) == ("concession", "南京西路 1 号", "310106")
    assert store.closes_minutes == [1260] * 5 + [1320] * 2


def test_import_stores_finds_a_mall_by_code_or_either_name(world: World, tmp_path: Path) -> None:
    mall = MallFactory.create(code="m-1", name_zh="星渡广场", name_en="Xingdu Plaza")

    run(
        tmp_path,
        "code,name,lat,lng,mall\n"
        + "".join(f"{m[0]}{n},店,31,121,{m}\n" for n, m in enumerate(("m-1", "星渡广场", "Xingdu Plaza"))),
    )

    assert Store.objects.filter(mall=mall, kind="concession").count() == 3
    assert Counterparty.objects.count() == 1


def test_import_stores_keeps_to_its_brand(world: World, tmp_path: Path) -> None:
    run(tmp_path, "code,name,lat,lng\nA,换了名字,31,121\n", brand="two")

    assert Store.objects.get(brand=world.brand, code="A").name_zh == "A店"
    assert Store.objects.get(brand=world.other_brand, code="A").name_zh == "换了名字"


@pytest.mark.parametrize("datum", list(geo.Datum))
def test_import_stores_converts_each_datum_to_wgs84(world: World, tmp_path: Path, datum: geo.Datum) -> None:
    lat, lng = geo.from_wgs84(31.229, 121.448, datum)

    run(tmp_path, f"code,name,lat,lng\nN1,店,{lat!r},{lng!r}\n", datum=datum.value)

    store = Store.objects.get(brand=world.brand, code="N1")
    assert geo.great_circle_metres(store.lat, store.lng, 31.229, 121.448) < 0.1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",店,,,,,,,31,121,", "code: needs a letter or digit"),
        ("N1,,,,,,,,31,121,", "name: needs a letter or digit"),
        ("N1,🙂🙂,,,,,,,31,121,", "name: needs a letter or digit"),
        (f"{'N' * 33},店,,,,,,,31,121,", "code: longer than 32 characters"),
        ("N\t1,店,,,,,,,31,121,", "code: has a control character"),
        ("N1,店,kiosk,,,,,,31,121,", "kind: kiosk is none of direct, concession, franchise, warehouse"),
        ("N1,店,,,,,,,north,121,", "lat: “north” is not a number"),
        ("N1,店,,,,,,,31,,", "lng: “” is not a number"),
        ("N1,店,,,,,,,nan,121,", "lat: “nan” is not a number"),
        ("N1,店,,,,,,,121,31,", "lat: Latitude lies between -90 and 90 degrees."),
        ("N1,店,,,,,,,31,181,", "lng: Longitude lies between -180 and 180 degrees."),
        ("N1,店,,,,,火星区,,31,121,", "district: there is no one place called 火星区"),
        ("N1,店,,,,,鼓楼区,,31,121,", "district: there is no one place called 鼓楼区"),
        ("N1,店,,,浙江省,,静安区,,31,121,", "district: there is no one place called 浙江省 静安区"),
        ("N1,店,,,,,,,31,121,ten to ten", "hours: “ten to ten” cannot be read; write 10:00-22:00"),
    ],
)
def test_import_stores_with_a_bad_row_takes_nothing_and_says_why(
    world: World, tmp_path: Path, row: str, reason: str
) -> None:
    lines = refused(tmp_path, f"{HEADER}{FULL}{row}\n")

    assert lines == [f"line 3: {reason}", "1 problem; nothing was imported."]


def test_import_stores_names_every_problem_of_every_row(world: World, tmp_path: Path) -> None:
    lines = refused(tmp_path, "code,name,lat,lng\nN1,店,95,x\nN2,店,31,121\nN2,店,31,121\n")

    assert lines == [
        "line 2: lng: “x” is not a number",
        "line 4: the code N2 is on line 3 already",
        "2 problems; nothing was imported.",
    ]


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("上海市,市辖区,静安区", "310106"),
        ("上海,上海,静安区", "310106"),
        (",,静安区", "310106"),
        ("江苏省,南京市,鼓楼区", "320106"),
        (",,320106", "320106"),
    ],
)
def test_import_stores_finds_a_district_as_people_write_it(world: World, tmp_path: Path, place: str, code: str) -> None:
    run(tmp_path, f"code,name,lat,lng,province,city,district\nN1,店,31,121,{place}\n")

    assert Store.objects.get(brand=world.brand, code="N1").district_id == code


def test_import_stores_of_an_unknown_brand_or_file_is_refused(world: World, tmp_path: Path) -> None:
    assert refused(tmp_path, HEADER + FULL, brand="three") == ["There is no brand with the code three."]
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_stores", str(tmp_path / "none.csv"), "--brand", "one", "--datum", "wgs84")
    with pytest.raises(CommandError, match="invalid choice"):
        run(tmp_path, HEADER + FULL, datum="nad27")


def test_import_stores_of_twenty_thousand_rows_takes_seconds(world: World, tmp_path: Path) -> None:
    rows = "".join(
        f"N{n},店{n},,汇澜{n % 50},,,静安区,路 {n} 号,31.{n:05d},121.{n:05d},10:00-22:00\n" for n in range(20_000)
    )
    started = time.process_time()  # other work on the machine does not count

    assert run(tmp_path, HEADER + rows) == "20,000 stores: 20,000 added, 0 changed, 0 as they were; 50 malls added."

    assert time.process_time() - started < 10
