"""What fulfillment tells those above. The first field names the entity: events of one demand arrive in order."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class FulfillmentOrderAccepted:
    """The store took the order; preparing has begun."""

    fulfillment_id: int
    fulfillment_order_id: int
    store_id: int
    accepted_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderOverdue:
    """The store has neither packed the order in time nor given it back, or no courier company will fetch it."""

    fulfillment_id: int
    fulfillment_order_id: int
    store_id: int
    overdue_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderReady:
    """The goods are packed and wait in the store for the shopper, who has a code."""

    fulfillment_id: int
    fulfillment_order_id: int
    store_id: int
    ready_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderCheckedIn:
    """The shopper is in the store to try the goods on."""

    fulfillment_id: int
    fulfillment_order_id: int
    checked_in_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderInRoom:
    """The shopper is in the fitting room."""

    fulfillment_id: int
    fulfillment_order_id: int
    entered_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderTried:
    """The shopper has decided: these lines of the demand are kept, to be bought; the others are on the shelf again."""

    fulfillment_id: int
    fulfillment_order_id: int
    kept_line_ids: tuple[int, ...]
    tried_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderHandedOver:
    """The goods left the store with the courier; their stock is consumed."""

    fulfillment_id: int
    fulfillment_order_id: int
    store_id: int
    handed_over_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderDelivered:
    """The recipient has the goods (courier delivered, or collected in the store)."""

    fulfillment_id: int
    fulfillment_order_id: int
    store_id: int
    delivered_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderUnfillable:
    """No store can fulfill this share; it is parked until somebody decides."""

    fulfillment_id: int
    fulfillment_order_id: int
    parked_at: datetime


@dataclass(frozen=True)
class FulfillmentOrderCancelled:
    """The share will not be fulfilled: its stock and capacity are given back.

    `reason`: "requested" (cancelled by those above), "unfillable" (parked, then given up), "lost", "returned" (came
    back undelivered), "not_collected", "rejected" (goods to try on that the store does not have).
    """

    fulfillment_id: int
    fulfillment_order_id: int
    cancelled_at: datetime
    reason: str


@dataclass(frozen=True)
class FulfillmentCancelRefused:
    """The store had already handed the goods over when the cancellation came."""

    fulfillment_id: int
    fulfillment_order_id: int
    refused_at: datetime


@dataclass(frozen=True)
class CollectionPickedUp:
    """The courier has the goods that were to be fetched at somebody's door."""

    collection_id: int
    store_id: int
    picked_up_at: datetime


@dataclass(frozen=True)
class CollectionDelivered:
    """The goods that were fetched at somebody's door are at the store, still to be scanned there."""

    collection_id: int
    store_id: int
    delivered_at: datetime


@dataclass(frozen=True)
class CollectionFailed:
    """The goods will not arrive with this collection. `reason`: see `CollectionFailure`."""

    collection_id: int
    failed_at: datetime
    reason: str
