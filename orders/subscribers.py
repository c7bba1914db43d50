"""What fulfillment reports, and what it means for the order: each handler is one service call."""

from __future__ import annotations

from datetime import datetime

from fulfillment import events as fulfillment_events
from omni.accounts import choices as accounts_choices
from omni.accounts import events as accounts_events
from omni.accounts import services as accounts_services
from omni.kernel.outbox import subscribe
from orders import events, services


@subscribe(fulfillment_events.FulfillmentOrderAccepted, name="orders.start_processing")
def start_processing(event: fulfillment_events.FulfillmentOrderAccepted, *, now: datetime) -> None:
    """A store prepares the goods."""
    services.start_processing(event.fulfillment_id, now=now)


@subscribe(fulfillment_events.FulfillmentOrderDelivered, name="orders.recognise_sale")
def recognise_sale(event: fulfillment_events.FulfillmentOrderDelivered, *, now: datetime) -> None:
    """The shopper has the goods: they are sold."""
    services.recognise_delivered(
        event.fulfillment_id,
        event.fulfillment_order_id,
        store_id=event.store_id,
        delivered_at=event.delivered_at,
        now=now,
    )


@subscribe(fulfillment_events.FulfillmentOrderCancelled, name="orders.refund_share")
def refund_share(event: fulfillment_events.FulfillmentOrderCancelled, *, now: datetime) -> None:
    """The goods will not come: their money goes back."""
    services.refund_cancelled(
        event.fulfillment_id,
        event.fulfillment_order_id,
        reason=event.reason,
        cancelled_at=event.cancelled_at,
        now=now,
    )


@subscribe(fulfillment_events.FulfillmentOrderUnfillable, name="orders.park")
def park(event: fulfillment_events.FulfillmentOrderUnfillable, *, now: datetime) -> None:
    """No store has the goods: somebody may decide for a while."""
    services.park(event.fulfillment_id, parked_at=event.parked_at)


@subscribe(fulfillment_events.FulfillmentCancelRefused, name="orders.resume")
def resume(event: fulfillment_events.FulfillmentCancelRefused, *, now: datetime) -> None:
    """The goods have left the store: the order goes on."""
    services.resume_after_refusal(event.fulfillment_id, now=now)


@subscribe(accounts_events.ErasureRequested, name="orders.erase")
def erase(event: accounts_events.ErasureRequested, *, now: datetime) -> None:
    """Forget who ordered, or hold the erasure while an order is under way."""
    kept = services.erase_person(event.user_id, now=now)
    held_for = None if kept else accounts_choices.HoldReason.OPEN_ORDERS
    accounts_services.answer_erasure(event, "orders.erase", held_for=held_for, kept=kept, now=now)


@subscribe(events.SaleReversed, name="orders.review_invoice")
def review_invoice(event: events.SaleReversed, *, now: datetime) -> None:
    """Something came back: the invoice is for too much."""
    services.review_invoice(event.order_id, now=now)


@subscribe(fulfillment_events.FulfillmentOrderReady, name="orders.follow_preparing")
def follow_preparing(event: fulfillment_events.FulfillmentOrderReady, *, now: datetime) -> None:
    """The goods are prepared: those of a booking may be tried on."""
    services.follow_preparing(event.fulfillment_id, now=now)


@subscribe(fulfillment_events.FulfillmentOrderCheckedIn, name="orders.follow_arrival")
def follow_arrival(event: fulfillment_events.FulfillmentOrderCheckedIn, *, now: datetime) -> None:
    """Who has booked is in the store."""
    services.follow_arrival(event.fulfillment_id, now=now)


@subscribe(fulfillment_events.FulfillmentOrderInRoom, name="orders.follow_fitting")
def follow_fitting(event: fulfillment_events.FulfillmentOrderInRoom, *, now: datetime) -> None:
    """Who has booked is in the fitting room."""
    services.follow_fitting(event.fulfillment_id, now=now)


@subscribe(fulfillment_events.FulfillmentOrderTried, name="orders.follow_outcome")
def follow_outcome(event: fulfillment_events.FulfillmentOrderTried, *, now: datetime) -> None:
    """Who has booked has decided what to keep."""
    services.follow_outcome(event.fulfillment_id, kept_line_ids=event.kept_line_ids, now=now)


@subscribe(fulfillment_events.CollectionPickedUp, name="orders.follow_pickup")
def follow_pickup(event: fulfillment_events.CollectionPickedUp, *, now: datetime) -> None:
    """A courier has a return."""
    services.follow_pickup(event.collection_id, store_id=event.store_id, now=now)


@subscribe(fulfillment_events.CollectionDelivered, name="orders.follow_arrival_at_store")
def follow_arrival_at_store(event: fulfillment_events.CollectionDelivered, *, now: datetime) -> None:
    """A courier has brought a return to its store."""
    services.follow_arrival_at_store(event.collection_id, now=now)


@subscribe(fulfillment_events.CollectionFailed, name="orders.follow_failure")
def follow_failure(event: fulfillment_events.CollectionFailed, *, now: datetime) -> None:
    """No courier brings a return."""
    services.follow_failure(event.collection_id, reason=event.reason, now=now)


@subscribe(fulfillment_events.FulfillmentOrderCancelled, name="orders.follow_refusal")
def follow_refusal(event: fulfillment_events.FulfillmentOrderCancelled, *, now: datetime) -> None:
    """The store does not have what was booked."""
    services.follow_refusal(event.fulfillment_id, now=now)


@subscribe(events.CheckoutSettled, name="orders.finish_basket")
def finish_basket(event: events.CheckoutSettled, *, now: datetime) -> None:
    """A store's checkout is paid: its basket is settled."""
    services.follow_checkout(event.checkout_id, now=now)


@subscribe(events.OrderPaidInPart, name="orders.settle_basket")
def settle_basket(event: events.OrderPaidInPart, *, now: datetime) -> None:
    """Money came in for a part: with what comes back it may cover the basket."""
    services.follow_order(event.order_id, now=now)


@subscribe(events.OrderCancelled, name="orders.open_basket")
def open_basket(event: events.OrderCancelled, *, now: datetime) -> None:
    """An order of a basket was given up: with the last of them the basket is open again."""
    services.follow_order(event.order_id, now=now)


@subscribe(events.OrderExpired, name="orders.reopen_basket")
def reopen_basket(event: events.OrderExpired, *, now: datetime) -> None:
    """An order of a basket was not paid in time: with the last of them the basket is open again."""
    services.follow_order(event.order_id, now=now)
