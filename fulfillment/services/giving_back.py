"""Giving an order back, whole or in part: some lines or units with a reason each, the rest stays with the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from fulfillment import rules
from fulfillment.choices import GOODS_REASONS, RejectReason, Way
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.locks import lock_in
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine
from fulfillment.queries.candidates import get_terms
from fulfillment.queries.searches import lines_of, wanted
from fulfillment.services import routing
from fulfillment.services.store_work import accept_offer
from inventory import services as inventory_services
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.utils.functional import _StrPromise

# Shares that no longer count toward the most stores of an order.
GONE = (Status.REJECTED, Status.TIMED_OUT, Status.CANCELLED)


class GivenLine(NamedTuple):
    """Units of a line that a store gives back, and why; `is_none_left`: not one more of them is on the shelf."""

    line_id: int
    units: int
    reason: RejectReason
    is_none_left: bool = False


class NotThatMany(InvalidInput):
    """More units of a line are given back than the store has to fetch, or none, or of a line it has not."""

    code = "not_that_many"


class CannotSplit(Conflict):
    """The order may only be given back whole; the message says why."""

    code = "cannot_split"


@step
def give_back_lines(fulfillment_order_id: int, given: Sequence[GivenLine], *, actor: str, now: datetime) -> int | None:
    """Give units of an order back before it is packed; the rest stays with the store. Return the follower's id.

    The part becomes an order of its own that this store has rejected: routing finds another store for it. When every
    unit is given back this is the rejection of the order. NOT_FOUND takes units off the books and opens a count,
    DAMAGED sets them aside; promises beyond what is there are displaced. Locks Fulfillment, StoreCapacity, StockLevel.

    :raises StateConflict: when it is packed, gone or taken away already.
    :raises NotThatMany: when a line has not that many units to give.
    :raises CannotSplit: when the rest may not stay alone; nothing was changed.
    """
    share = lock_in(fulfillment_order_id, Status.OFFERED, Status.ACCEPTED, Status.PICKING)
    lines = {line.pk: line for line in lines_of(share)}
    _check(given, lines)
    if _is_all(given, lines):
        return _give_back_all(share, given, lines, actor=actor, now=now)
    why_not = why_not_split(share, {one.line_id: one.units for one in given})
    if why_not is not None:
        raise CannotSplit(why_not)
    return _split_off(share, given, lines, actor=actor, now=now)


@step
def give_back_whole(fulfillment_order_id: int, given: Sequence[GivenLine], *, actor: str, now: datetime) -> int | None:
    """Give the whole order back because of these units; only they have the effect of their reason on the stock.

    Locks Fulfillment, StoreCapacity, StockLevel.

    :raises StateConflict: when it is packed, gone or taken away already.
    :raises NotThatMany: when a line has not that many units to give.
    """
    share = lock_in(fulfillment_order_id, Status.OFFERED, Status.ACCEPTED, Status.PICKING)
    lines = {line.pk: line for line in lines_of(share)}
    _check(given, lines)
    return _give_back_all(share, given, lines, actor=actor, now=now)


@step
def accept_rest(fulfillment_order_id: int, given: Sequence[GivenLine], *, actor: str, now: datetime) -> None:
    """Accept an offer without these units. Locks Fulfillment, StockLevel. Emits FulfillmentOrderAccepted.

    :raises StateConflict, NotThatMany, CannotSplit: as `give_back_lines` does.
    """
    lock_in(fulfillment_order_id, Status.OFFERED)
    give_back_lines(fulfillment_order_id, given, actor=actor, now=now)
    if FulfillmentOrder.objects.filter(pk=fulfillment_order_id, status=Status.OFFERED).exists():
        accept_offer(fulfillment_order_id, actor=actor, now=now)


def why_not_split(share: FulfillmentOrder, units: Mapping[int, int]) -> str | _StrPromise | None:
    """Say why these units (by line id) cannot be given back alone; None when they can.

    What is collected in a store has no other store: a part that is missing there never keeps the rest from being had.
    """
    demand = share.fulfillment
    if demand.way == Way.TRY_ON:
        return _("Goods to try on are booked together, so the whole booking is given back.")
    if demand.way == Way.PICKUP:
        return None
    terms = get_terms(demand.brand_id)
    others = FulfillmentOrder.objects.filter(fulfillment=demand).exclude(pk=share.pk).exclude(status__in=GONE)
    if others.count() + 2 > terms.max_stores:
        return _("The brand sends an order from at most %(count)s stores, so the whole order is given back.") % {
            "count": terms.max_stores
        }
    lines = lines_of(share)
    whole = [wanted(line) for line in lines]
    given = [units.get(line.pk, 0) for line in lines]
    kept = [line.quantity - part for line, part in zip(lines, given, strict=True)]
    if min(rules.share_value_fen(whole, given), rules.share_value_fen(whole, kept)) < terms.min_split_value_fen:
        return _("The brand does not send parts worth so little, so the whole order is given back.")
    return None


def _check(given: Sequence[GivenLine], lines: Mapping[int, FulfillmentOrderLine]) -> None:
    """Refuse units that are not there to be given back, each line once."""
    for one in given:
        line = lines.get(one.line_id)
        if line is None or not 0 < one.units <= line.quantity:
            raise NotThatMany(
                _("This order does not have that many units of it any more. Reload the page."),
                field=f"units_{one.line_id}",
            )
    if not given or len({one.line_id for one in given}) != len(given):
        raise NotThatMany(_("Say how many units of which goods are given back."), field="units")


def _is_all(given: Sequence[GivenLine], lines: Mapping[int, FulfillmentOrderLine]) -> bool:
    return sum(one.units for one in given) == sum(line.quantity for line in lines.values())


def main_reason(given: Sequence[GivenLine]) -> RejectReason:
    """Return the reason that an order is known to be given back for: one that says something of the goods first."""
    reasons = [one.reason for one in given]
    return next((reason for reason in reasons if reason in GOODS_REASONS), reasons[0])


def _give_back_all(
    share: FulfillmentOrder,
    given: Sequence[GivenLine],
    lines: Mapping[int, FulfillmentOrderLine],
    *,
    actor: str,
    now: datetime,
) -> int | None:
    """Reject a share with what was found out about its goods."""
    findings = [routing.Finding(lines[one.line_id], *one[1:]) for one in given]
    return routing.turn_down(share, reason=main_reason(given), findings=findings, actor=actor, now=now)


def _split_off(
    share: FulfillmentOrder,
    given: Sequence[GivenLine],
    lines: Mapping[int, FulfillmentOrderLine],
    *,
    actor: str,
    now: datetime,
) -> int | None:
    """Write the part as a share of its own, which takes no place of the store's day, and reject that."""
    store_id = share.store_id
    if store_id is None:
        raise TypeError("a store that gives goods back has them before it")
    inventory_services.lock_stock(
        [(store_id, lines[one.line_id].fulfillment_line.variant_id) for one in given],
    )
    part = FulfillmentOrder.objects.create(
        fulfillment=share.fulfillment,
        number=public_number("F"),
        store_id=store_id,
        status=share.status,
        attempt=share.attempt,
        round_started_at=share.round_started_at,
        offered_at=share.offered_at,
        deadline_at=share.deadline_at,
        accepted_by=share.accepted_by,
        created_at=now,
    )
    findings = [routing.Finding(_move_units(lines[one.line_id], one.units, part), *one[1:]) for one in given]
    return routing.turn_down(part, reason=main_reason(given), findings=findings, actor=actor, now=now)


def _move_units(line: FulfillmentOrderLine, units: int, part: FulfillmentOrder) -> FulfillmentOrderLine:
    """Move a line, or units of it with their reservation, to the part; return the part's line.

    Units that were scanned already stay: what is given back are those that nobody has in hand.
    """
    if units == line.quantity:
        line.fulfillment_order, line.picked = part, 0
        line.save(update_fields=["fulfillment_order", "picked"])
        return line
    reservation_id = line.reservation_id
    parted_id = None if reservation_id is None else inventory_services.split_reservation(reservation_id, units)
    left = line.quantity - units
    FulfillmentOrderLine.objects.filter(pk=line.pk).update(quantity=left, picked=min(line.picked, left))
    return FulfillmentOrderLine.objects.create(
        fulfillment_order=part, fulfillment_line=line.fulfillment_line, reservation_id=parted_id, quantity=units
    )
