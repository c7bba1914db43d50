"""What the desk shows of stock: its own store's, that of stores around, and how a level came to be what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from inventory.choices import LIVE_RESERVATIONS, AdjustmentReason, MovementKind
from inventory.models import (
    Product,
    ReceiptLine,
    Reservation,
    ShipmentLine,
    StockAdjustment,
    StockLevel,
    StockMovement,
    Variant,
)
from inventory.queries.catalogue import fetch_rows
from inventory.queries.pricing import unit_prices
from inventory.queries.stands import find_labelled
from inventory.rules import words
from inventory.sql import desk as sql
from omni.kernel import bilingual
from omni.kernel.errors import NotFound
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from stores.models import Store

MOST_STYLES = 30
MOST_AROUND = 8
HISTORY_PAGE = 30


@dataclass(frozen=True, slots=True)
class FoundStyle:
    """A product that was looked for, with what the store has of all its sizes; `price_fen` is the lowest."""

    product_id: int
    code: str
    name_zh: str
    name_en: str
    shape: str
    color_hex: str
    price_fen: int | None
    on_hand: int
    sellable: int

    @property
    def name(self) -> str:
        """Return its name in the language active now."""
        return bilingual.pick(self.name_zh, self.name_en)


@dataclass(frozen=True, slots=True)
class Cell:
    """A size of a colour in the store."""

    variant_id: int
    sku: str
    color: str
    color_hex: str
    size: str
    on_hand: int
    sellable: int
    promised: int
    unsellable: int
    price_fen: int | None


class Around(NamedTuple):
    """A store of the brand nearby, and its sellable units, in the order of the sizes asked for."""

    store_id: int
    code: str
    name_zh: str
    name_en: str
    phone: str
    metres: float
    units: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return its name in the language active now."""
        return bilingual.pick(self.name_zh, self.name_en)


@dataclass(frozen=True, slots=True)
class StylePage:
    """A product at the desk: its colours with their sizes here, and the stores around for the colour chosen."""

    product: Product
    rows: tuple[tuple[Cell, ...], ...]
    chosen: tuple[Cell, ...]
    around: tuple[Around, ...]


class Step(NamedTuple):
    """A change of a level: what, how many, why, who, when; `link` is (kind of page, number) or None."""

    at: datetime
    label: str
    units: int
    detail: str
    who: str
    link: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One variant in one store. `before` asks for older steps, 0 when there are none."""

    variant: Variant
    level: StockLevel
    price_fen: int | None
    steps: tuple[Step, ...]
    before: int
    promises: tuple[Reservation, ...]
    around: tuple[Around, ...]


def find_styles(store: Store, text: str, *, now: datetime) -> list[FoundStyle]:
    """Return the brand's products that a text may mean, those the store has first; one query."""
    parts = text.split()[:5]
    if not parts:
        return []
    tokens = words.cut_query(text)
    values = {
        "store": store.pk,
        "brand": store.brand_id,
        "now": now,
        "words": [f"%{_escaped(part)}%" for part in parts],
        "match": " & ".join(f"({token.tsquery})" for token in tokens),
        "limit": MOST_STYLES,
    }
    return [FoundStyle(*row) for row in fetch_rows(sql.FIND_STYLES, values)]


def _escaped(text: str) -> str:
    """Return a text in which no character stands for others in a pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def find_item(brand_id: int, code: str) -> Variant | None:
    """Return the brand's variant of a SKU or barcode (of a scanned address of the shop too), or None."""
    text = code.strip().removesuffix("/").rsplit("/", 1)[-1] if "://" in code else code.strip()
    return find_labelled(brand_id, text) if text else None


def find_style_id(brand_id: int, text: str) -> int | None:
    """Return the id of a brand's product by its style code or a code of one of its pieces; None when none has it."""
    item = find_item(brand_id, text)
    if item is not None:
        return item.product_id
    return Product.objects.filter(brand=brand_id, code=text.strip()).values_list("pk", flat=True).first()


def get_item(store: Store, variant_id: int) -> Variant:
    """Return a variant of the store's brand.

    :raises NotFound: when there is none.
    """
    variants = Variant.objects.filter(brand=store.brand_id, pk=variant_id)
    found = variants.select_related("product__category").first()
    if found is None:
        raise NotFound
    return found


def load_style(store: Store, code: str, color_hex: str, *, now: datetime) -> StylePage:
    """Read a product at the desk of a store; five queries.

    :raises NotFound: when the brand has none of this code.
    """
    found = Product.objects.select_related("category").filter(brand=store.brand_id, code=code)
    product = found.first() if code.isprintable() else None
    if product is None:
        raise NotFound
    variants = list(Variant.objects.filter(product=product).order_by("position", "pk"))
    levels = {level.variant_id: level for level in StockLevel.objects.filter(store=store, variant__product=product)}
    prices = unit_prices([variant.pk for variant in variants], now)
    rows: dict[str, list[Cell]] = {}
    for variant in variants:
        level = levels.get(variant.pk) or StockLevel(store=store, variant=variant)
        rows.setdefault(variant.color_hex, []).append(_cell(variant, level, prices.get(variant.pk)))
    chosen = rows.get(color_hex) or next((row for row in rows.values() if any(c.on_hand for c in row)), None)
    chosen = chosen or next(iter(rows.values()), [])
    around = stores_around(store, [cell.variant_id for cell in chosen])
    return StylePage(product, tuple(map(tuple, rows.values())), tuple(chosen), tuple(around))


