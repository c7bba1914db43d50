"""What becomes of a paid order's units: delivered ones are sales, cancelled ones are refunded, and the order ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F

from members import services as members_services
from omni.kernel import clock
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries, rules
from orders.choices import OrderStatus, RefundReason
from orders.events import OrderCancelled, OrderCompleted, SaleRecognised
from orders.models import Order, OrderCharge, OrderLine, Recognition
from orders.queries import shares
from orders.services import offers, refunds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orders.models import PaymentIntent

ACTOR = "system:orders"
# Why fulfillment gives a share up, as the reason of the refund.
REFUND_REASONS = {
    "requested": RefundReason.CANCELLED,
    "unfillable": RefundReason.UNFILLABLE,
    "lost": RefundReason.LOST,
    "returned": RefundReason.RETURNED,
    "not_collected": RefundReason.NOT_COLLECTED,
}
OPEN_STATUSES = frozenset({OrderStatus.PAID, OrderStatus.PROCESSING, OrderStatus.CANCEL_REQUESTED})


@step
def start_processing(fulfillment_id: int, *, now: datetime) -> None:
    """Note that a store prepares goods of the order, and that nothing is parked any more if nothing is.

    Locks Checkout, its payments, Order.
    """
    order, _intents = _find(fulfillment_id)
    if order is None:
        return
    if order.status == OrderStatus.PAID:
        transition(order, to=OrderStatus.PROCESSING, actor=ACTOR, now=now)
    elif order.status == OrderStatus.CANCEL_REQUESTED and order.held_status == OrderStatus.PAID:
        order.held_status = OrderStatus.PROCESSING
        order.save(update_fields=["held_status"])
    if order.due_at is not None and not shares.parked_ids(order):
        Order.objects.filter(pk=order.pk).update(due_at=None, attempts=0)


@step
def park(fulfillment_id: int, *, parked_at: datetime) -> None:
    """Note until when somebody may decide about a share that no store can fulfill; then the sweeper cancels it.

    Each share has its own time; the order is due with the first. Locks Checkout, its payments, Order.
    """
    order, _intents = _find(fulfillment_id)
    if order is not None and order.status in OPEN_STATUSES:
        due_at = (shares.first_parked_at(order) or parked_at) + timedelta(hours=settings.ORDERS_PARKED_REFUND_HOURS)
        Order.objects.filter(pk=order.pk).update(due_at=due_at, attempts=0)


@step
def recognise_delivered(
    fulfillment_id: int, fulfillment_order_id: int, *, store_id: int, delivered_at: datetime, now: datetime
) -> None:
    """Recognise the units of a delivered share as sold, and with the first of them the delivery charge.

    The member earns points for what was paid of the goods; they become available with the end of the time to return.
    Locks Checkout, its payments, Order, Member. Emits SaleRecognised for each row, OrderCompleted with the last units.
    """
    order, _intents = _find(fulfillment_id)
    if order is None:
        return
    funders = shares.funders_of(order)
    for share_line in shares.lines_of_share(order, fulfillment_order_id):
        cause = shares.cause_of(share_line.share_line_id)
        if Recognition.objects.filter(cause=cause).exists():
            continue  # told before: by a desk that could not wait for the event
        line = share_line.line
        before, units = share_line.dealt_units, share_line.units
        sale = Recognition(
            order_line=line,
            quantity=units,
            amount_fen=rules.part_fen(line.total_fen, line.quantity, before=before, units=units),
            funding=rules.funding_of(funders.get(line.pk, ()), line.quantity, before=before, units=units),
            cause=cause,
        )
        _recognise(sale, order, store_id=store_id, at=delivered_at, now=now)
        _earn_points(sale, order, now=now)
    _recognise_charges(order, store_id=store_id, at=delivered_at, now=now)
    _end_if_done(order, now=now)


@step
def refund_cancelled(
    fulfillment_id: int, fulfillment_order_id: int, *, reason: str, cancelled_at: datetime, now: datetime
) -> None:
    """Cancel the units of a share that will not be fulfilled, and refund them; once a share.

    Points that paid for the units come back. With the last units the delivery charge goes back too, unless a courier
    carried goods for it (a loss is not the shopper's); when nothing was sold, coupons as well, by their policies.
    Locks Checkout, its payments, Order, Member. Emits OrderCancelled or OrderCompleted with the last units.
    """
    order, intents = _find(fulfillment_id)
    cause = f"fulfillment_order:{fulfillment_order_id}"
    if order is None or order.refunds.filter(cause=cause).exists():
        return
    amount_fen, points_fen = _cancel_units(order, fulfillment_order_id)
    if points_fen:
        members_services.give_back_points(queries.offer_owner(order), cause=cause, amount_fen=points_fen, now=now)
    if shares.units_of(order).is_dealt_with:
        amount_fen += _settle_charges(order, at=cancelled_at, now=now)
    if amount_fen:  # what was given away brings nothing back
        refunds.refund_order(
            intents,
            order=order,
            amount_fen=amount_fen,
            reason=REFUND_REASONS.get(reason, RefundReason.CANCELLED),
            cause=cause,
            now=now,
        )
    _resume_if_answered(order, now=now)
    _end_if_done(order, now=now)


@step
def resume_after_refusal(fulfillment_id: int, *, now: datetime) -> None:
    """Take an order back into work whose stores have all answered and cannot cancel everything.

    Locks Checkout, its payments, Order.
    """
    order, _intents = _find(fulfillment_id)
    if order is not None:
        _resume_if_answered(order, now=now)


def _find(fulfillment_id: int) -> tuple[Order | None, Sequence[PaymentIntent]]:
    """Lock the order of a demand; None when somebody else's demand it is."""
    order_id = Order.objects.filter(fulfillment_id=fulfillment_id).values_list("pk", flat=True).first()
    return (None, []) if order_id is None else locks.lock_order(order_id)


def _recognise(sale: Recognition, order: Order, *, store_id: int, at: datetime, now: datetime) -> None:
    """Write a sale and tell those above."""
    sale.order, sale.fulfilling_store_id = order, store_id
    sale.recognised_at, sale.business_on = at, clock.business_date(at)
    sale.save(force_insert=True)
    publish(SaleRecognised(order.pk, sale.pk, at, sale.amount_fen), now=now)


def _earn_points(sale: Recognition, order: Order, *, now: datetime) -> None:
    """Let the member earn points for goods that were paid for, pending while they may be returned."""
    if order.member_id is None or sale.amount_fen <= 0:
        return
    members_services.earn_points(
        order.member_id,
        cause=f"recognition:{sale.pk}",
        amount_fen=sale.amount_fen,
        available_at=sale.recognised_at + timedelta(days=queries.return_policy(order.brand_id).days),
        now=now,
    )


def _recognise_charges(order: Order, *, store_id: int, at: datetime, now: datetime) -> None:
    """Recognise the charges that were neither recognised nor cancelled yet."""
    for charge in OrderCharge.objects.filter(order=order, is_cancelled=False, recognitions__isnull=True):
        sale = Recognition(charge=charge, quantity=1, amount_fen=charge.amount_fen, cause=f"charge:{charge.pk}")
        _recognise(sale, order, store_id=store_id, at=at, now=now)


def _cancel_units(order: Order, fulfillment_order_id: int) -> tuple[int, int]:
    """Mark the units of a share cancelled; return what they are worth, and what points paid of them."""
    amount_fen = points_fen = 0
    points = shares.points_on(order)
    for share_line in shares.lines_of_share(order, fulfillment_order_id):
        line = share_line.line
        part = {"before": share_line.dealt_units, "units": share_line.units}
        amount_fen += rules.part_fen(line.total_fen, line.quantity, **part)
        points_fen += rules.part_fen(points.get(line.pk, 0), line.quantity, **part)
        OrderLine.objects.filter(pk=line.pk).update(cancelled_quantity=F("cancelled_quantity") + share_line.units)
        line.cancelled_quantity += share_line.units
    return amount_fen, points_fen


def _settle_charges(order: Order, *, at: datetime, now: datetime) -> int:
    """Settle the delivery charge of an order that comes to its end: earned if goods were carried, else given back.

    Returns the fen to give back.
    """
    store_id = shares.find_carrying_store(order)
    if store_id is not None:
        _recognise_charges(order, store_id=store_id, at=at, now=now)
        return 0
    amount_fen = 0
    for charge in OrderCharge.objects.filter(order=order, is_cancelled=False, recognitions__isnull=True):
        charge.is_cancelled = True
        charge.save(update_fields=["is_cancelled"])
        amount_fen += charge.amount_fen
    return amount_fen


def _resume_if_answered(order: Order, *, now: datetime) -> None:
    """Take a cancellation request back once every store has answered and goods are still on their way."""
    if order.status == OrderStatus.CANCEL_REQUESTED and shares.is_answered(order):
        transition(order, to=OrderStatus(order.held_status), actor=ACTOR, now=now)


def _end_if_done(order: Order, *, now: datetime) -> None:
    """End an order all of whose units were sold or cancelled."""
    units = shares.units_of(order)
    if order.status not in OPEN_STATUSES or not units.is_dealt_with:
        return
    is_sold = units.sold > 0
    transition(order, to=OrderStatus.COMPLETED if is_sold else OrderStatus.CANCELLED, actor=ACTOR, now=now)
    order.finished_at, order.due_at = now, None
    order.save(update_fields=["finished_at", "due_at"])
    if not is_sold:
        offers.give_back_offers(order, now=now)
    publish(OrderCompleted(order.pk, now) if is_sold else OrderCancelled(order.pk, now), now=now)
