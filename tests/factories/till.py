"""Tills, and checkouts to be paid at them, made by the use cases themselves."""

from datetime import date, datetime

from omni.kernel.transactions import entry
from orders import services
from orders.models import DrawerSession, Order, OrderLine, PaymentIntent
from orders.services import placing
from stores.choices import Channel, Collector
from tests.cast import NOON, World
from tests.factories.orders import placed_order
from tests.factories.stores import MallFactory

CLERK = "user:1"
RECEIPT_ON = date(2026, 3, 16)


def opened_drawer(
    world: World, *, store: str = "A", till: str = "1", float_fen: int = 50000, now: datetime = NOON
) -> DrawerSession:
    """Return a till that was opened with some change."""
    with entry():
        return services.open_drawer(world.stores[store].pk, till=till, float_fen=float_fen, actor=CLERK, now=now)


def counter_orders(world: World, *sizes: str, now: datetime = NOON) -> list[Order]:
    """Return unpaid orders of one checkout of a store's counter, one for each size."""
    first = placed_order(world, (sizes[0], 1), now=now, channel=Channel.COUNTER)
    joining = placing.Replacing(first.checkout_id, first.expires_at)
    others = [placed_order(world, (size, 1), now=now, channel=Channel.COUNTER, replacing=joining) for size in sizes[1:]]
    return [first, *others]


def pay_cash(order: Order, drawer: DrawerSession, amount_fen: int, *, once: str = "a", now: datetime = NOON) -> int:
    """Take cash, given in notes of a hundred, for the checkout of an order; return the payment's id."""
    given_fen = -(-amount_fen // 10000) * 10000
    with entry():
        return services.take_cash(
            order.checkout_id, drawer.pk, amount_fen=amount_fen, given_fen=given_fen, once=once, actor=CLERK, now=now
        ).pk


def charge_card(order: Order, drawer: DrawerSession, amount_fen: int, *, trace: str = "000001") -> int:
    """Charge a card at the terminal for the checkout of an order; return the payment's id."""
    with entry():
        intent = services.start_card(order.checkout_id, drawer.pk, amount_fen=amount_fen, actor=CLERK, now=NOON)
    with entry():
        services.record_card(intent.pk, slip(trace), actor=CLERK, now=NOON)
    return intent.pk


def slip(trace: str = "000001") -> services.CardSlip:
    return services.CardSlip("T1", "000007", trace)


def let_mall_collect(world: World, order: Order) -> None:
    """Let the mall's cashier take the money for an order of store A."""
    store = world.stores["A"]
    store.mall = store.mall or MallFactory.create()
    store.save()
    OrderLine.objects.filter(order=order).update(collector=Collector.MALL)


def show_mall_receipt(order: Order, drawer: DrawerSession, amount_fen: int, *, number: str = "M-1") -> int:
    """Show the receipt of the mall's cashier for the checkout of an order; return the payment's id."""
    with entry():
        return services.take_mall_receipt(
            order.checkout_id, drawer.pk, amount_fen=amount_fen, number=number, receipt_on=RECEIPT_ON, actor=CLERK,
            now=NOON,
        ).pk  # fmt: skip


def paid_at_till(world: World, *tenders: str, size: str = "S") -> tuple[Order, DrawerSession]:
    """Return an order of 499 yuan that was paid in equal parts ("cash", "card"), and the till."""
    (order,) = counter_orders(world, size)
    drawer = opened_drawer(world)
    parts = [order.total_fen // len(tenders)] * len(tenders)
    parts[-1] += order.total_fen - sum(parts)
    for position, (tender, amount_fen) in enumerate(zip(tenders, parts, strict=True), 1):
        if tender == "cash":
            pay_cash(order, drawer, amount_fen, once=str(position))
        else:
            charge_card(order, drawer, amount_fen, trace=f"{position:06d}")
    order.refresh_from_db()
    return order, drawer


def intents_of(order: Order) -> list[PaymentIntent]:
    return list(PaymentIntent.objects.filter(allocations__order=order).order_by("pk"))