def _cell(variant: Variant, level: StockLevel, price_fen: int | None) -> Cell:
    return Cell(
        variant_id=variant.pk,
        sku=variant.sku,
        color=bilingual.pick(variant.color_zh, variant.color_en),
        color_hex=variant.color_hex,
        size=variant.size,
        on_hand=level.on_hand,
        sellable=level.sellable,
        promised=level.held + level.allocated,
        unsellable=level.unsellable,
        price_fen=price_fen,
    )


def stores_around(store: Store, variant_ids: Sequence[int]) -> list[Around]:
    """Return the nearest other stores of the brand that may sell one of some variants; one query."""
    point = {"x": store.ux, "y": store.uy, "z": store.uz}
    values = {**point, "store": store.pk, "variants": list(variant_ids), "limit": MOST_AROUND}
    return [
        Around._make((*row[:-1], tuple(row[-1].get(str(variant_id), 0) for variant_id in variant_ids)))
        for row in fetch_rows(sql.STORES_AROUND, values)
    ]


def load_item(store: Store, variant_id: int, *, before: int, now: datetime) -> ItemPage:
    """Read one variant at the desk of a store, its newest thirty movements (or those before one); at most ten queries.

    :raises NotFound: when the brand has none.
    """
    variant = get_item(store, variant_id)
    level = StockLevel.objects.filter(store=store, variant=variant).first() or StockLevel(store=store, variant=variant)
    steps, older = _steps(level, store.brand_id, before)
    live = Reservation.objects.filter(level=level.pk, status__in=LIVE_RESERVATIONS).order_by("created_at", "pk")
    return ItemPage(
        variant,
        level,
        unit_prices([variant.pk], now).get(variant.pk),
        tuple(steps),
        older,
        tuple(live[:HISTORY_PAGE]),
        tuple(stores_around(store, [variant.pk])),
    )


def _steps(level: StockLevel, brand_id: int, before: int) -> tuple[list[Step], int]:
    """Return the movements of a level, the newest first, and what it set aside between them."""
    found = StockMovement.objects.filter(level=level.pk).order_by("-pk")
    rows = list((found.filter(pk__lt=before) if before else found)[: HISTORY_PAGE + 1])
    shown, older = rows[:HISTORY_PAGE], rows[HISTORY_PAGE - 1].pk if len(rows) > HISTORY_PAGE else 0
    since = shown[-1].moved_at if older else None
    adjustments = StockAdjustment.objects.filter(level=level.pk).order_by("-pk")
    if since is not None:
        adjustments = adjustments.filter(adjusted_at__gte=since)
    if before and rows:
        adjustments = adjustments.filter(adjusted_at__lte=rows[0].moved_at)
    by_cause = {f"adjustment:{row.pk}": row for row in adjustments[: 2 * HISTORY_PAGE]}
    names = stores_queries.staff_names(
        {row.actor for row in shown} | {row.actor for row in by_cause.values()}, brand_id
    )
    links = _links([row.cause for row in shown])
    steps = [
        Step(
            row.moved_at,
            _label(row, by_cause.get(row.cause)),
            row.quantity,
            by_cause[row.cause].note if row.cause in by_cause else "",
            names.get(row.actor, ""),
            links.get(row.cause),
        )
        for row in shown
    ]
    moved = {row.cause for row in shown}
    steps += [
        Step(row.adjusted_at, _aside_label(row), 0, row.note, names.get(row.actor, ""), None)
        for cause, row in by_cause.items()
        if cause not in moved and row.on_hand == 0
    ]
    return sorted(steps, key=lambda step: step.at, reverse=True), older


def _label(movement: StockMovement, adjustment: StockAdjustment | None) -> str:
    """Say why a movement was."""
    if adjustment is not None:
        return str(AdjustmentReason(adjustment.reason).label)
    return str(MovementKind(movement.kind).label)


def _aside_label(row: StockAdjustment) -> str:
    reason = AdjustmentReason(row.reason).label
    return _("%(reason)s × %(units)s") % {"reason": reason, "units": abs(row.unsellable)}


def _links(causes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return what each cause leads to, as (kind of page, number); at most three queries."""
    parts = {cause: cause.split(":") for cause in causes}
    lines = dict(
        ReceiptLine.objects.filter(pk__in=_ids(parts, "receipt")).values_list("pk", "receipt__shipment__number")
    )
    sent = dict(ShipmentLine.objects.filter(pk__in=_ids(parts, "transfer")).values_list("pk", "shipment__number"))
    owners = dict(
        Reservation.objects.filter(pk__in=_ids(parts, "reservation") | _ids(parts, "return")).values_list("pk", "owner")
    )
    links: dict[str, tuple[str, str]] = {}
    for cause, part in parts.items():
        if part[0] == "count" and len(part) > 1:
            links[cause] = ("count", part[1])
        elif part[0] in {"receipt", "transfer"}:
            number = (lines if part[0] == "receipt" else sent).get(_id(part))
            if number:
                links[cause] = ("shipment", number)
        elif part[0] in {"reservation", "return"} and _id(part) in owners:
            links[cause] = ("owner", owners[_id(part)])
        elif part[0] == "return_line":
            links[cause] = ("owner", f"return_line:{_id(part)}")
    return links


def _ids(parts: Mapping[str, Sequence[str]], kind: str) -> set[int]:
    return {_id(part) for part in parts.values() if part[0] == kind and _id(part)}


def _id(part: Sequence[str]) -> int:
    return int(part[1]) if len(part) > 1 and part[1].isdecimal() else 0
