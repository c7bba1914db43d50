"""Handlers of orders' events: each is booked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.accounts import choices as accounts_choices
from omni.accounts import events as accounts_events
from omni.accounts import services as accounts_services
from omni.kernel.outbox import subscribe
from orders import events as orders_events
from settlement import services

if TYPE_CHECKING:
    from datetime import datetime


@subscribe(orders_events.OrderPaid, name="settlement.book_payment")
def book_payment(event: orders_events.OrderPaid, *, now: datetime) -> None:
    """Book the shopper's money as a prepayment."""
    services.book_payment(
        order_id=event.order_id,
        intent_id=event.intent_id,
        amount_fen=event.amount_fen,
        paid_at=event.paid_at,
        now=now,
    )


@subscribe(orders_events.OrderPaidInPart, name="settlement.book_credit")
def book_credit(event: orders_events.OrderPaidInPart, *, now: datetime) -> None:
    """Book what paid a part of an order as a prepayment."""
    services.book_payment(
        order_id=event.order_id,
        intent_id=event.intent_id,
        amount_fen=event.amount_fen,
        paid_at=event.paid_at,
        now=now,
    )


@subscribe(orders_events.SaleRecognised, name="settlement.book_sale")
def book_sale(event: orders_events.SaleRecognised, *, now: datetime) -> None:
    """Book the sale and credit it."""
    services.book_sale(event.recognition_id, now=now)


@subscribe(orders_events.SaleReversed, name="settlement.book_reversal")
def book_reversal(event: orders_events.SaleReversed, *, now: datetime) -> None:
    """Take back what the sale booked."""
    services.book_reversal(event.recognition_id, now=now)


@subscribe(orders_events.RefundSucceeded, name="settlement.book_refund")
def book_refund(event: orders_events.RefundSucceeded, *, now: datetime) -> None:
    """Book the money that went back."""
    services.book_refund(
        order_id=event.order_id,
        refund_id=event.refund_id,
        amount_fen=event.amount_fen,
        refunded_at=event.refunded_at,
        now=now,
    )


@subscribe(orders_events.OrphanPaid, name="settlement.book_orphan")
def book_orphan(event: orders_events.OrphanPaid, *, now: datetime) -> None:
    """Book money nobody waited for as owed back."""
    services.book_orphan(intent_id=event.intent_id, amount_fen=event.amount_fen, paid_at=event.paid_at, now=now)


@subscribe(orders_events.OrphanRefunded, name="settlement.book_orphan_refund")
def book_orphan_refund(event: orders_events.OrphanRefunded, *, now: datetime) -> None:
    """Book that it is no longer owed."""
    services.book_orphan_refund(
        intent_id=event.intent_id,
        refund_id=event.refund_id,
        amount_fen=event.amount_fen,
        refunded_at=event.refunded_at,
        now=now,
    )


@subscribe(orders_events.DrawerClosed, name="settlement.book_drawer")
def book_drawer(event: orders_events.DrawerClosed, *, now: datetime) -> None:
    """Book what a till was over or short."""
    services.book_drawer(
        drawer_id=event.drawer_id,
        brand_id=event.brand_id,
        difference_fen=event.difference_fen,
        closed_at=event.closed_at,
        now=now,
    )


@subscribe(accounts_events.ErasureRequested, name="settlement.erase")
def erase(event: accounts_events.ErasureRequested, *, now: datetime) -> None:
    """Say that the ledger knows amounts and no names, and keeps them."""
    accounts_services.answer_erasure(event, "settlement.erase", kept=accounts_choices.KeptReason.LEDGER, now=now)
