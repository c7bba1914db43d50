"""Routing: offering each share to a store, again after a rejection or silence, and parking it in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.kernel.transactions import drive, step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fulfillment.choices import RejectReason


@step
def route(fulfillment_order_id: int, *, now: datetime) -> None:
    """Plan a share again and offer it to the best store, or park it. Does nothing unless it is PENDING_ROUTING.

    Locks Fulfillment, StoreCapacity, StockLevel. Emits FulfillmentOrderUnfillable when it is parked.
    """
    raise NotImplementedError


@step
def reject_offer(
    fulfillment_order_id: int,
    *,
    reason: RejectReason,
    actor: str,
    now: datetime,
    affected: Mapping[int, int] | None = None,
) -> int:
    """Give an offer (or an accepted or half-picked order) back; return the id of the order that follows it.

    `affected` maps fulfillment order line ids to units not found or damaged (none given: all); NOT_FOUND takes them
    off the books and opens a count, DAMAGED sets them aside. The follow-up has no store, the next attempt number, and
    is due for routing now. Locks Fulfillment, StoreCapacity, StockLevel.

    :raises StateConflict: when the order is past picking.
    """
    raise NotImplementedError


@step
def time_out_offer(fulfillment_order_id: int, *, now: datetime) -> int | None:
    """End an offer that nobody answered; return the id of the order that follows it, None when it was not due."""
    raise NotImplementedError


@step
def retry_unfillable(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Route a parked order afresh: attempts start at 1 again, and earlier rejections exclude no store.

    :raises StateConflict: when it is not UNFILLABLE.
    """
    raise NotImplementedError


@drive
def drive_route(fulfillment_order_id: int, *, now: datetime) -> bool:
    """Route a share that is due, in an entry of its own; False when it is not due or another worker has it."""
    raise NotImplementedError


@drive
def drive_due_routing(limit: int, *, now: datetime) -> int:
    """Time out silent offers and route what is due, each in an entry of its own; return how many were tried."""
    raise NotImplementedError
