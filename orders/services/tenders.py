"""Tenders of a checkout, taken at a till: cash, the card terminal, the mall's till, and WeChat Pay by its QR code.

Each pays a part of what is due, or all of it; what covers the checkout settles it in the same transaction. Nothing that
was taken at a till is ever asked of a provider: what its slip says is what is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries, rules
from orders.choices import (
    LIVE_INTENTS,
    IntentStatus,
    MovementKind,
    OrderStatus,
    PaymentMethod,
)
from orders.models import DrawerMovement, DrawerSession, OrderLine, PaymentIntent, TillSlip
from orders.services import drawers, ending, payment, settling
from stores import choices as stores_choices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

MAX_NUMBER_LENGTH = {"terminal": 20, "batch": 12, "trace": 12, "receipt": 40}


class NothingDue(Conflict):
    """Nothing of the checkout is left to be paid, or it was given up."""

    code = "nothing_due"


class TenderTooHigh(InvalidInput):
    """More than is due; `params` hold what is."""

    code = "tender_too_high"


class GivenTooLittle(InvalidInput):
    """Less cash was given than is to be paid with it."""

    code = "given_too_little"


class MallCollects(Conflict):
    """In this store the mall's cashier takes the money."""

    code = "mall_collects"


class MallDoesNotCollect(Conflict):
    """In this store the brand takes the money itself."""

    code = "mall_does_not_collect"


class SlipIncomplete(InvalidInput):
    """A number that the slip bears is missing or too long; `field` names it."""

    code = "slip_incomplete"


class SlipKnown(Conflict):
    """The slip belongs to another payment or refund already."""

    code = "slip_known"


class CardNotWaiting(Conflict):
    """The result of this card payment is known already."""

    code = "card_not_waiting"


@dataclass(frozen=True, slots=True)
class CardSlip:
    """What the card terminal printed: the three numbers name one transaction of all."""

    terminal: str
    batch: str
    trace: str


@step
def take_cash(
    checkout_id: int, drawer_id: int, *, amount_fen: int, given_fen: int, once: str, actor: str, now: datetime
) -> PaymentIntent:
    """Take cash for a checkout; the same `once` (from the form) is one tender. What is given beyond it is the change.

    Locks Checkout, its payments, Orders, DrawerSession, Fulfillment and below. Emits as `settling.take_payment`.

    :raises NothingDue, TenderTooHigh: see `_open`.
    :raises GivenTooLittle: with field "given".
    :raises MallCollects: when the mall's cashier takes the money.
    :raises DrawerNotOpen: when the till was closed.
    """
    sales = locks.lock_orders((), checkout_id=checkout_id)
    known = PaymentIntent.objects.filter(checkout=checkout_id, movement__cause=f"cash:{once}").first()
    if known is not None:
        return known
    if given_fen < amount_fen:
        raise GivenTooLittle(_("Less was given than is to be paid."), field="given")
    intent = _open(sales, PaymentMethod.CASH, amount_fen, drawer_id=drawer_id, now=now)
    drawer = drawers.lock_open(drawer_id)
    DrawerMovement.objects.create(
        session=drawer,
        kind=MovementKind.TENDER,
        amount_fen=amount_fen,
        intent=intent,
        cause=f"cash:{once}",
        actor=actor,
        at=now,
    )
    TillSlip.objects.create(intent=intent, given_fen=given_fen, actor=actor, recorded_at=now)
    return _take(intent.pk, actor=actor, now=now)


@step
def start_card(checkout_id: int, drawer_id: int, *, amount_fen: int, actor: str, now: datetime) -> PaymentIntent:
    """Note that a card is about to be charged at the terminal; its result is unknown until it is recorded.

    One that is started for the same amount is found again. Locks Checkout, its payments, Orders, DrawerSession.

    :raises NothingDue, TenderTooHigh, MallCollects, DrawerNotOpen: as `take_cash`.
    """
    sales = locks.lock_orders((), checkout_id=checkout_id)
    for intent in _live(sales, PaymentMethod.CARD):
        if intent.status == IntentStatus.CREATED and intent.amount_fen == amount_fen:
            return intent
    intent = _open(sales, PaymentMethod.CARD, amount_fen, drawer_id=drawer_id, now=now)
    drawers.lock_open(drawer_id)
    return intent


