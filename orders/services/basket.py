"""The basket: what a shopper means to buy of one brand. It holds no stock and promises no price."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from inventory import queries as inventory_queries
from omni.kernel.errors import Conflict
from omni.kernel.transactions import step
from orders import rules, sql
from orders.choices import PaymentMethod
from orders.models import Basket, BasketLine
from orders.services.payment import start_payment
from orders.services.placing import PlacedOrder, PlaceOrder, UnknownSku, WantedLine, place_order

if TYPE_CHECKING:
    from datetime import datetime

    from orders.queries import SeenLine


# How many old baskets one round deletes.
MOST_SWEPT = 1000


class BasketChanged(Conflict):
    """The basket is no longer what the shopper was shown."""

    code = "basket_changed"


@step
def add_to_basket(token: str, brand_id: int, sku: str, *, quantity: int = 1, now: datetime) -> None:
    """Put units of a SKU into the basket of a token, at most 99 of one SKU; the price seen is today's.

    :raises UnknownSku: with field "sku", when the brand does not sell it now.
    :raises TooManyLines: when the basket holds as many different things as an order takes.
    """
    found = inventory_queries.price_lines(brand_id, [sku], now)
    if not found:
        raise UnknownSku(_("This article is not on sale."), field="sku", sku=sku)
    variant_id, price_fen = found[0].variant_id, found[0].unit_price_fen
    basket, _created = Basket.objects.update_or_create(token=token, brand_id=brand_id, defaults={"updated_at": now})
    line, is_new = BasketLine.objects.get_or_create(
        basket=basket, variant_id=variant_id, defaults={"quantity": quantity, "seen_price_fen": price_fen}
    )
    if not is_new:
        more = Least(F("quantity") + quantity, Value(rules.MAX_QUANTITY))
        BasketLine.objects.filter(pk=line.pk).update(quantity=more, seen_price_fen=price_fen)
    elif basket.lines.count() > rules.MAX_LINES:
        raise rules.TooManyLines(_("An order takes at most %(limit)s different items."), limit=rules.MAX_LINES)


@step
def change_basket_line(token: str, line_id: int, quantity: int, *, now: datetime) -> None:
    """Set the quantity of a line of one's own basket, up to 99; none or less takes it out. A stranger's is ignored."""
    own = BasketLine.objects.filter(basket__token=token, pk=line_id)
    Basket.objects.filter(token=token, lines__pk=line_id).update(updated_at=now)
    if quantity <= 0:
        own.delete()
    else:
        own.update(quantity=min(rules.MAX_QUANTITY, quantity))


@step
def join_baskets(token: str, user_id: int, *, now: datetime) -> None:
    """Give what a guest put into baskets to an account that signs in; quantities add up, to 99 of one SKU at most.

    The prices the guest saw last are kept. Nothing when the token is empty or has no basket.
    """
    values: dict[str, Any] = {
        "guest": token,
        "own": rules.account_token(user_id),
        "now": now,
        "most": rules.MAX_QUANTITY,
    }
    if not token or rules.is_account_token(token):
        return
    with connection.cursor() as cursor:
        cursor.execute(sql.OPEN_BASKETS, values)
        cursor.execute(sql.MOVE_BASKET_LINES, values)
        cursor.execute(sql.DROP_BASKETS, values)


@step
def sweep_baskets(*, now: datetime) -> int:
    """Delete guests' baskets that nobody has touched for `ORDERS_BASKET_DAYS`; return how many. Accounts' stay."""
    before = now - timedelta(days=settings.ORDERS_BASKET_DAYS)
    accounts = f"{rules.ACCOUNT_PREFIX}%"
    with connection.cursor() as cursor:
        cursor.execute(sql.SWEEP_BASKETS, {"before": before, "accounts": accounts, "most": MOST_SWEPT})
        return int(cursor.rowcount)


@step
def order_basket(token: str, wanted: PlaceOrder, *, seen: tuple[SeenLine, ...], now: datetime) -> PlacedOrder:
    """Order what the shopper was shown of a brand's basket, begin its payment, and take it out of the basket.

    `wanted` comes without lines. Locks and events as `place_order` and `start_payment`.

    :raises EmptyBasket: when nothing is in the basket.
    :raises BasketChanged: when it holds other things, or other quantities, than the shopper was shown.
    :raises InvalidInput, PriceChanged, CannotReserveStock: as `place_order` does; "lines.0" is the first line seen.
    """
    held = BasketLine.objects.filter(basket__token=token, basket__brand_id=wanted.brand_id).order_by("pk")
    lines = list(held.select_related("variant"))
    if not lines:
        raise rules.EmptyBasket(_("The basket is empty."), field="lines")
    if [(line.pk, line.quantity) for line in lines] != [(line.line_id, line.quantity) for line in seen]:
        raise BasketChanged(_("The basket has changed since this page was shown. Look at it again, then order."))
    skus = [line.variant.sku for line in lines]
    wanted_lines = [WantedLine(sku, line.quantity, line.price_fen) for sku, line in zip(skus, seen, strict=True)]
    placed = place_order(dataclasses.replace(wanted, lines=tuple(wanted_lines)), now=now)
    start_payment(placed.order_id, PaymentMethod.WECHAT_NATIVE, now=now)
    held.filter(pk__in=[line.pk for line in lines]).delete()
    return placed
