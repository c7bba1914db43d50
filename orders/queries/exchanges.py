"""What goods that come back may be exchanged for, what that costs, and what of a replacement is still to be paid."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from inventory import queries as inventory_queries
from omni.kernel import bilingual
from omni.kernel.errors import Conflict, InvalidInput
from orders import rules
from orders.choices import FINAL_RETURNS, IntentStatus, OrderStatus, RefundReason, ReturnStatus
from orders.models import IntentAllocation, Refund, Return
from orders.queries import bill
from orders.queries.tenders import left_to_pay_fen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from orders.models import Order
    from orders.queries.return_quotes import ReturnableLine, ReturnQuote


class NotExchangeable(Conflict):
    """Nothing would come back to pay for a replacement."""

    code = "not_exchangeable"


class UnknownSwap(InvalidInput):
    """No size or colour of the same product that can be had now; `field` names the line."""

    code = "unknown_swap"


@dataclass(frozen=True, slots=True)
class SwapChoice:
    """Another size or colour of a product that some store has, at everybody's price today."""

    sku: str
    name: str
    unit_price_fen: int


@dataclass(frozen=True, slots=True)
class ExchangeQuote:
    """What replaces the pieces: units by SKU, what they cost, and how what comes back pays for it."""

    units: tuple[tuple[str, int], ...]
    names: tuple[str, ...]
    total_fen: int
    split: rules.ExchangeSplit


@dataclass(frozen=True, slots=True)
class Replaces:
    """Of a replacement: the return it is for, the credit that paid for it, and what the shopper still has to pay."""

    number: str
    status_label: str
    credit_fen: int
    left_fen: int


@dataclass(frozen=True, slots=True)
class Replacement:
    """Of a return: the order of what the shopper gets instead. `is_given_up`: the exchange became a return."""

    number: str
    status_label: str
    names: tuple[str, ...]
    total_fen: int
    left_fen: int
    is_given_up: bool


def swap_choices(order: Order, lines: Sequence[ReturnableLine], *, now: datetime) -> dict[int, tuple[SwapChoice, ...]]:
    """Return by line id what its pieces may be exchanged for; a fixed number of queries, however many lines."""
    if not lines:
        return {}
    of_product = defaultdict(list)
    for variant in inventory_queries.variants_of({row.line.variant.product_id for row in lines}):
        of_product[variant.product_id].append(variant)
    variants = [variant for rows in of_product.values() for variant in rows]
    skus = [variant.sku for variant in variants]
    prices = {item.variant_id: item for item in inventory_queries.price_lines(order.brand_id, skus, now)}
    in_stock = _in_stock(order, [variant.pk for variant in variants])
    return {
        row.line.pk: tuple(
            SwapChoice(
                variant.sku,
                f"{bilingual.pick(variant.color_zh, variant.color_en)} · {variant.size}",
                prices[variant.pk].unit_price_fen,
            )
            for variant in of_product[row.line.variant.product_id]
            if variant.pk != row.line.variant_id and variant.pk in in_stock and variant.pk in prices
        )
        for row in lines
    }


def _in_stock(order: Order, variant_ids: Sequence[int]) -> set[int]:
    """Return what can be had: what is collected, in the store where it is."""
    store_id = order.fulfillment.pickup_store_id
    if replacement_way(order) == fulfillment_choices.Way.PICKUP and store_id is not None:
        return inventory_queries.variants_at(store_id, variant_ids)
    return inventory_queries.variants_in_stock(variant_ids)


def quote_exchange(
    order: Order,
    back: ReturnQuote,
    swaps: Mapping[int, str],
    choices: Mapping[int, Sequence[SwapChoice]],
    *,
    now: datetime,
) -> ExchangeQuote:
    """Return what replaces the pieces of a return (SKU by line id), at today's prices and offers, to the fen.

    :raises NotExchangeable: when nothing comes back to pay with.
    :raises UnknownSwap: naming "swap-<id>", for what is not among the line's choices.
    """
    if back.refund_fen == 0:
        raise NotExchangeable(_("This can be returned, but not exchanged."), field="kind")
    units: dict[str, int] = {}
    names: dict[str, str] = {}
    for piece in back.pieces:
        sku = swaps.get(piece.line_id, "")
        chosen = next((choice for choice in choices.get(piece.line_id, ()) if choice.sku == sku), None)
        if chosen is None:
            raise UnknownSwap(_("Choose what you would like instead."), field=f"swap-{piece.line_id}")
        units[sku] = units.get(sku, 0) + 1
        names[sku] = chosen.name
    total_fen = _cost(order, units, now)
    return ExchangeQuote(
        tuple(units.items()), tuple(names.values()), total_fen, rules.split_exchange(back.refund_fen, total_fen)
    )


