"""What may be returned of an order, and what comes back for it, to the fen; the request freezes exactly this."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from members import choices as members_choices
from omni.kernel import clock
from omni.kernel.errors import Conflict, InvalidInput
from orders import rules
from orders.choices import OUR_FAULTS, TAKEN_BACK_RETURNS, ChargeKind, ReturnReason, ReturnWay
from orders.models import LineAdjustment, OrderLine, Recognition, ReturnLine, ReturnPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from orders.models import Order


class NothingToReturn(InvalidInput):
    """No piece was chosen."""

    code = "nothing_to_return"


class NotReturnable(Conflict):
    """More pieces than the shopper has, or the time for this reason has passed; `field` names the line."""

    code = "not_returnable"


class UnknownReturnChoice(InvalidInput):
    """No such reason or way."""

    code = "unknown_return_choice"


@dataclass(frozen=True, slots=True)
class ReturnPiece:
    """One unit that may come back: its sale, its place in the sale, and what was paid for it."""

    line_id: int
    sale_id: int
    unit: int
    refund_fen: int


@dataclass(frozen=True, slots=True)
class ReturnableLine:
    """A line some of whose units the shopper has; `until` is the last day for a change of mind, then for a fault."""

    line: OrderLine
    units: int
    until: date
    fault_until: date


@dataclass(frozen=True, slots=True)
class ReturnQuote:
    """What comes back: goods + delivery - collection = refund, in fen."""

    pieces: tuple[ReturnPiece, ...]
    goods_fen: int
    delivery_fen: int
    collection_fen: int

    @property
    def refund_fen(self) -> int:
        """Return what goes back to the shopper in all."""
        return self.goods_fen + self.delivery_fen - self.collection_fen


def return_policy(brand_id: int) -> ReturnPolicy:
    """Return what a brand promises about returns: its own row, or the defaults."""
    own = ReturnPolicy.objects.filter(brand=brand_id).first()
    return own or ReturnPolicy(brand_id=brand_id, days=settings.ORDERS_RETURN_DAYS)


def returnable_lines(order: Order, *, now: datetime) -> list[ReturnableLine]:
    """Return the lines of an order of which units may be returned today, for one reason or another."""
    policy, today = return_policy(order.brand_id), clock.business_date(now)
    lines: dict[int, OrderLine] = {}
    sales: dict[int, list[tuple[int, date]]] = defaultdict(list)
    for sale, units in _free_units(order):
        arrived_on = clock.business_date(sale.recognised_at)
        if units and today <= arrived_on + timedelta(days=max(policy.days, policy.fault_days)):
            line = sale.order_line
            if line is not None:
                lines[line.pk] = line
                sales[line.pk].append((len(units), arrived_on))
    return [
        ReturnableLine(
            line,
            sum(units for units, _on in sales[pk]),
            max(on for _units, on in sales[pk]) + timedelta(days=policy.days),
            max(on for _units, on in sales[pk]) + timedelta(days=policy.fault_days),
        )
        for pk, line in sorted(lines.items())
    ]


def quote_return(order: Order, wanted: Mapping[int, int], *, reason: str, way: str, now: datetime) -> ReturnQuote:
    """Return what comes back for units of lines (id to number), to the fen.

    Of each sale the units are worth what they add to its cumulative part, so all returns of a line sum to what was
    paid for it. Delivery comes back when the last of the order does, all of it by our fault.

    :raises NothingToReturn: when no unit is wanted.
    :raises UnknownReturnChoice: naming "reason" or "way".
    :raises NotReturnable: naming "line-<id>", when it has fewer units, or the days for this reason have passed.
    """
    if reason not in ReturnReason.values:
        raise UnknownReturnChoice(_("Choose a reason."), field="reason")
    if way not in ReturnWay.values:
        raise UnknownReturnChoice(_("Choose how it comes back."), field="way")
    chosen = {line_id: units for line_id, units in wanted.items() if units}
    if not chosen or min(chosen.values()) < 0:
        raise NothingToReturn(_("Choose what you return."), field="lines")
    policy, is_our_fault = return_policy(order.brand_id), reason in OUR_FAULTS
    pieces = _choose(order, chosen, policy.fault_days if is_our_fault else policy.days, now)
    goods_fen = sum(piece.refund_fen for piece in pieces)
    delivery_fen = delivery_back_fen(order, pieces) if is_our_fault else 0
    collection_fen = 0
    if way == ReturnWay.COLLECT:
        collection_fen = rules.collection_fee_fen(
            policy.collection_fee_fen, goods_fen + delivery_fen, is_our_fault=is_our_fault
        )
    return ReturnQuote(tuple(pieces), goods_fen, delivery_fen, collection_fen)


def _choose(order: Order, chosen: Mapping[int, int], days: int, now: datetime) -> list[ReturnPiece]:
    """Return the pieces that are taken: of each line the units sold last, which may be returned for longest."""
    today, left, pieces = clock.business_date(now), dict(chosen), list[ReturnPiece]()
    is_late: set[int] = set()
    for sale, units in reversed(_free_units(order)):
        line_id = sale.order_line_id or 0
        if not left.get(line_id):
            continue
        if today > clock.business_date(sale.recognised_at) + timedelta(days=days):
            is_late.add(line_id)
            continue
        taken = units[: left[line_id]]
        left[line_id] -= len(taken)
        pieces += [ReturnPiece(line_id, sale.pk, unit, unit_fen(sale, unit)) for unit in taken]
    for line_id, missing in left.items():
        if missing and line_id in is_late:
            raise NotReturnable(_("The time to return this for that reason has passed."), field=f"line-{line_id}")
        if missing:
            raise NotReturnable(_("There are not so many left to return."), field=f"line-{line_id}")
    return pieces


def unit_fen(sale: Recognition, unit: int) -> int:
    """Return what one unit of a sale adds to its cumulative part."""
    return rules.part_fen(sale.amount_fen, sale.quantity, before=unit, units=1)


def points_paid_fen(piece: ReturnLine) -> int:
    """Return how much of a piece that came back was paid with points: its part of what they took off its line."""
    line = piece.order_line
    points = LineAdjustment.objects.filter(order_line=line, kind=members_choices.AdjustmentKind.POINTS)
    amount_fen = sum(points.values_list("amount_fen", flat=True))
    before = ReturnLine.objects.filter(order_line=line, mirror__isnull=False, pk__lt=piece.pk).count()
    return rules.part_fen(amount_fen, line.quantity, before=before, units=1)


def is_all_back(order: Order) -> bool:
    """Tell whether every unit of an order was cancelled or came back."""
    back = ReturnLine.objects.filter(case__order=order, mirror__isnull=False).count()
    units = OrderLine.objects.filter(order=order).values_list("quantity", "cancelled_quantity")
    return sum(quantity - cancelled for quantity, cancelled in units) == back


def _free_units(order: Order) -> list[tuple[Recognition, list[int]]]:
    """Return the order's sales of goods, the oldest first, with the units of each that are not being returned."""
    sales = order.recognitions.filter(order_line__isnull=False, reversal_of__isnull=True)
    taken: dict[int, set[int]] = defaultdict(set)
    for sale_id, unit in ReturnLine.objects.filter(case__order=order, is_live=True).values_list("sale", "unit"):
        taken[sale_id].add(unit)
    rows = sales.select_related("order_line__variant__product__category").order_by("pk")
    return [(sale, rules.free_units(sale.quantity, taken[sale.pk])) for sale in rows]


def delivery_back_fen(order: Order, pieces: Iterable[ReturnPiece]) -> int:
    """Return the delivery charge when, with these pieces, all of the order came back by our fault; else 0.

    What is still on its way, to the shopper or back, may stay with them: then the last return brings it.
    """
    back = ReturnLine.objects.filter(
        case__order=order,
        is_live=True,
        case__status__in=TAKEN_BACK_RETURNS,
        case__reason__in=OUR_FAULTS,
    ).count()
    units = OrderLine.objects.filter(order=order).values_list("quantity", "cancelled_quantity")
    kept = sum(quantity - cancelled for quantity, cancelled in units) - back - len(list(pieces))
    if kept > 0:
        return 0
    sold = Recognition.objects.filter(order=order, charge__kind=ChargeKind.DELIVERY, reversal_of__isnull=True)
    return sum(sold.filter(reversals__isnull=True).values_list("amount_fen", flat=True))
