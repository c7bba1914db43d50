"""Goods that come back: received at any store of the brand, looked at, their sale reversed, their money owed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from inventory import choices as inventory_choices
from inventory import services as inventory_services
from members import services as members_services
from omni.kernel import clock
from omni.kernel.errors import InvalidInput
from omni.kernel.outbox import hint, publish
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries, rules
from orders.choices import NOT_TAKEN, ChargeKind, Condition, RefundReason, ReturnStatus
from orders.events import ReturnReceived, ReturnTakenBack, SaleRecognised, SaleReversed
from orders.models import OrderCharge, Recognition, ReturnLine
from orders.services import offers, refunds, returning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from orders.models import Order, PaymentIntent, Return

MAX_REASON_LENGTH = 120
# Where a piece goes that is taken into the store's stock.
SHELVES = {
    Condition.RESELL: inventory_choices.Shelf.SALE,
    Condition.REFURBISH: inventory_choices.Shelf.ASIDE,
    Condition.SCRAP: inventory_choices.Shelf.SCRAP,
}


class InvalidCondition(InvalidInput):
    """A piece without a condition that a clerk may find; `field` names the piece."""

    code = "invalid_condition"


class ReasonNeeded(InvalidInput):
    """The shopper is told why."""

    code = "reason_needed"


@step
def receive_return(return_id: int, store_id: int, *, actor: str, now: datetime) -> None:
    """Take the goods of a return in at a store, to be looked at within the brand's time; doing it twice is once.

    Whoever brings it needs no courier, and pays for none. Locks Checkout, its payments, Order. Emits ReturnReceived.

    :raises ReturnNotOpen: when it was given up, or taken back already.
    """
    case = locks.lock_return(return_id).case
    if case.status == ReturnStatus.RECEIVED:
        return
    if case.status == ReturnStatus.APPROVED:
        _bring_without_courier(case, now)
        transition(case, to=ReturnStatus.DROPPED_AT_STORE, actor=actor, now=now)
    if case.status not in {ReturnStatus.DROPPED_AT_STORE, ReturnStatus.IN_TRANSIT}:
        raise returning.ReturnNotOpen(_("This return is finished, or was called off."), field="status")
    transition(case, to=ReturnStatus.RECEIVED, actor=actor, now=now)
    case.receiving_store_id, case.received_by, case.received_at, case.attempts = store_id, actor, now, 0
    case.due_at = now + timedelta(hours=queries.return_policy(case.brand_id).inspect_hours)
    case.save(update_fields=["receiving_store", "received_by", "received_at", "due_at", "attempts"])
    publish(ReturnReceived(case.order_id, case.pk, store_id, now), now=now)


@step
def inspect_return(return_id: int, conditions: Mapping[int, str], *, actor: str, now: datetime) -> None:
    """Take back the pieces of a received return as a clerk found them (condition by id), and owe their money.

    The sale of each piece is reversed, it enters the stock of the store it is in, and what was frozen for it goes back
    the way it was paid. Pieces that are refused or missing stay with the shopper; when all are, the return is rejected.
    Locks Checkout, its payments, Order, StockLevel. Emits SaleReversed for each piece, and ReturnTakenBack.

    :raises ReturnNotOpen: when it is not received, or was looked at already.
    :raises InvalidCondition: naming "piece-<id>".
    """
    lock = locks.lock_return(return_id)
    if lock.case.status != ReturnStatus.RECEIVED:
        raise returning.ReturnNotOpen(_("There is nothing to look at in this return."), field="status")
    pieces = list(lock.case.lines.filter(is_live=True).select_related("order_line", "sale").order_by("pk"))
    for piece in pieces:
        if conditions.get(piece.pk) not in Condition.values:
            raise InvalidCondition(_("Say how this piece is."), field=f"piece-{piece.pk}")
        piece.condition = conditions[piece.pk]
    ReturnLine.objects.bulk_update(pieces, ["condition"])
    not_taken = [piece for piece in pieces if piece.condition in NOT_TAKEN]
    taken = [piece for piece in pieces if piece.condition not in NOT_TAKEN]
    if not taken:
        reason = str(Condition(pieces[0].condition).label)
        _reject(lock.case, actor=actor, reason=reason, now=now)
        return
    returning.release_pieces(not_taken)
    take_back(lock, taken, actor=actor, now=now)


@step
def reject_return(return_id: int, *, reason: str, actor: str, now: datetime) -> None:
    """Refuse a received return: the goods are given back to the shopper, who is told why.

    Locks Checkout, its payments, Order. Emits ReturnGivenUp.

    :raises ReasonNeeded: when no reason is given.
    :raises ReturnNotOpen: when it is not received, or was looked at already.
    """
    if not reason.strip():
        raise ReasonNeeded(_("Say why; the shopper is told."), field="reason")
    case = locks.lock_return(return_id).case
    if case.status != ReturnStatus.RECEIVED:
        raise returning.ReturnNotOpen(_("There is nothing to look at in this return."), field="status")
    _reject(case, actor=actor, reason=reason.strip(), now=now)


@step
def take_back(lock: locks.ReturnLock, taken: Sequence[ReturnLine], *, actor: str, now: datetime) -> None:
    """Reverse the sale of pieces, put them into stock, and owe what was paid for them. The return is locked.

    The money of an exchange is settled by the return's next step, due now. Points of the pieces are taken back, those
    that paid for them given back; a coupon only when all of the order is back, by its policy. Locks Member, StockLevel.
    Emits SaleReversed, ReturnTakenBack.
    """
    case, order, intents = lock
    reverse_goods(case, order, taken, actor=actor, now=now)
    put_into_stock(case, taken, actor=actor, now=now)
    is_exchange = case.replacement_id is not None
    store_id = case.receiving_store_id or taken[0].sale.fulfilling_store_id
    publish(ReturnTakenBack(order.pk, case.pk, store_id, now, case.refund_fen), now=now)
    if is_exchange:  # the replacement's goods are locked before these, in a step of their own
        hint("orders.drive_return", return_id=case.pk)
        return
    pay_back(case, order, intents, actor=actor, now=now)


@step
def reverse_goods(case: Return, order: Order, taken: Sequence[ReturnLine], *, actor: str, now: datetime) -> None:
    """Reverse the sale of pieces with all that hung on it, and fix what comes back for them. The order is locked.

    Locks Member. Emits SaleReversed.
    """
    transition(case, to=ReturnStatus.INSPECTED, actor=actor, now=now)
    for piece in taken:
        _reverse_piece(case, piece, now)
    _settle_charges(case, taken, now)
    _settle_offers(order, taken, now)
    case.inspected_at, case.due_at, case.attempts = now, now if case.replacement_id else None, 0
    case.save(update_fields=["inspected_at", "due_at", "attempts", "goods_fen", "delivery_fen", "collection_fen"])


@step
def pay_back(case: Return, order: Order, intents: Sequence[PaymentIntent], *, actor: str, now: datetime) -> None:
    """Owe a return's money, less what paid for a replacement, the way it was paid. The return is locked."""
    amount_fen = case.refund_fen - case.credit_fen
    if amount_fen == 0:
        transition(case, to=ReturnStatus.CLOSED, actor=actor, now=now)
        case.finished_at, case.due_at = now, None
        case.save(update_fields=["finished_at", "due_at"])
        return
    transition(case, to=ReturnStatus.REFUND_DUE, actor=actor, now=now)
    case.refund = refunds.refund_order(
        intents,
        order=order,
        amount_fen=amount_fen,
        reason=RefundReason.GOODS_RETURNED,
        cause=f"return:{case.pk}",
        now=now,
    )
    case.due_at = None
    case.save(update_fields=["refund", "due_at"])


