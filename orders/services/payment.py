"""Payments: an intent is committed, the provider is called, the answer is committed; notices and queries agree."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.outbox import hint
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from orders import clients, locks, queries, rules, sql
from orders.choices import LIVE_INTENTS, PROVIDER_METHODS, SHOPPER_METHODS, IntentStatus, OrderStatus
from orders.models import IntentAllocation, PaymentIntent
from orders.services import ending, settling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

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
    wanted = NewIntent(order.checkout_id, order.brand_id, method, {order_id: amount_fen}, order.expires_at)
    return open_intent(wanted, now=now).pk


@dataclass(frozen=True, slots=True)
class NewIntent:
    """A payment to be made: how much of it is for which order, by id. `drawer_id` is the till where it is taken."""

    checkout_id: int
    brand_id: int
    method: str
    shares: Mapping[int, int]
    expires_at: datetime
    drawer_id: int | None = None


@step
def open_intent(wanted: NewIntent, *, now: datetime) -> PaymentIntent:
    """Write a payment to be made; `drive_intent` opens it if a provider is to take it. The checkout is locked."""
    is_driven = wanted.method in PROVIDER_METHODS
    intent = PaymentIntent.objects.create(
        checkout_id=wanted.checkout_id,
        brand_id=wanted.brand_id,
        method=wanted.method,
        merchant_id=settings.WECHAT_PAY["mchid"] if is_driven else "",
        out_trade_no=public_number("P"),
        amount_fen=sum(wanted.shares.values()),
        drawer_id=wanted.drawer_id,
        expires_at=max(wanted.expires_at, now + SHORTEST_OPENING) if is_driven else wanted.expires_at,
        next_attempt_at=now if is_driven else None,
        created_at=now,
    )
    IntentAllocation.objects.bulk_create(
        IntentAllocation(intent=intent, order_id=order_id, amount_fen=amount_fen)
        for order_id, amount_fen in wanted.shares.items()
    )
    if is_driven:
        hint("orders.drive_intent", intent_id=intent.pk)
    return intent


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
    """Take over that a payment was made: its orders are paid, or the money is owed back; False when it was known.

    An exchange's replacement of which it paid the difference waits on for the goods. Locks Checkout, its payments,
    Orders, Fulfillment and below. Emits OrderPaid, OrderPaidInPart or OrphanPaid.

    :raises PaymentMismatch: when merchant, application, number, amount or currency differ; nothing was changed.
    """
    lock = locks.lock_intent(intent_id)
    intent = lock.intent
    paid_at = _check_match(intent, payment)
    if intent.status in {IntentStatus.SUCCEEDED, IntentStatus.ORPHAN_PAID, IntentStatus.ORPHAN_REFUNDED}:
        if intent.provider_trade_no != payment.transaction_id:
            raise PaymentMismatch("a second payment under the same number")
        return False
    intent.provider_trade_no, intent.succeeded_at = payment.transaction_id, paid_at
    intent.next_attempt_at, intent.last_error = None, ""
    intent.save(update_fields=["provider_trade_no", "succeeded_at", "next_attempt_at", "last_error"])
    settling.take_payment(lock, paid_at=paid_at, actor=actor, now=now)
    return True


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
    client = clients.provider_of(intent.method)
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
    intent, sales = locks.lock_intent(intent_id)
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
    for order, intents in sales:
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
    intent, sales = locks.lock_intent(intent_id)
    if intent.status not in LIVE_INTENTS:
        return
    if intent.status == IntentStatus.CREATED:
        transition(intent, to=IntentStatus.UNKNOWN, actor=ACTOR, now=now, reason=error[:200])
    _put_off(intent_id, error, now=now)
    for order, intents in sales:
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
