"""The companies' side of deliveries: calls in three steps (claim, call, write), and their callbacks.

Whether a courier company carries it or an express company makes no difference here: each has a client of one contract.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F

from fulfillment import locks
from fulfillment.choices import DELIVERY_RANKS, MOST_REFUSALS, DeliveryState
from fulfillment.clients import (
    COURIER,
    SENDER,
    Carriage,
    CarrierClient,
    CourierClient,
    CourierOffer,
    CourierRefused,
    CourierReport,
    CourierUnreachable,
    Place,
    carrier_of,
)
from fulfillment.models import Collection, Delivery, DeliveryCallback, Parcel
from fulfillment.services import deadlines, progress
from fulfillment.services.dispatch import REFUSED_SECONDS
from fulfillment.services.progress import Errand, Outcome
from omni.kernel import sealing
from omni.kernel.transactions import drive, entry, step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fulfillment.models import Consignment, Fulfillment
    from stores.models import District

logger = logging.getLogger(__name__)

# A claim leases the delivery for this long, longer with every failure; it must outlast the calls of one errand.
RETRY_SECONDS = (30, 60, 120, 300, 600)
# An errand may lead to the next one (quote, create); more than this many wait for the sweeper.
MAX_ERRANDS = 4
ROUND_SECONDS = 20.0
# A no-show is cancelled when that is free, and in the end even when it is not.
NO_SHOW_AT_A_FEE_AFTER = timedelta(hours=1)
NEW_QUOTE_CODES = frozenset({"offer_expired", "unknown_offer"})
NO_COURIER_CODES = frozenset({"out_of_reach"})
OTHER_STATE_CODES = frozenset({"state_conflict", "cannot_cancel"})
NEW_CODE_CODES = frozenset({"wrong_code", "too_many_tries"})


@dataclass(frozen=True, slots=True)
class _Call:
    """An errand of a claimed delivery, with all that the call needs; a collection's has no share."""

    errand: Errand
    delivery_id: int
    share_id: int | None
    provider: str
    provider_id: str
    code_id: int | None
    code: str
    asked: Carriage
    pays_to_cancel: bool


@dataclass(frozen=True, slots=True)
class _Postponed:
    """The company was asked, and nothing is to be done yet."""


Answer = CourierReport | CourierOffer | _Postponed


@drive
def drive_delivery(delivery_id: int, *, now: datetime) -> int:
    """Call the company about a delivery as long as something is due; return how many errands were run.

    Each errand is claimed and committed first (the attempt counts, the next one is put off), then called, then its
    result is written: a worker may die anywhere and the sweeper goes on. Calls are idempotent at the company.
    """
    for errands in range(MAX_ERRANDS):
        with entry():
            is_ours = _claim(delivery_id, now=now)
        call = _prepare(delivery_id, now=now) if is_ours else None
        if call is None:
            return errands
        try:
            answer = _run(carrier_of(call.provider), call)
        except CourierUnreachable as error:
            with entry():
                _write_failure(call, f"unreachable: {error}")
                _stop_waiting(call, now=now)
            return errands + 1
        except CourierRefused as error:
            with entry():
                _write_refusal(call, error, now=now)
        else:
            with entry():
                _write_answer(call, answer, now=now)
    return MAX_ERRANDS


@drive
def drive_due_deliveries(limit: int, *, now: datetime) -> int:
    """Run what is due, at most `limit` deliveries, and return how many; one that fails does not stop the others.

    A company that does not answer is given up for this round after twenty seconds: the rest stays due.
    """
    due = Delivery.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
    started, driven = time.monotonic(), 0
    for delivery_id in list(due.values_list("pk", flat=True)[:limit]):
        if time.monotonic() > started + ROUND_SECONDS:
            break
        driven += 1
        try:
            drive_delivery(delivery_id, now=now)
        except Exception:  # its claim has put it off already, longer every time
            logger.exception("Delivery %s", delivery_id)
    return driven


