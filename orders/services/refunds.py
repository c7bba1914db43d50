"""Refunds: asked for once under a lock, then sent under one number until the provider says that they arrived."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict
from omni.kernel.numbers import public_number
from omni.kernel.outbox import hint, publish
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from orders import clients, locks, queries, rules, sql
from orders.choices import (
    PROVIDER_METHODS,
    REFUND_ORDER,
    IntentStatus,
    PaymentMethod,
    RefundReason,
    RefundStatus,
    ReturnStatus,
)
from orders.events import OrphanPaid, OrphanRefunded, RefundSucceeded
from orders.models import PaymentIntent, Refund, Return

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from orders.models import Order

logger = logging.getLogger(__name__)

ACTOR = "system:refunds"
RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 3600
# The provider wants a minute between two refunds of one payment.
INTERVAL = timedelta(seconds=61)

# What the provider calls a refund's state, as ours. A closed one is sent again under its number.
STATUSES = {
    "PROCESSING": RefundStatus.PROCESSING,
    "SUCCESS": RefundStatus.SUCCEEDED,
    "CLOSED": RefundStatus.REQUESTED,
    "ABNORMAL": RefundStatus.ABNORMAL,
}
# The causes of a refund's other parts: "<cause>:rest", "<cause>:rest:2", …
REST = queries.PARTS
# A refusal that passes by itself, when the merchant's balance is filled up.
NOT_ENOUGH = "NOT_ENOUGH"
TOO_MUCH = _("No more can be refunded than was paid.")


class RefundExceedsPayment(Conflict):
    """More would be refunded than was paid."""

    code = "refund_exceeds_payment"


class RefundNotAbnormal(Conflict):
    """The refund needs nobody's help."""

    code = "refund_not_abnormal"


class RefundMismatch(Exception):
    """What the provider reports is not the refund we asked for."""


@step
def refund_order(
    intents: Sequence[PaymentIntent], *, order: Order, amount_fen: int, reason: RefundReason, cause: str, now: datetime
) -> Refund:
    """Ask for the refund of a part of what was paid for an order; return the first of one or more refunds.

    It goes back as it came, in the order of `REFUND_ORDER`; further parts have a cause of their own (`part_cause`).
    The checkout must be locked.

    :raises RefundExceedsPayment: when more would be refunded than was paid.
    """
    known = Refund.objects.filter(cause=cause).first()
    if known is not None:
        return known
    paid = PaymentIntent.objects.filter(pk__in=[row.pk for row in intents], status=IntentStatus.SUCCEEDED)
    parts = parts_of(in_refund_order(paid), order=order, amount_fen=amount_fen)
    made = [
        request_refund(
            intent,
            order=order,
            amount_fen=part_fen,
            reason=reason,
            cause=part_cause(cause, position),
            now=now,
        )
        for position, (intent, part_fen) in enumerate(parts)
    ]
    return made[0]


def in_refund_order(paid: Iterable[PaymentIntent]) -> list[PaymentIntent]:
    """Return payments in the order in which they are refunded: a provider's first, credit last."""
    return sorted(paid, key=lambda row: (REFUND_ORDER.index(PaymentMethod(row.method)), row.pk))


def parts_of(intents: Sequence[PaymentIntent], *, order: Order, amount_fen: int) -> list[tuple[PaymentIntent, int]]:
    """Return from which payments an amount of an order is taken, and how much of each; the checkout is locked.

    :raises RefundExceedsPayment: when there is less.
    """
    allocations = queries.allocations_to(order, intents)
    parts, left_fen = list[tuple[PaymentIntent, int]](), amount_fen
    for intent in intents:
        allocation = allocations[intent.pk]
        part_fen = min(left_fen, allocation.amount_fen - allocation.refunded_fen)
        if part_fen:
            parts.append((intent, part_fen))
            left_fen -= part_fen
    if left_fen or not parts:
        raise RefundExceedsPayment(TOO_MUCH)
    return parts


