"""The provider's notices: verified, stored once, applied in the entry that stored them; what does not match is kept."""

from __future__ import annotations

import dataclasses
import json
import logging
from typing import TYPE_CHECKING, Any

from django.db import connection

from omni.kernel.transactions import drive, entry
from orders import clients, sql
from orders.choices import NoticeOutcome
from orders.models import PaymentIntent, PaymentNotice, Refund
from orders.services import payment, refunds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

logger = logging.getLogger(__name__)

PROVIDER = "wechat"
ACTOR = "provider:wechat"


@drive
def drive_notice(headers: Mapping[str, str], body: bytes, *, now: datetime) -> NoticeOutcome:
    """Verify a notice over its raw body, outside any transaction, then store and apply it in one entry.

    The same event twice is stored once; an authentic one that does not match our payment is stored and changes nothing.

    :raises NoticeRejected: when it is not the provider's, not fresh or not readable; nothing was stored.
    """
    notice = clients.wechat_pay().read_notice(headers, body, now=now)
    with entry():
        notice_id = _store(notice, now)
        if notice_id is None:
            return NoticeOutcome.REPEATED
        intent_id, outcome, problem = _apply(notice, now)
        PaymentNotice.objects.filter(pk=notice_id).update(intent_id=intent_id, outcome=outcome, problem=problem[:120])
    if outcome == NoticeOutcome.QUARANTINED:
        logger.error("Notice %s is quarantined: %s", notice.event_id, problem)
    return outcome


def _store(notice: clients.Notice, now: datetime) -> int | None:
    """Insert the notice without what it says of the payer; None when its event is known."""
    content = notice.payment or notice.refund
    body = dataclasses.asdict(content) if content is not None else {}
    values: dict[str, Any] = {
        "provider": PROVIDER,
        "event_id": notice.event_id,
        "event_type": notice.event_type,
        "body": json.dumps(body, default=str),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.STORE_NOTICE, values)
        row = cursor.fetchone()
    return row[0] if row else None


def _apply(notice: clients.Notice, now: datetime) -> tuple[int | None, NoticeOutcome, str]:
    """Apply a notice; return its payment, what became of it, and what is wrong with it."""
    if notice.payment is not None:
        return _apply_payment(notice.payment, now)
    if notice.refund is not None:
        return _apply_refund(notice.refund, now)
    return None, NoticeOutcome.QUARANTINED, "unknown kind of event"


def _apply_payment(paid: clients.ProviderPayment, now: datetime) -> tuple[int | None, NoticeOutcome, str]:
    intent_id = PaymentIntent.objects.filter(out_trade_no=paid.out_trade_no).values_list("pk", flat=True).first()
    if intent_id is None:
        return None, NoticeOutcome.QUARANTINED, "unknown payment number"
    try:
        is_new = payment.record_payment(intent_id, paid, actor=ACTOR, now=now)
    except payment.PaymentMismatch as error:
        return intent_id, NoticeOutcome.QUARANTINED, f"differs: {error}"
    return intent_id, NoticeOutcome.APPLIED if is_new else NoticeOutcome.REPEATED, ""


def _apply_refund(refunded: clients.ProviderRefund, now: datetime) -> tuple[int | None, NoticeOutcome, str]:
    refund = Refund.objects.filter(out_refund_no=refunded.out_refund_no).select_related("intent").first()
    if refund is None:
        return None, NoticeOutcome.QUARANTINED, "unknown refund number"
    if refunded.mchid != refund.intent.merchant_id:
        return refund.intent_id, NoticeOutcome.QUARANTINED, "differs: merchant"
    try:
        is_new = refunds.apply_refund(refund.pk, refunded, now=now)
    except refunds.RefundMismatch as error:
        return refund.intent_id, NoticeOutcome.QUARANTINED, f"differs: {error}"
    return refund.intent_id, NoticeOutcome.APPLIED if is_new else NoticeOutcome.REPEATED, ""