@step
def receive_callback(
    headers: Mapping[str, str], raw: bytes, *, now: datetime, provider: str = CourierClient.provider
) -> Outcome:
    """Take a callback of a company: keep it once, then move its delivery and its owner.

    A duplicate, a late one and one out of order change nothing more. Of an unknown delivery it is kept, too: the edge
    answers 404. Locks Fulfillment or Collection, StockLevel.

    :raises CallbackNotAuthentic: it is not signed by the company, or older than five minutes.
    :raises InvalidInput: it is authentic, but malformed.
    """
    client = carrier_of(provider)
    event = client.parse_callback(headers, raw)
    known = Delivery.objects.filter(external_id=event.report.external_id, provider=client.provider)
    delivery = known.values_list("pk", "fulfillment_order_id").first()
    callback, is_new = DeliveryCallback.objects.get_or_create(
        provider=client.provider,
        message_id=event.message_id,
        defaults={"delivery_id": delivery and delivery[0], "body": event.body, "received_at": now},
    )
    if delivery is None:
        outcome = Outcome.UNKNOWN_DELIVERY
    elif not is_new:
        return Outcome.DUPLICATE
    else:
        owner, row = _lock(*delivery)
        outcome = progress.apply_report(owner, row, event.report, now=now)
    DeliveryCallback.objects.filter(pk=callback.pk).update(outcome=outcome)
    return outcome


def _lock(delivery_id: int, share_id: int | None) -> tuple[Consignment, Delivery]:
    """Lock the demand, or the collection, of a delivery; return its owner and the delivery as they are now."""
    if share_id is not None:
        return locks.lock_share(share_id), Delivery.objects.get(pk=delivery_id)
    # Whose a delivery is never changes, so it may be read before the lock.
    collection_id = Delivery.objects.values_list("collection_id", flat=True).get(pk=delivery_id)
    return locks.lock_collection(collection_id or 0), Delivery.objects.get(pk=delivery_id)


def _claim(delivery_id: int, *, now: datetime) -> bool:
    """Take a due delivery, count the attempt and put the next one off; False when it is not due or another has it.

    Nothing else is read here, so that whatever is wrong with a delivery, its attempts count and it is put off.
    """
    due = Delivery.objects.filter(pk=delivery_id, next_attempt_at__lte=now)
    # The first statement locks the row, so the second sees the count it made.
    if not due.update(attempts=F("attempts") + 1, updated_at=now):
        return False
    attempts = due.values_list("attempts", flat=True).get()
    wait = timedelta(seconds=RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1])
    due.update(next_attempt_at=now + wait)
    return True


def _prepare(delivery_id: int, *, now: datetime) -> _Call | None:
    """Decide on the errand of a claimed delivery and gather what it needs; None when there is nothing to ask."""
    rows = Delivery.objects.select_related(
        "pickup_code",
        "fulfillment_order__store__district",
        "fulfillment_order__fulfillment__district",
        "collection__store__district",
        "collection__district",
    )
    delivery = rows.get(pk=delivery_id)
    owner = delivery.fulfillment_order or delivery.collection
    if owner is None:
        raise ValueError("A delivery has an owner.")
    errand = progress.choose_errand(owner, delivery, now=now)
    if errand is Errand.NOTHING:
        Delivery.objects.filter(pk=delivery_id, state=delivery.state).update(next_attempt_at=None)
        return None
    is_long_overdue = delivery.eta_at is not None and now >= delivery.eta_at + NO_SHOW_AT_A_FEE_AFTER
    code_id, code = _code(owner, delivery, errand)
    store, door = _store_place(owner), _door_place(owner)
    is_collection = isinstance(owner, Collection)
    return _Call(
        errand=errand,
        delivery_id=delivery.pk,
        share_id=delivery.fulfillment_order_id,
        provider=delivery.provider,
        provider_id=delivery.provider_id,
        code_id=code_id,
        code=code,
        asked=Carriage(
            external_id=delivery.external_id,
            offer_id=delivery.offer_id,
            pickup_code=code,
            code_from=SENDER if is_collection else COURIER,
            origin=door if is_collection else store,
            destination=store if is_collection else door,
            weights_grams=_weights(owner),
        ),
        pays_to_cancel=errand is Errand.CANCEL or is_long_overdue,
    )


