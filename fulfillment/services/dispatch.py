"""Asking for a courier or a waybill, and calling it off: what is written here, `services.courier` carries out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from fulfillment.choices import FINAL_DELIVERY_STATES, MOST_REQUESTS, DeliveryState, PickupCodePurpose, Way
from fulfillment.clients import CourierClient, ExpressClient
from fulfillment.models import Consignment, Delivery, FulfillmentOrder
from fulfillment.services import deadlines
from fulfillment.services.codes import issue_code, revoke_codes
from omni.kernel.outbox import hint
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

# Before the second, third, ... request for the same order.
REDISPATCH_SECONDS = (0, 30, 120, 600)
# Between attempts that have failed so often that somebody was told.
REFUSED_SECONDS = 3600


@step
def dispatch_courier(share: FulfillmentOrder, *, now: datetime) -> Delivery:
    """Write a request for a courier, due now (later after several failures), with a new code for the store's desk.

    Of what goes by express, for a waybill: its driver shows no code. After too many requests somebody is told that
    nobody comes (FulfillmentOrderOverdue), and it is tried once an hour. The caller has locked the Fulfillment.
    """
    attempt = Delivery.objects.filter(fulfillment_order=share).count() + 1
    is_express = share.fulfillment.way == Way.EXPRESS
    wait = REDISPATCH_SECONDS[min(attempt, len(REDISPATCH_SECONDS) + 1) - 2] if attempt > 1 else 0
    if attempt > MOST_REQUESTS:
        wait = REFUSED_SECONDS
        deadlines.mark_overdue(share, now=now)
    delivery = Delivery.objects.create(
        fulfillment_order=share,
        external_id=f"{share.number}-{attempt}",
        provider=ExpressClient.provider if is_express else CourierClient.provider,
        attempt=attempt,
        pickup_code=None if is_express else issue_code(share, PickupCodePurpose.COURIER, now=now),
        next_attempt_at=now + timedelta(seconds=wait),
        created_at=now,
        updated_at=now,
    )
    if wait == 0:
        hint_delivery(delivery)
    return delivery


@step
def call_off_courier(share: FulfillmentOrder, *, now: datetime) -> bool:
    """Kill the code and have the courier cancelled; return whether it is certain that nobody comes for the goods.

    It is when none was asked for yet. Else the cancellation is due now, and its answer is written when it comes.
    The caller has locked the Fulfillment.
    """
    revoke_codes(share)
    return call_off_delivery(find_live_delivery(share), now=now)


@step
def call_off_delivery(delivery: Delivery | None, *, now: datetime) -> bool:
    """Have a delivery cancelled; return whether it is certain that nobody comes. Its owner is locked."""
    if delivery is None:
        return True
    # A guard, not a check: a worker that claims the delivery meanwhile has counted an attempt.
    is_unasked = Q(offer_id="") | Q(attempts=0)
    requested = Delivery.objects.filter(is_unasked, pk=delivery.pk, state=DeliveryState.REQUESTED, wants_cancel=False)
    if requested.update(state=DeliveryState.CANCELLED, next_attempt_at=None, updated_at=now):
        return True
    Delivery.objects.filter(pk=delivery.pk).update(wants_cancel=True, next_attempt_at=now, attempts=0, updated_at=now)
    hint_delivery(delivery)
    return False


def find_live_delivery(owner: Consignment) -> Delivery | None:
    """Return the delivery of a share or a collection that is not over yet, if there is one."""
    return owner.deliveries.exclude(state__in=FINAL_DELIVERY_STATES).order_by("pk").last()


def is_riding(delivery: Delivery | None) -> bool:
    """Tell whether the company still has something to do: what it says it brought back is the store's to look for."""
    return delivery is not None and delivery.state != DeliveryState.RETURNED


@step
def end_by_hand(delivery: Delivery, state: DeliveryState, *, reason: str, now: datetime) -> None:
    """End a delivery by what a person knows and the company does not tell. Its owner is locked."""
    Delivery.objects.filter(pk=delivery.pk).update(state=state, reason=reason, next_attempt_at=None, updated_at=now)


@step
def make_due(delivery: Delivery, *, now: datetime) -> None:
    """Let the courier company be called about a delivery at once."""
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=now, attempts=0, updated_at=now)
    delivery.next_attempt_at, delivery.attempts = now, 0
    hint_delivery(delivery)


def hint_delivery(delivery: Delivery) -> None:
    """Wake a worker for a delivery that is due."""
    hint("fulfillment.drive_delivery", delivery_id=delivery.pk)
