"""Forgetting who ordered, once nothing of it is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from fulfillment import services as fulfillment_services
from omni.accounts import choices as accounts_choices
from omni.accounts import queries as accounts_queries
from omni.kernel.transactions import step
from omni.messages import services as messages_services
from orders import rules
from orders.choices import ORDER_TRANSITIONS, RefundStatus, TitleKind
from orders.models import Basket, CounterBasket, Invoice, Order, PaymentNotice, Refund, Return, TryOn

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

OVER = sorted(status for status, following in ORDER_TRANSITIONS.items() if not following)


@step
def erase_person(user_id: int, *, now: datetime) -> accounts_choices.KeptReason | None:
    """Forget the contacts and recipients of an account's orders and bookings, and the messages to them.

    Return what stays and why; None, with nothing changed, while an order, a return, a booking or an invoice is under
    way, or money is still to go back.
    """
    mine, bookings = _orders_of(user_id), _bookings_of(user_id)
    if bookings.filter(finished_at=None).exists():
        return None
    if mine.exclude(status__in=OVER).exists() or Return.objects.filter(order__in=mine, finished_at=None).exists():
        return None
    if Invoice.objects.filter(order__in=mine, next_attempt_at__isnull=False).exists():
        return None
    if Refund.objects.filter(order__in=mine).exclude(status=RefundStatus.SUCCEEDED).exists():
        return None
    rows = list(mine.order_by("pk").values_list("pk", "fulfillment_id", "checkout_id", "contact_phone_index"))
    mine_ids = [row[0] for row in rows]
    CounterBasket.objects.filter(Q(member__user=user_id) | Q(checkout__in=[row[2] for row in rows])).update(
        note="", recipient_name="", recipient_phone_sealed="", street=""
    )
    Order.objects.filter(pk__in=mine_ids).update(contact_name="", contact_phone_sealed="", contact_phone_index="")
    for notice in PaymentNotice.objects.filter(intent__checkout__in=[row[2] for row in rows], body__has_key="payer"):
        notice.body.pop("payer")
        notice.save(update_fields=["body"])
    booked = list(bookings.values_list("pk", "fulfillment_id", "contact_phone_index"))
    TryOn.objects.filter(pk__in=[row[0] for row in booked]).update(
        contact_name="", contact_phone_sealed="", contact_phone_index=""
    )
    collected = Return.objects.filter(order__in=mine_ids, collection__isnull=False)
    fulfillment_services.forget_senders(list(collected.values_list("collection_id", flat=True)))
    fulfillment_services.forget_recipients([row[1] for row in rows] + [row[1] for row in booked])
    messages_services.forget_recipients({row[3] for row in rows} | {row[2] for row in booked}, now=now)
    Basket.objects.filter(token=rules.account_token(user_id)).delete()
    return _forget_invoices(mine_ids)


def _forget_invoices(order_ids: Collection[int]) -> accounts_choices.KeptReason:
    """Forget where invoices were sent, and for whom those were that were never issued."""
    invoices = Invoice.objects.filter(order__in=order_ids)
    invoices.update(email_sealed="")
    issued = invoices.filter(documents__isnull=False)
    invoices.exclude(pk__in=issued.values("pk")).filter(title_kind=TitleKind.PERSON).update(title="")
    return accounts_choices.KeptReason.INVOICES if issued.exists() else accounts_choices.KeptReason.ORDERS


def _orders_of(user_id: int) -> QuerySet[Order]:
    return Order.objects.filter(pk__in=Order.objects.filter(_is_of(user_id)).values("pk"))


def _bookings_of(user_id: int) -> QuerySet[TryOn]:
    return TryOn.objects.filter(pk__in=TryOn.objects.filter(_is_of(user_id)).values("pk"))


def _is_of(user_id: int) -> Q:
    """Return the condition of being an account's: its memberships', or its proven phone's."""
    mine = Q(member__user=user_id)
    phone_index = accounts_queries.get_identity(user_id).phone_index
    return mine if phone_index is None else mine | Q(contact_phone_index=phone_index)
