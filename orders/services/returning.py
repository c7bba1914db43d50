"""Agreeing on a return and calling it off. Whatever changes a return holds the lock of its checkout and order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict
from omni.kernel.numbers import public_number
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries, sql
from orders.choices import ReturnKind, ReturnStatus
from orders.events import ReturnAgreed, ReturnGivenUp
from orders.models import Return, ReturnLine
from orders.services import ending

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from orders.models import Order

ACTOR = "system:returns"
RETURN_PREFIX = "RT"


class RefundChanged(Conflict):
    """What would come back is no longer what the shopper saw; params hold both."""

    code = "refund_changed"


class ReturnNotOpen(Conflict):
    """The return is past the point at which this can be done."""

    code = "return_not_open"


@dataclass(frozen=True, slots=True)
class RequestReturn:
    """What a shopper wants to give back: units by line id. `seen_refund_fen` is the preview they agreed to."""

    lines: Mapping[int, int]
    reason: str
    way: str
    seen_refund_fen: int | None = None
    kind: str = field(default=ReturnKind.RETURN)


@step
def request_return(order_id: int, wanted: RequestReturn, *, actor: str, now: datetime) -> Return:
    """Agree on a return within the brand's policy, and freeze what comes back for each piece.

    Locks Checkout, its payments, Order. Emits ReturnAgreed.

    :raises InvalidInput: see `queries.quote_return`.
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
    case = _write(order, wanted, quote, now)
    transition(case, to=ReturnStatus.APPROVED, actor=actor, now=now, reason="policy")
    publish(ReturnAgreed(order.pk, case.pk, now), now=now)
    return case


@step
def cancel_return(return_id: int, *, actor: str, now: datetime) -> None:
    """Call a return off that has not begun its way; doing it again changes nothing.

    Locks Checkout, its payments, Order. Emits ReturnGivenUp.

    :raises ReturnNotOpen: when the goods are on their way or back already.
    """
    case = locks.lock_return(return_id).case
    if case.status == ReturnStatus.CANCELLED:
        return
    if case.status != ReturnStatus.APPROVED:
        raise ReturnNotOpen(_("This return can no longer be called off."), field="status")
    give_up(case, to=ReturnStatus.CANCELLED, actor=actor, now=now)


@step
def give_up(case: Return, *, to: ReturnStatus, actor: str, now: datetime, reason: str = "") -> None:
    """End a return whose pieces stay with the shopper: they may be returned anew. Its replacement is given back.

    The order is locked. Emits ReturnGivenUp.
    """
    transition(case, to=to, actor=actor, now=now, reason=reason)
    release_pieces(case.lines.filter(is_live=True))
    case.finished_at, case.due_at = now, None
    case.save(update_fields=["finished_at", "due_at"])
    ending.end_replacement(case, actor=actor, reason=reason, now=now)
    publish(ReturnGivenUp(case.order_id, case.pk, now, str(to)), now=now)


@step
def release_pieces(lines: Iterable[ReturnLine]) -> None:
    """Leave pieces with the shopper after all. The order is locked."""
    for line in lines:
        ReturnLine.objects.filter(pk=line.pk).update(is_live=False)
        line.is_live = False
        _count_returned(line.order_line_id, -1)


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
    ReturnLine.objects.bulk_create(
        ReturnLine(
            case=case,
            order_line_id=piece.line_id,
            sale_id=piece.sale_id,
            unit=piece.unit,
            refund_fen=piece.refund_fen,
        )
        for piece in quote.pieces
    )
    for line_id in sorted({piece.line_id for piece in quote.pieces}):
        _count_returned(line_id, sum(piece.line_id == line_id for piece in quote.pieces))
    return case


def _count_returned(line_id: int, units: int) -> None:
    """Count units of a line that come back (below zero: do not); never more than were sold."""
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNT_RETURNED, {"id": line_id, "units": units})
        if cursor.rowcount == 0:
            raise queries.NotReturnable(_("There are not so many left to return."), field=f"line-{line_id}")
