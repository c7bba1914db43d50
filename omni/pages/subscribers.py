"""What the shopper is told as an order goes its way: each turn is one SMS in the language of the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from fulfillment import events as fulfillment_events
from fulfillment import queries as fulfillment_queries
from inventory import events as inventory_events
from inventory import queries as inventory_queries
from members import services as members_services
from omni.accounts import events as accounts_events
from omni.accounts import queries as accounts_queries
from omni.accounts import services as accounts_services
from omni.kernel import bilingual
from omni.kernel.clock import BUSINESS_ZONE
from omni.kernel.money import format_fen
from omni.kernel.outbox import subscribe
from omni.messages import choices as messages_choices
from omni.messages import services as messages_services
from omni.pages import exporting
from orders import events as orders_events
from orders import queries as orders_queries
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

OVERDUE_TEMPLATES = {
    fulfillment_queries.Overdue.UNPREPARED: "task_overdue",
    fulfillment_queries.Overdue.SILENT_PARCEL: "parcel_silent",
    fulfillment_queries.Overdue.STOPPED: "task_stopped",
}


@subscribe(orders_events.OrderPaid, name="pages.tell_paid")
def tell_paid(event: orders_events.OrderPaid, *, now: datetime) -> None:
    """The money came; a replacement is paid by what came back, and sent."""
    contact = orders_queries.contact_of_order(event.order_id)
    cause = f"payment:{event.intent_id}:{event.order_id}"
    template = "exchange_sent" if orders_queries.is_replacement(event.order_id) else "order_paid"
    # The last of several tenders brings only a part of it.
    _tell(contact, template, cause=cause, now=now, amount=format_fen(contact.total_fen))


@subscribe(orders_events.OrderPaidInPart, name="pages.tell_paid_in_part")
def tell_paid_in_part(event: orders_events.OrderPaidInPart, *, now: datetime) -> None:
    """The difference of an exchange came."""
    if not orders_queries.is_difference(event.order_id, event.intent_id):
        return
    contact = orders_queries.contact_of_order(event.order_id)
    cause = f"payment:{event.intent_id}:{event.order_id}"
    _tell(contact, "exchange_difference", cause=cause, now=now, amount=format_fen(event.amount_fen))


@subscribe(fulfillment_events.FulfillmentOrderAccepted, name="pages.tell_accepted")
def tell_accepted(event: fulfillment_events.FulfillmentOrderAccepted, *, now: datetime) -> None:
    """A store prepares the goods."""
    for contact in orders_queries.contacts_of_fulfillment(event.fulfillment_id):
        with translation.override(contact.language):
            store = stores_queries.store_names([event.store_id])[event.store_id]
        _tell(contact, "order_accepted", cause=f"accepted:{event.fulfillment_order_id}", now=now, store=store)


@subscribe(fulfillment_events.FulfillmentCancelRefused, name="pages.tell_cancel_refused")
def tell_cancel_refused(event: fulfillment_events.FulfillmentCancelRefused, *, now: datetime) -> None:
    """A store could not cancel any more."""
    at = int(event.refused_at.timestamp())
    for contact in orders_queries.contacts_of_fulfillment(event.fulfillment_id):
        _tell(contact, "cancel_refused", cause=f"cancel_refused:{event.fulfillment_order_id}:{at}", now=now)


@subscribe(fulfillment_events.FulfillmentOrderHandedOver, name="pages.tell_handed_over")
def tell_handed_over(event: fulfillment_events.FulfillmentOrderHandedOver, *, now: datetime) -> None:
    """The courier has the goods, or the express van."""
    for contact in orders_queries.contacts_of_fulfillment(event.fulfillment_id):
        template = "order_sent" if contact.is_express else "order_handed_over"
        _tell(contact, template, cause=f"handed_over:{event.fulfillment_order_id}", now=now)


@subscribe(fulfillment_events.FulfillmentOrderOverdue, name="pages.tell_overdue")
def tell_overdue(event: fulfillment_events.FulfillmentOrderOverdue, *, now: datetime) -> None:
    """An order does not go on, in the store or on its way: managers of the store whose phone is known are told."""
    number = fulfillment_queries.number_of(event.fulfillment_order_id)
    link = f"{settings.PUBLIC_URL}{reverse('fulfillment:desk-task', args=[number])}"
    cause = fulfillment_queries.overdue_cause(event.fulfillment_order_id, event.overdue_at)
    kind = fulfillment_queries.overdue_kind(event.fulfillment_order_id, event.overdue_at)
    _tell_managers(event.store_id, OVERDUE_TEMPLATES[kind], cause=cause, now=now, number=number, link=link)


@subscribe(inventory_events.TransferOverdue, name="pages.tell_transfer_late")
def tell_transfer_late(event: inventory_events.TransferOverdue, *, now: datetime) -> None:
    """Goods from store to store did not arrive: the managers of both ends are to look for them."""
    number = inventory_queries.number_of_shipment(event.shipment_id)
    for store_id, other_id in ((event.from_store_id, event.to_store_id), (event.to_store_id, event.from_store_id)):
        link = f"{settings.PUBLIC_URL}{reverse('inventory:desk-shipment', args=[store_id, number])}"
        cause = f"transfer_late:{event.shipment_id}:{store_id}:"
        _tell_managers(store_id, "transfer_late", cause=cause, now=now, other_id=other_id, number=number, link=link)


def _tell_managers(
    store_id: int, template: str, *, cause: str, now: datetime, other_id: int | None = None, **parameters: str
) -> None:
    """Write an SMS to each manager of a store whose phone is known; each account's id ends the cause."""
    for user_id in stores_queries.manager_ids(store_id):
        identity = accounts_queries.get_identity(user_id)
        if not identity.phone:
            continue
        with translation.override(identity.language):
            names = stores_queries.store_names([store_id, other_id or store_id])
        messages_services.send_message(
            messages_choices.Channel.SMS,
            to=identity.phone,
            template=template,
            language=identity.language,
            parameters={"store": names[store_id], "other": names[other_id or store_id], **parameters},
            cause=f"{cause}{user_id}",
            now=now,
        )


