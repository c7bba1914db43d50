"""Picking waves as a desk shows them: what may join one, and one list of goods sorted by where they lie."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q, Sum

from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.choices import Way
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, PickWave
from fulfillment.permissions import desk_store_ids
from fulfillment.queries.desk import TaskCard, cards_of, with_contents
from inventory import queries as inventory_queries
from omni.kernel import bilingual
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.models import Variant
    from inventory.queries import Doubt
    from stores.permissions import Actor

MOST_TASKS = 60
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class WavePart:
    """Units of one order in a row of the list; `basket` counts the orders of the wave from 1."""

    line_id: int
    basket: int
    number: str
    quantity: int
    picked: int

    @property
    def is_done(self) -> bool:
        """Tell whether every unit is in the basket."""
        return self.picked >= self.quantity


@dataclass(frozen=True, slots=True)
class WaveRow:
    """Units of one variant to be fetched, for one order or several."""

    variant_id: int
    bin: str
    name: str
    color: str
    color_hex: str
    shape: str
    size: str
    sku: str
    barcode: str
    doubt: Doubt | None
    parts: tuple[WavePart, ...]

    @property
    def codes(self) -> str:
        """Return what a touch of this row may come with, "|" between: SKU, barcode, its lines."""
        return "|".join([self.sku, self.barcode, *(f"line-{part.line_id}" for part in self.parts)])

    @property
    def quantity(self) -> int:
        """Return how many units are to be fetched."""
        return sum(part.quantity for part in self.parts)

    @property
    def picked(self) -> int:
        """Return how many units were scanned."""
        return sum(part.picked for part in self.parts)

    @property
    def is_done(self) -> bool:
        """Tell whether nothing of it is missing."""
        return self.picked >= self.quantity

    @property
    def open_part(self) -> WavePart | None:
        """Return the part that gets the next unit, None when all is there."""
        return next((part for part in self.parts if not part.is_done), None)

    @property
    def filled_part(self) -> WavePart | None:
        """Return the part that got the last unit, None when none was fetched."""
        return next((part for part in reversed(self.parts) if part.picked), None)


@dataclass(frozen=True, slots=True)
class WaveTask:
    """An order of a wave, and the basket its goods go into."""

    basket: int
    number: str
    way: Way
    deadline_at: datetime | None
    quantity: int
    picked: int

    @property
    def is_done(self) -> bool:
        """Tell whether it can be packed."""
        return self.picked >= self.quantity


@dataclass(frozen=True, slots=True)
class WavePage:
    """A wave: its orders and its list, what is still to be fetched first, in the order of the shelves."""

    number: str
    started_at: datetime
    tasks: tuple[WaveTask, ...]
    rows: tuple[WaveRow, ...]

    @property
    def quantity(self) -> int:
        """Return how many units are to be fetched."""
        return sum(task.quantity for task in self.tasks)

    @property
    def picked(self) -> int:
        """Return how many units were scanned."""
        return sum(task.picked for task in self.tasks)

    @property
    def is_done(self) -> bool:
        """Tell whether everything is there."""
        return self.picked >= self.quantity

    @property
    def complete_tasks(self) -> int:
        """Return how many orders can be packed."""
        return sum(task.is_done for task in self.tasks)

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the list shows."""
        return f"{zlib.crc32(repr(self).encode()):08x}"


@dataclass(frozen=True, slots=True)
class OpenWave:
    """A wave under way."""

    number: str
    started_at: datetime
    tasks: int
    quantity: int
    picked: int


def get_wave_for(actor: Actor, number: str) -> PickWave:
    """Return a wave of a store at whose desk an actor works, with its store.

    :raises NotFound: when there is none, or it is another store's.
    """
    waves = PickWave.objects.filter(store__in=desk_store_ids(actor), store__is_active=True)
    wave = waves.select_related("store__brand").filter(number=number).first() if is_valid_number(number) else None
    if wave is None:
        raise NotFound
    return wave


def variant_of_line(wave: PickWave, line_id: int) -> int | None:
    """Return the variant of a line that is on the list of a wave; None when it is on it no more."""
    lines = FulfillmentOrderLine.objects.filter(pk=line_id, fulfillment_order__wave=wave)
    return lines.values_list("fulfillment_line__variant", flat=True).first()


