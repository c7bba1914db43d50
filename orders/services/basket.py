"""The basket: what a shopper means to buy of one brand. It holds no stock and promises no price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from inventory import queries as inventory_queries
from omni.kernel.errors import InvalidInput
from omni.kernel.transactions import step
from orders.models import Basket, BasketLine
from orders.rules import MAX_QUANTITY

if TYPE_CHECKING:
    from datetime import datetime


class UnknownSku(InvalidInput):
    """The brand sells no such SKU now."""

    code = "unknown_sku"


@step
def add_to_basket(token: str, brand_id: int, sku: str, *, quantity: int = 1, now: datetime) -> None:
    """Put units of a SKU into the basket of a token, at most 99 of one SKU; the price seen is today's.

    :raises UnknownSku: with field "sku", when the brand does not sell it now.
    """
    found = inventory_queries.price_lines(brand_id, [sku], now)
    if not found:
        raise UnknownSku(_("This article is not on sale."), field="sku")
    basket, _created = Basket.objects.update_or_create(token=token, brand_id=brand_id, defaults={"updated_at": now})
    line, is_new = BasketLine.objects.get_or_create(
        basket=basket,
        variant_id=found[0].variant_id,
        defaults={"quantity": quantity, "seen_price_fen": found[0].unit_price_fen},
    )
    if not is_new:
        line.quantity = min(MAX_QUANTITY, line.quantity + quantity)
        line.seen_price_fen = found[0].unit_price_fen
        line.save(update_fields=["quantity", "seen_price_fen"])


@step
def change_basket_line(token: str, line_id: int, quantity: int) -> None:
    """Set the quantity of a line of one's own basket, up to 99; none or less takes it out. A stranger's is ignored."""
    own = BasketLine.objects.filter(basket__token=token, pk=line_id)
    if quantity <= 0:
        own.delete()
    else:
        own.update(quantity=min(MAX_QUANTITY, quantity))


@step
def accept_basket_prices(token: str, brand_id: int, *, now: datetime) -> None:
    """Take today's prices as seen: the shopper has been shown the difference."""
    lines = BasketLine.objects.filter(basket__token=token, basket__brand_id=brand_id).select_related("variant")
    skus = {line.variant.sku: line for line in lines}
    for priced in inventory_queries.price_lines(brand_id, list(skus), now):
        BasketLine.objects.filter(pk=skus[priced.sku].pk).update(seen_price_fen=priced.unit_price_fen)


@step
def empty_basket(token: str, brand_id: int) -> None:
    """Take everything of a brand out of the basket: it was ordered."""
    Basket.objects.filter(token=token, brand_id=brand_id).delete()
