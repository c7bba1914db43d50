"""The stores' shares of an order as the order's pages show them: how far, since when, and where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import bilingual, geo, sealing
from omni.kernel.clock import business_date
from orders.choices import OrderStatus
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from fulfillment.models import Delivery, FulfillmentOrder, FulfillmentOrderLine, TrailPoint
    from omni.kernel.models import Transition
    from orders.models import Order

S = fulfillment_choices.FulfillmentOrderStatus
D = fulfillment_choices.DeliveryState
# Shares that another one took over: the shopper need not see them.
TAKEN_OVER = frozenset({S.REJECTED, S.TIMED_OUT})
# Shares that left the way that the steps show.
ASTRAY = frozenset(
    {
        S.UNFILLABLE,
        S.CANCELLED,
        S.RETURNING,
        S.RETURNED_TO_STORE,
        S.LOST,
        S.PICKUP_EXPIRED,
        S.RESTOCKED,
    }
)
# The steps of a share by the statuses that reach them, the payment before them; and how many a status has behind it.
COURIER_REACHED: tuple[str, ...] = (S.ACCEPTED, S.PACKED, S.HANDED_OVER, S.DELIVERED)
PICKUP_REACHED: tuple[str, ...] = (S.ACCEPTED, S.READY_FOR_PICKUP, S.COLLECTED)
COURIER_STEPS = {
    S.PLANNED: 0,
    S.ACCEPTED: 2,
    S.PICKING: 2,
    S.PACKED: 3,
    S.AWAITING_COURIER: 3,
    S.LABELLED: 3,
    S.HANDED_OVER: 4,
    S.DELIVERED: 5,
}
PICKUP_STEPS = {S.PLANNED: 0, S.ACCEPTED: 2, S.PICKING: 2, S.PACKED: 2, S.READY_FOR_PICKUP: 3, S.COLLECTED: 4}
# A map is shown while somebody rides; the states of a delivery that the shopper is told of.
RIDING = frozenset({S.ACCEPTED, S.PICKING, S.PACKED, S.AWAITING_COURIER, S.LABELLED, S.HANDED_OVER, S.RETURNING})
TOLD = frozenset({D.DISPATCHING, D.ASSIGNED, D.AT_STORE, D.IN_TRANSIT, D.OUT_FOR_DELIVERY, D.EXCEPTION, D.RETURNING})


@dataclass(frozen=True, slots=True)
class StepView:
    label: str
    is_done: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a share, in words."""

    label: str
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ParcelLineView:
    name: str
    sku: str
    color: str
    size: str
    quantity: int
    shape: str
    color_hex: str


@dataclass(frozen=True, slots=True)
class RideView:
    """A courier's ride on the map: points are "latitude,longitude" in the datum of the map's tiles.

    `trail` is JSON: [latitude, longitude] of each point so far, the oldest first. `metres_left` is as the crow flies.
    """

    store: str
    door: str
    courier: str
    trail: str
    metres_left: float
    seen_at: datetime
    tiles: str
    attribution: str


@dataclass(frozen=True, slots=True)
class ShopView:
    """The store of a share as its shopper may turn to it."""

    name: str
    code: str
    url_args: tuple[str, str]
    address: str
    phone: str
    opening: str
    route_url: str


@dataclass(frozen=True, slots=True)
class ParcelView:
    """One store's share of an order."""

    number: str
    status: str
    store_name: str
    store_code: str
    store_address: str
    shop: ShopView | None
    status_label: str
    reject_label: str
    note: str
    courier_note: str
    courier_name: str
    courier_phone: str
    ride: RideView | None
    carrier: str
    waybills: tuple[str, ...]
    expected_at: datetime | None
    expected_on: date | None
    pickup_code: str
    pickup_until: datetime | None
    steps: tuple[StepView, ...]
    happenings: tuple[Happening, ...]
    lines: tuple[ParcelLineView, ...]
    is_unfillable: bool
    overdue_at: datetime | None
    is_taken_over: bool
    is_astray: bool
    is_under_way: bool


