"""Counter baskets in the states that tests need, made by the use cases themselves."""

from datetime import datetime
from typing import Any

from fulfillment.choices import PickupCodePurpose, Way
from fulfillment.models import FulfillmentOrder
from fulfillment.services import ShownCode
from omni.kernel.transactions import entry
from orders import queries, services
from orders.models import CounterBasket, CounterLine, DrawerSession, Order, Recognition
from stores.choices import Role
from stores.models import Staff
from tests.cast import NOON, World
from tests.factories.orders import packed_order
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


def waiting_order(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return a paid order that waits in store A to be collected."""
    return packed_order(world, *lines, now=now, way=Way.PICKUP, pickup_store_id=world.stores["A"].pk, **changes)


def shown_code(order: Order) -> ShownCode:
    """Return the code of an order that waits, as if its shopper had shown it."""
    share = FulfillmentOrder.objects.get(fulfillment=order.fulfillment_id)
    code = share.pickup_codes.get(purpose=PickupCodePurpose.SHOPPER, status="issued")
    return ShownCode(code.pk, share.pk, share.fulfillment_id, share.number)


def put_collection(basket: CounterBasket, order: Order, now: datetime = NOON) -> CounterLine:
    """Put an order that waits into a basket."""
    with entry():
        return services.collect_at_counter(basket.pk, shown_code(order), now=now)


def declined(case: CounterLine, *units: int, **changes: str) -> list[services.DeclinedPiece]:
    """Return units of a collection of one line that are not kept."""
    order = queries.collected_orders([case])[case.pk]
    pieces = queries.waiting_pieces(order, case.share_id or 0)
    values = {"condition": "resell", "reason": "too_small", **changes}
    return [services.DeclinedPiece(pieces[unit].key, values["condition"], values["reason"]) for unit in units]