def load_pickable(store_id: int) -> tuple[TaskCard, ...]:
    """Return the orders of a store that may join a wave, what is overdue or due first; six queries at any length."""
    is_free = Q(status=Status.ACCEPTED) | Q(status=Status.PICKING, wave__isnull=True)
    shares = with_contents(FulfillmentOrder.objects.filter(is_free, store=store_id))
    return cards_of(store_id, shares.order_by("deadline_at", "pk")[:MOST_TASKS])


def open_waves(store_id: int) -> tuple[OpenWave, ...]:
    """Return the waves of a store that are under way, the newest first."""
    waves = PickWave.objects.filter(store=store_id, orders__status=Status.PICKING)
    waves = waves.annotate(
        tasks=Count("orders", distinct=True),
        quantity=Sum("orders__lines__quantity"),
        picked=Sum("orders__lines__picked"),
    )
    return tuple(
        OpenWave(wave.number, wave.started_at, wave.tasks, wave.quantity, wave.picked) for wave in waves.order_by("-pk")
    )


def load_wave(wave: PickWave) -> WavePage:
    """Read the list of a wave; four queries whatever its length."""
    joined = FulfillmentOrder.objects.filter(wave=wave).select_related("fulfillment").order_by("pk")
    # An order that left the wave keeps its number: the others stay in their baskets.
    numbered = [(basket, share) for basket, share in enumerate(joined, start=1) if share.status == Status.PICKING]
    shares = [share for _basket, share in numbered]
    baskets = {share.pk: basket for basket, share in numbered}
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order__in=baskets)
    lines = lines.select_related("fulfillment_line__variant__product__category", "fulfillment_order")
    parts: dict[int, list[WavePart]] = {}
    variants: dict[int, Variant] = {}
    for line in lines.order_by("fulfillment_order", "pk"):
        variant = line.fulfillment_line.variant
        variants[variant.pk] = variant
        part = WavePart(
            line.pk, baskets[line.fulfillment_order_id], line.fulfillment_order.number, line.quantity, line.picked
        )
        parts.setdefault(variant.pk, []).append(part)
    return WavePage(
        number=wave.number,
        started_at=wave.started_at,
        tasks=tuple(_task(share, baskets[share.pk], parts) for share in shares),
        rows=_rows(wave.store_id, variants, parts),
    )


def _task(share: FulfillmentOrder, basket: int, parts: dict[int, list[WavePart]]) -> WaveTask:
    own = [part for some in parts.values() for part in some if part.basket == basket]
    return WaveTask(
        basket=basket,
        number=share.number,
        way=Way(share.fulfillment.way),
        deadline_at=share.deadline_at,
        quantity=sum(part.quantity for part in own),
        picked=sum(part.picked for part in own),
    )


def _rows(store_id: int, variants: dict[int, Variant], parts: dict[int, list[WavePart]]) -> tuple[WaveRow, ...]:
    """Return a row for each variant: what is complete last, else along the shelves."""
    bins = inventory_queries.bins_of(store_id, variants.keys())
    doubts = inventory_queries.doubts_of(store_id, variants.keys())
    rows = [
        WaveRow(
            variant_id=variant.pk,
            bin=bins.get(variant.pk, ""),
            name=bilingual.name_of(variant.product),
            color=bilingual.pick(variant.color_zh, variant.color_en),
            color_hex=variant.color_hex,
            shape=variant.product.shape,
            size=variant.size,
            sku=variant.sku,
            barcode=variant.barcode,
            doubt=doubts.get(variant.pk),
            parts=tuple(parts[variant.pk]),
        )
        for variant in sorted(variants.values(), key=lambda variant: shelf_key(bins.get(variant.pk, ""), variant))
    ]
    return tuple(sorted(rows, key=lambda row: row.is_done))


def shelf_key(bin_name: str, variant: Variant) -> tuple[object, ...]:
    """Return what goods are sorted by as people walk: A-2 before A-10; without a place by kind, style, colour and size.

    Those without a place come last.
    """
    walked = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in _DIGITS.split(bin_name) if part)
    product = variant.product
    kind = (product.category.position, product.category_id, product.code, variant.color_hex, variant.position)
    return (not bin_name, walked, *kind, variant.pk)
