"""The parcels of a store by what their labels say, and which of them wait for the express van."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import Parcel
from fulfillment.queries.desk import tasks_visible_to
from fulfillment.queries.scans import read_parcel_text, read_waybill_text
from omni.kernel import bilingual
from omni.kernel.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from stores.permissions import Actor


@dataclass(frozen=True, slots=True)
class WaitingParcel:
    """A labelled parcel; `loaded_at`: the van has it already, others of its order are still to be scanned."""

    task_number: str
    waybill: str
    city: str
    position: int
    weight_grams: int | None
    packed_at: datetime
    overdue_at: datetime | None
    loaded_at: datetime | None


def get_parcel_for(actor: Actor, text: str) -> Parcel:
    """Return a parcel of an actor's stores by what its label says: its number, the QR code of it, or its waybill.

    :raises NotFound: when there is none, or it is another store's.
    """
    number, waybill = read_parcel_text(text), read_waybill_text(text)
    parcels = Parcel.objects.filter(fulfillment_order__in=tasks_visible_to(actor)).select_related("fulfillment_order")
    parcel = parcels.filter(number=number).first() if number else None
    if parcel is None and waybill:  # the newest: companies use their numbers again
        parcel = parcels.filter(waybill=waybill).order_by("pk").last()
    if parcel is None:
        raise NotFound
    return parcel


def waiting_parcels(store_id: int) -> list[WaitingParcel]:
    """Return the parcels of a store that wait for the express van, the oldest first; one query."""
    rows = Parcel.objects.filter(fulfillment_order__store=store_id, fulfillment_order__status=Status.LABELLED)
    rows = rows.select_related("fulfillment_order__fulfillment__district").order_by("fulfillment_order", "position")
    return [_waiting(parcel) for parcel in rows]


def _waiting(parcel: Parcel) -> WaitingParcel:
    share = parcel.fulfillment_order
    district = share.fulfillment.district
    return WaitingParcel(
        task_number=share.number,
        waybill=parcel.waybill,
        city=bilingual.pick(district.city, district.city_en) if district else "",
        position=parcel.position,
        weight_grams=parcel.weight_grams,
        packed_at=parcel.packed_at,
        overdue_at=share.overdue_at,
        loaded_at=parcel.loaded_at,
    )
