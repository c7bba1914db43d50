"""What somebody may bring back to a store without having asked before: the pieces they have, and what each is worth."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from omni.kernel import bilingual, clock
from orders import rules
from orders.choices import OUR_FAULTS, REFUND_ORDER, TILL_METHODS, IntentStatus, PaymentMethod, RefundStatus
from orders.models import IntentAllocation, Recognition, Refund, ReturnLine
from orders.queries.return_quotes import (
    NothingToReturn,
    NotReturnable,
    ReturnPiece,
    ReturnQuote,
    delivery_back_fen,
    return_policy,
    unit_fen,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from orders.models import Order, Return, ReturnPolicy


class UnitKey(NamedTuple):
    """One unit of a recognised sale."""

    sale_id: int
    unit: int


@dataclass(frozen=True, slots=True)
class HeldPiece:
    """A piece that somebody has, in the language of the page; `until` and `fault_until` are the last days to return it.

    `store_name` is the store that sold it out of its stock.
    """

    key: UnitKey
    order_number: str
    sku: str
    name: str
    color: str
    color_hex: str
    size: str
    shape: str
    refund_fen: int
    store_name: str
    sold_on: date
    until: date
    fault_until: date

    @property
    def field(self) -> str:
        """Return the name of the piece's field in forms and errors."""
        return piece_field(self.key)

    def is_late_for(self, reason: str, today: date) -> bool:
        """Tell whether the days for a reason have passed."""
        return today > (self.fault_until if reason in OUR_FAULTS else self.until)


def piece_field(key: UnitKey) -> str:
    """Return the name of a piece's field."""
    return f"piece-{key.sale_id}-{key.unit}"


def orders_of_sales(sale_ids: Iterable[int]) -> dict[int, int]:
    """Return the order of each recognised sale of goods, by the sale's id."""
    sales = Recognition.objects.filter(pk__in=list(sale_ids), order_line__isnull=False, reversal_of__isnull=True)
    return dict(sales.values_list("pk", "order_id"))


def held_pieces(orders: Sequence[Order], *, now: datetime) -> list[HeldPiece]:
    """Return the pieces of orders of one brand that their shopper has, the newest order's first; three queries."""
    if not orders:
        return []
    policy = return_policy(orders[0].brand_id)
    sales = Recognition.objects.filter(order__in=orders, order_line__isnull=False, reversal_of__isnull=True)
    rows = sales.select_related("order", "order_line__variant__product__category", "fulfilling_store")
    taken: dict[int, set[int]] = defaultdict(set)
    live = ReturnLine.objects.filter(case__order__in=orders, is_live=True)
    for sale_id, unit in live.values_list("sale_id", "unit"):
        taken[sale_id].add(unit)
    return [
        _held(sale, unit, policy)
        for sale in rows.order_by("-order", "pk")
        for unit in rules.free_units(sale.quantity, taken[sale.pk])
    ]


def quote_pieces(order: Order, wanted: Sequence[UnitKey], *, reason: str) -> ReturnQuote:
    """Return what comes back for units of an order that somebody brings, to the fen; the days are not looked at.

    :raises NothingToReturn: when none is wanted.
    :raises NotReturnable: naming "piece-<sale>-<unit>", when the shopper does not have it (any more).
    """
    if not wanted:
        raise NothingToReturn(_("Choose what comes back."), field="lines")
    sales = _free_sales(order)
    pieces = []
    for key in wanted:
        sale, units = sales.get(key.sale_id, (None, []))
        if sale is None or key.unit not in units:
            raise NotReturnable(_("This piece came back already, or was never sold."), field=piece_field(key))
        units.remove(key.unit)
        pieces.append(ReturnPiece(sale.order_line_id or 0, sale.pk, key.unit, unit_fen(sale, key.unit)))
    delivery_fen = delivery_back_fen(order, pieces) if reason in OUR_FAULTS else 0
    return ReturnQuote(tuple(pieces), sum(piece.refund_fen for piece in pieces), delivery_fen, 0)


def late_pieces(order: Order, wanted: Iterable[UnitKey], *, reason: str, now: datetime) -> list[UnitKey]:
    """Return which units of an order come back after the days that its brand gives for a reason."""
    policy, keys = return_policy(order.brand_id), list(wanted)
    days = policy.fault_days if reason in OUR_FAULTS else policy.days
    sold = dict(Recognition.objects.filter(pk__in={key.sale_id for key in keys}).values_list("pk", "recognised_at"))
    today = clock.business_date(now)
    return [key for key in keys if today > clock.business_date(sold[key.sale_id]) + timedelta(days=days)]