def parcels_of(order: Order, changes: Mapping[int, Sequence[Transition]], *, now: datetime) -> tuple[ParcelView, ...]:
    """Return the shares of an order, the oldest first; `changes` are the changes of their statuses by share."""
    related = ["lines__fulfillment_line__variant__product__category", "deliveries__trail", "pickup_codes"]
    if order.fulfillment.way == fulfillment_choices.Way.EXPRESS:
        related.append("parcels")
    shares = list(order.fulfillment.orders.select_related("store").prefetch_related(*related).order_by("pk"))
    shops = stores_queries.shops_of({share.store_id for share in shares if share.store_id}, now=now)
    return tuple(
        _parcel(share, order, changes.get(share.pk, ()), shops.get(share.store_id or 0), now) for share in shares
    )


def find_pickup_code(order: Order, number: str) -> str | None:
    """Return the digits that the shopper of a share shows now; None when it is not the order's, or none are due."""
    share = order.fulfillment.orders.prefetch_related("pickup_codes").filter(number=number).first()
    return (_shopper_code(share) or None) if share is not None else None


def _parcel(
    share: FulfillmentOrder,
    order: Order,
    changes: Sequence[Transition],
    shop: stores_queries.FoundStore | None,
    now: datetime,
) -> ParcelView:
    status = S(share.status)
    way = fulfillment_choices.Way(order.fulfillment.way)
    delivery = max(share.deliveries.all(), key=lambda row: row.pk, default=None)
    is_chosen = share.store is not None and order.status != OrderStatus.PLACED and status != S.PENDING_ROUTING
    is_riding = delivery is not None and status in RIDING
    is_express = way == fulfillment_choices.Way.EXPRESS
    is_under_way = status not in fulfillment_choices.FINAL_FULFILLMENT_ORDER_STATUSES and order.paid_at is not None
    return ParcelView(
        number=share.number,
        status=status.value,
        store_name=bilingual.name_of(share.store) if share.store and is_chosen else "",
        store_code=share.store.code if share.store else "",
        store_address=share.store.address if share.store else "",
        shop=_shop(shop, now) if shop and is_chosen else None,
        status_label=str(status.label),
        reject_label=share.get_reject_reason_display() if share.reject_reason else "",
        note=_note(status, way),
        courier_note="" if is_express else _courier_note(delivery),
        courier_name=delivery.courier_name if delivery and is_riding else "",
        courier_phone=delivery.courier_phone_masked if delivery and is_riding else "",
        ride=_ride(share, delivery, order) if delivery and is_riding else None,
        carrier=delivery.carrier if delivery and is_express else "",
        waybills=tuple(one.waybill for one in share.parcels.all() if one.waybill) if is_express else (),
        expected_at=delivery.eta_at if delivery and is_riding and not is_express else None,
        expected_on=_expected_on(share, order, delivery) if is_under_way else None,
        pickup_code=_shopper_code(share),
        pickup_until=share.deadline_at if status == S.READY_FOR_PICKUP else None,
        steps=_steps(S(share.held_status or status), way, order, changes),
        happenings=_happenings(order, changes, delivery),
        lines=tuple(_parcel_line(line) for line in share.lines.all()),
        is_unfillable=status == S.UNFILLABLE,
        overdue_at=share.overdue_at if status in fulfillment_choices.MAY_BE_OVERDUE else None,
        is_taken_over=status in TAKEN_OVER,
        is_astray=status in ASTRAY,
        is_under_way=is_under_way,
    )


def _shop(found: stores_queries.FoundStore, now: datetime) -> ShopView:
    store = found.store
    return ShopView(
        name=bilingual.name_of(store),
        code=store.code,
        url_args=(store.brand.code, store.code),
        address=store.address,
        phone=store.phone,
        opening=stores_queries.opening_words(found, now),
        route_url=stores_queries.route_url(store),
    )


def _parcel_line(line: FulfillmentOrderLine) -> ParcelLineView:
    variant = line.fulfillment_line.variant
    return ParcelLineView(
        name=bilingual.name_of(variant.product),
        sku=variant.sku,
        color=bilingual.pick(variant.color_zh, variant.color_en),
        size=variant.size,
        quantity=line.quantity,
        shape=variant.product.shape,
        color_hex=variant.color_hex,
    )