@subscribe(fulfillment_events.FulfillmentOrderReady, name="pages.tell_ready")
def tell_ready(event: fulfillment_events.FulfillmentOrderReady, *, now: datetime) -> None:
    """The goods can be collected."""
    for contact in orders_queries.contacts_of_fulfillment(event.fulfillment_id):
        with translation.override(contact.language):
            store = stores_queries.store_names([event.store_id])[event.store_id]
        _tell(contact, "order_ready", cause=f"ready:{event.fulfillment_order_id}", now=now, store=store)


@subscribe(fulfillment_events.FulfillmentOrderDelivered, name="pages.tell_delivered")
def tell_delivered(event: fulfillment_events.FulfillmentOrderDelivered, *, now: datetime) -> None:
    """The goods arrived, or were collected."""
    for contact in orders_queries.contacts_of_fulfillment(event.fulfillment_id):
        _tell(contact, "order_delivered", cause=f"delivered:{event.fulfillment_order_id}", now=now)


@subscribe(orders_events.OrderCancelled, name="pages.tell_cancelled")
def tell_cancelled(event: orders_events.OrderCancelled, *, now: datetime) -> None:
    """Nothing of the order will come."""
    contact = orders_queries.contact_of_order(event.order_id)
    is_held = not contact.is_paid and orders_queries.is_replacement(event.order_id)
    template = "exchange_cancelled" if is_held else "order_cancelled"
    _tell(contact, template, cause=f"cancelled:{event.order_id}", now=now, is_paid=int(contact.is_paid))


@subscribe(orders_events.RefundSucceeded, name="pages.tell_refunded")
def tell_refunded(event: orders_events.RefundSucceeded, *, now: datetime) -> None:
    """Money went back; what paid for a replacement did not."""
    if not orders_queries.is_sent_back(event.refund_id):
        return
    contact = orders_queries.contact_of_order(event.order_id)
    amount = format_fen(event.amount_fen)
    _tell(contact, "order_refunded", cause=f"refunded:{event.refund_id}", now=now, amount=amount)


