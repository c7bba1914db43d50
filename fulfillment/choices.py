from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Way(models.TextChoices):
    """How goods reach the one they are for."""

    COURIER = "courier", pgettext_lazy("way", "Courier")
    EXPRESS = "express", pgettext_lazy("way", "Express parcel")
    PICKUP = "pickup", _("Collect in store")
    TRY_ON = "try_on", _("Try on in store")
    TAKE_AWAY = "take_away", _("Taken away at once")


# What a shopper may ask for; goods to try on are held, not paid, and what is taken away at once a store sells.
ORDER_WAYS = (Way.COURIER, Way.EXPRESS, Way.PICKUP)
# A store sends the goods to somebody's door: any store may, near or far as the way allows.
SENT = (Way.COURIER, Way.EXPRESS)


class FulfillmentStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    ACTIVE = "active", _("Active")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


FULFILLMENT_TRANSITIONS: dict[FulfillmentStatus, frozenset[FulfillmentStatus]] = {
    FulfillmentStatus.PLANNED: frozenset({FulfillmentStatus.ACTIVE, FulfillmentStatus.CANCELLED}),
    FulfillmentStatus.ACTIVE: frozenset({FulfillmentStatus.COMPLETED, FulfillmentStatus.CANCELLED}),
    FulfillmentStatus.COMPLETED: frozenset(),
    FulfillmentStatus.CANCELLED: frozenset(),
}


class FulfillmentOrderStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    PENDING_ROUTING = "pending_routing", _("Waiting to be routed")
    OFFERED = "offered", _("Offered")
    REJECTED = "rejected", _("Rejected")
    TIMED_OUT = "timed_out", _("No answer")
    ACCEPTED = "accepted", _("Accepted")
    PICKING = "picking", _("Picking")
    PACKED = "packed", _("Packed")
    AWAITING_COURIER = "awaiting_courier", _("Waiting for the courier")
    LABELLED = "labelled", _("Waiting for the express van")
    HANDED_OVER = "handed_over", _("On the way")
    DELIVERED = "delivered", _("Delivered")
    READY_FOR_PICKUP = "ready_for_pickup", _("Ready to collect")
    COLLECTED = "collected", _("Collected")
    PICKUP_EXPIRED = "pickup_expired", _("Not collected in time")
    RESTOCKED = "restocked", _("Back on the shelf")
    CHECKED_IN = "checked_in", _("The shopper is here")
    IN_ROOM = "in_room", _("In the fitting room")
    SET_ASIDE = "set_aside", _("Kept, to be bought")
    UNFILLABLE = "unfillable", _("No store can fulfill it")
    CANCEL_REQUESTED = "cancel_requested", _("Cancellation requested")
    CANCELLED = "cancelled", _("Cancelled")
    RETURNING = "returning", _("Coming back")
    RETURNED_TO_STORE = "returned_to_store", _("Back in the store")
    LOST = "lost", _("Lost")


_S = FulfillmentOrderStatus

FULFILLMENT_ORDER_TRANSITIONS: dict[FulfillmentOrderStatus, frozenset[FulfillmentOrderStatus]] = {
    _S.PLANNED: frozenset({_S.PENDING_ROUTING, _S.ACCEPTED, _S.COLLECTED, _S.CANCELLED}),
    _S.PENDING_ROUTING: frozenset({_S.OFFERED, _S.UNFILLABLE, _S.CANCELLED}),
    _S.OFFERED: frozenset({_S.ACCEPTED, _S.REJECTED, _S.TIMED_OUT, _S.CANCELLED}),
    _S.REJECTED: frozenset(),
    _S.TIMED_OUT: frozenset(),
    _S.ACCEPTED: frozenset({_S.PICKING, _S.PACKED, _S.REJECTED, _S.TIMED_OUT, _S.CANCEL_REQUESTED}),
    _S.PICKING: frozenset({_S.PACKED, _S.REJECTED, _S.TIMED_OUT, _S.CANCEL_REQUESTED}),
    _S.PACKED: frozenset({_S.AWAITING_COURIER, _S.LABELLED, _S.READY_FOR_PICKUP, _S.REJECTED, _S.CANCEL_REQUESTED}),
    _S.AWAITING_COURIER: frozenset({_S.HANDED_OVER, _S.REJECTED, _S.CANCEL_REQUESTED}),
    _S.LABELLED: frozenset({_S.HANDED_OVER, _S.PACKED, _S.CANCEL_REQUESTED}),
    _S.READY_FOR_PICKUP: frozenset({_S.COLLECTED, _S.PICKUP_EXPIRED, _S.REJECTED, _S.CANCEL_REQUESTED, _S.CHECKED_IN}),
    _S.CHECKED_IN: frozenset({_S.IN_ROOM, _S.SET_ASIDE, _S.RESTOCKED}),
    _S.IN_ROOM: frozenset({_S.SET_ASIDE, _S.RESTOCKED}),
    _S.SET_ASIDE: frozenset({_S.COLLECTED, _S.RESTOCKED}),
    _S.PICKUP_EXPIRED: frozenset({_S.RESTOCKED}),
    _S.CANCEL_REQUESTED: frozenset(
        {
            _S.CANCELLED,
            _S.ACCEPTED,
            _S.PICKING,
            _S.PACKED,
            _S.AWAITING_COURIER,
            _S.LABELLED,
            _S.READY_FOR_PICKUP,
            _S.HANDED_OVER,
        }
    ),
    _S.HANDED_OVER: frozenset({_S.DELIVERED, _S.RETURNING, _S.LOST}),
    _S.RETURNING: frozenset({_S.RETURNED_TO_STORE, _S.DELIVERED, _S.LOST}),
    _S.DELIVERED: frozenset(),
    _S.COLLECTED: frozenset(),
    _S.RESTOCKED: frozenset(),
    _S.UNFILLABLE: frozenset({_S.PENDING_ROUTING, _S.CANCELLED}),
    _S.CANCELLED: frozenset(),
    _S.RETURNED_TO_STORE: frozenset(),
    _S.LOST: frozenset(),
}

