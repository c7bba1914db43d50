"""Who may see which orders: another brand's, store's or shopper's row is not found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import signing
from django.db.models import Q, Subquery

from omni.accounts import queries as accounts_queries
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number
from orders.models import CounterBasket, Order, TryOn

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from stores.permissions import Actor

TOKEN_SALT = "orders.order"  # noqa: S105  a name, not a secret


def orders_visible_to(actor: Actor) -> QuerySet[Order]:
    """Return the orders of the actor's brands, of an API key's brand, of their account, and those a guest proved.

    The account's are those of its memberships, and those placed with the phone that it has proven.
    """
    visible = Q(brand__in=actor.brand_ids()) | Q(number__in=actor.order_numbers)
    if actor.api_brand_id is not None:
        visible |= Q(brand=actor.api_brand_id)
    if actor.user_id is not None:
        visible |= Q(member__user=actor.user_id)
        visible |= Q(contact_phone_index=Subquery(accounts_queries.phone_index_of(actor.user_id)))
    return Order.objects.filter(visible)


def get_order_for(actor: Actor, number: str) -> Order:
    """Return an order the actor may see, with its brand and fulfillment.

    :raises NotFound: when there is none of this number, or not for this actor.
    """
    found = orders_visible_to(actor).select_related("brand", "fulfillment")
    normalised = number.strip().upper()
    order = found.filter(number=normalised).first() if is_valid_number(normalised) else None
    if order is None:
        raise NotFound
    return order


def find_order_at_desk(brand_id: int, number: str) -> Order | None:
    """Return the brand's order with this number, or with a parcel of this number, for the desk of any of its stores."""
    if not is_valid_number(number):
        return None
    orders = Order.objects.filter(brand=brand_id)
    return orders.filter(number=number).first() or orders.filter(fulfillment__orders__number=number).first()


def is_try_on_of(store_id: int, number: str) -> bool:
    """Tell whether a store has a try-on booking of this number."""
    return TryOn.objects.filter(store=store_id, number=number).exists()


def find_counter_basket(store_id: int, text: str) -> str | None:
    """Return the number of a store's counter basket that this is the number, or the shopper's token, of."""
    baskets = CounterBasket.objects.filter(Q(number=text) | Q(token=text), store=store_id)
    return baskets.values_list("number", flat=True).first()


def sign_order_token(number: str) -> str:
    """Return a token that proves one may see the order; it goes into links sent to the shopper."""
    return signing.Signer(salt=TOKEN_SALT).sign(number)


def read_order_token(token: str) -> str | None:
    """Return the order number of a token, or None when it was not signed here."""
    try:
        return signing.Signer(salt=TOKEN_SALT).unsign(token)
    except signing.BadSignature:
        return None
