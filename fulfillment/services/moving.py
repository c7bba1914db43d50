"""Taking the goods of a share that is routed again, at its store or elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max

from fulfillment.choices import FINAL_FULFILLMENT_ORDER_STATUSES
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine
from fulfillment.queries.searches import is_live, lines_of
from inventory import services as inventory_services
from omni.kernel.numbers import public_number
from stores import services as stores_services

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from fulfillment.models import Fulfillment
    from fulfillment.rules import Plan, Share


def take(share: FulfillmentOrder, plan: Plan, *, now: datetime) -> list[FulfillmentOrder]:
    """Take capacity and stock of a plan and give back what it does not need; return the shares, one a store.

    The first store's goods stay with the share; each further store gets a new one.

    :raises CapacityFull, CannotHold: when another was faster; the caller rolls back to its savepoint.
    """
    _move_capacity(share, plan)
    first = plan.shares[0]
    stays = len(plan.shares) == 1 and first.store_id == share.store_id
    positions = [(position, line) for position, line in enumerate(lines_of(share)) if not (stays and is_live(line))]
    _release(share, plan, [line for _position, line in positions])
    targets = [share.pk, *(_further(share, part, now) for part in plan.shares[1:])]
    for target, part in zip(targets, plan.shares, strict=True):
        _allocate(target, part, [(line, part.units[position]) for position, line in positions], now)
    FulfillmentOrder.objects.filter(pk=share.pk).update(store=first.store_id, capacity_on=first.promised_on)
    written = FulfillmentOrder.objects.in_bulk(targets)
    for one in written.values():
        one.fulfillment = share.fulfillment
    return [written[target] for target in targets]


def _release(share: FulfillmentOrder, plan: Plan, lines: Sequence[FulfillmentOrderLine]) -> None:
    """Lock every level that this move touches, then release what the lines hold, and drop them."""
    stores = {part.store_id for part in plan.shares} | ({share.store_id} if share.store_id is not None else set())
    inventory_services.lock_stock(
        [(store_id, line.fulfillment_line.variant_id) for store_id in sorted(stores) for line in lines]
    )
    inventory_services.release_reservations([line.reservation_id for line in lines if line.reservation_id is not None])
    FulfillmentOrderLine.objects.filter(pk__in=[line.pk for line in lines]).delete()


def _move_capacity(share: FulfillmentOrder, plan: Plan) -> None:
    """Take the plan's places and give the share's own back, in the order in which everybody locks them."""
    changes: dict[tuple[int, date], int] = {}
    for part in plan.shares:
        changes[part.store_id, part.promised_on] = 1
    if share.store_id is not None and share.capacity_on is not None:
        place = (share.store_id, share.capacity_on)
        changes[place] = changes.get(place, 0) - 1
    for (store_id, on_date), units in sorted(changes.items()):
        if units > 0:
            stores_services.take_capacity(store_id, on_date)
        elif units < 0:
            stores_services.give_back_capacity(store_id, on_date)


def _further(share: FulfillmentOrder, part: Share, now: datetime) -> int:
    """Write the share of a further store and return its id."""
    further = FulfillmentOrder.objects.create(
        fulfillment=share.fulfillment,
        number=public_number("F"),
        store_id=part.store_id,
        status=Status.PENDING_ROUTING,
        attempt=share.attempt,
        capacity_on=part.promised_on,
        route_due_at=now,
        round_started_at=share.round_started_at,
        created_at=now,
    )
    return further.pk


def _allocate(target_id: int, part: Share, parts: Sequence[tuple[FulfillmentOrderLine, int]], now: datetime) -> None:
    """Allocate units of each line at a store and write the lines of its share."""
    parts = [(line, units) for line, units in parts if units]
    if not parts:
        return
    wants = [
        inventory_services.StockWant(part.store_id, line.fulfillment_line.variant_id, units) for line, units in parts
    ]
    reservations = inventory_services.allocate_stock(wants, owner=f"fulfillment_order:{target_id}", now=now)
    FulfillmentOrderLine.objects.bulk_create(
        FulfillmentOrderLine(
            fulfillment_order_id=target_id,
            fulfillment_line_id=line.fulfillment_line_id,
            reservation_id=reservation_id,
            quantity=units,
        )
        for (line, units), reservation_id in zip(parts, reservations, strict=True)
    )


def renew_promise(fulfillment: Fulfillment) -> None:
    """Promise the date of the last of the shares that are still under way."""
    shares = FulfillmentOrder.objects.filter(fulfillment=fulfillment)
    shares = shares.exclude(status__in=FINAL_FULFILLMENT_ORDER_STATUSES)
    last = shares.aggregate(last=Max("capacity_on"))["last"]
    if last is not None and last != fulfillment.promised_on:
        fulfillment.promised_on = last
        fulfillment.save(update_fields=["promised_on"])