# Nothing more happens to these; REJECTED and TIMED_OUT ones were taken over by a follow-up.
FINAL_FULFILLMENT_ORDER_STATUSES = frozenset(
    status for status, following in FULFILLMENT_ORDER_TRANSITIONS.items() if not following
)
# A store is at work on these.
PREPARING = frozenset({_S.ACCEPTED, _S.PICKING})
# These wait in a store; and what may be overdue: these, what a store is to see again, and parcels nothing is heard of.
AT_STORE = (
    _S.OFFERED,
    _S.ACCEPTED,
    _S.PICKING,
    _S.PACKED,
    _S.AWAITING_COURIER,
    _S.LABELLED,
    _S.READY_FOR_PICKUP,
    _S.CHECKED_IN,
    _S.IN_ROOM,
    _S.SET_ASIDE,
    _S.CANCEL_REQUESTED,
)
MAY_BE_OVERDUE = (*AT_STORE, _S.HANDED_OVER, _S.RETURNING, _S.PICKUP_EXPIRED)


class RejectReason(models.TextChoices):
    """Why a store gives an offer back. NOT_FOUND corrects the stock and opens a count; DAMAGED sets units aside.

    Two are the system's own: DISPLACED (the stock fell below what was promised; it excludes no store) and NO_COURIER.
    REASSIGNED is the manager's or headquarters': they had another store do it.
    """

    NOT_FOUND = "not_found", _("Not found in the store")
    DAMAGED = "damaged", _("Damaged")
    TOO_BUSY = "too_busy", _("Too busy")
    CLOSING = "closing", _("The store is closing")
    OTHER = "other", _("Other")
    DISPLACED = "displaced", _("The stock fell below what was promised")
    NO_COURIER = "no_courier", _("No courier rides there from this store")
    REASSIGNED = "reassigned", _("Given to another store by hand")


STORE_REJECT_REASONS = (
    RejectReason.NOT_FOUND,
    RejectReason.DAMAGED,
    RejectReason.TOO_BUSY,
    RejectReason.CLOSING,
    RejectReason.OTHER,
)


# Reasons that say something about the goods, and change the stock.
GOODS_REASONS = (RejectReason.NOT_FOUND, RejectReason.DAMAGED)


class RuleCode(models.TextChoices):
    """What tells two candidate stores apart; a brand lists them in its order. Distance and store id settle ties."""

    NEAREST = "nearest", _("Nearest")
    LEAST_LOADED = "least_loaded", _("Least loaded")
    DEEPEST_STOCK = "deepest_stock", _("Deepest stock")
    BROKEN_RUNS = "broken_runs", _("Broken size runs first")
    OLDEST_MARKDOWN = "oldest_markdown", _("Oldest markdown first")
    CHEAPEST = "cheapest", _("Cheapest")
    ACCEPTANCE = "acceptance", _("Best acceptance record")


class DecisionKind(models.TextChoices):
    PLACE = "place", _("When the order was placed")
    ROUTE = "route", _("After payment")
    REROUTE = "reroute", _("After a rejection or silence")


class DeliveryState(models.TextChoices):
    """The neutral courier states; `DELIVERY_RANKS` orders them."""

    REQUESTED = "requested", _("To be requested")
    CREATED = "created", pgettext_lazy("courier", "Requested")
    DISPATCHING = "dispatching", _("Looking for a courier")
    ASSIGNED = "assigned", _("Courier on the way to the store")
    AT_STORE = "at_store", _("Courier at the store")
    PICKED_UP = "picked_up", _("Picked up")
    IN_TRANSIT = "in_transit", _("On the way")
    EXCEPTION = "exception", _("Problem on the way")
    OUT_FOR_DELIVERY = "out_for_delivery", _("Nearly there")
    RETURNING = "returning", _("Coming back to the store")
    RETURNED = "returned", _("Back at the store")
    DELIVERED = "delivered", _("Delivered")
    CREATE_FAILED = "create_failed", _("Request failed")
    CANCELLED = "cancelled", _("Cancelled")
    RETURN_CONFIRMED = "return_confirmed", _("Return confirmed")
    LOST = "lost", _("Lost")