@step
def record_card(intent_id: int, slip: CardSlip, *, actor: str, now: datetime) -> bool:
    """Take over from its slip that a card was charged, now or found out later; False when that was recorded already.

    One whose order was given up meanwhile is owed back. Locks Checkout, its payments, Orders, Fulfillment and below.

    :raises SlipIncomplete: naming "terminal", "batch" or "trace".
    :raises SlipKnown: with field "trace", when it is another payment's slip.
    :raises CardNotWaiting: when it was declined, or recorded with another slip.
    """
    check_numbers(terminal=slip.terminal, batch=slip.batch, trace=slip.trace)
    lock = locks.lock_intent(intent_id)
    known = TillSlip.objects.filter(intent=intent_id).first()
    if known is not None and (known.terminal, known.batch, known.trace) == (slip.terminal, slip.batch, slip.trace):
        return False
    if lock.intent.method != PaymentMethod.CARD or lock.intent.status not in LIVE_INTENTS:
        raise CardNotWaiting(_("The result of this card payment is known already."), field="trace")
    write_slip(
        TillSlip(intent=lock.intent, terminal=slip.terminal, batch=slip.batch, trace=slip.trace),
        field="trace",
        actor=actor,
        now=now,
    )
    _take(intent_id, actor=actor, now=now)
    return True


@step
def record_card_unknown(intent_id: int, *, actor: str, now: datetime) -> None:
    """Note that the terminal did not say whether the card was charged; somebody is to find out and match its slip.

    :raises CardNotWaiting: when the result is known.
    """
    intent = _lock_card(intent_id)
    if intent.status == IntentStatus.CREATED:
        transition(intent, to=IntentStatus.UNKNOWN, actor=actor, now=now)


@step
def record_card_declined(intent_id: int, *, actor: str, now: datetime) -> None:
    """Note that the card was not charged, as the terminal says or the acquirer's list shows.

    :raises CardNotWaiting: when it was charged.
    """
    intent = _lock_card(intent_id)
    transition(intent, to=IntentStatus.FAILED, actor=actor, now=now)


@step
def take_mall_receipt(
    checkout_id: int, drawer_id: int, *, amount_fen: int, number: str, receipt_on: date, actor: str, now: datetime
) -> PaymentIntent:
    """Take over from its receipt that the mall's cashier took money for a checkout; the same receipt is one tender.

    Locks and events as `take_cash`.

    :raises NothingDue, TenderTooHigh, DrawerNotOpen: as `take_cash`.
    :raises MallDoesNotCollect: where the brand takes the money itself.
    :raises SlipIncomplete: with field "receipt".
    :raises SlipKnown: with field "receipt", when the mall's receipt of that day is another payment's.
    """
    check_numbers(receipt=number)
    sales = locks.lock_orders((), checkout_id=checkout_id)
    mall_id = mall_of(drawer_id)
    same = {"slip__mall": mall_id, "slip__receipt_on": receipt_on, "slip__receipt_number": number}
    known = PaymentIntent.objects.filter(checkout=checkout_id, amount_fen=amount_fen, **same).first()
    if known is not None:
        return known
    intent = _open(sales, PaymentMethod.MALL_TILL, amount_fen, drawer_id=drawer_id, now=now)
    drawers.lock_open(drawer_id)
    write_slip(
        TillSlip(intent=intent, mall_id=mall_id, receipt_on=receipt_on, receipt_number=number),
        field="receipt",
        actor=actor,
        now=now,
    )
    return _take(intent.pk, actor=actor, now=now)


@step
def start_wechat(
    checkout_id: int, *, amount_fen: int, actor: str, now: datetime, drawer_id: int | None = None
) -> PaymentIntent:
    """Open a WeChat payment for a checkout, or find the one of this amount; another one that is open is closed.

    `payment.drive_intent` gets its QR code; `drawer_id` None: on the shopper's own phone. Locks Checkout, its payments,
    Orders, DrawerSession.

    :raises NothingDue, TenderTooHigh, MallCollects, DrawerNotOpen: as `take_cash`.
    """
    sales = locks.lock_orders((), checkout_id=checkout_id)
    live = _live(sales, PaymentMethod.WECHAT_NATIVE)
    for intent in live:
        if intent.status != IntentStatus.CLOSING and intent.amount_fen == amount_fen and intent.expires_at > now:
            return intent
    for intent in live:
        ending.begin_closing(intent, actor=actor, now=now)
    intent = _open(sales, PaymentMethod.WECHAT_NATIVE, amount_fen, drawer_id=drawer_id, now=now)
    if drawer_id is not None:
        drawers.lock_open(drawer_id)
    return intent


def write_slip(slip: TillSlip, *, field: str, actor: str, now: datetime) -> None:
    """Write what a slip says, unless the same slip is known.

    :raises SlipKnown: naming the field.
    """
    slip.actor, slip.recorded_at = actor, now
    try:
        with transaction.atomic():
            slip.save(force_insert=True)
    except IntegrityError as error:
        raise SlipKnown(_("This slip was recorded already. Look at its numbers again."), field=field) from error


