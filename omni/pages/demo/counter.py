"""Sales over the counter of a demo store, made by the use cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.kernel.transactions import step
from orders import queries as orders_queries
from orders import services as orders_services
from stores import permissions as stores_permissions

if TYPE_CHECKING:
    from datetime import datetime

ACTOR = "system:demo"
# Notes and coins, in fen.
NOTES = (10000, 5000, 2000, 1000, 500, 100, 50, 10)


@step
def sell(wanted: orders_services.PlaceOrder, drawer_id: int, *, now: datetime) -> orders_services.PlacedOrder:
    """Place an order and take the exact cash for it."""
    placed = orders_services.place_order(wanted, now=now)
    orders_services.take_cash(
        orders_queries.get_order_for(owner(placed.number), placed.number).checkout_id,
        drawer_id,
        amount_fen=placed.total_fen,
        given_fen=placed.total_fen,
        once=f"demo:{placed.order_id}",
        actor=ACTOR,
        now=now,
    )
    return placed


@step
def close(store_id: int, drawer_id: int, *, now: datetime) -> None:
    """Count a till and find in it what should be there."""
    drawer = next(each for each in orders_queries.open_drawers(store_id) if each.pk == drawer_id)
    left_fen, counts = orders_queries.expected_fen(drawer), {}
    for note in NOTES:
        counts[note], left_fen = divmod(left_fen, note)
    orders_services.count_drawer(drawer_id, counts, note="", actor=ACTOR, now=now)


def owner(number: str) -> stores_permissions.Actor:
    """Return who holds the link of an order."""
    return stores_permissions.Actor(label=ACTOR, order_numbers=frozenset({number}))
