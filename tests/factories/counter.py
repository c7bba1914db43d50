"""Counter baskets in the states that tests need, made by the use cases themselves."""

from datetime import datetime
from typing import Any

from omni.kernel.transactions import entry
from orders import services
from orders.models import CounterBasket, CounterLine, DrawerSession, Order, Recognition
from stores.choices import Role
from stores.models import Staff
from tests.cast import NOON, World
from tests.factories.stores import ClerkFactory

CLERK = "user:1"


def opened_basket(world: World, *sizes: str, store: str = "A", now: datetime = NOON, **changes: Any) -> CounterBasket:  # noqa: ANN401
    """Return an open basket with a shirt of each size, sold by a clerk of the store; `changes` are of its columns."""
    seller = Staff.objects.filter(store=world.stores[store], role=Role.CLERK).first()
    staff = seller or ClerkFactory.create(store=world.stores[store])
    with entry():
        basket = services.open_counter_basket(world.stores[store].pk, staff_id=staff.pk, now=now)
        for size in sizes:
            services.add_to_counter(basket.pk, world.variants[size].sku, now=now)
    if changes:
        CounterBasket.objects.filter(pk=basket.pk).update(**changes)
    basket.refresh_from_db()
    return basket


def paying_basket(world: World, *sizes: str, now: datetime = NOON, **changes: Any) -> CounterBasket:  # noqa: ANN401
    """Return a basket whose orders wait for money."""
    return begun(opened_basket(world, *sizes, now=now, **changes), now=now)


def begun(basket: CounterBasket, now: datetime = NOON) -> CounterBasket:
    """Place the orders of a basket."""
    with entry():
        services.begin_payment(basket.pk, seen_net_fen=None, actor=CLERK, now=now)
    basket.refresh_from_db()
    return basket


def tendered(
    basket: CounterBasket, drawer: DrawerSession, amount_fen: int, *, once: str = "a", now: datetime = NOON
) -> bool:
    """Take cash for a basket as its page does; tell whether it is settled."""
    with entry():
        checkout_id = services.lock_paying(basket.pk, amount_fen=amount_fen).checkout_id or 0
        services.take_cash(
            checkout_id, drawer.pk, amount_fen=amount_fen, given_fen=amount_fen, once=once, actor=CLERK, now=now
        )
        is_settled = services.settle_basket(basket.pk, actor=CLERK, now=now)
    basket.refresh_from_db()
    return is_settled


def lines_of(basket: CounterBasket) -> list[tuple[str, str, int]]:
    """Return kind, SKU and units of a basket's lines."""
    rows = CounterLine.objects.filter(basket=basket).order_by("pk")
    return list(rows.values_list("kind", "variant__sku", "quantity"))


def piece_of(order: Order, unit: int = 0, **changes: str) -> services.CounterPiece:
    """Return a piece of an order that comes back as new."""
    sale = Recognition.objects.get(order=order, order_line__isnull=False, reversal_of=None)
    values = {"condition": "resell", "reason": "too_small", **changes}
    return services.CounterPiece(sale.pk, unit, values["condition"], values["reason"])