def _free_sales(order: Order) -> Mapping[int, tuple[Recognition, list[int]]]:
    """Return an order's sales of goods by id, with the units of each that are not being returned."""
    taken: dict[int, set[int]] = defaultdict(set)
    for sale_id, unit in ReturnLine.objects.filter(case__order=order, is_live=True).values_list("sale_id", "unit"):
        taken[sale_id].add(unit)
    sales = order.recognitions.filter(order_line__isnull=False, reversal_of__isnull=True)
    return {sale.pk: (sale, rules.free_units(sale.quantity, taken[sale.pk])) for sale in sales}


def _held(sale: Recognition, unit: int, policy: ReturnPolicy) -> HeldPiece:
    line = sale.order_line
    if line is None:
        raise ValueError("Goods have a line.")
    variant, sold_on = line.variant, clock.business_date(sale.recognised_at)
    return HeldPiece(
        key=UnitKey(sale.pk, unit),
        order_number=sale.order.number,
        sku=line.sku,
        name=bilingual.name_of(variant.product),
        color=bilingual.pick(variant.color_zh, variant.color_en),
        color_hex=variant.color_hex,
        size=variant.size,
        shape=variant.product.category.shape,
        refund_fen=unit_fen(sale, unit),
        store_name=bilingual.name_of(sale.fulfilling_store),
        sold_on=sold_on,
        until=sold_on + timedelta(days=policy.days),
        fault_until=sold_on + timedelta(days=policy.fault_days),
    )


@dataclass(frozen=True, slots=True)
class BackQuote:
    """What comes back for the pieces that somebody brings, and by which ways, each with its fen, in their order."""

    units: int
    goods_fen: int
    delivery_fen: int
    ways: tuple[tuple[str, int], ...]

    @property
    def refund_fen(self) -> int:
        """Return what comes back in all."""
        return self.goods_fen + self.delivery_fen


def quote_brought(orders: Sequence[Order], wanted: Iterable[UnitKey], *, reason: str) -> BackQuote:
    """Return what comes back for units of several orders, which come back for one reason.

    :raises NothingToReturn: when none is wanted.
    :raises NotReturnable: naming the piece.
    """
    keys = list(wanted)
    if not keys:
        raise NothingToReturn(_("Choose what comes back."), field="lines")
    order_of = orders_of_sales(key.sale_id for key in keys)
    goods_fen, delivery_fen, ways = 0, 0, dict[str, int]()
    for order in orders:
        mine = [key for key in keys if order_of.get(key.sale_id) == order.pk]
        if mine:
            quote = quote_pieces(order, mine, reason=reason)
            goods_fen, delivery_fen = goods_fen + quote.goods_fen, delivery_fen + quote.delivery_fen
            for label, fen in _ways_back(order, quote.refund_fen):
                ways[label] = ways.get(label, 0) + fen
    return BackQuote(len(keys), goods_fen, delivery_fen, tuple(ways.items()))


@dataclass(frozen=True, slots=True)
class RefundPart:
    """Money of a return on its way back by one payment; `is_at_till`: it waits to be given back at a till."""

    way: str
    amount_fen: int
    status: str
    status_label: str
    is_at_till: bool


def refund_parts(case: Return) -> list[RefundPart]:
    """Return by which payments the money of a return goes back, and how far each part is."""
    cause = f"return:{case.pk}"
    parts = Refund.objects.filter(Q(cause=cause) | Q(cause__startswith=f"{cause}:")).select_related("intent", "through")
    return [
        RefundPart(
            way=str(PaymentMethod(part.provider_intent.method).label),
            amount_fen=part.amount_fen,
            status=part.status,
            status_label=str(RefundStatus(part.status).label),
            is_at_till=part.status == RefundStatus.REQUESTED and part.provider_intent.method in TILL_METHODS,
        )
        for part in parts.order_by("pk")
    ]


def _ways_back(order: Order, amount_fen: int) -> list[tuple[str, int]]:
    """Return by which payments an amount goes back to the shopper of an order, and how much by each."""
    refunded = Refund.objects.filter(order=order).order_by()
    spent = dict(refunded.values_list("intent_id").annotate(Sum("amount_fen")))
    paid = IntentAllocation.objects.filter(order=order, intent__status=IntentStatus.SUCCEEDED).select_related("intent")
    parts, left_fen = [], amount_fen
    for row in sorted(paid, key=lambda row: (REFUND_ORDER.index(PaymentMethod(row.intent.method)), row.intent_id)):
        part_fen = min(left_fen, row.amount_fen - spent.get(row.intent_id, 0))
        if part_fen > 0:
            parts.append((str(PaymentMethod(row.intent.method).label), part_fen))
            left_fen -= part_fen
    return parts