def part_cause(cause: str, position: int) -> str:
    """Return the cause of a part: the first has the cause itself, the others name it."""
    return cause if position == 0 else f"{cause}{REST}" if position == 1 else f"{cause}{REST}:{position}"


@step
def request_refund(
    intent: PaymentIntent, *, order: Order | None, amount_fen: int, reason: RefundReason, cause: str, now: datetime
) -> Refund:
    """Ask for a refund of a payment; the same cause is one refund, whoever asks. The checkout must be locked.

    What was taken at a till waits to be given back there; everything else is sent to the provider.

    :raises RefundExceedsPayment: when more would be refunded than was paid.
    """
    known = Refund.objects.filter(cause=cause).first()
    if known is not None:
        return known
    _take(intent, order, amount_fen)
    is_orphan = reason == RefundReason.ORPHAN
    through = None if intent.method != PaymentMethod.RETURN_CREDIT else _origin_of(intent)
    is_driven = (through or intent).method in PROVIDER_METHODS
    refund = Refund.objects.create(
        intent=intent,
        through=through,
        order=order,
        out_refund_no=f"OR-{intent.out_trade_no}" if is_orphan else public_number("R"),
        amount_fen=amount_fen,
        reason=reason,
        cause=cause,
        next_attempt_at=_first_attempt_at(through or intent, now) if is_driven else None,
        requested_at=now,
    )
    if is_driven:
        hint("orders.drive_refund", refund_id=refund.pk)
    return refund


def _take(intent: PaymentIntent, order: Order | None, amount_fen: int) -> None:
    """Count a refund against its payment, and what of that was for the order, before it is written."""
    counted = [(sql.TAKE_FROM_INTENT, {"id": intent.pk, "amount_fen": amount_fen})]
    if order is not None:
        values = {"intent_id": intent.pk, "order_id": order.pk, "amount_fen": amount_fen}
        counted.append((sql.TAKE_FROM_ALLOCATION, values))
    with connection.cursor() as cursor:
        for statement, values in counted:
            cursor.execute(statement, values)
            if cursor.rowcount == 0:
                raise RefundExceedsPayment(TOO_MUCH)


def _first_attempt_at(intent: PaymentIntent, now: datetime) -> datetime:
    """Return when the provider takes the next refund of a payment."""
    sent = Refund.objects.filter(Q(intent=intent) | Q(through=intent)).exclude(reason=RefundReason.EXCHANGED)
    latest = sent.order_by("-requested_at").first()
    return now if latest is None else max(now, latest.requested_at + INTERVAL)


@step
def use_as_credit(intent: PaymentIntent, *, order: Order, amount_fen: int, cause: str, now: datetime) -> Refund:
    """Take a part of a payment back without sending it anywhere: it pays for another order. The checkout is locked.

    Emits RefundSucceeded.

    :raises RefundExceedsPayment: when more would be used than was paid.
    """
    refund = request_refund(
        intent, order=order, amount_fen=amount_fen, reason=RefundReason.EXCHANGED, cause=cause, now=now
    )
    transition(refund, to=RefundStatus.SUCCEEDED, actor=ACTOR, now=now)
    refund.next_attempt_at, refund.succeeded_at = None, now
    refund.save(update_fields=["next_attempt_at", "succeeded_at"])
    publish(RefundSucceeded(order.pk, refund.pk, now, amount_fen), now=now)
    return refund


def _origin_of(intent: PaymentIntent) -> PaymentIntent:
    """Return the payment that had brought the money of a credit for returned goods."""
    if intent.credit_of is not None:
        return intent.credit_of.provider_intent
    returned = Return.objects.filter(replacement__allocations__intent=intent).values("order_id")
    paid = PaymentIntent.objects.filter(allocations__order__in=returned, status=IntentStatus.SUCCEEDED)
    return paid.exclude(method=PaymentMethod.RETURN_CREDIT).order_by("pk")[0]


