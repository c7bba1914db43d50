"""Advance shipping notices from a file: what is on its way to a brand's stores. Twice is as good as once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from inventory import locks
from inventory.choices import ShipmentKind, ShipmentStatus
from inventory.models import Shipment, ShipmentLine, Variant
from omni.kernel.numbers import public_number
from omni.kernel.transactions import step
from stores import queries as stores_queries
from stores import services as stores_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from stores.models import Brand
    from stores.services import CsvRow, Problems

REQUIRED = ("asn", "store_code", "sku", "quantity")
OPTIONAL = ("expected_on", "sender")
MOST_UNITS = 100_000

_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AsnImport:
    """What an import of notices did; notices, not rows."""

    added: int
    changed: int
    unchanged: int


@dataclass(slots=True)
class _Notice:
    """A notice as the file has it, from the line on which it begins."""

    line: int
    store_id: int
    expected_on: date | None
    sender: str
    units: dict[int, int] = field(default_factory=dict)


@step
def import_asn(rows: Sequence[CsvRow], *, brand: Brand, actor: str, now: datetime) -> AsnImport:
    """Take announced deliveries, all rows or none; see `REQUIRED` and `OPTIONAL` for the columns.

    Rows of one `asn` are one notice, for one store. One that is known is replaced as long as nothing of it was
    received, and left when it is the same. Locks the known shipments in the order of their ids.

    :raises FileRefused: naming every row that cannot be taken.
    """
    store_ids = stores_queries.store_ids_by_code(brand.pk)
    variant_ids = dict(Variant.objects.filter(brand=brand).values_list("sku", "pk"))
    problems = stores_services.Problems()
    notices: dict[str, _Notice] = {}
    for row in rows:
        _read(row, store_ids, variant_ids, notices, problems)
    found = Shipment.objects.filter(brand=brand, kind=ShipmentKind.ASN, reference__in=notices).order_by("pk")
    known = {shipment.reference: locks.lock_shipment(shipment.pk) for shipment in found}
    changes = {
        reference: _is_other(known[reference], notice) for reference, notice in notices.items() if reference in known
    }
    for reference, is_other in changes.items():
        shipment = known[reference]
        if is_other and (shipment.status != ShipmentStatus.EXPECTED or shipment.receipts.exists()):
            problems.add(notices[reference].line, _("asn: “%(asn)s” is being received already") % {"asn": reference})
    problems.refuse_if_any()
    for reference, notice in notices.items():
        if changes.get(reference, True):
            _save(known.get(reference) or _new(reference, brand, actor, now), notice)
    changed = sum(changes.values())
    return AsnImport(len(notices) - len(known), changed, len(changes) - changed)


def _read(
    row: CsvRow,
    store_ids: Mapping[str, int],
    variant_ids: Mapping[str, int],
    notices: dict[str, _Notice],
    problems: Problems,
) -> None:
    """Read a row into its notice, or note everything that is wrong with it."""
    before = len(problems.found)
    reference, sender, quantity = row.get("asn"), row.get("sender"), row.get("quantity")
    store_id, variant_id = store_ids.get(row.get("store_code")), variant_ids.get(row.get("sku"))
    if not reference or len(reference) > 40 or not reference.isprintable():
        problems.add(row.line, _("asn: needs 1 to 40 characters"))
    if store_id is None:
        code = row.get("store_code")[:40]
        problems.add(row.line, _("store_code: the brand has no store “%(code)s”") % {"code": code})
    if variant_id is None:
        problems.add(row.line, _("sku: the brand has no SKU “%(sku)s”") % {"sku": row.get("sku")[:40]})
    units = int(quantity) if _WHOLE.fullmatch(quantity) else 0
    if not 0 < units <= MOST_UNITS:
        problems.add(row.line, _("quantity: “%(text)s” is not a number of pieces") % {"text": quantity[:40]})
    expected_on = _read_date(row, problems)
    if len(sender) > 80 or not sender.isprintable():
        problems.add(row.line, _("%(column)s: longer than %(length)s characters") % {"column": "sender", "length": 80})
    if len(problems.found) > before or store_id is None or variant_id is None:
        return
    notice = notices.setdefault(reference, _Notice(row.line, store_id, expected_on, sender))
    if (notice.store_id, notice.expected_on, notice.sender) != (store_id, expected_on, sender):
        reason = _("asn: store, date or sender differ from line %(line)s") % {"line": notice.line}
        problems.add(row.line, reason)
    elif variant_id in notice.units:
        problems.add(row.line, _("sku: “%(sku)s” is in this notice already") % {"sku": row.get("sku")[:40]})
    else:
        notice.units[variant_id] = units


def _read_date(row: CsvRow, problems: Problems) -> date | None:
    text = row.get("expected_on")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.add(row.line, _("expected_on: “%(text)s” is no date; write 2026-03-16") % {"text": text[:40]})
        return None


def _is_other(shipment: Shipment, notice: _Notice) -> bool:
    """Tell whether a notice says something else than what is known of it."""
    announced = dict(shipment.lines.filter(quantity__gt=0).values_list("variant", "quantity"))
    facts = (shipment.to_store_id, shipment.expected_on, shipment.sender)
    return announced != notice.units or facts != (notice.store_id, notice.expected_on, notice.sender)


def _new(reference: str, brand: Brand, actor: str, now: datetime) -> Shipment:
    return Shipment(
        number=public_number("A"),
        brand=brand,
        kind=ShipmentKind.ASN,
        reference=reference,
        status=ShipmentStatus.EXPECTED,
        created_by=actor,
        created_at=now,
    )


def _save(shipment: Shipment, notice: _Notice) -> None:
    """Write a notice, in place of what was known of it."""
    shipment.to_store_id, shipment.expected_on, shipment.sender = notice.store_id, notice.expected_on, notice.sender
    shipment.save()
    shipment.lines.all().delete()
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, variant_id=variant_id, quantity=units)
        for variant_id, units in sorted(notice.units.items())
    )