@subscribe(orders_events.InvoiceIssued, name="pages.tell_invoice_issued")
def tell_invoice_issued(event: orders_events.InvoiceIssued, *, now: datetime) -> None:
    """The invoice can be opened."""
    contact = orders_queries.contact_of_order(event.order_id)
    amount = format_fen(event.amount_fen)
    _tell(contact, "invoice_issued", cause=f"invoice:{event.document_id}", now=now, amount=amount)


@subscribe(orders_events.InvoiceReversed, name="pages.tell_invoice_reversed")
def tell_invoice_reversed(event: orders_events.InvoiceReversed, *, now: datetime) -> None:
    """The invoice was taken back after a return."""
    contact = orders_queries.contact_of_order(event.order_id)
    _tell(contact, "invoice_reversed", cause=f"invoice:{event.document_id}", now=now)


@subscribe(orders_events.InvoiceNotIssued, name="pages.tell_invoice_refused")
def tell_invoice_refused(event: orders_events.InvoiceNotIssued, *, now: datetime) -> None:
    """The title was refused: the shopper may mend it."""
    contact = orders_queries.contact_of_order(event.order_id)
    at = int(event.refused_at.timestamp())
    _tell(contact, "invoice_refused", cause=f"invoice_refused:{event.invoice_id}:{at}", now=now)


@subscribe(orders_events.OrderCompleted, name="pages.invite_feedback")
def invite_feedback(event: orders_events.OrderCompleted, *, now: datetime) -> None:
    """Ask a member who agreed to such messages how it was; in the daytime."""
    contact = orders_queries.contact_of_order(event.order_id)
    if contact.member_id is None:
        return
    members_services.send_marketing(
        contact.member_id,
        template="feedback_invitation",
        parameters={"brand": contact.brand_name, "number": contact.number, "link": _link(contact, "feedback-new")},
        cause=f"feedback:{event.order_id}",
        now=now,
    )


@subscribe(accounts_events.ErasureRequested, name="pages.erase")
def erase(event: accounts_events.ErasureRequested, *, now: datetime) -> None:
    """Keep no copy of the data of somebody who is forgotten."""
    exporting.remove_all(event.user_id, now=now)
    accounts_services.answer_erasure(event, "pages.erase", now=now)


@subscribe(orders_events.ReturnAgreed, name="pages.tell_return_agreed")
def tell_return_agreed(event: orders_events.ReturnAgreed, *, now: datetime) -> None:
    """The goods may come back."""
    _tell_return(event.order_id, event.return_id, "return_agreed", now=now)


@subscribe(orders_events.ReturnCollected, name="pages.tell_return_collected")
def tell_return_collected(event: orders_events.ReturnCollected, *, now: datetime) -> None:
    """A courier has the goods."""
    contact = orders_queries.contact_of_order(event.order_id)
    with translation.override(contact.language):
        store = stores_queries.store_names([event.store_id])[event.store_id]
    _tell_return(event.order_id, event.return_id, "return_collected", now=now, store=store)


@subscribe(orders_events.ReturnNotCollected, name="pages.tell_return_not_collected")
def tell_return_not_collected(event: orders_events.ReturnNotCollected, *, now: datetime) -> None:
    """No courier brings the goods: the shopper may."""
    _tell_return(event.order_id, event.return_id, "return_not_collected", now=now)


@subscribe(orders_events.ReturnReceived, name="pages.tell_return_received")
def tell_return_received(event: orders_events.ReturnReceived, *, now: datetime) -> None:
    """A store has the goods."""
    contact = orders_queries.contact_of_order(event.order_id)
    with translation.override(contact.language):
        store = stores_queries.store_names([event.store_id])[event.store_id]
    _tell_return(event.order_id, event.return_id, "return_received", now=now, store=store)


@subscribe(orders_events.ReturnTakenBack, name="pages.tell_return_taken_back")
def tell_return_taken_back(event: orders_events.ReturnTakenBack, *, now: datetime) -> None:
    """The goods were looked at and are taken back."""
    amount = format_fen(event.refund_fen)
    _tell_return(event.order_id, event.return_id, "return_taken_back", now=now, amount=amount)


