"""Goods fetched at somebody's door and brought to a store: asking for it, calling it off, and following the courier."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from fulfillment import events, locks
from fulfillment.choices import DELIVERY_RANKS, CollectionFailure, CollectionStatus, DeliveryState
from fulfillment.clients import CourierClient
from fulfillment.models import Collection, Delivery
from fulfillment.services import dispatch
from fulfillment.services.codes import CODE_DIGITS
from omni.kernel import sealing
from omni.kernel.numbers import public_number, secret_digits
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

COLLECTION_PREFIX = "CL"
# So many couriers are asked for, one after the other; then the sender hears that none comes.
MOST_RIDES = 3
# The company's word for a courier who stood at the door and was given nothing.
SENDER_ABSENT = "SENDER_ABSENT"
WAYS_BACK = frozenset({DeliveryState.CANCELLED, DeliveryState.CREATE_FAILED})


@dataclass(frozen=True, slots=True)
class Sender:
    """At whose door the goods are fetched; the phone is E.164, the point WGS-84."""

    name: str = field(repr=False)
    phone: str = field(repr=False)
    district_id: str
    street: str = field(repr=False)
    lat: float
    lng: float


@step
def ask_collection(sender: Sender, store_id: int, *, owner: str, ask_at: datetime, now: datetime) -> Collection:
    """Write that goods are to be fetched at a door and brought to a store; a courier is asked for at `ask_at`."""
    collection = Collection.objects.create(
        number=public_number(COLLECTION_PREFIX),
        owner=owner,
        store_id=store_id,
        sender_name=sender.name,
        sender_phone_sealed=sealing.seal(sender.phone),
        district_id=sender.district_id,
        street=sender.street,
        lat=sender.lat,
        lng=sender.lng,
        code_sealed=sealing.seal(secret_digits(CODE_DIGITS)),
        created_at=now,
    )
    _ask_courier(collection, ask_at=ask_at, now=now)
    return collection


@step
def call_off_collection(collection_id: int, *, now: datetime) -> bool:
    """Have no courier come any more; return whether it is certain that none does.

    It is not when the courier has the goods, or while the company has still to confirm: CollectionFailed or
    CollectionPickedUp tells how that ended. Locks Collection.
    """
    collection = locks.lock_collection(collection_id)
    if collection.status != CollectionStatus.REQUESTED:
        return collection.status != CollectionStatus.PICKED_UP
    if not dispatch.call_off_delivery(dispatch.find_live_delivery(collection), now=now):
        return False
    _end(collection, CollectionStatus.CALLED_OFF, CollectionFailure.CALLED_OFF, now=now)
    return True


@step
def follow(collection: Collection, delivery: Delivery, *, now: datetime) -> None:
    """Do to a collection what its delivery's new state means. The Collection is locked.

    Emits CollectionPickedUp, CollectionDelivered or CollectionFailed.
    """
    delivery.save()
    state = DeliveryState(delivery.state)
    if state in WAYS_BACK:
        _follow_end_without_goods(collection, delivery, now=now)
    elif DELIVERY_RANKS[state] >= DELIVERY_RANKS[DeliveryState.PICKED_UP]:
        _follow_goods(collection, delivery, state, now=now)


@step
def give_up(collection: Collection, failure: CollectionFailure, *, now: datetime) -> None:
    """End a collection that no courier will ride. The Collection is locked. Emits CollectionFailed."""
    if collection.status == CollectionStatus.REQUESTED:
        _fail(collection, CollectionStatus.FAILED, failure, now=now)


@step
def forget_senders(collection_ids: list[int]) -> None:
    """Forget name, phone and street of collections that are over; the point becomes the middle of its district."""
    for collection in Collection.objects.filter(pk__in=collection_ids).select_related("district"):
        collection.sender_name = collection.sender_phone_sealed = collection.street = ""
        collection.lat, collection.lng = collection.district.lat, collection.district.lng
        collection.save(update_fields=["sender_name", "sender_phone_sealed", "street", "lat", "lng"])
        for delivery in collection.deliveries.all():
            delivery.trail.update(lat=None, lng=None)
            delivery.callbacks.update(body={})
    Delivery.objects.filter(collection__in=collection_ids).update(courier_lat=None, courier_lng=None)


def _ask_courier(collection: Collection, *, ask_at: datetime, now: datetime) -> None:
    """Write a request for a courier."""
    attempt = collection.deliveries.count() + 1
    delivery = Delivery.objects.create(
        collection=collection,
        external_id=f"{collection.number}-{attempt}",
        provider=CourierClient.provider,
        attempt=attempt,
        next_attempt_at=ask_at,
        created_at=now,
        updated_at=now,
    )
    if ask_at <= now:
        dispatch.hint_delivery(delivery)


def _follow_end_without_goods(collection: Collection, delivery: Delivery, *, now: datetime) -> None:
    """Ask for another courier, finish what was called off, or tell that nobody comes."""
    if collection.status == CollectionStatus.PICKED_UP:
        logger.error("Delivery %s ended as %s after the pick-up", delivery.pk, delivery.state)
        _fail(collection, CollectionStatus.BROUGHT_BACK, CollectionFailure.BROUGHT_BACK, now=now)
    elif collection.status != CollectionStatus.REQUESTED:
        return
    elif delivery.wants_cancel:
        _fail(collection, CollectionStatus.CALLED_OFF, CollectionFailure.CALLED_OFF, now=now)
    elif delivery.reason == SENDER_ABSENT:
        give_up(collection, CollectionFailure.NOBODY_THERE, now=now)
    elif delivery.attempt < MOST_RIDES:
        wait = timedelta(seconds=dispatch.REDISPATCH_SECONDS[delivery.attempt])
        _ask_courier(collection, ask_at=now + wait, now=now)
    else:
        give_up(collection, CollectionFailure.NO_COURIER, now=now)
    delivery.wants_cancel = False


def _follow_goods(collection: Collection, delivery: Delivery, state: DeliveryState, *, now: datetime) -> None:
    """Move the collection with its goods: a pick-up wins over a wish to call it off."""
    actor = f"courier:{delivery.pk}"
    if collection.status == CollectionStatus.REQUESTED:
        delivery.wants_cancel = False
        transition(collection, to=CollectionStatus.PICKED_UP, actor=actor, now=now)
        publish(events.CollectionPickedUp(collection.pk, collection.store_id, now), now=now)
    if collection.status != CollectionStatus.PICKED_UP:
        delivery.last_error = f"goods are {state} although the collection is {collection.status}"
        logger.error("Delivery %s: %s", delivery.pk, delivery.last_error)
    elif state is DeliveryState.DELIVERED:
        _end(collection, CollectionStatus.DELIVERED, "", now=now)
        publish(events.CollectionDelivered(collection.pk, collection.store_id, now), now=now)
    elif state is DeliveryState.LOST:
        _fail(collection, CollectionStatus.LOST, CollectionFailure.LOST, now=now)
    elif state is DeliveryState.RETURN_CONFIRMED:
        _fail(collection, CollectionStatus.BROUGHT_BACK, CollectionFailure.BROUGHT_BACK, now=now)


def _fail(collection: Collection, to: CollectionStatus, failure: CollectionFailure, *, now: datetime) -> None:
    """End a collection whose goods do not arrive, and tell those above."""
    _end(collection, to, failure, now=now)
    publish(events.CollectionFailed(collection.pk, now, str(failure)), now=now)


def _end(collection: Collection, to: CollectionStatus, failure: str, *, now: datetime) -> None:
    Collection.objects.filter(pk=collection.pk).update(finished_at=now, failure=failure)
    collection.finished_at, collection.failure = now, failure
    transition(collection, to=to, actor="system:collecting", now=now, reason=failure)
