"""A receipt for the phone: a link in an SMS, in the shopper's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import InvalidInput
from omni.kernel.sealing import normalise_phone, unseal
from omni.kernel.transactions import step
from omni.messages import choices as messages_choices
from omni.messages import services as messages_services
from orders import queries

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import Order


class NoPhone(InvalidInput):
    """Nobody has said to which phone."""

    code = "no_phone"


class UnknownLanguage(InvalidInput):
    """A language that no message is written in."""

    code = "unknown_language"


@step
def send_receipt(order: Order, *, phone: str, language: str, now: datetime) -> None:
    """Send the link of an order's receipt to a phone, or to that of the order when none is typed.

    :raises NoPhone: with field "phone", when neither is known.
    :raises InvalidInput: with field "phone", for a number that no phone has.
    :raises UnknownLanguage: with field "language".
    """
    if language not in dict(settings.LANGUAGES):
        raise UnknownLanguage(_("Choose one of the languages."), field="language")
    if not phone.strip() and not order.contact_phone_sealed:
        raise NoPhone(_("Enter the phone to which it is sent."), field="phone")
    number = normalise_phone(phone) if phone.strip() else unseal(order.contact_phone_sealed)
    token = queries.sign_order_token(order.number)
    link = f"{settings.PUBLIC_URL}{reverse('orders:receipt-mine', args=[order.number])}?t={token}"
    messages_services.send_message(
        messages_choices.Channel.SMS,
        to=number,
        template="receipt",
        language=language,
        parameters={**queries.receipt_words(order, language), "link": link},
        cause=f"receipt:{order.pk}:{int(now.timestamp())}",
        now=now,
    )
