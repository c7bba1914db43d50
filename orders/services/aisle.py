"""The endless aisle's acts: what is not in the store is sent home from another, sold here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from inventory import queries as inventory_queries
from members import queries as members_queries
from omni.kernel.errors import Conflict, NotFound
from omni.kernel.transactions import step
from orders import queries
from orders.choices import CounterLineKind
from orders.models import CounterBasket, CounterLine
from orders.services import counter

if TYPE_CHECKING:
    from datetime import datetime


class NobodySends(Conflict):
    """No store can send it home as things are."""

    code = "nobody_sends"


@step
def send_from_aisle(store_id: int, sku: str, *, basket_id: int | None, staff_id: int, now: datetime) -> CounterBasket:
    """Put a unit to be sent home into a basket, or into one that is opened for it; locks CounterBasket.

    A basket that has it to be taken away, though it is not here, has that sent instead. As long as nobody is named,
    it goes to the first address of the member whose basket it is, if they keep any.

    :raises NotFound: when there is no such store.
    :raises TooManyBaskets: when as many are open as anybody can keep apart.
    :raises BasketNotOpen: when the basket cannot be changed now.
    :raises UnknownSku, TooManyLines, InvalidQuantity: naming "sku", "lines" or "quantity"; nothing was changed.
    :raises NobodySends: when what is to be sent instead can be sent by nobody.
    """
    if basket_id is None:
        basket_id = counter.open_counter_basket(store_id, staff_id=staff_id, now=now).pk
    for line in CounterLine.objects.filter(basket=basket_id, kind=CounterLineKind.SALE, variant__sku=sku):
        if _missing(line, store_id):
            return send_line_instead(basket_id, line.pk, now=now)
    counter.add_to_counter(basket_id, sku, kind=CounterLineKind.SEND_HOME, now=now)
    return _to_known_address(basket_id, now)


@step
def send_line_instead(basket_id: int, line_id: int, *, now: datetime) -> CounterBasket:
    """Have sent home what a line to be taken away lacks here by the books: all of it, where it lacks none or has a cut.

    To whom is as in `send_from_aisle`. Locks CounterBasket.

    :raises BasketNotOpen, NotFound: when it cannot be changed now, or has no such line.
    :raises NobodySends: when no store can send it; nothing was changed.
    """
    basket = counter.lock_open(basket_id, now=now)
    line = basket.lines.select_related("variant").filter(pk=line_id, kind=CounterLineKind.SALE).first()
    if line is None or line.variant is None:
        raise NotFound
    if not queries.can_send_home(basket, line.variant.pk, now=now):
        raise NobodySends(_("No store can send this home now."), field="line")
    missing = _missing(line, basket.store_id)
    if 0 < missing < line.quantity and not line.manual_mode:
        counter.change_counter_line(basket_id, line_id, line.quantity - missing, now=now)
        counter.add_to_counter(basket_id, line.variant.sku, kind=CounterLineKind.SEND_HOME, quantity=missing, now=now)
    else:
        counter.send_counter_line(basket_id, line_id, CounterLineKind.SEND_HOME, now=now)
    return _to_known_address(basket_id, now)


def _missing(line: CounterLine, store_id: int) -> int:
    """Return how many units of a line the store does not have to sell, by the books."""
    here = inventory_queries.sellable_here(store_id, [line.variant_id or 0])
    return max(0, line.quantity - here.get(line.variant_id or 0, 0))


def _to_known_address(basket_id: int, now: datetime) -> CounterBasket:
    """Name as recipient the first address that the basket's member keeps, unless somebody is named."""
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
