"""A paid order that is handed over at the counter to who shows its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfillment import services as fulfillment_services
from omni.kernel.transactions import drive, entry
from orders.services import recognition

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.models import FulfillmentOrder


@drive
def drive_collect_order(share: FulfillmentOrder, *, code: str, actor: str, now: datetime) -> None:
    """Give packed goods to the shopper who shows the code, and recognise the sale at once.

    So whatever they do not keep after trying it on may come back in the next moment; the event that tells of the
    hand-over finds the sale recognised. Locks Fulfillment, StockLevel; then Checkout, its payments, Order, Member.

    :raises StateConflict, WrongPickupCode, PickupCodeUsed: see `fulfillment.services.drive_collect`.
    """
    fulfillment_services.drive_collect(share.pk, code=code, actor=actor, now=now)
    if share.store_id is None:
        raise ValueError("Goods that were handed over had a store.")
    with entry():
        recognition.recognise_delivered(
            share.fulfillment_id, share.pk, store_id=share.store_id, delivered_at=now, now=now
        )
