"""Goods that a store sells over the counter: held from what lies there, and out of the door once they are paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfillment.models import Fulfillment, FulfillmentLine, FulfillmentOrder, FulfillmentOrderLine
from fulfillment.services.planning import HeldDemand
from inventory import services as inventory_services
from omni.kernel.clock import business_date
from omni.kernel.numbers import public_number
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.services.planning import Demand

ACTOR = "system:counter"


@step
def hold_take_away(demand: Demand, *, now: datetime) -> HeldDemand:
    """Hold the goods of a demand in its store, which somebody has in their hands; the fulfillment is PLANNED.

    No capacity is taken: nobody prepares anything. What the books lack is booked in as found. Locks StockLevel.
    `release_for_routing` hands them over, `give_back` frees them.
    """
    if demand.pickup_store_id is None:
        raise ValueError("Goods are taken away from some store.")
    recipient, today = demand.recipient, business_date(now)
    fulfillment = Fulfillment.objects.create(
        brand_id=demand.brand_id,
        owner=demand.owner,
        way=demand.way,
        pickup_store_id=demand.pickup_store_id,
        recipient_name=recipient.name,
        recipient_phone_sealed=recipient.phone_sealed,
        lat=demand.lat,
        lng=demand.lng,
        promised_on=today,
        created_at=now,
    )
    share = FulfillmentOrder.objects.create(
        fulfillment=fulfillment, number=public_number("F"), store_id=demand.pickup_store_id, created_at=now
    )
    wants = [
        inventory_services.StockWant(demand.pickup_store_id, line.variant_id, line.quantity) for line in demand.lines
    ]
    owner = f"fulfillment_order:{share.pk}"
    reservation_ids = inventory_services.hold_in_hand(wants, owner=owner, actor=ACTOR, now=now)
    lines = FulfillmentLine.objects.bulk_create(
        FulfillmentLine(
            fulfillment=fulfillment,
            variant_id=line.variant_id,
            quantity=line.quantity,
            declared_value_fen=line.declared_value_fen,
        )
        for line in demand.lines
    )
    FulfillmentOrderLine.objects.bulk_create(
        FulfillmentOrderLine(
            fulfillment_order=share, fulfillment_line=line, reservation_id=reservation_id, quantity=line.quantity
        )
        for line, reservation_id in zip(lines, reservation_ids, strict=True)
    )
    return HeldDemand(fulfillment.pk, tuple(line.pk for line in lines), (share.pk,), today)