def replacement_way(order: Order) -> str:
    """Return how what replaces goods of an order comes: as they came; what was taken away at once is collected."""
    way = order.fulfillment.way
    return fulfillment_choices.Way.PICKUP if way == fulfillment_choices.Way.TAKE_AWAY else way


def waits_for_return(order: Order) -> bool:
    """Tell whether only goods that are to come back are missing to pay an order."""
    open_cases = Return.objects.filter(replacement=order).exclude(status__in=FINAL_RETURNS)
    return order.status == OrderStatus.PLACED and open_cases.exists() and left_to_pay_fen(order) == 0


def waiting_for_return(orders: Iterable[Order]) -> set[int]:
    """Return those of some orders that only goods which are to come back are missing to pay; two queries."""
    placed = {
        order.pk: order.total_fen for order in orders if order.status == OrderStatus.PLACED and not order.ending_as
    }
    cases = {case.replacement_id or 0: case for case in Return.objects.filter(replacement__in=list(placed))}
    if not cases:
        return set()
    paid = dict.fromkeys(cases, 0)
    allocations = IntentAllocation.objects.filter(order__in=list(cases), intent__status=IntentStatus.SUCCEEDED)
    for order_id, amount_fen in allocations.values_list("order_id", "amount_fen"):
        paid[order_id] += amount_fen
    return {
        order_id
        for order_id, case in cases.items()
        if case.status not in FINAL_RETURNS and placed[order_id] <= case.refund_fen + paid[order_id]
    }


def replaces_of(order: Order) -> Replaces | None:
    """Return the return whose goods an order replaces, or None."""
    case = Return.objects.filter(replacement=order).first()
    if case is None:
        return None
    label = str(ReturnStatus(case.status).label)
    left_fen = left_to_pay_fen(order) if order.status == OrderStatus.PLACED else 0
    return Replaces(case.number, label, case.credit_fen, left_fen)


def replacement_of(case: Return) -> Replacement | None:
    """Return what replaces the goods of an exchange, or None."""
    order = case.replacement
    if order is None:
        return None
    is_open = order.status == OrderStatus.PLACED and not order.ending_as
    left_fen = left_to_pay_fen(order) if is_open else 0
    waits = is_open and left_fen == 0
    return Replacement(
        number=order.number,
        status_label=_("Held for you") if waits else str(OrderStatus(order.status).label),
        names=tuple(bilingual.name_of(line) for line in order.lines.order_by("pk")),
        total_fen=order.total_fen,
        left_fen=left_fen,
        is_given_up=order.status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED} and order.paid_at is None,
    )


def is_sent_back(refund_id: int) -> bool:
    """Tell whether a refund sent money back, which one that paid for a replacement did not."""
    return not Refund.objects.filter(pk=refund_id, reason=RefundReason.EXCHANGED).exists()


def _cost(order: Order, units: Mapping[str, int], now: datetime) -> int:
    """Return what units of SKUs cost the shopper of an order today; they are delivered free."""
    items = {item.sku: item for item in inventory_queries.price_lines(order.brand_id, list(units), now)}
    demand = order.fulfillment
    asked = bill.Asked(
        brand_id=order.brand_id,
        member_id=order.member_id,
        channel=order.channel,
        way=replacement_way(order),
        store_id=demand.pickup_store_id if replacement_way(order) == fulfillment_choices.Way.PICKUP else None,
    )
    lines = [bill.BilledLine(items[sku], quantity) for sku, quantity in units.items()]
    return bill.bill_of(lines, asked, bill.Terms(0, 0, 0, has_promotions=True), now=now).total_fen