def _weights(owner: Consignment) -> tuple[int | None, ...]:
    """Return the weight of each parcel, in their order; of goods that are in no parcel yet, one of which none knows."""
    parcels = Parcel.objects.filter(fulfillment_order=None if isinstance(owner, Collection) else owner)
    return tuple(parcels.order_by("position").values_list("weight_grams", flat=True)) or (None,)


def _code(owner: Consignment, delivery: Delivery, errand: Errand) -> tuple[int | None, str]:
    """Return the digits that prove the hand-over, and their row when they are those of a store's desk."""
    if isinstance(owner, Collection):
        return None, sealing.unseal(owner.code_sealed)
    # What the courier was given at first stays in the request: a repeated one must be the same.
    code = delivery.pickup_code if errand is Errand.CREATE else progress.find_courier_code(owner)
    return (code.pk, sealing.unseal(code.code_sealed)) if code else (None, "")


def _store_place(owner: Consignment) -> Place:
    """Return the end of the ride that is a store."""
    store = owner.store
    if store is None:
        raise ValueError("A share with a courier has a store.")
    city = f"{store.district.province}{store.district.city}" if store.district else ""
    address = store.address if store.address.startswith(city) else f"{city}{store.address}"
    return Place(name=store.name_zh, phone=store.phone, address=address, lat=store.lat, lng=store.lng)


def _door_place(owner: Consignment) -> Place:
    """Return the end of the ride that is somebody's door."""
    at: Collection | Fulfillment = owner if isinstance(owner, Collection) else owner.fulfillment
    if isinstance(at, Collection):
        name, sealed = at.sender_name, at.sender_phone_sealed
    else:
        name, sealed = at.recipient_name, at.recipient_phone_sealed
    district: District | None = at.district
    area = f"{district.province}{district.city}{district.name}" if district else ""
    phone = sealing.unseal(sealed) if sealed else ""
    return Place(name=name, phone=phone, address=f"{area}{at.street}", lat=at.lat, lng=at.lng)


def _run(client: CarrierClient, call: _Call) -> Answer:
    """Call the company. When it says that the delivery is past what we ask for, ask where it stands instead."""
    try:
        return _run_errand(client, call)
    except CourierRefused as error:
        if error.code not in OTHER_STATE_CODES:
            raise
    return client.get(call.provider_id)


def _run_errand(client: CarrierClient, call: _Call) -> Answer:
    """Make the one call (for a cancellation two or three) of an errand."""
    answer: Answer
    match call.errand:
        case Errand.QUOTE:
            answer = _quote(client, call)
        case Errand.CREATE:
            answer = client.create(call.asked)
        case Errand.SEND_CODE:
            answer = client.send_code(call.provider_id, code=call.code)
        case Errand.PICKUP:
            answer = client.pickup(call.provider_id, code=call.code)
        case Errand.CANCEL | Errand.CANCEL_NO_SHOW:
            answer = _cancel(client, call)
        case Errand.CONFIRM_RETURN:
            answer = client.confirm_return(call.provider_id)
        case _:
            answer = client.get(call.provider_id)
    return answer


def _quote(client: CarrierClient, call: _Call) -> CourierOffer:
    """Ask for offers and take the cheapest."""
    offers = client.quote(call.asked.origin, call.asked.destination)
    if not offers:
        raise CourierRefused("no_offer", status=200)
    return offers[0]


def _cancel(client: CarrierClient, call: _Call) -> Answer:
    """Cancel, unless the company does not allow it, or wants a fee that we do not pay yet."""
    terms = client.cancel_quote(call.provider_id)
    if not terms.is_allowed:
        return client.get(call.provider_id)
    if terms.fee_fen and not call.pays_to_cancel:
        return _Postponed()
    reason = "no show" if call.errand is Errand.CANCEL_NO_SHOW else "order cancelled"
    return client.cancel(call.provider_id, reason=reason)