# What a state means of a parcel by express, where a courier's word would be wrong.
EXPRESS_LABELS: dict[DeliveryState, _StrPromise] = {
    DeliveryState.REQUESTED: _("Waybill asked for"),
    DeliveryState.CREATED: pgettext_lazy("parcel", "Waiting to be collected"),
    DeliveryState.PICKED_UP: pgettext_lazy("parcel", "Collected"),
    DeliveryState.IN_TRANSIT: pgettext_lazy("parcel", "On the road"),
    DeliveryState.OUT_FOR_DELIVERY: _("Out for delivery"),
    DeliveryState.CREATE_FAILED: _("No waybill"),
    DeliveryState.CANCELLED: _("Waybill called off"),
}


def delivery_label(state: DeliveryState, way: Way) -> str:
    """Return what a state of a delivery is called, by its way, in the language active now."""
    words = EXPRESS_LABELS.get(state) if way is Way.EXPRESS else None
    return str(words or state.label)


DELIVERY_RANKS: dict[DeliveryState, int] = {
    DeliveryState.REQUESTED: 0,
    DeliveryState.CREATED: 10,
    DeliveryState.DISPATCHING: 20,
    DeliveryState.ASSIGNED: 30,
    DeliveryState.AT_STORE: 40,
    DeliveryState.PICKED_UP: 50,
    DeliveryState.IN_TRANSIT: 60,
    DeliveryState.EXCEPTION: 65,
    DeliveryState.OUT_FOR_DELIVERY: 70,
    DeliveryState.RETURNING: 80,
    DeliveryState.RETURNED: 90,
    DeliveryState.DELIVERED: 100,
    DeliveryState.CREATE_FAILED: 100,
    DeliveryState.CANCELLED: 100,
    DeliveryState.RETURN_CONFIRMED: 100,
    DeliveryState.LOST: 100,
}

FINAL_DELIVERY_STATES = frozenset(
    {
        DeliveryState.DELIVERED,
        DeliveryState.CREATE_FAILED,
        DeliveryState.CANCELLED,
        DeliveryState.RETURN_CONFIRMED,
        DeliveryState.LOST,
    }
)


# After so many attempts at one request, or so many requests for one order, somebody is told that no courier comes.
MOST_REFUSALS = 6
MOST_REQUESTS = 6


class PickupCodePurpose(models.TextChoices):
    COURIER = "courier", _("The courier shows it at the store")
    SHOPPER = "shopper", _("The shopper shows it at the store")


class PickupCodeStatus(models.TextChoices):
    ISSUED = "issued", _("Issued")
    REDEEMED = "redeemed", _("Used")
    REVOKED = "revoked", _("Revoked")


class DeclineReason(models.TextChoices):
    """Why somebody who tried a piece on does not keep it."""

    TOO_SMALL = "too_small", _("Too small")
    TOO_LARGE = "too_large", _("Too large")
    COLOR = "color", _("The colour")
    FABRIC = "fabric", _("The fabric")
    PRICE = "price", _("The price")
    OTHER = "other", pgettext_lazy("reason", "Something else")


class CollectionStatus(models.TextChoices):
    """What became of goods that a courier was to fetch at somebody's door."""

    REQUESTED = "requested", pgettext_lazy("collection", "Courier asked for")
    PICKED_UP = "picked_up", pgettext_lazy("collection", "With the courier")
    DELIVERED = "delivered", pgettext_lazy("collection", "Brought to the store")
    FAILED = "failed", pgettext_lazy("collection", "Not fetched")
    CALLED_OFF = "called_off", pgettext_lazy("collection", "Called off")
    BROUGHT_BACK = "brought_back", pgettext_lazy("collection", "Brought back to the door")
    LOST = "lost", pgettext_lazy("collection", "Lost")


_C = CollectionStatus

COLLECTION_TRANSITIONS: dict[CollectionStatus, frozenset[CollectionStatus]] = {
    _C.REQUESTED: frozenset({_C.PICKED_UP, _C.FAILED, _C.CALLED_OFF}),
    _C.PICKED_UP: frozenset({_C.DELIVERED, _C.BROUGHT_BACK, _C.LOST}),
    _C.DELIVERED: frozenset(),
    _C.FAILED: frozenset(),
    _C.CALLED_OFF: frozenset(),
    _C.BROUGHT_BACK: frozenset(),
    _C.LOST: frozenset(),
}

LIVE_COLLECTIONS = (_C.REQUESTED, _C.PICKED_UP)


class CollectionFailure(models.TextChoices):
    """Why goods were not fetched, or did not arrive."""

    NO_COURIER = "no_courier", _("No courier was free")
    OUT_OF_REACH = "out_of_reach", _("No courier rides there")
    NOBODY_THERE = "nobody_there", _("Nobody handed it over")
    CALLED_OFF = "called_off", pgettext_lazy("collection", "Called off")
    BROUGHT_BACK = "brought_back", pgettext_lazy("collection", "Brought back to the door")
    LOST = "lost", pgettext_lazy("collection", "Lost")
