"""Refunds of what was taken at a till: given back there, once, by whoever has the till open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict, NotFound
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import queries
from orders.choices import MovementKind, PaymentMethod, RefundStatus
from orders.models import DrawerMovement, TillSlip
from orders.services import drawers, refunds, tenders

if TYPE_CHECKING:
    from datetime import date, datetime

    from orders.models import DrawerSession, Refund


class RefundNotWaiting(Conflict):
    """The refund was given back already, or goes another way."""

    code = "refund_not_waiting"


@step
def pay_out_refund(refund_id: int, drawer_id: int, *, actor: str, now: datetime) -> Refund:
    """Pay a refund out in cash, at a till of a store that may (`queries.refund_store_ids`).

    Locks Checkout, its payments, Orders, DrawerSession. Emits RefundSucceeded.

    :raises NotFound: when it waits in other stores.
    :raises RefundNotWaiting: when it was paid out, or is not paid out in cash.
    :raises DrawerNotOpen, NotEnoughCash: when it cannot be paid out of this till.
    """
    refund, drawer = _lock(refund_id, drawer_id, PaymentMethod.CASH)
    drawers.check_enough(drawer, refund.amount_fen)
    DrawerMovement.objects.create(
        session=drawer,
        kind=MovementKind.REFUND,
        amount_fen=-refund.amount_fen,
        refund=refund,
        cause=f"refund:{refund.pk}",
        actor=actor,
        at=now,
    )
    _finish(refund, drawer, TillSlip(refund=refund), field="drawer", actor=actor, now=now)
    return refund


@step
def record_card_refund(refund_id: int, drawer_id: int, slip: tenders.CardSlip, *, actor: str, now: datetime) -> Refund:
    """Take over from its slip that a refund was given back at the card terminal. Locks and events as above.

    :raises SlipIncomplete, SlipKnown: as `tenders.record_card`.
    :raises NotFound, RefundNotWaiting, DrawerNotOpen: as `pay_out_refund`.
    """
    tenders.check_numbers(terminal=slip.terminal, batch=slip.batch, trace=slip.trace)
    refund, drawer = _lock(refund_id, drawer_id, PaymentMethod.CARD)
    paper = TillSlip(refund=refund, terminal=slip.terminal, batch=slip.batch, trace=slip.trace)
    _finish(refund, drawer, paper, field="trace", actor=actor, now=now)
    return refund


@step
def record_mall_refund(
    refund_id: int, drawer_id: int, *, number: str, receipt_on: date, actor: str, now: datetime
) -> Refund:
    """Take over from its receipt that the mall's cashier gave a refund back. Locks and events as above.

    :raises SlipIncomplete, SlipKnown: as `tenders.take_mall_receipt`.
    :raises NotFound, RefundNotWaiting, DrawerNotOpen: as `pay_out_refund`.
    """
    tenders.check_numbers(receipt=number)
    refund, drawer = _lock(refund_id, drawer_id, PaymentMethod.MALL_TILL)
    mall_id = tenders.mall_of(drawer_id)
    paper = TillSlip(refund=refund, mall_id=mall_id, receipt_number=number, receipt_on=receipt_on)
    _finish(refund, drawer, paper, field="receipt", actor=actor, now=now)
    return refund


def _lock(refund_id: int, drawer_id: int, method: PaymentMethod) -> tuple[Refund, DrawerSession]:
    """Lock a refund that waits to be given back by a method, then the till."""
    refund = refunds.lock_refund(refund_id)
    if refund.provider_intent.method != method or refund.status != RefundStatus.REQUESTED:
        raise RefundNotWaiting(_("This refund was given back already, or goes another way."), field="refund")
    drawer = drawers.lock_open(drawer_id)
    if drawer.store_id not in queries.refund_store_ids(refund):
        raise NotFound
    return refund, drawer


def _finish(refund: Refund, drawer: DrawerSession, slip: TillSlip, *, field: str, actor: str, now: datetime) -> None:
    """Write the slip, and that the money is back with the shopper."""
    tenders.write_slip(slip, field=field, actor=actor, now=now)
    transition(refund, to=RefundStatus.SUCCEEDED, actor=actor, now=now)
    refund.drawer, refund.succeeded_at, refund.next_attempt_at = drawer, now, None
    refund.save(update_fields=["drawer", "succeeded_at", "next_attempt_at"])
    refunds.tell_refunded(refund, now, now=now)