def _open(
    sales: Sequence[locks.OrderLock], method: PaymentMethod, amount_fen: int, *, drawer_id: int | None, now: datetime
) -> PaymentIntent:
    """Write a payment of a part of what is due, and how much of it is for which order.

    :raises NothingDue: when nothing is.
    :raises TenderTooHigh: with field "amount", when it is less, or nothing is paid.
    :raises MallCollects, MallDoesNotCollect: with field "method", when somebody else takes the money.
    :raises NotFound: when the till is another brand's.
    """
    open_sales = [sale for sale in sales if sale.order.status == OrderStatus.PLACED and not sale.order.ending_as]
    parts = [_open_part(sale) for sale in open_sales]
    due_fen = sum(left_fen for _order_id, left_fen, _pending_fen in parts)
    if due_fen <= 0:
        raise NothingDue(_("Nothing is left to be paid."), field="amount")
    if not 0 < amount_fen <= due_fen:
        raise TenderTooHigh(_("At most what is left to be paid."), field="amount", due_fen=due_fen)
    _check_collector(open_sales, method)
    first = open_sales[0].order
    if drawer_id is not None and not DrawerSession.objects.filter(pk=drawer_id, store__brand=first.brand_id).exists():
        raise NotFound
    wanted = payment.NewIntent(
        checkout_id=first.checkout_id,
        brand_id=first.brand_id,
        method=method,
        shares=rules.spread_tender(amount_fen, parts),
        expires_at=min(sale.order.expires_at for sale in open_sales),
        drawer_id=drawer_id,
    )
    return payment.open_intent(wanted, now=now)


def _open_part(sale: locks.OrderLock) -> tuple[int, int, int]:
    """Return of an order what is left to pay, and what of that a payment is open for."""
    live = [intent for intent in sale.intents if intent.status in LIVE_INTENTS]
    pending_fen = sum(row.amount_fen for row in queries.allocations_to(sale.order, live).values())
    return sale.order.pk, queries.left_to_pay_fen(sale.order), pending_fen


def _live(sales: Sequence[locks.OrderLock], method: PaymentMethod) -> list[PaymentIntent]:
    """Return the open payments of a checkout by a method, each once."""
    rows = {row.pk: row for sale in sales for row in sale.intents}
    return [row for _key, row in sorted(rows.items()) if row.method == method and row.status in LIVE_INTENTS]


def _check_collector(sales: Sequence[locks.OrderLock], method: PaymentMethod) -> None:
    """Refuse the mall's till where the brand takes the money, and everything else where the mall does."""
    lines = OrderLine.objects.filter(order__in=[sale.order.pk for sale in sales])
    collectors = set(lines.values_list("collector", flat=True))
    if method == PaymentMethod.MALL_TILL:
        if collectors != {stores_choices.Collector.MALL}:
            raise MallDoesNotCollect(_("Here the brand takes the money, not the mall's till."), field="method")
    elif stores_choices.Collector.MALL in collectors:
        raise MallCollects(_("Here the mall's till takes the money."), field="method")


def mall_of(drawer_id: int) -> int:
    """Return the mall of a till's store.

    :raises MallDoesNotCollect: when it is in none.
    """
    mall_id = DrawerSession.objects.values_list("store__mall_id", flat=True).get(pk=drawer_id)
    if mall_id is None:
        raise MallDoesNotCollect(_("Here the brand takes the money, not the mall's till."), field="method")
    return int(mall_id)


def _take(intent_id: int, *, actor: str, now: datetime) -> PaymentIntent:
    """Take the money of a tender over, and settle the checkout if that covers it; return the tender as it is then."""
    lock = locks.lock_intent(intent_id)
    lock.intent.succeeded_at = now
    lock.intent.save(update_fields=["succeeded_at"])
    settling.take_payment(lock, paid_at=now, actor=actor, now=now)
    return lock.intent


def _lock_card(intent_id: int) -> PaymentIntent:
    """Lock a card payment whose result is not known."""
    intent = locks.lock_intent(intent_id).intent
    if intent.method != PaymentMethod.CARD or intent.status not in LIVE_INTENTS:
        raise CardNotWaiting(_("The result of this card payment is known already."), field="trace")
    return intent


def check_numbers(**numbers: str) -> None:
    """Refuse a number of a slip that is missing or too long.

    :raises SlipIncomplete: naming it.
    """
    for field, number in numbers.items():
        if not number.strip() or len(number) > MAX_NUMBER_LENGTH[field] or not number.isprintable():
            raise SlipIncomplete(_("Enter this number as it is on the slip."), field=field)
