"""What orders used of members' offers, given back with what nobody keeps of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members import services as members_services
from omni.kernel.transactions import step
from orders import queries
from orders.queries import shares

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import Order


@step
def give_back_offers(order: Order, *, now: datetime) -> None:
    """Give back what is left of the offers of an order that nobody keeps; of several, once nothing of any is kept.

    A coupon that paid for several orders comes back with the last of them. The order's checkout is locked.
    Locks Member, OfferUse.
    """
    if not queries.is_anything_kept(order):
        members_services.give_back_offer(queries.offer_owner(order), now=now)


@step
def give_back_unpaid(order: Order, *, now: datetime) -> None:
    """Do as `give_back_offers` for an order that ended unpaid; the points on its own lines come back in any case."""
    if queries.is_anything_kept(order):
        points_fen = sum(shares.points_on(order).values())
        if points_fen:
            members_services.give_back_points(
                queries.offer_owner(order), cause=f"order:{order.pk}", amount_fen=points_fen, now=now
            )
        return
    members_services.give_back_offer(queries.offer_owner(order), now=now)
