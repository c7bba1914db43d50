"""A return that a courier fetches, as its page shows it: whose door, which store, and how far the courier is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import bilingual, sealing
from orders.queries.contact import recipient_of
from orders.queries.parcels import Happening, RideView, ride_of

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.models import Collection, Delivery
    from orders.models import Order

C = fulfillment_choices.CollectionStatus
D = fulfillment_choices.DeliveryState
LIVE = fulfillment_choices.LIVE_COLLECTIONS


@dataclass(frozen=True, slots=True)
class Door:
    """At whose door a courier fetches a return; the point (WGS-84) is better than the district's centre."""

    contact_name: str = field(repr=False)
    phone: str = field(repr=False)
    district_code: str
    street: str = field(repr=False)
    lat: float | None = None
    lng: float | None = None


@dataclass(frozen=True, slots=True)
class OrderDoor:
    """Where an order was delivered, as a choice: in words that anybody with the order's link may read."""

    label: str
    door: Door


@dataclass(frozen=True, slots=True)
class CollectionView:
    """A courier who fetches a return. `ask_at` is when one is asked for; None once that has happened."""

    number: str
    store_name: str
    sender: str
    state_label: str
    code: str
    ask_at: datetime | None
    expected_at: datetime | None
    courier_name: str
    courier_phone: str
    ride: RideView | None
    is_picked_up: bool
    happenings: tuple[Happening, ...]


def find_order_door(order: Order) -> OrderDoor | None:
    """Return where an order was delivered; None for one that was collected, or whose shopper was forgotten."""
    place = order.fulfillment
    is_known = place.street and place.recipient_phone_sealed and place.district_id
    if place.way != fulfillment_choices.Way.COURIER or not is_known:
        return None
    phone = sealing.unseal(place.recipient_phone_sealed)
    door = Door(place.recipient_name, phone, place.district_id or "", place.street, place.lat, place.lng)
    return OrderDoor(recipient_of(order), door)


def view_collection(collection: Collection | None) -> CollectionView | None:
    """Return a collection while it is under way; None without one, or when it is over."""
    if collection is None or collection.status not in LIVE:
        return None
    delivery = collection.deliveries.prefetch_related("trail").order_by("pk").last()
    if delivery is None:
        return None
    is_picked_up = collection.status == C.PICKED_UP
    store, door = (collection.store.lat, collection.store.lng), (collection.lat, collection.lng)
    is_asked = delivery.state != D.REQUESTED
    return CollectionView(
        number=collection.number,
        store_name=bilingual.name_of(collection.store),
        sender=" · ".join(filter(None, [collection.sender_name, collection.street])),
        state_label=_state_label(D(delivery.state)),
        code="" if is_picked_up else sealing.unseal(collection.code_sealed),
        ask_at=None if is_asked else delivery.next_attempt_at,
        expected_at=delivery.eta_at if is_picked_up else None,
        courier_name=delivery.courier_name if is_asked else "",
        courier_phone=delivery.courier_phone_masked if is_asked else "",
        ride=ride_of(delivery, store=store, door=door, target=store if is_picked_up else door),
        is_picked_up=is_picked_up,
        happenings=_happenings(delivery),
    )


def _happenings(delivery: Delivery) -> tuple[Happening, ...]:
    """Return what was heard of a ride, the newest first."""
    found, before = [], ""
    for point in delivery.trail.all():
        if point.state != before:
            found.append(Happening(_state_label(D(point.state)), point.heard_at, point.courier_name))
        before = point.state
    return tuple(found[::-1])


def _state_label(state: fulfillment_choices.DeliveryState) -> str:
    """Say where a courier is who rides from a door to a store."""
    labels = {
        D.REQUESTED: _("Asking for a courier"),
        D.CREATED: _("Looking for a courier"),
        D.ASSIGNED: _("Courier on the way to you"),
        D.AT_STORE: _("Courier at your door"),
        D.PICKED_UP: _("Picked up by the courier"),
        D.RETURNING: _("Coming back to you"),
        D.RETURNED: _("Back at your door"),
        D.DELIVERED: _("At the store"),
    }
    return labels.get(state) or str(state.label)
