"""What a clerk has scanned or typed to take something back: an order, a return, or whoever bought it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core import signing
from django.db.models import Q

from members import queries as members_queries
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.numbers import is_valid_number
from omni.kernel.sealing import blind_index, normalise_phone
from orders.models import Order, Return

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from stores.models import Store

# Orders of somebody that the desk shows, the newest first.
MOST_ORDERS = 30
HISTORY_SALT = "orders.history"
# As long as a working day: a page that is left open shows nothing the next morning.
HISTORY_SECONDS = 12 * 3600
_NUMBER = re.compile(r"[A-Z][A-Z0-9]{4}(?:-[A-Z0-9]{5}){2}")


@dataclass(frozen=True, slots=True)
class Found:
    """One of the three: a return's number, an order's, or a token of what somebody has bought."""

    return_number: str = ""
    order_number: str = ""
    history: str = ""


def find_to_take_back(store: Store, text: str, *, now: datetime) -> Found | None:
    """Return what a text is at the desk of a store, whoever sold it: nothing of another brand.

    It may hold the number of a return, an order, a receipt, a parcel or one store's share, alone or in a QR code or
    link; a member's code; a phone number.
    """
    for number in _NUMBER.findall(text.upper()):
        if is_valid_number(number):
            return _by_number(store, number)
    return _by_person(store, text, now)


def get_order_at_desk(store: Store, number: str) -> Order:
    """Return an order of a store's brand, whichever store or channel sold it.

    :raises NotFound: when there is none.
    """
    found = Order.objects.filter(brand=store.brand_id).select_related("brand", "fulfillment")
    order = found.filter(number=number).first() if is_valid_number(number) else None
    if order is None:
        raise NotFound
    return order


def order_of_demand(fulfillment_id: int) -> Order | None:
    """Return the order whose goods a demand is for, or None when it is somebody else's demand."""
    return Order.objects.filter(fulfillment=fulfillment_id).first()


def history_of(store: Store, token: str) -> Sequence[Order]:
    """Return what somebody has ordered of a store's brand, the newest first; the token comes from `find_to_take_back`.

    :raises NotFound: when it is none of this store's, or too old.
    """
    try:
        person = signing.loads(token, salt=HISTORY_SALT, max_age=HISTORY_SECONDS)
    except signing.BadSignature as error:
        raise NotFound from error
    if person["store"] != store.pk:
        raise NotFound
    mine = Q(contact_phone_index=person["phone"]) if person["phone"] else Q(member=person["member"])
    found = Order.objects.filter(mine, brand=store.brand_id, paid_at__isnull=False)
    return list(found.select_related("brand").order_by("-pk")[:MOST_ORDERS])


def _by_number(store: Store, number: str) -> Found | None:
    """Find a return or an order by any number that belongs to it."""
    cases = Return.objects.filter(Q(number=number) | Q(collection__number=number), brand=store.brand_id)
    case = cases.first()
    if case is not None:
        return Found(return_number=case.number)
    orders = Order.objects.filter(brand=store.brand_id)
    shares = Q(fulfillment__orders__number=number) | Q(fulfillment__orders__parcels__number=number)
    order = orders.filter(Q(number=number) | shares).first()
    return None if order is None else Found(order_number=order.number)


def _by_person(store: Store, text: str, now: datetime) -> Found | None:
    """Find what somebody has bought by the member's code that they show, or by their phone."""
    try:
        member = members_queries.get_member_by_code(store.brand_id, text, now=now)
        return Found(history=_token(store, member=member.pk))
    except NotFound:
        pass
    try:
        phone = blind_index(normalise_phone(text))
    except InvalidInput:
        return None
    has_any = Order.objects.filter(contact_phone_index=phone, brand=store.brand_id, paid_at__isnull=False).exists()
    return Found(history=_token(store, phone=phone)) if has_any else None


def _token(store: Store, *, member: int = 0, phone: str = "") -> str:
    return signing.dumps({"store": store.pk, "member": member, "phone": phone}, salt=HISTORY_SALT)
