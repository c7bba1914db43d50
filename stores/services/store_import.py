"""A brand's stores from a file: new ones are added, known ones changed, by their code; twice is as good as once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _

from omni.kernel import geo
from omni.kernel.errors import InvalidInput
from omni.kernel.transactions import step
from stores import rules, sql
from stores.choices import CounterpartyKind, StoreKind
from stores.models import Counterparty, District
from stores.services.csv_files import Problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omni.kernel.geo import Datum
    from stores.models import Brand
    from stores.services.csv_files import CsvRow

REQUIRED = ("code", "name", "lat", "lng")
OPTIONAL = ("kind", "mall", "province", "city", "district", "address", "hours")
DEGREES = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)
# The place for goods on their way is made by the platform itself.
KINDS = tuple(kind for kind in StoreKind.values if kind != StoreKind.TRANSIT)
LENGTHS = {"code": 32, "name": 80, "mall": 80, "address": 200}


@dataclass(frozen=True, slots=True)
class StoreImport:
    """What an import of stores did."""

    added: int
    changed: int
    unchanged: int
    malls_added: int


@dataclass(frozen=True, slots=True)
class _Store:
    """A row that can be taken; None leaves what a known store has."""

    code: str
    name: str
    kind: str | None
    mall: str | None
    district: District | None
    address: str | None
    lat: float
    lng: float
    hours: tuple[list[int], list[int]] | None


@step
def import_stores(rows: Sequence[CsvRow], *, brand: Brand, datum: Datum) -> StoreImport:
    """Add and change a brand's stores, all rows or none; see `REQUIRED` and `OPTIONAL` for the columns.

    An empty cell leaves what a known store has; a new one is directly operated and open from ten to ten. A mall is
    found by its code or its Chinese or English name, and added under its name when there is none.

    :raises FileRefused: naming every row that cannot be taken.
    """
    problems, places = Problems(), _Places()
    stores: dict[str, tuple[int, _Store]] = {}
    for row in rows:
        store = _read(row, datum, places, problems)
        if store is None:
            continue
        if store.code in stores:
            first = {"code": store.code, "line": stores[store.code][0]}
            problems.add(row.line, _("the code %(code)s is on line %(line)s already") % first)
        else:
            stores[store.code] = (row.line, store)
    problems.refuse_if_any()
    return _save([store for _line, store in stores.values()], brand)


class _Places:
    """The districts by name and by code."""

    def __init__(self) -> None:
        self.by_name: dict[str, list[District]] = {}
        for district in District.objects.all():
            self.by_name.setdefault(district.name, []).append(district)
            self.by_name[district.pk] = [district]

    def find(self, province: str, city: str, name: str) -> District | None:
        """Return the one district of that name or code in the province and city named, or None."""
        found = [
            district
            for district in self.by_name.get(name, ())
            if district.province.startswith(province) and (city in {"市辖区", "县"} or district.city.startswith(city))
        ]
        return found[0] if len(found) == 1 else None


def _read(row: CsvRow, datum: Datum, places: _Places, problems: Problems) -> _Store | None:
    """Read a row, noting everything that is wrong with it."""
    before = len(problems.found)
    _check_texts(row, problems)
    kind = row.get("kind").lower() or None
    if kind is not None and kind not in KINDS:
        kinds = ", ".join(KINDS)
        problems.add(row.line, _("kind: %(kind)s is none of %(kinds)s") % {"kind": kind, "kinds": kinds})
    point = _read_point(row, datum, problems)
    district = _read_district(row, places, problems)
    hours = _read_hours(row, problems)
    if len(problems.found) > before or point is None:
        return None
    return _Store(
        code=row.get("code"),
        name=row.get("name"),
        kind=kind,
        mall=row.get("mall") or None,
        district=district,
        address=row.get("address") or None,
        lat=point[0],
        lng=point[1],
        hours=hours,
    )


def _check_texts(row: CsvRow, problems: Problems) -> None:
    """Check that code and name are there and say something, and that no text is too long."""
    for column in ("code", "name"):
        if not any(character.isalnum() for character in row.get(column)):
            problems.add(row.line, _("%(column)s: needs a letter or digit") % {"column": column})
    for column, length in LENGTHS.items():
        text = row.get(column)
        if len(text) > length:
            values = {"column": column, "length": length}
            problems.add(row.line, _("%(column)s: longer than %(length)s characters") % values)
        elif not text.isprintable():
            problems.add(row.line, _("%(column)s: has a control character") % {"column": column})


def _read_point(row: CsvRow, datum: Datum, problems: Problems) -> tuple[float, float] | None:
    """Read the coordinates, and convert them to WGS-84."""
    values = []
    for column in ("lat", "lng"):
        text = row.get(column)
        if DEGREES.fullmatch(text):
            values.append(float(text))
        else:
            shown = {"column": column, "text": text[:40]}
            problems.add(row.line, _("%(column)s: “%(text)s” is not a number") % shown)
    if len(values) < 2:
        return None
    try:
        geo.check_point(*values)
    except InvalidInput as refusal:
        problems.add(row.line, f"{refusal.field}: {refusal.message}")
        return None
    lat, lng = geo.to_wgs84(values[0], values[1], datum)
    return lat, lng


def _read_district(row: CsvRow, places: _Places, problems: Problems) -> District | None:
    """Find the district that the row names, if it names one."""
    province, city, name = row.get("province"), row.get("city"), row.get("district")
    if not name:
        return None
    district = places.find(province, city, name)
    if district is None:
        place = " ".join(filter(None, (province, city, name)))[:80]
        problems.add(row.line, _("district: there is no one place called %(place)s") % {"place": place})
    return district


def _read_hours(row: CsvRow, problems: Problems) -> tuple[list[int], list[int]] | None:
    """Read the opening hours, if the row gives them."""
    text = row.get("hours")
    if not text:
        return None
    try:
        return rules.parse_hours(text)
    except rules.UnreadableHours:
        problems.add(row.line, _("hours: “%(text)s” cannot be read; write 10:00-22:00") % {"text": text[:60]})
        return None


def _save(stores: Sequence[_Store], brand: Brand) -> StoreImport:
    """Write the stores in one statement."""
    malls, malls_added = _malls(stores)
    vectors = [geo.unit_vector(store.lat, store.lng) for store in stores]
    values: dict[str, Any] = {
        "brand_id": brand.pk,
        "codes": [store.code for store in stores],
        "names": [store.name for store in stores],
        "kinds": [store.kind for store in stores],
        "malls": [malls[store.mall] if store.mall else None for store in stores],
        "districts": [store.district.pk if store.district else None for store in stores],
        "addresses": [store.address for store in stores],
        "lats": [store.lat for store in stores],
        "lngs": [store.lng for store in stores],
        "xs": [vector[0] for vector in vectors],
        "ys": [vector[1] for vector in vectors],
        "zs": [vector[2] for vector in vectors],
        "opens": [_array(store.hours[0]) if store.hours else None for store in stores],
        "closes": [_array(store.hours[1]) if store.hours else None for store in stores],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.IMPORT_STORES, values)
        is_new = [row[0] for row in cursor.fetchall()]
    added = sum(is_new)
    return StoreImport(added, len(is_new) - added, len(stores) - len(is_new), malls_added)


def _array(minutes: Sequence[int]) -> str:
    """Write seven numbers as an array of PostgreSQL, for arrays of arrays must not be ragged."""
    return "{" + ",".join(map(str, minutes)) + "}"


def _malls(stores: Sequence[_Store]) -> tuple[dict[str, int], int]:
    """Return the ids of the malls named, and how many had to be added."""
    known: dict[str, int] = {}
    for mall in Counterparty.objects.filter(kind=CounterpartyKind.MALL).order_by("-pk"):
        known |= {mall.name_en: mall.pk, mall.name_zh: mall.pk, mall.code: mall.pk}
    missing = {store.mall: store.district for store in stores if store.mall and store.mall not in known}
    created = Counterparty.objects.bulk_create(
        Counterparty(
            code=f"mall-{hashlib.sha256(name.encode()).hexdigest()[:12]}",
            kind=CounterpartyKind.MALL,
            name_zh=name,
            name_en=name,
            district=district,
        )
        for name, district in missing.items()
    )
    return known | {mall.name_zh: mall.pk for mall in created}, len(created)