def _bring_without_courier(case: Return, now: datetime) -> None:
    """Call the courier off, unless one has it already, whatever was heard of that so far."""
    if case.collection_id is None:
        return
    returning.call_courier_off(case, now=now)
    if case.collection is not None and case.collection.status != fulfillment_choices.CollectionStatus.PICKED_UP:
        returning.bring_instead(case)


def _reject(case: Return, *, actor: str, reason: str, now: datetime) -> None:
    """End a return whose goods go back over the counter."""
    case.refuse_reason = reason[:MAX_REASON_LENGTH]
    case.save(update_fields=["refuse_reason"])
    returning.give_up(case, to=ReturnStatus.REJECTED, actor=actor, now=now, reason=case.refuse_reason)


def _reverse_piece(case: Return, piece: ReturnLine, now: datetime) -> None:
    """Write the mirror of one unit's sale, at the store whose sale it was."""
    piece.mirror = _mirror(piece.sale, case, unit=piece.unit, cause=f"return_line:{piece.pk}", now=now)
    piece.save(update_fields=["mirror"])


def _mirror(sale: Recognition, case: Return, *, unit: int, cause: str, now: datetime) -> Recognition:
    """Write the mirror of one unit of a sale, with what others bore of it, and tell those above."""
    amount_fen = -queries.unit_fen(sale, unit)
    mirror = Recognition.objects.create(
        order_id=case.order_id,
        order_line_id=sale.order_line_id,
        charge_id=sale.charge_id,
        fulfilling_store_id=sale.fulfilling_store_id,
        quantity=-1,
        amount_fen=amount_fen,
        funding={
            party: -rules.part_fen(fen, sale.quantity, before=unit, units=1) for party, fen in sale.funding.items()
        },
        reversal_of=sale,
        cause=cause,
        recognised_at=now,
        business_on=clock.business_date(now),
    )
    publish(SaleReversed(case.order_id, mirror.pk, now, amount_fen), now=now)
    return mirror