@subscribe(orders_events.ReturnGivenUp, name="pages.tell_return_given_up")
def tell_return_given_up(event: orders_events.ReturnGivenUp, *, now: datetime) -> None:
    """The goods stay with the shopper, who hears of it unless they wanted that."""
    if event.outcome in {"rejected", "expired"}:
        _tell_return(event.order_id, event.return_id, f"return_{event.outcome}", now=now)


def _tell_return(order_id: int, return_id: int, template: str, *, now: datetime, **parameters: str | int) -> None:
    """Write an SMS about a return, or in words of its own about an exchange; its link opens the order."""
    contact, case = orders_queries.contact_of_order(order_id), orders_queries.return_facts(return_id)
    is_over = template in {"return_rejected", "return_expired"}
    is_exchange = case.is_exchange if is_over else case.is_still_one
    _tell(
        contact,
        template.replace("return_", "exchange_", 1) if is_exchange else template,
        cause=f"{template}:{return_id}",
        now=now,
        return_number=case.number,
        reason=case.reason,
        **parameters,
    )


def _tell(
    contact: orders_queries.Contact, template: str, *, cause: str, now: datetime, **parameters: str | int
) -> None:
    """Write an SMS with a link that opens the order on any device; whoever was forgotten is told nothing."""
    if not contact.phone:
        return
    link = _link(contact, "track")
    messages_services.send_message(
        messages_choices.Channel.SMS,
        to=contact.phone,
        template=template,
        language=contact.language,
        parameters={"brand": contact.brand_name, "number": contact.number, "link": link, **parameters},
        cause=cause,
        now=now,
    )


def _link(contact: orders_queries.Contact, page: str) -> str:
    """Return a link that opens a page of the order on any device."""
    token = orders_queries.sign_order_token(contact.number)
    return f"{settings.PUBLIC_URL}{reverse(f'orders:{page}', args=[contact.number])}?t={token}"


@subscribe(orders_events.TryOnConfirmed, name="pages.tell_try_on_confirmed")
def tell_try_on_confirmed(event: orders_events.TryOnConfirmed, *, now: datetime) -> None:
    """Pieces are held to be tried on."""
    _tell_try_on(event.try_on_id, "try_on_confirmed", now=now)


@subscribe(orders_events.TryOnNear, name="pages.tell_try_on_near")
def tell_try_on_near(event: orders_events.TryOnNear, *, now: datetime) -> None:
    """A booking begins soon; a reminder that comes too late is none."""
    _tell_try_on(event.try_on_id, "try_on_near", now=now, expires_at=event.starts_at)


@subscribe(orders_events.TryOnCancelled, name="pages.tell_try_on_cancelled")
def tell_try_on_cancelled(event: orders_events.TryOnCancelled, *, now: datetime) -> None:
    """A booking will not be."""
    _tell_try_on(event.try_on_id, "try_on_cancelled", now=now, is_by_store=int(event.is_by_store))


def _tell_try_on(
    try_on_id: int, template: str, *, now: datetime, expires_at: datetime | None = None, **parameters: str | int
) -> None:
    """Write an SMS with a link that opens the booking on any device."""
    contact = orders_queries.contact_of_try_on(try_on_id)
    token = orders_queries.sign_order_token(contact.number)
    link = f"{settings.PUBLIC_URL}{reverse('orders:try-on', args=[contact.number])}?t={token}"
    with translation.override(contact.language):
        words = {"brand": bilingual.name_of(contact.brand), "store": bilingual.name_of(contact.store)}
    starts_at = contact.starts_at.astimezone(BUSINESS_ZONE)
    messages_services.send_message(
        messages_choices.Channel.SMS,
        to=contact.phone,
        template=template,
        language=contact.language,
        parameters={**words, "time": f"{starts_at:%m-%d %H:%M}", "link": link, **parameters},
        cause=f"{template}:{try_on_id}",
        now=now,
        expires_at=expires_at,
    )
