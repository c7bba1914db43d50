"""Payments: an intent is committed, the provider is called, the answer is committed; notices and queries agree."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from fulfillment import services as fulfillment_services
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.outbox import hint, publish
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from orders import clients, locks, queries, rules, sql
from orders.choices import LIVE_INTENTS, SHOPPER_METHODS, Ending, IntentStatus, OrderStatus, ReturnStatus
from orders.events import OrderPaid, OrderPaidInPart
from orders.models import IntentAllocation, PaymentIntent, Return
from orders.services import ending, refunds

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import Order

logger = logging.getLogger(__name__)

ACTOR = "system:payments"
# The provider refuses a payment that would be open for less than a minute.
SHORTEST_OPENING = timedelta(seconds=61)
# An open payment is asked for this often, growing, so that a lost notice is made good within a minute.
FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 15, 30
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 2, 30
# For a closing that nobody waits for any more.
LONGEST_CLOSING_RETRY_SECONDS = 600
# What a refused creation may mean besides a mistake of ours: the query tells which.
KNOWN_NUMBER = frozenset({"ORDERPAID", "ORDER_CLOSED", "OUT_TRADE_NO_USED"})
UNPAID_STATES = frozenset({"NOTPAY", "USERPAYING", "ACCEPT"})
CLOSED_STATES = frozenset({"CLOSED", "REVOKED", "PAYERROR"})


class OrderNotPayable(Conflict):
    """The order was paid, cancelled or is being cancelled."""

    code = "order_not_payable"


class PaymentTooLate(Conflict):
    """The time to pay has passed; its goods went back on sale."""

    code = "order_expired"


class UnknownPaymentMethod(InvalidInput):
    """No such way to pay."""

    code = "unknown_payment_method"


class PaymentMismatch(Exception):
    """An authentic report of a payment that is not the one we asked for; the text says what differs."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The provider has opened the payment."""

    code_url: str


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody can pay any more."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The provider does not know the payment."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will not do it; `problem` is its own word for why."""

    problem: str


Answer = Opened | Closed | Missing | Refused | clients.ProviderPayment


@step
def start_payment(order_id: int, method: str, *, now: datetime) -> int:
    """Open a payment for an unpaid order, or find the one that is open; return its id. `drive_intent` does the rest.

    Locks Checkout, its payments, Order.

    :raises UnknownPaymentMethod: when there is no such method.
    :raises PaymentTooLate: when the time to pay has passed.
    :raises OrderNotPayable: when the order waits for no payment.
    """
    if method not in SHOPPER_METHODS:
        raise UnknownPaymentMethod(_("Choose one of the ways to pay."), field="method")
    order, intents = locks.lock_order(order_id)
    is_late = order.status == OrderStatus.PLACED and order.expires_at <= now
    if is_late or OrderStatus.EXPIRED in {order.status, order.ending_as}:
        raise PaymentTooLate(_("The time to pay this order has passed. Please order again."), field="order")
    if order.status != OrderStatus.PLACED or order.ending_as:
        raise OrderNotPayable(_("This order does not wait for a payment."), field="order")
    live = [intent for intent in intents if intent.status in LIVE_INTENTS and intent.method == method]
    if live:
        return live[-1].pk
    amount_fen = queries.left_to_pay_fen(order)
    if amount_fen == 0:
        raise OrderNotPayable(_("This order waits for the goods that you return."), field="order")
    intent = PaymentIntent.objects.create(
        checkout_id=order.checkout_id,
        brand_id=order.brand_id,
        method=method,
        merchant_id=settings.WECHAT_PAY["mchid"],
        out_trade_no=public_number("P"),
        amount_fen=amount_fen,
        expires_at=max(order.expires_at, now + SHORTEST_OPENING),
        next_attempt_at=now,
        created_at=now,
    )
    IntentAllocation.objects.create(intent=intent, order=order, amount_fen=amount_fen)
    hint("orders.drive_intent", intent_id=intent.pk)
    return intent.pk


@drive
def drive_intent(intent_id: int, *, now: datetime) -> bool:
    """Take a due payment one step on: open, query or close it; False when the provider could not be reached.

    Three steps: the row is committed before, the provider is called, the answer is written.
    """
    with entry():
        intent = _claim(intent_id, now)
    if intent is None:
        return True
    try:
        answer = _call_provider(intent, now)
    except clients.ProviderUnreachable as error:
        with entry():
            _record_silence(intent_id, str(error), now=now)
        return False
    except clients.ProviderRefused as error:
        answer = Refused(str(error))
    try:
        with entry():
            _apply(intent_id, answer, now=now)
    except PaymentMismatch as error:
        logger.error("Payment %s does not match the provider's: %s", intent_id, error)  # noqa: TRY400  expected kind
        with entry():
            _record_silence(intent_id, str(error), now=now)
    return True


@step
def record_payment(intent_id: int, payment: clients.ProviderPayment, *, actor: str, now: datetime) -> bool:
    """Take over that a payment was made: the order is paid, or the money is owed back; False when it was known.

    An exchange's replacement of which it paid the difference waits on for the goods. Locks Checkout, its payments,
    Order, Fulfillment and below. Emits OrderPaid, OrderPaidInPart or OrphanPaid.

    :raises PaymentMismatch: when merchant, application, number, amount or currency differ; nothing was changed.
    """
    intent, order, intents = locks.lock_intent(intent_id)
    paid_at = _check_match(intent, payment)
    if intent.status in {IntentStatus.SUCCEEDED, IntentStatus.ORPHAN_PAID, IntentStatus.ORPHAN_REFUNDED}:
        if intent.provider_trade_no != payment.transaction_id:
            raise PaymentMismatch("a second payment under the same number")
        return False
    intent.provider_trade_no, intent.succeeded_at = payment.transaction_id, paid_at
    intent.next_attempt_at, intent.last_error = None, ""
    intent.save(update_fields=["provider_trade_no", "succeeded_at", "next_attempt_at", "last_error"])
    is_wanted = order.status == OrderStatus.PLACED and order.ending_as != Ending.CANCELLED
    if intent.status not in LIVE_INTENTS or not is_wanted:
        refunds.refund_orphan(intent, paid_at=paid_at, actor=actor, now=now)
        ending.finish_ending(order, intents, actor=actor, now=now)
        return True
    transition(intent, to=IntentStatus.SUCCEEDED, actor=actor, now=now)
    for other in intents:
        ending.begin_closing(other, actor=actor, now=now)
    if sum(row.amount_fen for row in intents if row.status == IntentStatus.SUCCEEDED) < order.total_fen:
        _keep_difference(order, intent, paid_at=paid_at, now=now)
    else:
        pay_order(order, intent, paid_at=paid_at, actor=actor, now=now)
    return True


def _keep_difference(order: Order, intent: PaymentIntent, *, paid_at: datetime, now: datetime) -> None:
    """Let a replacement whose difference is paid wait for the goods; what is there already is settled now."""
    order.ending_as, order.due_at, order.expires_at, order.attempts = "", now, now, 0
    order.save(update_fields=["ending_as", "due_at", "expires_at", "attempts"])
    Return.objects.filter(replacement=order, status=ReturnStatus.INSPECTED).update(due_at=now, attempts=0)
    publish(OrderPaidInPart(order.pk, intent.pk, paid_at, intent.amount_fen), now=now)


@step
def pay_order(order: Order, intent: PaymentIntent, *, paid_at: datetime, actor: str, now: datetime) -> None:
    """Mark the order paid in full and let its goods go to routing. The order is locked; locks Fulfillment and below.

    Emits OrderPaid.
    """
    transition(order, to=OrderStatus.PAID, actor=actor, now=now)
    order.paid_at, order.ending_as, order.due_at, order.attempts = paid_at, "", None, 0
    order.save(update_fields=["paid_at", "ending_as", "due_at", "attempts"])
    fulfillment_services.release_for_routing(order.fulfillment_id, now=now)
    publish(OrderPaid(order.pk, intent.pk, paid_at, intent.amount_fen), now=now)


def _check_match(intent: PaymentIntent, payment: clients.ProviderPayment) -> datetime:
    """Compare a successful payment with what we asked for; return when it was made."""
    expected = {
        "state": ("SUCCESS", payment.state),
        "payment number": (intent.out_trade_no, payment.out_trade_no),
        "merchant": (intent.merchant_id, payment.mchid),
        "application": (settings.WECHAT_PAY["appid"], payment.appid),
        "amount": (intent.amount_fen, payment.amount_fen),
        "currency": (clients.CURRENCY, payment.currency),
    }
    differing = [name for name, (ours, theirs) in expected.items() if ours != theirs]
    if payment.paid_at is None or not payment.transaction_id:
        differing.append("time or number of the transaction")
    if differing or payment.paid_at is None:
        raise PaymentMismatch(", ".join(differing))
    return payment.paid_at


def _claim(intent_id: int, now: datetime) -> PaymentIntent | None:
    """Take a due payment for as long as the call may last."""
    with connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_INTENT, {"id": intent_id, "now": now})
        if cursor.rowcount == 0:
            return None
    return PaymentIntent.objects.get(pk=intent_id)


def _call_provider(intent: PaymentIntent, now: datetime) -> Answer:
    """Do what the status asks for. A payment is opened again only under its own number, which opens it once."""
    client = clients.wechat_pay()
    if intent.status == IntentStatus.CLOSING:
        return _close(client, intent)
    if intent.status == IntentStatus.CREATED and intent.expires_at > now:
        return _open(client, intent)
    answer = _query(client, intent)
    is_openable = isinstance(answer, Missing) or (
        isinstance(answer, clients.ProviderPayment) and answer.state in UNPAID_STATES
    )
    if intent.status == IntentStatus.UNKNOWN and is_openable and intent.expires_at > now:
        return _open(client, intent)
    return answer


def _open(client: clients.WeChatPayClient, intent: PaymentIntent) -> Answer:
    """Open the payment; of one that is paid or closed already, ask for the state."""
    try:
        code_url = client.create_native(
            intent.out_trade_no,
            amount_fen=intent.amount_fen,
            description=intent.out_trade_no,
            expires_at=intent.expires_at,
        )
    except clients.ProviderRefused as error:
        if error.code in KNOWN_NUMBER:
            return _query(client, intent)
        raise
    return Opened(code_url)


def _query(client: clients.WeChatPayClient, intent: PaymentIntent) -> Answer:
    """Ask how the payment stands."""
    try:
        return client.query(intent.out_trade_no)
    except clients.ProviderRefused as error:
        if error.code == "ORDER_NOT_EXIST":
            return Missing()
        raise


def _close(client: clients.WeChatPayClient, intent: PaymentIntent) -> Answer:
    """Close the payment. One the provider never heard of counts as closed: nobody was shown its link."""
    try:
        client.close(intent.out_trade_no)
    except clients.ProviderRefused as error:
        if error.code == "ORDERPAID":
            return _query(client, intent)
        if error.code not in {"ORDER_CLOSED", "ORDER_NOT_EXIST"}:
            raise
    return Closed()


def _apply(intent_id: int, answer: Answer, *, now: datetime) -> None:
    """Write the provider's answer, unless a notice was faster."""
    if isinstance(answer, clients.ProviderPayment) and answer.state == "SUCCESS":
        record_payment(intent_id, answer, actor=ACTOR, now=now)
        return
    intent, order, intents = locks.lock_intent(intent_id)
    if intent.status not in LIVE_INTENTS:
        return
    is_closed = isinstance(answer, clients.ProviderPayment) and answer.state in CLOSED_STATES
    is_opening = intent.status in {IntentStatus.CREATED, IntentStatus.UNKNOWN}
    if isinstance(answer, Closed) or is_closed:
        _finish(intent, IntentStatus.CLOSED, "", now)
    elif isinstance(answer, Opened) and is_opening:
        _show(intent, answer.code_url, now)
    elif isinstance(answer, Refused) and is_opening:
        _finish(intent, IntentStatus.FAILED, answer.problem, now)
    elif isinstance(answer, Missing) and intent.status == IntentStatus.PENDING:
        transition(intent, to=IntentStatus.UNKNOWN, actor=ACTOR, now=now, reason="ORDER_NOT_EXIST")
        _put_off(intent_id, "ORDER_NOT_EXIST", now=now)
    else:
        _put_off(intent_id, _problem(answer), now=now)
    ending.finish_ending(order, intents, actor=ACTOR, now=now)


