"""Whom to tell about an order, and in which words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.utils import translation
from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import bilingual, sealing
from orders.choices import OrderStatus, PaymentMethod
from orders.models import Order, PaymentIntent, Return
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Contact:
    """The shopper of an order: `phone` in E.164, the language they ordered in, and the brand's name in it."""

    order_id: int
    number: str
    phone: str = field(repr=False)
    language: str
    brand_name: str
    is_paid: bool
    member_id: int | None = None
    total_fen: int = 0
    is_express: bool = False


def contact_of_order(order_id: int) -> Contact:
    """Return whom to tell about an order."""
    return _contact(Order.objects.select_related("brand", "fulfillment").get(pk=order_id))


def contacts_of_fulfillment(fulfillment_id: int) -> list[Contact]:
    """Return whom to tell about a demand: nobody when it is not an order's."""
    orders: QuerySet[Order] = Order.objects.select_related("brand").filter(fulfillment=fulfillment_id)
    return [_contact(order) for order in orders.select_related("fulfillment")]


class ReturnFacts(NamedTuple):
    """What a message says of a return: its number, and why it was refused.

    `is_exchange`: something else was wanted for it; `is_still_one`: and is to be had.
    """

    number: str
    reason: str
    is_exchange: bool
    is_still_one: bool


def return_facts(return_id: int) -> ReturnFacts:
    """Return what a message says of a return."""
    case = Return.objects.select_related("replacement").get(pk=return_id)
    held = case.replacement
    given_back = {OrderStatus.CANCELLED, OrderStatus.EXPIRED}
    is_held = held is not None and not held.ending_as and held.status not in given_back
    is_whole = not case.lines.filter(is_live=False).exists()
    return ReturnFacts(case.number, case.refuse_reason, held is not None, is_held and is_whole)


def is_replacement(order_id: int) -> bool:
    """Tell whether an order was placed in exchange for goods that come back."""
    return Return.objects.filter(replacement=order_id).exists()


def is_difference(order_id: int, intent_id: int) -> bool:
    """Tell whether a payment is the shopper's own part of what replaces goods that come back."""
    own = PaymentIntent.objects.filter(pk=intent_id).exclude(method=PaymentMethod.RETURN_CREDIT)
    return is_replacement(order_id) and own.exists()


def _contact(order: Order) -> Contact:
    with translation.override(order.language):
        brand_name = bilingual.name_of(order.brand)
    phone = sealing.unseal(order.contact_phone_sealed) if order.contact_phone_sealed else ""
    is_paid = order.paid_at is not None
    return Contact(
        order_id=order.pk,
        number=order.number,
        phone=phone,
        language=order.language,
        brand_name=brand_name,
        is_paid=is_paid,
        member_id=order.member_id,
        total_fen=order.total_fen,
        is_express=order.fulfillment.way == fulfillment_choices.Way.EXPRESS,
    )


def recipient_of(order: Order) -> str:
    """Return who gets it where: name, masked phone, district and street."""
    demand = order.fulfillment
    if demand.way == fulfillment_choices.Way.PICKUP:
        return _("Collected in the store")
    phone = sealing.mask_phone(sealing.unseal(demand.recipient_phone_sealed)) if demand.recipient_phone_sealed else ""
    place = stores_queries.find_place(demand.district_id or "")
    where = " ".join(filter(None, [place.full_label if place else "", demand.street]))
    return " · ".join(filter(None, [demand.recipient_name, phone, where]))
