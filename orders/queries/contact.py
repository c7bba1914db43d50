"""Whom to tell about an order, and in which words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.utils import translation
from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import bilingual, sealing
from orders.models import Order, Return
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


def contact_of_order(order_id: int) -> Contact:
    """Return whom to tell about an order."""
    return _contact(Order.objects.select_related("brand").get(pk=order_id))


def contacts_of_fulfillment(fulfillment_id: int) -> list[Contact]:
    """Return whom to tell about a demand: nobody when it is not an order's."""
    orders: QuerySet[Order] = Order.objects.select_related("brand").filter(fulfillment=fulfillment_id)
    return [_contact(order) for order in orders]


class ReturnFacts(NamedTuple):
    """What a message says of a return: its number, and why it was refused."""

    number: str
    reason: str


def return_facts(return_id: int) -> ReturnFacts:
    """Return what a message says of a return."""
    return ReturnFacts(*Return.objects.values_list("number", "refuse_reason").get(pk=return_id))


def _contact(order: Order) -> Contact:
    with translation.override(order.language):
        brand_name = bilingual.name_of(order.brand)
    phone = sealing.unseal(order.contact_phone_sealed) if order.contact_phone_sealed else ""
    return Contact(
        order.pk, order.number, phone, order.language, brand_name, order.paid_at is not None, order.member_id
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
