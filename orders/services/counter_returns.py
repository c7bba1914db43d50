"""Pieces that somebody puts on a store's counter: agreed, received, looked at and taken back in one act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from fulfillment import services as fulfillment_services
from omni.kernel.errors import NotFound
from omni.kernel.numbers import public_number
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries
from orders.choices import (
    TAKEN_CONDITIONS,
    IntentStatus,
    OrderStatus,
    ReturnKind,
    ReturnReason,
    ReturnStatus,
    ReturnWay,
)
from orders.events import OrderPaidInPart, ReturnTakenBack
from orders.models import IntentAllocation, Return, ReturnLine
from orders.services import crediting, receiving, returning
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from orders.models import Order


@dataclass(frozen=True, slots=True)
class CounterPiece:
    """One unit of a recognised sale, how it is, and why it comes back."""

    sale_id: int
    unit: int
    condition: str
    reason: str

    @property
    def key(self) -> queries.UnitKey:
        """Return which unit it is."""
        return queries.UnitKey(self.sale_id, self.unit)


@dataclass(frozen=True, slots=True)
class CounterReturn:
    """Pieces of any orders of a store's brand that are on its counter.

    With a `checkout_id` they pay for that checkout's unpaid orders first. `allowed_by` is the manager (staff id) who
    lets them come back out of their time; `seen_refund_fen` what the clerk was shown for all of them.
    """

    store_id: int
    pieces: tuple[CounterPiece, ...]
    checkout_id: int | None = None
    allowed_by: int | None = None
    seen_refund_fen: int | None = None


@step
def take_back_here(wanted: CounterReturn, *, actor: str, now: datetime) -> list[Return]:
    """Take pieces back at a store, one return for each order and reason; a shopper need not have asked before.

    Each sale is reversed where it was booked, the pieces enter this store's stock, and the money is owed back the way
    it came. Of a checkout, the unpaid orders are first paid in part with it; who pays them in full is the caller's.
    Locks the checkouts with their payments, Orders, Members, Fulfillments, StockLevels. Emits SaleReversed,
    ReturnTakenBack, and OrderPaidInPart for each credit. All or nothing.

    :raises NothingToReturn: when there is no piece.
    :raises InvalidCondition, UnknownReturnChoice: naming the piece.
    :raises NotReturnable: naming the piece, when it came back already, or too late and nobody has allowed it.
    :raises RefundChanged: when something else comes back than was seen.
    :raises NotFound: when a piece is another brand's.
    """
    _check(wanted.pieces)
    brand_id = stores_queries.find_brand_of(wanted.store_id)
    orders_of = queries.orders_of_sales(piece.sale_id for piece in wanted.pieces)
    if len(orders_of) < len({piece.sale_id for piece in wanted.pieces}):
        raise NotFound
    held = {lock.order.pk: lock for lock in locks.lock_orders(orders_of.values(), checkout_id=wanted.checkout_id)}
    if any(held[order_id].order.brand_id != brand_id for order_id in orders_of.values()):
        raise NotFound
    groups: dict[tuple[int, int, str], list[CounterPiece]] = {}
    for piece in wanted.pieces:
        order = held[orders_of[piece.sale_id]].order
        # By member, so that two clerks with pieces of the same two members do not wait for each other.
        groups.setdefault((order.member_id or 0, order.pk, piece.reason), []).append(piece)
    taken = [
        (held[order_id], *_take(held[order_id].order, wanted, pieces, actor=actor, now=now))
        for (_member, order_id, _reason), pieces in sorted(groups.items())
    ]
    _check_seen(wanted, [case for _lock, case, _pieces in taken])
    _lock_goods(held.values(), wanted, [row for _lock, _case, rows in taken for row in rows])
    for _lock, case, pieces in taken:
        receiving.put_into_stock(case, pieces, actor=actor, now=now)
    for lock, case, _pieces in taken:
        publish(ReturnTakenBack(case.order_id, case.pk, wanted.store_id, now, case.refund_fen), now=now)
        _use_as_credit(case, lock, _unpaid(held.values(), wanted, brand_id), now=now)
        receiving.pay_back(case, lock.order, lock.intents, actor=actor, now=now)
    return [case for _lock, case, _pieces in taken]


def _check(pieces: Sequence[CounterPiece]) -> None:
    """Check conditions and reasons before anything is locked."""
    if not pieces:
        raise queries.NothingToReturn(_("Choose what comes back."), field="lines")
    for piece in pieces:
        field = queries.piece_field(piece.key)
        if piece.condition not in TAKEN_CONDITIONS:
            raise receiving.InvalidCondition(_("Say how this piece is."), field=field)
        if piece.reason not in ReturnReason.values:
            raise queries.UnknownReturnChoice(_("Choose a reason."), field=field)


def _take(
    order: Order, wanted: CounterReturn, pieces: Sequence[CounterPiece], *, actor: str, now: datetime
) -> tuple[Return, list[ReturnLine]]:
    """Write the return of some pieces of a locked order, and reverse their sale."""
    keys, reason = [piece.key for piece in pieces], pieces[0].reason
    quote = queries.quote_pieces(order, keys, reason=reason)
    late = queries.late_pieces(order, keys, reason=reason, now=now)
    if late and wanted.allowed_by is None:
        message = _("The time to return this for that reason has passed.")
        raise queries.NotReturnable(message, field=queries.piece_field(late[0]))
    case = Return.objects.create(
        number=public_number(returning.RETURN_PREFIX),
        order=order,
        checkout_id=wanted.checkout_id or order.checkout_id,
        brand_id=order.brand_id,
        kind=ReturnKind.RETURN,
        way=ReturnWay.BRING,
        reason=reason,
        goods_fen=quote.goods_fen,
        delivery_fen=quote.delivery_fen,
        receiving_store_id=wanted.store_id,
        received_by=actor,
        allowed_by_id=wanted.allowed_by if late else None,
        requested_at=now,
        received_at=now,
    )
    conditions = {piece.key: piece.condition for piece in pieces}
    returning.add_pieces(case, quote.pieces, conditions)
    for status in (ReturnStatus.APPROVED, ReturnStatus.DROPPED_AT_STORE, ReturnStatus.RECEIVED):
        transition(case, to=status, actor=actor, now=now, reason="counter")
    rows = list(case.lines.select_related("order_line", "sale").order_by("pk"))
    receiving.reverse_goods(case, order, rows, actor=actor, now=now)
    return case, rows


def _lock_goods(held: Iterable[locks.OrderLock], wanted: CounterReturn, rows: Sequence[ReturnLine]) -> None:
    """Lock what comes back together with what it pays for: S for M here and M for S at the next till would cross."""
    bought = [
        lock.order.fulfillment_id
        for lock in held
        if lock.order.checkout_id == wanted.checkout_id and lock.order.status == OrderStatus.PLACED
    ]
    fulfillment_services.lock_goods(bought, [(wanted.store_id, row.order_line.variant_id) for row in rows])


def _check_seen(wanted: CounterReturn, cases: Sequence[Return]) -> None:
    """Refuse when something else comes back than the clerk was shown."""
    refund_fen = sum(case.refund_fen for case in cases)
    if wanted.seen_refund_fen is not None and wanted.seen_refund_fen != refund_fen:
        raise returning.RefundChanged(
            _("What comes back has changed meanwhile. Look at it again, then send it."),
            field="seen",
            refund_fen=refund_fen,
            seen_refund_fen=wanted.seen_refund_fen,
        )


def _unpaid(held: Iterable[locks.OrderLock], wanted: CounterReturn, brand_id: int | None) -> list[tuple[Order, int]]:
    """Return the orders of the checkout that wait for money, each with what is missing."""
    waiting = [
        lock.order
        for lock in held
        if lock.order.checkout_id == wanted.checkout_id
        and lock.order.status == OrderStatus.PLACED
        and not lock.order.ending_as
        and lock.order.brand_id == brand_id
    ]
    came = IntentAllocation.objects.filter(order__in=waiting, intent__status=IntentStatus.SUCCEEDED).order_by()
    paid = dict(came.values_list("order_id").annotate(Sum("amount_fen")))
    return [(order, order.total_fen - paid.get(order.pk, 0)) for order in sorted(waiting, key=lambda row: row.pk)]


def _use_as_credit(case: Return, lock: locks.OrderLock, unpaid: Iterable[tuple[Order, int]], *, now: datetime) -> None:
    """Pay orders with what came back, one after the other, as far as it goes."""
    for order, missing_fen in unpaid:
        part_fen = min(missing_fen, case.refund_fen - case.credit_fen)
        if part_fen > 0:
            for credit in crediting.pay_with_credit(
                case, lock.order, lock.intents, wanted=order, amount_fen=part_fen, now=now
            ):
                publish(OrderPaidInPart(order.pk, credit.pk, now, credit.amount_fen), now=now)