def _steps(
    status: fulfillment_choices.FulfillmentOrderStatus,
    way: fulfillment_choices.Way,
    order: Order,
    changes: Sequence[Transition],
) -> tuple[StepView, ...]:
    """Return the steps of a share that is on its way, with when each was reached; none of one that went astray."""
    if status in ASTRAY:
        return ()
    labels = [_("Paid"), _("Accepted"), _("Packed"), _("On the way"), _("Delivered")]
    done, reached = COURIER_STEPS, COURIER_REACHED
    if way == fulfillment_choices.Way.PICKUP:
        labels = [_("Paid"), _("Accepted"), _("Ready to collect"), _("Collected")]
        done, reached = PICKUP_STEPS, PICKUP_REACHED
    first: dict[str, datetime] = {}
    for change in changes:
        first.setdefault(change.to_status, change.at)
    times = [order.paid_at, *(first.get(step) for step in reached)]
    count = done.get(status, 1)
    return tuple(
        StepView(label, position < count, times[position] if position < count else None)
        for position, label in enumerate(labels)
    )


def _happenings(order: Order, changes: Sequence[Transition], delivery: Delivery | None) -> tuple[Happening, ...]:
    """Return what happened to a share so far, the newest first."""
    found, way = [], fulfillment_choices.Way(order.fulfillment.way)
    for change in changes:
        label = _happening_label(change, way)
        if label:
            found.append(Happening(label, change.at))
    before = ""
    for point in delivery.trail.all() if delivery else ():
        if point.words and point.state == D.CREATED:
            continue  # that it waits for the van, the share says itself
        if point.words:
            label = fulfillment_choices.delivery_label(D(point.state), way)
            found.append(Happening(label, point.heard_at, point.words))
        elif point.state in TOLD and point.state != before:
            found.append(Happening(str(D(point.state).label), point.heard_at, point.courier_name))
        before = point.state
    paid = [Happening(_("Paid"), order.paid_at)] if order.paid_at else []
    # What happened in one moment stays in its order: the last of it is the newest.
    return (*sorted(found, key=lambda happening: happening.at)[::-1], *paid)


def _happening_label(change: Transition, way: fulfillment_choices.Way) -> str:
    """Say what a change of a share's status means to the shopper; "" when nothing."""
    if change.from_status == S.CANCEL_REQUESTED and change.to_status not in {S.CANCELLED, S.HANDED_OVER}:
        return _("The store could not cancel; it goes on.")
    if change.to_status == S.HANDED_OVER and way == fulfillment_choices.Way.EXPRESS:
        return _("Given to the express company")
    labels = {
        S.OFFERED: _("A store was asked"),
        S.ACCEPTED: _("The store accepted it"),
        S.PICKING: _("Being taken from the shelves"),
        S.PACKED: _("Packed"),
        S.AWAITING_COURIER: _("Waiting for the courier"),
        S.LABELLED: _("Waiting for the express van"),
        S.HANDED_OVER: _("Picked up by the courier"),
        S.DELIVERED: _("Delivered"),
        S.READY_FOR_PICKUP: _("Ready to collect"),
        S.COLLECTED: _("Collected"),
        S.PICKUP_EXPIRED: _("Not collected in time"),
        S.CANCEL_REQUESTED: _("The store was asked to cancel"),
        S.CANCELLED: _("Cancelled"),
        S.RETURNING: _("Coming back to the store"),
        S.RETURNED_TO_STORE: _("Back in the store"),
        S.LOST: _("Lost on the way"),
    }
    return labels.get(S(change.to_status), "")


