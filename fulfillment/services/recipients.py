"""Forgetting who got what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from fulfillment.models import Delivery, DeliveryCallback, Fulfillment, TrailPoint
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Collection


@step
def forget_recipients(fulfillment_ids: Collection[int]) -> None:
    """Forget name, phone and street of demands that are over; the point becomes the middle of its district.

    Couriers' trails keep their states without points, and callbacks what they led to, not what they said.
    """
    middle = Fulfillment.objects.filter(pk=OuterRef("pk"))
    Fulfillment.objects.filter(pk__in=fulfillment_ids).update(
        recipient_name="",
        recipient_phone_sealed="",
        street="",
        lat=Coalesce(Subquery(middle.values("district__lat")), F("lat")),
        lng=Coalesce(Subquery(middle.values("district__lng")), F("lng")),
    )
    TrailPoint.objects.filter(delivery__fulfillment_order__fulfillment__in=fulfillment_ids).update(lat=None, lng=None)
    Delivery.objects.filter(fulfillment_order__fulfillment__in=fulfillment_ids).update(
        courier_lat=None, courier_lng=None
    )
    DeliveryCallback.objects.filter(delivery__fulfillment_order__fulfillment__in=fulfillment_ids).update(body={})
