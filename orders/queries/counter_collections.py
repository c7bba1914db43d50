"""Paid orders that are handed over with a counter's basket: what waits, what is given back of it, and its worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import bilingual
from orders import rules
from orders.choices import CounterLineKind
from orders.models import Order, OrderLine, Recognition
from orders.queries.shares import cause_of, lines_of_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orders.models import CounterLine

S = fulfillment_choices.FulfillmentOrderStatus


class PieceKey(NamedTuple):
    """One unit of a line of a share that waits to be collected."""

    share_line_id: int
    unit: int


@dataclass(frozen=True, slots=True)
class WaitingPiece:
    """A unit that is handed over, and what comes back for it when the shopper does not keep it, in fen."""

    key: PieceKey
    line: OrderLine
    refund_fen: int

    @property
    def field(self) -> str:
        """Return the name of the piece's field in forms and errors."""
        return waiting_field(self.key)

    @property
    def name(self) -> str:
        """Return the style's name in the language of the page."""
        return bilingual.name_of(self.line.variant.product)

    @property
    def color(self) -> str:
        """Return the colour in the language of the page."""
        return bilingual.pick(self.line.variant.color_zh, self.line.variant.color_en)

    @property
    def color_hex(self) -> str:
        """Return the colour that it is drawn in."""
        return self.line.variant.color_hex

    @property
    def size(self) -> str:
        """Return its size."""
        return self.line.variant.size

    @property
    def shape(self) -> str:
        """Return how it is drawn."""
        product = self.line.variant.product
        return product.drawing or product.category.shape


@dataclass(frozen=True, slots=True)
class CollectionLineView:
    """A paid order in a basket: whom to give it, its pieces, and which of them are given back."""

    id: int
    order_number: str
    contact_name: str
    pieces: tuple[WaitingPiece, ...]
    declined: frozenset[PieceKey]
    problem: str

    @property
    def kept_count(self) -> int:
        """Return how many pieces the shopper keeps."""
        return len(self.pieces) - len(self.declined)


def waiting_field(key: PieceKey) -> str:
    """Return the name of a piece's field."""
    return f"waiting-{key.share_line_id}-{key.unit}"


def collected_orders(lines: Iterable[CounterLine]) -> dict[int, Order]:
    """Return the order of each collection among some lines, by the line's id."""
    demand_of = {line.pk: line.share.fulfillment_id for line in lines if line.share is not None}
    if not demand_of:
        return {}
    goods = OrderLine.objects.select_related("variant__product__category").order_by("pk")
    orders = Order.objects.filter(fulfillment__in=demand_of.values()).prefetch_related(Prefetch("lines", goods))
    by_demand = {order.fulfillment_id: order for order in orders}
    return {line_id: by_demand[demand] for line_id, demand in demand_of.items() if demand in by_demand}


def waiting_pieces(order: Order, share_id: int) -> list[WaitingPiece]:
    """Return the units of a share, each with what was paid for it: what its sale is, or will be recognised with."""
    pieces: list[WaitingPiece] = []
    rows = lines_of_share(order, share_id)
    causes = [cause_of(row.share_line_id) for row in rows]
    sold = dict(Recognition.objects.filter(cause__in=causes).values_list("cause", "amount_fen"))
    for row in rows:
        sale_fen = sold.get(cause_of(row.share_line_id))
        if sale_fen is None:
            part = {"before": row.dealt_units, "units": row.units}
            sale_fen = rules.part_fen(row.line.total_fen, row.line.quantity, **part)
        pieces += [
            WaitingPiece(
                PieceKey(row.share_line_id, unit),
                row.line,
                rules.part_fen(sale_fen, row.units, before=unit, units=1),
            )
            for unit in range(row.units)
        ]
    return pieces


def collections_of(lines: Sequence[CounterLine]) -> list[CollectionLineView]:
    """Return the paid orders among a basket's lines as its pages show them."""
    orders = collected_orders(line for line in lines if line.kind == CounterLineKind.COLLECTION)
    declined: dict[int, set[PieceKey]] = {}
    for line in lines:
        if line.collection_id is not None:
            declined.setdefault(line.collection_id, set()).add(key_of(line))
    return [
        CollectionLineView(
            id=line.pk,
            order_number=orders[line.pk].number,
            contact_name=orders[line.pk].contact_name,
            pieces=tuple(waiting_pieces(orders[line.pk], line.share_id or 0)),
            declined=frozenset(declined.get(line.pk, ())),
            problem=collection_problem(line),
        )
        for line in lines
        if line.pk in orders
    ]


def key_of(line: CounterLine) -> PieceKey:
    """Return which unit a line gives back of a collection."""
    return PieceKey(line.share_line_id or 0, line.unit or 0)


def collection_problem(line: CounterLine) -> str:
    """Return why a collection cannot be handed over now; empty when it can."""
    code, share = line.pickup_code, line.share
    if code is None or share is None:
        return ""
    if code.status == fulfillment_choices.PickupCodeStatus.REDEEMED:
        return _("These goods were handed out already. Remove them to go on.")
    if code.status != fulfillment_choices.PickupCodeStatus.ISSUED:
        return _("There is a new code for these goods. Ask the shopper to show it.")
    is_packed = share.status == S.READY_FOR_PICKUP or (
        share.status == S.CANCEL_REQUESTED and share.held_status == S.READY_FOR_PICKUP
    )
    return "" if is_packed else _("These goods do not wait here any more. Remove them to go on.")


def worth_of_declined(lines: Sequence[CounterLine]) -> dict[int, int]:
    """Return what comes back for units that are declined before they are sold, by the id of their line."""
    pending = [line for line in lines if line.sale_id is None and line.collection_id is not None]
    collections = {line.pk: line for line in lines if line.pk in {row.collection_id for row in pending}}
    worth: dict[PieceKey, int] = {}
    for line_id, order in collected_orders(collections.values()).items():
        pieces = waiting_pieces(order, collections[line_id].share_id or 0)
        worth.update({piece.key: piece.refund_fen for piece in pieces})
    return {line.pk: worth.get(key_of(line), 0) for line in pending}
