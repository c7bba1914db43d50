"""What the desk shows of goods that come and go: announced, asked for, on their way, received, differing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.choices import RECEIVABLE, ReceiptStatus, ShipmentStatus
from inventory.models import Receipt, Shipment, ShipmentLine, StockLevel, Variant
from omni.kernel.errors import NotFound
from omni.kernel.models import Transition
from omni.kernel.numbers import is_valid_number
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from stores.models import Store

MOST = 60


class ShipmentTab(models.TextChoices):
    """The heaps of goods that come and go."""

    IN = "in", _("To receive")
    OUT = "out", _("To send")
    WAY = "way", pgettext_lazy("shipment", "Sent")
    DIFFERENT = "different", _("Differences")
    DONE = "done", _("Over")


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A shipment in a list, in pieces."""

    shipment: Shipment
    quantity: int
    received: int

    @property
    def is_late(self) -> bool:
        """Tell whether it should have been received by now."""
        return self.shipment.overdue_at is not None


@dataclass(frozen=True, slots=True)
class ShipmentList:
    """One tab of a store's shipments, and how many there are in each."""

    tab: ShipmentTab
    rows: tuple[ShipmentRow, ...]
    counts: dict[ShipmentTab, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A variant of a shipment: what was announced or sent, what came, and what is being counted in now."""

    variant: Variant
    line: ShipmentLine | None
    counted: int
    damaged: int
    sellable: int

    @property
    def is_wrong(self) -> bool:
        """Tell whether it is not on the list."""
        return self.line is None or self.line.quantity == 0

    @property
    def awaited(self) -> int:
        """Return how many pieces are still to come."""
        return self.line.missing if self.line else 0


class ShipmentStep(models.TextChoices):
    """What the person may do with a shipment here and now."""

    PACK = "pack", "pack"
    RECEIVE = "receive", "receive"
    LOOK = "look", "look"


@dataclass(frozen=True, slots=True)
class ShipmentPage:
    """A shipment at the desk of one of its stores."""

    shipment: Shipment
    step: ShipmentStep
    pieces: tuple[Piece, ...]
    receipt: Receipt | None
    is_sender: bool
    decline_reason: str

    @property
    def is_blind(self) -> bool:
        """Tell whether what was announced is hidden now."""
        return self.receipt is not None and self.receipt.is_blind

    @property
    def counted(self) -> int:
        """Return how many pieces are counted in and not booked."""
        return sum(piece.counted for piece in self.pieces)

    @property
    def quantity(self) -> int:
        """Return how many pieces were announced or sent."""
        return sum(piece.line.quantity for piece in self.pieces if piece.line)

    @property
    def awaited(self) -> int:
        """Return how many pieces are still to come, those that are counted in among them."""
        return sum(piece.awaited for piece in self.pieces)

    @property
    def received(self) -> int:
        """Return how many pieces were received."""
        return sum(piece.line.received for piece in self.pieces if piece.line)

    @property
    def differing(self) -> list[Piece]:
        """Return what differs from the list, or came damaged."""
        return [piece for piece in self.pieces if piece.line and _differs(piece.line)]


def _differs(line: ShipmentLine) -> bool:
    return bool(line.missing or line.extra or line.damaged or line.written_off)


def shipments_of(store: Store) -> QuerySet[Shipment]:
    """Return the shipments of which a store is an end: a draft only where it is made, a request at both."""
    ends = Q(to_store=store) | Q(from_store=store)
    drafts_of_others = Q(status=ShipmentStatus.DRAFT) & ~Q(made_in=store)
    return Shipment.objects.filter(ends).exclude(drafts_of_others).select_related("from_store", "to_store")


def get_shipment(store: Store, number: str) -> Shipment:
    """Return a shipment of which a store is an end.

    :raises NotFound: when there is none.
    """
    found = shipments_of(store).filter(number=number).first() if is_valid_number(number) else None
    if found is None:
        raise NotFound
    return found


def number_of_shipment(shipment_id: int) -> str:
    """Return the public number of a shipment."""
    return Shipment.objects.values_list("number", flat=True).get(pk=shipment_id)


def _in_tab(store: Store, tab: ShipmentTab) -> Q:
    """Return the condition of a tab."""
    own = Q(made_in=store, status=ShipmentStatus.DRAFT)
    conditions = {
        ShipmentTab.IN: Q(to_store=store, status__in=(ShipmentStatus.EXPECTED, ShipmentStatus.RECEIVING))
        | Q(to_store=store, status=ShipmentStatus.REQUESTED)
        | (own & Q(to_store=store)),
        ShipmentTab.OUT: Q(from_store=store, status=ShipmentStatus.REQUESTED) | (own & Q(from_store=store)),
        ShipmentTab.WAY: Q(from_store=store, status__in=(ShipmentStatus.EXPECTED, ShipmentStatus.RECEIVING)),
        ShipmentTab.DIFFERENT: Q(status=ShipmentStatus.DIFFERENT),
    }
    over = Q(status__in=[s for s in ShipmentStatus if s not in {*RECEIVABLE, "draft", "requested"}])
    return conditions.get(tab, over)


def list_shipments(store: Store, tab: ShipmentTab) -> ShipmentList:
    """Return a tab of a store's shipments: late ones first, then those expected first; three queries."""
    shipments = shipments_of(store)
    counted = shipments.aggregate(
        **{each.value: models.Count("pk", filter=_in_tab(store, each)) for each in ShipmentTab}
    )
    order = ("-created_at", "-pk") if tab == ShipmentTab.DONE else ("overdue_at", "expected_on", "pk")
    rows = list(shipments.filter(_in_tab(store, tab)).order_by(*order)[:MOST])
    sums = ShipmentLine.objects.filter(shipment__in=rows).values("shipment")
    units = {
        key: (quantity, received)
        for key, quantity, received in sums.annotate(q=Sum("quantity"), r=Sum("received")).values_list(
            "shipment", "q", "r"
        )
    }
    return ShipmentList(
        tab,
        tuple(ShipmentRow(row, *units.get(row.pk, (0, 0))) for row in rows),
        {each: counted[each.value] for each in ShipmentTab},
    )


def load_shipment(store: Store, number: str) -> ShipmentPage:
    """Read a shipment at the desk of one of its stores; at most seven queries.

    :raises NotFound: when the store is no end of it.
    """
    shipment = get_shipment(store, number)
    receipt = shipment.receipts.filter(status=ReceiptStatus.OPEN).first() if _receives(shipment, store) else None
    in_receipt = {line.variant_id: line for line in receipt.lines.filter(quantity__gt=0)} if receipt else {}
    lines = {line.variant_id: line for line in shipment.lines.all()}
    variants = Variant.objects.select_related("product__category").in_bulk([*lines, *in_receipt])
    levels = StockLevel.objects.filter(store=store, variant__in=variants)
    sellable = {level.variant_id: level.sellable for level in levels}
    newest = {line.variant_id: -line.pk for line in in_receipt.values()}
    pieces = [
        Piece(
            variants[key],
            lines.get(key),
            in_receipt[key].quantity if key in in_receipt else 0,
            in_receipt[key].damaged if key in in_receipt else 0,
            sellable.get(key, 0),
        )
        for key in sorted(
            variants, key=lambda key: (newest.get(key, 0), variants[key].product_id, variants[key].position)
        )
    ]
    if receipt is not None and receipt.is_blind:
        pieces = [piece for piece in pieces if piece.counted]
    return ShipmentPage(
        shipment,
        step_of(shipment, store),
        tuple(pieces),
        receipt,
        shipment.from_store_id == store.pk,
        _declined(shipment),
    )


def _place(variant: Variant) -> tuple[int, int]:
    """Return where a variant stands in a list: with its style, by size."""
    return variant.product_id, variant.position


def _receives(shipment: Shipment, store: Store) -> bool:
    return shipment.to_store_id == store.pk and shipment.status in RECEIVABLE


def step_of(shipment: Shipment, store: Store) -> ShipmentStep:
    """Tell what the store does with it now."""
    if _receives(shipment, store):
        return ShipmentStep.RECEIVE
    packs_in = {ShipmentStatus.DRAFT: shipment.made_in_id, ShipmentStatus.REQUESTED: shipment.from_store_id}
    return ShipmentStep.PACK if packs_in.get(ShipmentStatus(shipment.status)) == store.pk else ShipmentStep.LOOK


def _declined(shipment: Shipment) -> str:
    """Return why the other store sends nothing."""
    if shipment.status != ShipmentStatus.DECLINED:
        return ""
    changes = Transition.objects.filter(entity=Shipment._meta.label_lower, entity_id=shipment.pk)
    return changes.filter(to_status=ShipmentStatus.DECLINED).values_list("reason", flat=True).first() or ""


def receipts_of(shipment: Shipment, brand_id: int) -> list[tuple[datetime, str, int]]:
    """Return when something of a shipment was booked in, by whom and how many pieces; two queries."""
    booked = shipment.receipts.filter(status=ReceiptStatus.BOOKED).annotate(units=Sum("lines__quantity"))
    rows = list(booked.order_by("booked_at").values_list("booked_at", "opened_by", "units"))
    names = stores_queries.staff_names({who for _at, who, _units in rows}, brand_id)
    return [(at, names.get(who, ""), units) for at, who, units in rows if at is not None]


def has_open_receipt(shipment: Shipment) -> bool:
    """Tell whether pieces of a shipment are counted in and not booked."""
    return shipment.receipts.filter(status=ReceiptStatus.OPEN, lines__quantity__gt=0).exists()