def _note(status: fulfillment_choices.FulfillmentOrderStatus, way: fulfillment_choices.Way) -> str:
    """Say in a sentence what happens to a share now."""
    notes = {
        S.PLANNED: _("Held for you while you pay."),
        S.PENDING_ROUTING: _("We are asking the best store."),
        S.OFFERED: _("The store has been asked and will answer soon."),
        S.ACCEPTED: _("The store is getting it ready."),
        S.PICKING: _("The store is getting it ready."),
        S.PACKED: _("Packed."),
        S.AWAITING_COURIER: _("Packed, waiting for the courier."),
        S.LABELLED: _("Packed, waiting for the express van."),
        S.READY_FOR_PICKUP: _("Ready. Bring the code below."),
        S.UNFILLABLE: _("No store can send it right now. We will refund it if none is found."),
        S.CANCEL_REQUESTED: _("The store has been asked to stop."),
        S.RETURNING: _("It could not be delivered and is coming back to the store."),
        S.RETURNED_TO_STORE: _("It could not be delivered and is back in the store. Your money goes back to you."),
        S.LOST: _("It was lost on the way. Your money goes back to you."),
        S.PICKUP_EXPIRED: _("It was not collected in time. Your money goes back to you."),
        S.RESTOCKED: _("It was not collected in time. Your money goes back to you."),
    }
    if status == S.PENDING_ROUTING and way == fulfillment_choices.Way.PICKUP:
        return _("The store is being told.")
    return notes.get(status, "")


def _expected_on(share: FulfillmentOrder, order: Order, delivery: Delivery | None) -> date | None:
    """Return the day that was promised; by express the one the company says, before that about when it should come."""
    demand = order.fulfillment
    if demand.way != fulfillment_choices.Way.EXPRESS:
        return demand.promised_on
    if delivery and delivery.eta_at:
        return business_date(delivery.eta_at)
    if share.store is None:
        return None
    metres = geo.great_circle_metres(share.store.lat, share.store.lng, demand.lat, demand.lng)
    return demand.promised_on + timedelta(days=stores_queries.express_days(metres))


def _courier_note(delivery: Delivery | None) -> str:
    if delivery is None or delivery.state == D.REQUESTED:
        return ""
    label = str(D(delivery.state).label)
    who = " ".join(filter(None, [delivery.courier_name, delivery.courier_phone_masked]))
    return f"{label} · {who}" if who else label


def _shopper_code(share: FulfillmentOrder) -> str:
    for code in share.pickup_codes.all():
        if (
            code.purpose == fulfillment_choices.PickupCodePurpose.SHOPPER
            and code.status == fulfillment_choices.PickupCodeStatus.ISSUED
        ):
            return sealing.unseal(code.code_sealed)
    return ""


def _ride(share: FulfillmentOrder, delivery: Delivery, order: Order) -> RideView | None:
    """Return the ride from a store to the shopper's door."""
    if share.store is None:
        return None
    door = (order.fulfillment.lat, order.fulfillment.lng)
    return ride_of(delivery, store=(share.store.lat, share.store.lng), door=door, target=door)


def ride_of(
    delivery: Delivery, *, store: tuple[float, float], door: tuple[float, float], target: tuple[float, float]
) -> RideView | None:
    """Return the ride when the courier's point is known: trail of the present courier only. Points are WGS-84."""
    trail = [point for point in delivery.trail.all() if point.lat is not None and point.lng is not None]
    if delivery.courier_lat is None or delivery.courier_lng is None or not trail:
        return None
    last = trail[-1]
    mine = [point for point in trail if point.courier_name == last.courier_name]
    metres = geo.great_circle_metres(delivery.courier_lat, delivery.courier_lng, *target)
    return RideView(
        store=_on_map(*store),
        door=_on_map(*door),
        courier=_on_map(delivery.courier_lat, delivery.courier_lng),
        trail=json.dumps([_pair(point) for point in mine]),
        metres_left=round(metres, -1),
        seen_at=last.heard_at,
        tiles=settings.STORE_MAP_TILES,
        attribution=settings.STORE_MAP_ATTRIBUTION,
    )


def _pair(point: TrailPoint) -> tuple[float, float]:
    lat, lng = _on_map(point.lat or 0, point.lng or 0).split(",")
    return float(lat), float(lng)


def _on_map(lat: float, lng: float) -> str:
    """Return a point in the datum of the map's tiles."""
    lat, lng = geo.from_wgs84(lat, lng, geo.Datum(settings.STORE_MAP_DATUM))
    return f"{lat:.6f},{lng:.6f}"
