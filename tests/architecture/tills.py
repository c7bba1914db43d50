"""The tills of the walk over all addresses, and the data that would do something there."""

from omni.kernel.transactions import entry
from orders import services as orders_services
from tests.cast import NOON, World
from tests.factories.orders import run_deliveries
from tests.factories.till import counter_orders, opened_drawer, pay_cash

TILL = "desk/stores/<int:store_id>/till/"


def open_tills(world: World) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Open tills of store A: one takes money and has some to give back, another was counted and is a lot over."""
    drawer = opened_drawer(world, till="2")
    order, kept, waiting = (counter_orders(world, "S")[0] for _ in range(3))
    pay_cash(order, drawer, order.total_fen, once="undone")
    pay_cash(kept, drawer, kept.total_fen, once="kept")
    with entry():
        orders_services.cancel_order(order.pk, actor="guest", now=NOON)
        card = orders_services.start_card(
            waiting.checkout_id, drawer.pk, amount_fen=waiting.total_fen, actor="user:1", now=NOON
        )
    run_deliveries()
    counted = opened_drawer(world, till="3")
    with entry():
        orders_services.count_drawer(counted.pk, {10000: 9}, note="", actor="user:1", now=NOON)
    rows = {
        "open till": str(drawer.pk),
        "counted till": str(counted.pk),
        "cash to give back": str(order.refunds.get().pk),
        "card without a result": str(card.pk),
        "order paid at the till": kept.number,
    }
    return rows, {
        f"{TILL}open/": {"till": "4", "float": "500"},
        f"{TILL}refunds/<int:refund_id>/": {"drawer": str(drawer.pk)},
        f"{TILL}cards/<int:intent_id>/": {"terminal": "T9", "batch": "1", "trace": "9", "outcome": "charged"},
        f"{TILL}<int:drawer_id>/move/": {"kind": "paid_in", "amount": "10", "reason": "零钱"},
        f"{TILL}<int:drawer_id>/count/": {"count-10000": "5"},
        f"{TILL}<int:drawer_id>/confirm/": {"note": "多收"},
        "desk/receipts/<str:number>/send/": {"phone": "13800138000", "language": "en"},
    }