def _problem(answer: Answer) -> str:
    """Return what is odd about an answer that changes nothing."""
    if isinstance(answer, Refused):
        return answer.problem
    if isinstance(answer, clients.ProviderPayment) and answer.state not in UNPAID_STATES:
        return answer.state
    return ""


def _finish(intent: PaymentIntent, status: IntentStatus, problem: str, now: datetime) -> None:
    """End a payment that brought no money."""
    transition(intent, to=status, actor=ACTOR, now=now, reason=problem[:200])
    intent.next_attempt_at, intent.last_error, intent.failures = None, problem[:200], 0
    intent.save(update_fields=["next_attempt_at", "last_error", "failures"])


def _show(intent: PaymentIntent, code_url: str, now: datetime) -> None:
    """Keep the link; from now on the payment is awaited."""
    transition(intent, to=IntentStatus.PENDING, actor=ACTOR, now=now)
    intent.code_url, intent.attempts, intent.failures, intent.last_error = code_url, 0, 0, ""
    intent.next_attempt_at = now + timedelta(seconds=FIRST_POLL_SECONDS)
    intent.save(update_fields=["code_url", "attempts", "failures", "last_error", "next_attempt_at"])


def _record_silence(intent_id: int, error: str, *, now: datetime) -> None:
    """Note that a call told nothing we may act on; after ten minutes of that, a closing is not waited for."""
    intent, order, intents = locks.lock_intent(intent_id)
    if intent.status not in LIVE_INTENTS:
        return
    if intent.status == IntentStatus.CREATED:
        transition(intent, to=IntentStatus.UNKNOWN, actor=ACTOR, now=now, reason=error[:200])
    _put_off(intent_id, error, now=now)
    ending.finish_ending(order, intents, actor=ACTOR, now=now)


def _put_off(intent_id: int, error: str, *, now: datetime) -> None:
    """Look again later: soon at first, then less often."""
    intent = PaymentIntent.objects.get(pk=intent_id)
    first, longest = RETRY_SECONDS, LONGEST_RETRY_SECONDS
    if intent.status == IntentStatus.PENDING:
        first, longest = FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS
    elif intent.closing_since is not None and not ending.is_awaited(intent, now):
        longest = LONGEST_CLOSING_RETRY_SECONDS
    delay = timedelta(seconds=rules.retry_seconds(intent.attempts, first=first, longest=longest))
    PaymentIntent.objects.filter(pk=intent_id, next_attempt_at__isnull=False).update(
        next_attempt_at=now + delay, failures=0, last_error=error[:200]
    )