@step
def refund_orphan(intent: PaymentIntent, *, paid_at: datetime, actor: str, now: datetime) -> Refund:
    """Owe back, whole and once, what was paid for a payment already given up. The checkout must be locked.

    Emits OrphanPaid.
    """
    transition(intent, to=IntentStatus.ORPHAN_PAID, actor=actor, now=now)
    publish(OrphanPaid(intent.pk, paid_at, intent.amount_fen), now=now)
    return request_refund(
        intent,
        order=None,
        amount_fen=intent.amount_fen,
        reason=RefundReason.ORPHAN,
        cause=f"orphan:{intent.pk}",
        now=now,
    )


@drive
def drive_refund(refund_id: int, *, now: datetime) -> bool:
    """Send a due refund to the provider, or ask how it stands; False when the provider could not be reached.

    Three steps: the row is committed before, the provider is called, the answer is written.
    """
    with entry():
        refund = _claim(refund_id, now)
    if refund is None:
        return True
    try:
        answer = _call_provider(refund)
    except clients.ProviderUnreachable as error:
        with entry():
            _put_off(refund_id, str(error), now=now)
        return False
    except clients.ProviderRefused as error:
        with entry():
            _record_refusal(refund_id, error, now=now)
        return True
    try:
        with entry():
            apply_refund(refund_id, answer, now=now)
    except RefundMismatch as error:
        logger.error("Refund %s does not match the provider's: %s", refund_id, error)  # noqa: TRY400  expected kind
        with entry():
            _put_off(refund_id, str(error), now=now)
    return True


@step
def apply_refund(refund_id: int, answer: clients.ProviderRefund, *, now: datetime) -> bool:
    """Take over what the provider says of a refund; False when that was known already.

    Locks Checkout, its payments, Order. Emits RefundSucceeded, or OrphanRefunded.

    :raises RefundMismatch: when number or amount differ; nothing was changed.
    """
    refund = lock_refund(refund_id)
    if answer.out_trade_no != refund.provider_intent.out_trade_no or answer.amount_fen != refund.amount_fen:
        raise RefundMismatch("another payment or amount")
    status = STATUSES.get(answer.status)
    if status is None:
        raise RefundMismatch("unknown state")
    if refund.status == RefundStatus.SUCCEEDED:
        return False
    _record(refund, answer, now)
    if status == refund.status:
        return False
    transition(refund, to=status, actor=ACTOR, now=now)
    if status == RefundStatus.SUCCEEDED:
        tell_refunded(refund, answer.refunded_at or now, now=now)
    elif status == RefundStatus.ABNORMAL:
        logger.error("Refund %s is abnormal: it needs somebody's attention", refund.pk)
    return True


@step
def retry_refund(refund_id: int, *, actor: str, now: datetime) -> None:
    """Send an abnormal refund again, under its number, after somebody has seen to it.

    :raises RefundNotAbnormal: when it is not abnormal.
    """
    refund = lock_refund(refund_id)
    if refund.status != RefundStatus.ABNORMAL:
        raise RefundNotAbnormal(_("This refund needs no attention."))
    transition(refund, to=RefundStatus.REQUESTED, actor=actor, now=now)
    Refund.objects.filter(pk=refund_id).update(next_attempt_at=now, attempts=0, last_error="")
    hint("orders.drive_refund", refund_id=refund_id)


def _claim(refund_id: int, now: datetime) -> Refund | None:
    """Take a due refund for as long as the call may last."""
    with connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_REFUND, {"id": refund_id, "now": now})
        if cursor.rowcount == 0:
            return None
    return Refund.objects.select_related("intent", "through").get(pk=refund_id)


def _call_provider(refund: Refund) -> clients.ProviderRefund:
    """Ask how a refund stands that is under way; else ask for it, always under the same number."""
    client = clients.provider_of(refund.provider_intent.method)
    if refund.status != RefundStatus.REQUESTED:
        return client.query_refund(refund.out_refund_no)
    return client.refund(
        refund.out_refund_no,
        out_trade_no=refund.provider_intent.out_trade_no,
        amount_fen=refund.amount_fen,
        paid_fen=refund.provider_intent.amount_fen,
        reason=refund.provider_intent.out_trade_no,
    )