def _settle_charges(case: Return, taken: Sequence[ReturnLine], now: datetime) -> None:
    """Fix the amounts to what was taken back; give the delivery back if that was agreed, and charge the collection."""
    is_whole = not case.lines.filter(is_live=False).exists()
    case.goods_fen = sum(piece.refund_fen for piece in taken)
    case.delivery_fen = _reverse_delivery(case, now) if is_whole and case.delivery_fen else 0
    case.collection_fen = min(case.collection_fen, case.goods_fen + case.delivery_fen)
    if case.collection_fen:
        charge = OrderCharge.objects.create(
            order_id=case.order_id, kind=ChargeKind.COLLECTION, amount_fen=case.collection_fen
        )
        sale = Recognition.objects.create(
            order_id=case.order_id,
            charge=charge,
            fulfilling_store_id=taken[0].sale.fulfilling_store_id,
            quantity=1,
            amount_fen=case.collection_fen,
            cause=f"charge:{charge.pk}",
            recognised_at=now,
            business_on=clock.business_date(now),
        )
        publish(SaleRecognised(case.order_id, sale.pk, now, sale.amount_fen), now=now)


def _settle_offers(order: Order, taken: Sequence[ReturnLine], now: datetime) -> None:
    """Undo what members' offers did for the pieces; with the last units of an order, all that is left of it."""
    if order.member_id is None:
        return
    owner = queries.offer_owner(order)
    for piece in taken:
        members_services.reverse_points(
            f"recognition:{piece.sale_id}", part_cause=f"return_line:{piece.pk}", amount_fen=piece.refund_fen, now=now
        )
        spent_fen = queries.points_paid_fen(piece)
        if spent_fen:
            members_services.give_back_points(owner, cause=f"return_line:{piece.pk}", amount_fen=spent_fen, now=now)
    if queries.is_all_back(order):
        offers.give_back_offers(order, now=now)


def _reverse_delivery(case: Return, now: datetime) -> int:
    """Reverse the delivery charge of the order, once; return the fen that go back."""
    sold = Recognition.objects.filter(
        order=case.order_id, charge__kind=ChargeKind.DELIVERY, reversal_of__isnull=True, reversals__isnull=True
    )
    for sale in sold:
        _mirror(sale, case, unit=0, cause=f"return_charge:{sale.charge_id}", now=now)
        return sale.amount_fen
    return 0


@step
def put_into_stock(case: Return, taken: Sequence[ReturnLine], *, actor: str, now: datetime) -> None:
    """Take the pieces that are there into the stock of the store that has them. Locks StockLevel."""
    pieces = [
        inventory_services.ReturnedPiece(
            piece.order_line.variant_id, SHELVES[Condition(piece.condition)], f"return_line:{piece.pk}"
        )
        for piece in taken
        if Condition(piece.condition) in SHELVES
    ]
    if pieces and case.receiving_store_id is not None:
        inventory_services.take_in_returns(case.receiving_store_id, pieces, actor=actor, now=now)