def _write_answer(call: _Call, answer: Answer, *, now: datetime) -> None:
    """Write what the company answered."""
    owner, delivery = _lock(call.delivery_id, call.share_id)
    if isinstance(answer, CourierOffer):
        if delivery.state == DeliveryState.REQUESTED:
            delivery.offer_id, delivery.fee_fen, delivery.attempts = answer.offer_id, answer.fee_fen, 0
            delivery.eta_at = now + timedelta(minutes=answer.eta_minutes)
            delivery.last_error = ""
            progress.schedule(owner, delivery, now=now)
    elif isinstance(answer, CourierReport):
        if call.errand in {Errand.CREATE, Errand.SEND_CODE}:
            delivery.pickup_code_id = call.code_id
        delivery.last_error = "" if not delivery.last_error.startswith(progress.CONFLICT) else delivery.last_error
        progress.apply_report(owner, delivery, answer, now=now)
        is_gone = DELIVERY_RANKS[answer.state] >= progress.PICKED_UP_RANK
        is_refused = call.errand is Errand.CANCEL and delivery.wants_cancel and is_gone
        if is_refused and not isinstance(owner, Collection):
            progress.refuse_cancellation(owner, delivery, now=now)
            progress.schedule(owner, delivery, now=now)


def _write_failure(call: _Call, error: str) -> None:
    """Write why a call came to nothing; the claim has set the next attempt."""
    Delivery.objects.filter(pk=call.delivery_id).update(last_error=error[:200])
    logger.warning("Delivery %s: %s: %s", call.delivery_id, call.errand.name.lower(), error)


def _write_refusal(call: _Call, error: CourierRefused, *, now: datetime) -> None:
    """Write that the company refused, and mend what can be mended: a stale offer, a code, a store out of reach."""
    owner, delivery = _lock(call.delivery_id, call.share_id)
    _write_failure(call, f"refused: {error}")
    delivery.refresh_from_db(fields=["last_error"])
    if delivery.state == DeliveryState.REQUESTED and delivery.wants_cancel:
        progress.end_uncreated(owner, delivery, DeliveryState.CANCELLED, reason=error.code, now=now)
    elif delivery.state == DeliveryState.REQUESTED and error.code in NO_COURIER_CODES:
        progress.end_out_of_reach(owner, delivery, reason=error.code, now=now)
    elif error.code in NEW_QUOTE_CODES | NEW_CODE_CODES:
        if error.code in NEW_QUOTE_CODES:
            delivery.offer_id = ""
        else:
            delivery.pickup_code = None
        # At once the first time; after that at the pace of the leases.
        delivery.next_attempt_at = now if delivery.attempts <= 1 else delivery.next_attempt_at
        delivery.save()
    if delivery.state == DeliveryState.REQUESTED and delivery.attempts >= MOST_REFUSALS:
        _give_up_hope(owner, delivery, error, now=now)


def _stop_waiting(call: _Call, *, now: datetime) -> None:
    """Let a sender wait no longer for a company that has not even offered a ride; a store's goods can wait."""
    if call.share_id is not None or call.errand is not Errand.QUOTE:
        return
    owner, delivery = _lock(call.delivery_id, None)
    if delivery.state == DeliveryState.REQUESTED and not delivery.offer_id and delivery.attempts >= MOST_REFUSALS:
        progress.end_out_of_reach(owner, delivery, reason="unreachable", now=now)


def _give_up_hope(owner: Consignment, delivery: Delivery, error: CourierRefused, *, now: datetime) -> None:
    """Tell somebody that the company will not come; for a share it is asked once an hour from now on."""
    logger.error("Delivery %s was refused %s times: %s", delivery.pk, delivery.attempts, error)
    if isinstance(owner, Collection):
        progress.end_out_of_reach(owner, delivery, reason=error.code, now=now)
        return
    delivery.next_attempt_at = now + timedelta(seconds=REFUSED_SECONDS)
    delivery.save(update_fields=["next_attempt_at"])
    deadlines.mark_overdue(owner, now=now)
