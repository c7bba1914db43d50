"""Agreeing on a return and calling it off. Whatever changes a return holds the lock of its checkout and order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from fulfillment import services as fulfillment_services
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.outbox import publish
from omni.kernel.sealing import normalise_phone
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries, rules, sql
from orders.choices import ReturnKind, ReturnStatus, ReturnWay
from orders.events import ReturnAgreed, ReturnGivenUp
from orders.models import Return, ReturnLine
from orders.services import ending
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from orders.models import Order

ACTOR = "system:returns"
RETURN_PREFIX = "RT"


class RefundChanged(Conflict):
    """What would come back is no longer what the shopper saw; params hold both."""

    code = "refund_changed"


class NoStoreNear(Conflict):
    """No store that takes returns is within a courier's reach, and opens in time."""

    code = "no_store_near"


class ReturnNotOpen(Conflict):
    """The return is past the point at which this can be done."""

    code = "return_not_open"


@dataclass(frozen=True, slots=True)
class RequestReturn:
    """What a shopper wants to give back: units by line id. `seen_refund_fen` is the preview they agreed to.

    `door` is where a courier fetches it, when one is to.
    """

    lines: Mapping[int, int]
    reason: str
    way: str
    seen_refund_fen: int | None = None
    kind: str = field(default=ReturnKind.RETURN)
    door: queries.Door | None = None


@step
def request_return(order_id: int, wanted: RequestReturn, *, actor: str, now: datetime) -> Return:
    """Agree on a return within the brand's policy, and freeze what comes back for each piece.

    One that is to be collected is asked of the courier company at once, to the nearest store that takes returns.
    Locks Checkout, its payments, Order. Emits ReturnAgreed.

    :raises InvalidInput: see `queries.quote_return`; naming what is wrong with the door.
    :raises NoStoreNear: when no store that takes returns is within a courier's reach; nothing is written.
    :raises NotReturnable: when units are not the shopper's to return (any more); nothing is written.
    :raises RefundChanged: when something else would come back than what was seen.
    """
    order = locks.lock_order(order_id).order
    quote = queries.quote_return(order, wanted.lines, reason=wanted.reason, way=wanted.way, now=now)
    if wanted.seen_refund_fen is not None and wanted.seen_refund_fen != quote.refund_fen:
        raise RefundChanged(
            _("What comes back has changed meanwhile. Look at it again, then send it."),
            field="seen",
            refund_fen=quote.refund_fen,
            seen_refund_fen=wanted.seen_refund_fen,
        )
    ride = _plan_ride(order, wanted.door, now) if wanted.way == ReturnWay.COLLECT else None
    case = _write(order, wanted, quote, now)
    if ride is not None:
        sender, store = ride
        case.collection = fulfillment_services.ask_collection(
            sender, store.store_id, owner=f"orders.return:{case.pk}", ask_at=store.ask_at, now=now
        )
        case.save(update_fields=["collection"])
    transition(case, to=ReturnStatus.APPROVED, actor=actor, now=now, reason="policy")
    publish(ReturnAgreed(order.pk, case.pk, now), now=now)
    return case


@step
def cancel_return(return_id: int, *, actor: str, now: datetime) -> None:
    """Call a return off that has not begun its way; doing it again changes nothing.

    With a courier on the way it is called off once the company has confirmed, or goes on when the courier was faster.
    Locks Checkout, its payments, Order, Collection. Emits ReturnGivenUp.

    :raises ReturnNotOpen: when the goods are on their way or back already.
    """
    case = locks.lock_return(return_id).case
    if case.status == ReturnStatus.CANCELLED:
        return
    if case.status != ReturnStatus.APPROVED:
        raise ReturnNotOpen(_("This return can no longer be called off."), field="status")
    if not call_courier_off(case, now=now):
        case.cancel_asked_at = case.cancel_asked_at or now
        case.save(update_fields=["cancel_asked_at"])
        return
    give_up(case, to=ReturnStatus.CANCELLED, actor=actor, now=now)


@step
def call_courier_off(case: Return, *, now: datetime) -> bool:
    """Have no courier come for a return any more; return whether that is certain. The order is locked.

    Locks Collection.
    """
    return case.collection_id is None or fulfillment_services.call_off_collection(case.collection_id, now=now)