@step
def lock_refund(refund_id: int) -> Refund:
    """Lock checkout, payments and orders of a refund, then the refund; `refund.intent` is the locked row."""
    intent_id = Refund.objects.values_list("intent_id", flat=True).get(pk=refund_id)
    lock = locks.lock_intent(intent_id)
    refund = locks.lock_refund(refund_id)
    refund.intent = lock.intent
    return refund


def _record(refund: Refund, answer: clients.ProviderRefund, now: datetime) -> None:
    """Write the provider's number, and when to ask again."""
    is_done = answer.status == "SUCCESS"
    seconds = rules.retry_seconds(refund.attempts, first=RETRY_SECONDS, longest=LONGEST_RETRY_SECONDS)
    Refund.objects.filter(pk=refund.pk).update(
        provider_refund_no=answer.refund_id,
        succeeded_at=(answer.refunded_at or now) if is_done else None,
        next_attempt_at=None if is_done else now + timedelta(seconds=seconds),
        last_error="" if answer.status in {"SUCCESS", "PROCESSING"} else answer.status,
    )


@step
def tell_refunded(refund: Refund, refunded_at: datetime, *, now: datetime) -> None:
    """Publish that the money arrived, and end what waited for it. The refund and its payment are locked."""
    if refund.order_id is not None:
        publish(RefundSucceeded(refund.order_id, refund.pk, refunded_at, refund.amount_fen), now=now)
        _finish_return(refund, now)
        return
    transition(refund.intent, to=IntentStatus.ORPHAN_REFUNDED, actor=ACTOR, now=now)
    publish(OrphanRefunded(refund.intent_id, refund.pk, refunded_at, refund.amount_fen), now=now)


def _finish_return(refund: Refund, now: datetime) -> None:
    """End the return that the money was for, if it was for one, and all of it has arrived."""
    first = refund.cause.partition(REST)[0]
    parts = Refund.objects.filter(Q(cause=first) | Q(cause__startswith=first + REST))
    if parts.exclude(status=RefundStatus.SUCCEEDED).exists():
        return
    for case in Return.objects.filter(refund__cause=first, status=ReturnStatus.REFUND_DUE):
        transition(case, to=ReturnStatus.REFUNDED, actor=ACTOR, now=now)
        transition(case, to=ReturnStatus.CLOSED, actor=ACTOR, now=now)
        Return.objects.filter(pk=case.pk).update(finished_at=now)


def _put_off(refund_id: int, error: str, *, now: datetime) -> None:
    """Try again later, a little later each time."""
    attempts = Refund.objects.values_list("attempts", flat=True).get(pk=refund_id)
    seconds = rules.retry_seconds(attempts, first=RETRY_SECONDS, longest=LONGEST_RETRY_SECONDS)
    Refund.objects.filter(pk=refund_id, next_attempt_at__isnull=False).update(
        next_attempt_at=now + timedelta(seconds=seconds), last_error=error[:200]
    )


def _record_refusal(refund_id: int, error: clients.ProviderRefused, *, now: datetime) -> None:
    """Try a refund again later whose refusal passes; show any other to somebody, and ask for its state now and then."""
    refund = lock_refund(refund_id)
    if refund.status == RefundStatus.PROCESSING and error.code == "RESOURCE_NOT_EXISTS":
        transition(refund, to=RefundStatus.REQUESTED, actor=ACTOR, now=now, reason=error.code)
    elif refund.status == RefundStatus.REQUESTED and error.code != NOT_ENOUGH:
        transition(refund, to=RefundStatus.ABNORMAL, actor=ACTOR, now=now, reason=error.code)
        logger.error("Refund %s was refused (%s): it needs somebody's attention", refund_id, error.code)
    _put_off(refund_id, str(error), now=now)
