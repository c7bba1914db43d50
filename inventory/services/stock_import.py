"""A brand's stock from a file: what each store has on hand of a SKU from now on."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from inventory import locks
from inventory.choices import MovementKind
from inventory.models import Variant
from inventory.services.bins import NoSuchBin, put_in_bins, read_bin
from inventory.services.corrections import Figure, correct_levels
from omni.kernel.clock import business_date
from omni.kernel.transactions import step
from stores import queries as stores_queries
from stores import services as stores_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from stores.models import Brand
    from stores.services import CsvRow, Problems

REQUIRED = ("store_code", "sku", "on_hand")
OPTIONAL = ("bin",)
MOST_ON_HAND = 1_000_000

_WHOLE = re.compile(r"[+-]?\d{1,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StockImport:
    """What an import of stock did."""

    added: int
    changed: int
    unchanged: int
    displaced: int


@step
def import_stock(rows: Sequence[CsvRow], *, brand: Brand, actor: str, now: datetime) -> StockImport:
    """Set what stores have on hand, all rows or none; see `REQUIRED` for the columns; `OPTIONAL` ones: where it lies.

    Each difference is an IMPORT movement. Figures are of the whole stock: what is promised stays promised as far as the
    new figure goes, beyond it the youngest promises are displaced (emits ReservationDisplaced). Levels that the file
    does not name stay as they are. Locks the levels in the order of their ids.

    :raises FileRefused: naming every row that cannot be taken.
    """
    store_ids = stores_queries.store_ids_by_code(brand.pk)
    variant_ids = dict(Variant.objects.filter(brand=brand).values_list("sku", "pk"))
    problems = stores_services.Problems()
    figures: dict[tuple[int, int], tuple[int, int]] = {}
    bins: dict[tuple[int, int], str] = {}
    for row in rows:
        read = _read(row, store_ids, variant_ids, problems)
        if read is None:
            continue
        place, on_hand = read
        if place in figures:
            problems.add(row.line, _("store and SKU are on line %(line)s already") % {"line": figures[place][0]})
        else:
            figures[place] = (row.line, on_hand)
            bins[place] = _read_bin(row, problems)
    problems.refuse_if_any()
    done = _save({place: on_hand for place, (_line, on_hand) in figures.items()}, actor=actor, now=now)
    put_in_bins({place: name for place, name in bins.items() if name})
    return done


def _read_bin(row: CsvRow, problems: Problems) -> str:
    """Return where the row says that the goods lie, "" when it does not, or note what is wrong with it."""
    try:
        return read_bin(row.get("bin"))
    except NoSuchBin as refusal:
        problems.add(row.line, _("bin: %(reason)s") % {"reason": refusal.message})
        return ""


def _read(
    row: CsvRow, store_ids: Mapping[str, int], variant_ids: Mapping[str, int], problems: Problems
) -> tuple[tuple[int, int], int] | None:
    """Return ((store id, variant id), on hand) of a row, or note everything that is wrong with it."""
    store_id, variant_id = store_ids.get(row.get("store_code")), variant_ids.get(row.get("sku"))
    if store_id is None:
        problems.add(
            row.line, _("store_code: the brand has no store “%(code)s”") % {"code": row.get("store_code")[:40]}
        )
    if variant_id is None:
        problems.add(row.line, _("sku: the brand has no SKU “%(sku)s”") % {"sku": row.get("sku")[:40]})
    text = row.get("on_hand")
    on_hand = int(text) if _WHOLE.fullmatch(text) else None
    if on_hand is None:
        problems.add(row.line, _("on_hand: “%(text)s” is not a whole number") % {"text": text[:40]})
    elif on_hand < 0:
        problems.add(row.line, _("on_hand: %(units)s is negative") % {"units": on_hand})
    elif on_hand > MOST_ON_HAND:
        problems.add(row.line, _("on_hand: %(units)s is more than a store can hold") % {"units": on_hand})
    elif store_id is not None and variant_id is not None:
        return (store_id, variant_id), on_hand
    return None


def _save(figures: Mapping[tuple[int, int], int], *, actor: str, now: datetime) -> StockImport:
    """Write the figures: new levels first, then all of them, locked."""
    added = locks.add_missing_levels(list(figures))
    levels = locks.lock_places(list(figures))
    targets = [
        Figure(level.id, on_hand := figures[level.store_id, level.variant_id], min(level.unsellable, on_hand))
        for level in levels
    ]
    before = {level.id: level.on_hand for level in levels}
    changed = sum(target.on_hand != before[target.level_id] for target in targets)
    displaced = correct_levels(
        targets,
        kind=MovementKind.IMPORT,
        cause=f"import:{secrets.token_hex(8)}",
        actor=actor,
        now=now,
        counted_on=business_date(now),
    )
    return StockImport(added, changed, len(targets) - changed, displaced)