@step
def bring_instead(case: Return) -> None:
    """Let the shopper bring what no courier brings: the fee is nobody's. The order is locked."""
    case.way, case.collection_fen, case.cancel_asked_at = ReturnWay.BRING, 0, None
    case.save(update_fields=["way", "collection_fen", "cancel_asked_at"])


@step
def give_up(case: Return, *, to: ReturnStatus, actor: str, now: datetime, reason: str = "") -> None:
    """End a return whose pieces stay with the shopper: they may be returned anew. Its replacement is given back.

    The order is locked. Emits ReturnGivenUp.
    """
    transition(case, to=to, actor=actor, now=now, reason=reason)
    release_pieces(case.lines.filter(is_live=True))
    case.finished_at, case.due_at, case.cancel_asked_at = now, None, None
    case.save(update_fields=["finished_at", "due_at", "cancel_asked_at"])
    ending.end_replacement(case, actor=actor, reason=reason, now=now)
    publish(ReturnGivenUp(case.order_id, case.pk, now, str(to)), now=now)


@step
def release_pieces(lines: Iterable[ReturnLine]) -> None:
    """Leave pieces with the shopper after all. The order is locked."""
    for line in lines:
        ReturnLine.objects.filter(pk=line.pk).update(is_live=False)
        line.is_live = False
        _count_returned(line.order_line_id, -1)


def _plan_ride(
    order: Order, door: queries.Door | None, now: datetime
) -> tuple[fulfillment_services.Sender, queries.CollectingStore]:
    """Check the door, and find the store to which a courier brings what is fetched there."""
    if door is None:
        raise InvalidInput(_("Say where the courier fetches it."), field="street")
    name, street = rules.clean_name(door.contact_name), rules.clean_street(door.street)
    try:
        phone = normalise_phone(door.phone)
    except InvalidInput as error:
        raise InvalidInput(_("Enter a valid phone number."), field="phone") from error
    try:
        district = stores_queries.get_known_district(door.district_code)
    except InvalidInput as error:
        raise InvalidInput(_("Choose your district."), field="place") from error
    lat, lng = rules.check_point(door.lat, door.lng) or (district.lat, district.lng)
    store = queries.find_collecting_store(order.brand.code, lat, lng, now=now)
    if store is None:
        raise NoStoreNear(_("No courier rides from there to one of our stores. Please bring it."), field="way")
    return fulfillment_services.Sender(name, phone, district.pk, street, lat, lng), store


def _write(order: Order, wanted: RequestReturn, quote: queries.ReturnQuote, now: datetime) -> Return:
    """Write the return and its pieces, and count them at their lines."""
    case = Return.objects.create(
        number=public_number(RETURN_PREFIX),
        order=order,
        checkout_id=order.checkout_id,
        brand_id=order.brand_id,
        kind=wanted.kind,
        way=wanted.way,
        reason=wanted.reason,
        goods_fen=quote.goods_fen,
        delivery_fen=quote.delivery_fen,
        collection_fen=quote.collection_fen,
        requested_at=now,
        due_at=now + timedelta(days=queries.return_policy(order.brand_id).arrive_days),
    )
    add_pieces(case, quote.pieces, {})
    return case


@step
def add_pieces(case: Return, pieces: Sequence[queries.ReturnPiece], conditions: Mapping[queries.UnitKey, str]) -> None:
    """Write the pieces of a new return, each as it was found if somebody has looked, and count them at their lines.

    The order is locked.

    :raises NotReturnable: when more come back than were sold.
    """
    ReturnLine.objects.bulk_create(
        ReturnLine(
            case=case,
            order_line_id=piece.line_id,
            sale_id=piece.sale_id,
            unit=piece.unit,
            refund_fen=piece.refund_fen,
            condition=conditions.get(queries.UnitKey(piece.sale_id, piece.unit), ""),
        )
        for piece in pieces
    )
    for line_id in sorted({piece.line_id for piece in pieces}):
        _count_returned(line_id, sum(piece.line_id == line_id for piece in pieces))


def _count_returned(line_id: int, units: int) -> None:
    """Count units of a line that come back (below zero: do not); never more than were sold."""
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNT_RETURNED, {"id": line_id, "units": units})
        if cursor.rowcount == 0:
            raise queries.NotReturnable(_("There are not so many left to return."), field=f"line-{line_id}")
