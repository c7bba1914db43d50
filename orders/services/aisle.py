"""The endless aisle's one act: what is not in the store is sent home from another, sold here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members import queries as members_queries
from omni.kernel.transactions import step
from orders.choices import CounterLineKind
from orders.models import CounterBasket
from orders.services import counter

if TYPE_CHECKING:
    from datetime import datetime


@step
def send_from_aisle(store_id: int, sku: str, *, basket_id: int | None, staff_id: int, now: datetime) -> CounterBasket:
    """Put a unit to be sent home into a basket, or into one that is opened for it; locks CounterBasket.

    As long as nobody is named, it goes to the first address of the member whose basket it is, if they keep any.

    :raises NotFound: when there is no such store.
    :raises TooManyBaskets: when as many are open as anybody can keep apart.
    :raises BasketNotOpen: when the basket cannot be changed now.
    :raises UnknownSku, TooManyLines, InvalidQuantity: naming "sku", "lines" or "quantity"; nothing was changed.
    """
    if basket_id is None:
        basket_id = counter.open_counter_basket(store_id, staff_id=staff_id, now=now).pk
    counter.add_to_counter(basket_id, sku, kind=CounterLineKind.SEND_HOME, now=now)
    basket = CounterBasket.objects.select_related("member").get(pk=basket_id)
    if basket.recipient_name or basket.member is None or basket.member.user_id is None:
        return basket
    for address in members_queries.addresses_of(basket.member.user_id)[:1]:
        counter.name_recipient(
            basket_id,
            name=address.recipient,
            phone=address.phone,
            district_code=address.place,
            street=address.street,
            now=now,
        )
        basket.refresh_from_db()
    return basket
