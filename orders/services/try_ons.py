"""Bookings of goods to try on in a store: held for a half-hour, prepared, tried on, kept or put back.

A booking sells nothing. What the shopper keeps stays held until the time of the booking is over, and goes back on sale
then, unless it has been bought.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from fulfillment import services as fulfillment_services
from inventory import queries as inventory_queries
from inventory import services as inventory_services
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.outbox import publish
from omni.kernel.sealing import blind_index, normalise_phone, seal
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from orders import locks, rules, sql
from orders.choices import KEPT_TRY_ONS, OPEN_TRY_ONS, TryOnStatus
from orders.events import TryOnCancelled, TryOnConfirmed, TryOnEnded, TryOnNear
from orders.models import TryOn, TryOnLine
from orders.rules import MAX_PIECES, TRY_ON_GRACE, TRY_ON_SLOT
from orders.services.placing import InvalidChoice, InvalidPhone, UnknownSku
from stores import queries as stores_queries
from stores import services as stores_services

if TYPE_CHECKING:
    from datetime import datetime

ACTOR = "system:try_ons"
OWNER = "orders.try_on"
REMIND_BEFORE = timedelta(hours=2)
MOST_BOOKINGS = 3
# From then on after the beginning a store need not wait any longer.
NO_SHOW_AFTER = timedelta(minutes=15)


class PieceGone(Conflict):
    """The store no longer has one of the pieces; params name the SKUs."""

    code = "piece_gone"


class NoSuchSlot(InvalidInput):
    """The store is closed then, or the time is too near or too far away."""

    code = "no_such_slot"


class NoTryOnThere(InvalidInput):
    """There is no such store of the brand, or nobody can try on there."""

    code = "no_try_on_there"


class TooManyTryOns(Conflict):
    """The phone has as many bookings as one may have at a time."""

    code = "too_many_try_ons"


class TryOnNotOver(Conflict):
    """The shopper may still come, or has; or there is nothing left of the booking."""

    code = "try_on_not_over"


class TryOnNotCancellable(Conflict):
    """The shopper is in the store already, or the booking is over."""

    code = "try_on_not_cancellable"


@dataclass(frozen=True, slots=True)
class BookTryOn:
    """One piece each of some SKUs of a brand, in one of its stores, from a half-hour's beginning."""

    brand_id: int
    store_id: int
    skus: tuple[str, ...]
    starts_at: datetime
    contact_name: str
    phone: str
    member_id: int | None = None
    language: str = "zh-hans"


@step
def book_try_on(wanted: BookTryOn, *, now: datetime) -> str:
    """Hold the pieces and a place in the store's half-hour; return the booking's public number. All or nothing.

    Locks StoreSlot and StockLevel by guarded updates. Emits TryOnConfirmed.

    :raises InvalidInput: InvalidName, InvalidPhone, InvalidChoice, UnknownSku, NoTryOnThere or NoSuchSlot.
    :raises TooManyTryOns: when the phone has three bookings already.
    :raises SlotFull: when the last place of the half-hour has just gone.
    :raises PieceGone: when the store has sold one of the pieces meanwhile.
    """
    name = rules.clean_name(wanted.contact_name)
    try:
        phone = normalise_phone(wanted.phone)
    except InvalidInput as error:
        raise InvalidPhone(_("Enter a valid phone number."), field="phone") from error
    if wanted.language not in dict(settings.LANGUAGES):
        raise InvalidChoice(_("There is no such language."), field="language")
    variant_ids = _variants_of(wanted, now)
    store = stores_queries.find_try_on_store(wanted.brand_id, wanted.store_id)
    if store is None:
        raise NoTryOnThere(_("Choose one of the stores."), field="store")
    _check_slot(wanted, now)
    _check_bookings(blind_index(phone))
    stores_services.take_slot(wanted.store_id, wanted.starts_at)
    demand = fulfillment_services.TryOnDemand(
        brand_id=wanted.brand_id,
        owner=OWNER,
        store_id=wanted.store_id,
        variant_ids=tuple(variant_ids.values()),
        name=name,
        phone_sealed=seal(phone),
        lat=store.lat,
        lng=store.lng,
        starts_at=wanted.starts_at,
        ends_at=wanted.starts_at + TRY_ON_SLOT,
        kept_until=wanted.starts_at + TRY_ON_SLOT + TRY_ON_GRACE,
    )
    return _write(wanted, demand, variant_ids, now=now)


def _variants_of(wanted: BookTryOn, now: datetime) -> dict[str, int]:
    """Return the variants by SKU, in the order of the wish."""
    skus = tuple(dict.fromkeys(wanted.skus))
    if not skus or len(skus) > MAX_PIECES:
        raise InvalidChoice(_("Choose one to %(most)s pieces."), field="sku", most=MAX_PIECES)
    priced = {item.sku: item.variant_id for item in inventory_queries.price_lines(wanted.brand_id, skus, now)}
    for sku in skus:
        if sku not in priced:
            raise UnknownSku(_("%(sku)s is not on sale."), field="sku", sku=sku)
    return {sku: priced[sku] for sku in skus}


def _check_slot(wanted: BookTryOn, now: datetime) -> None:
    """Refuse a time that is no half-hour of the store, or out of the time that goods may be held for."""
    start, end = rules.try_on_window(now)
    slots = stores_queries.try_on_slots(wanted.store_id, start=start, end=end)
    if wanted.starts_at not in {slot.starts_at for slot in slots}:
        raise NoSuchSlot(_("Choose one of the times."), field="slot")


def _check_bookings(phone_index: str) -> None:
    """Refuse a phone's fourth booking: goods that are held are on sale to nobody."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_PHONE, {"phone_index": phone_index})
    if TryOn.objects.filter(contact_phone_index=phone_index, status__in=OPEN_TRY_ONS).count() >= MOST_BOOKINGS:
        raise TooManyTryOns(_("You have three bookings already. Cancel one to make another."), field="phone")


def _write(
    wanted: BookTryOn, demand: fulfillment_services.TryOnDemand, variant_ids: dict[str, int], *, now: datetime
) -> str:
    """Hold the goods and write the booking."""
    try:
        held = fulfillment_services.hold_for_try_on(demand, now=now)
    except inventory_services.CannotHold as error:
        short = {shortage.variant_id for shortage in error.shortages}
        gone = [sku for sku, variant_id in variant_ids.items() if variant_id in short]
        message = _("This store has just sold %(skus)s. Choose another store.")
        raise PieceGone(message, field="store", skus=", ".join(gone)) from error
    try_on = TryOn.objects.create(
        number=public_number("T"),
        brand_id=wanted.brand_id,
        store_id=wanted.store_id,
        member_id=wanted.member_id,
        fulfillment_id=held.fulfillment_id,
        contact_name=demand.name,
        contact_phone_sealed=demand.phone_sealed,
        contact_phone_index=blind_index(normalise_phone(wanted.phone)),
        language=wanted.language,
        starts_at=demand.starts_at,
        ends_at=demand.ends_at,
        booked_at=now,
        due_at=max(now, demand.starts_at - REMIND_BEFORE),
    )
    TryOnLine.objects.bulk_create(
        TryOnLine(try_on=try_on, fulfillment_line_id=line_id, variant_id=variant_id, sku=sku)
        for line_id, (sku, variant_id) in zip(held.line_ids, variant_ids.items(), strict=True)
    )
    transition(try_on, to=TryOnStatus.CONFIRMED, actor=ACTOR, now=now)
    publish(TryOnConfirmed(try_on.pk, now), now=now)
    return try_on.number


@step
def cancel_try_on(try_on_id: int, *, actor: str, now: datetime) -> None:
    """Call a booking off: its goods and its place are free at once; asking again changes nothing.

    Locks TryOn, StoreSlot, Fulfillment, StockLevel. Emits TryOnCancelled.

    :raises TryOnNotCancellable: when the shopper is in the store, or it is over.
    :raises StateConflict: when the shopper has arrived in this moment.
    """
    try_on = locks.lock_try_on(try_on_id)
    if try_on.status == TryOnStatus.CANCELLED:
        return
    if try_on.status not in OPEN_TRY_ONS:
        raise TryOnNotCancellable(_("This booking can no longer be cancelled."), field="try_on")
    transition(try_on, to=TryOnStatus.CANCELLED, actor=actor, now=now)
    # The place before the goods, as whoever books takes them.
    stores_services.give_back_slot(try_on.store_id, try_on.starts_at)
    fulfillment_services.call_off_try_on(try_on.fulfillment_id, actor=actor, now=now)
    _finish(try_on, now=now)
    publish(TryOnCancelled(try_on.pk, now, is_by_store=False), now=now)


@step
def end_no_show(try_on_id: int, *, actor: str, now: datetime) -> None:
    """End a booking to which nobody came, as soon as a quarter of an hour of its time has passed; once.

    Its goods are on sale again. Locks TryOn, StoreSlot, Fulfillment, StockLevel. Emits TryOnEnded.

    :raises TryOnNotOver: when the shopper may still come, or has come.
    :raises StateConflict: when the shopper has come in this moment.
    """
    try_on = locks.lock_try_on(try_on_id)
    if try_on.status == TryOnStatus.NO_SHOW:
        return
    if try_on.status not in OPEN_TRY_ONS or now < try_on.starts_at + NO_SHOW_AFTER:
        raise TryOnNotOver(_("Wait a quarter of an hour after the beginning."), field="try_on")
    _end(try_on, actor=actor, now=now)


@step
def release_kept(try_on_id: int, *, actor: str, now: datetime) -> None:
    """Free the pieces that a shopper keeps, so that whoever sells them now holds them anew in this transaction.

    The booking is over by that. Locks TryOn, Fulfillment, StockLevel. Emits TryOnEnded.

    :raises TryOnNotOver: when nothing is set aside for it (any more).
    """
    try_on = locks.lock_try_on(try_on_id)
    if try_on.status not in KEPT_TRY_ONS or try_on.finished_at is not None:
        raise TryOnNotOver(_("Nothing is set aside for this booking any more."), field="try_on")
    _end(try_on, actor=actor, now=now)


@step
def follow_preparing(fulfillment_id: int, *, now: datetime) -> None:
    """Note that the store has prepared the pieces of a booking; nothing when the demand is none's. Locks TryOn."""
    try_on = _find(fulfillment_id)
    if try_on is not None and try_on.status == TryOnStatus.CONFIRMED:
        transition(try_on, to=TryOnStatus.PREPARED, actor=ACTOR, now=now)


@step
def follow_arrival(fulfillment_id: int, *, now: datetime) -> None:
    """Note that the shopper of a booking is in the store; the booking ends when its goods are kept no longer.

    Locks TryOn.
    """
    try_on = _find(fulfillment_id)
    if try_on is not None and try_on.status in {TryOnStatus.CONFIRMED, TryOnStatus.PREPARED}:
        transition(try_on, to=TryOnStatus.CHECKED_IN, actor=ACTOR, now=now)
        _await_end(try_on)


@step
def follow_fitting(fulfillment_id: int, *, now: datetime) -> None:
    """Note that the shopper of a booking is in the fitting room. Locks TryOn."""
    try_on = _find(fulfillment_id)
    if try_on is not None and try_on.status == TryOnStatus.CHECKED_IN:
        transition(try_on, to=TryOnStatus.IN_ROOM, actor=ACTOR, now=now)


@step
def follow_outcome(fulfillment_id: int, *, kept_line_ids: tuple[int, ...], now: datetime) -> None:
    """Note which pieces of a booking are kept; it is over when none is. Locks TryOn. Emits TryOnEnded then."""
    try_on = _find(fulfillment_id)
    if try_on is None or try_on.status not in {TryOnStatus.CHECKED_IN, TryOnStatus.IN_ROOM}:
        return
    lines = TryOnLine.objects.filter(try_on=try_on)
    kept = lines.filter(fulfillment_line__in=kept_line_ids).update(is_kept=True)
    declined = lines.exclude(fulfillment_line__in=kept_line_ids).update(is_kept=False)
    outcome = TryOnStatus.BOUGHT if not declined else TryOnStatus.PART
    transition(try_on, to=outcome if kept else TryOnStatus.DECLINED, actor=ACTOR, now=now)
    if not kept:
        _finish(try_on, now=now)
        publish(TryOnEnded(try_on.pk, now), now=now)


@step
def follow_refusal(fulfillment_id: int, *, now: datetime) -> None:
    """Cancel a booking whose goods the store does not have after all. Locks TryOn, StoreSlot. Emits TryOnCancelled."""
    try_on = _find(fulfillment_id)
    if try_on is None or try_on.status not in OPEN_TRY_ONS:
        return
    transition(try_on, to=TryOnStatus.CANCELLED, actor=ACTOR, now=now)
    stores_services.give_back_slot(try_on.store_id, try_on.starts_at)
    _finish(try_on, now=now)
    publish(TryOnCancelled(try_on.pk, now, is_by_store=True), now=now)


@drive
def drive_try_on(try_on_id: int, *, now: datetime) -> None:
    """Do what a due booking waits for: remind the shopper, then end it when its goods are kept no longer.

    The attempt is committed before, so that one which fails is not due again at once.
    """
    with entry(), connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_TRY_ON, {"id": try_on_id, "now": now})
        if cursor.rowcount == 0:
            return
    with entry():
        try_on = locks.lock_try_on(try_on_id)
        kept_until = _kept_until(try_on)
        if try_on.finished_at is not None:
            TryOn.objects.filter(pk=try_on_id).update(due_at=None, attempts=0)
        elif now >= kept_until:
            _end(try_on, actor=ACTOR, now=now)
        else:
            _remind(try_on, now=now)
            _await_end(try_on)


def _remind(try_on: TryOn, *, now: datetime) -> None:
    """Have the shopper reminded, once, unless they have booked just now or are here already."""
    is_fresh = try_on.starts_at - try_on.booked_at <= REMIND_BEFORE
    if try_on.is_reminded or is_fresh or try_on.status not in OPEN_TRY_ONS or now >= try_on.starts_at:
        return
    try_on.is_reminded = True
    try_on.save(update_fields=["is_reminded"])
    publish(TryOnNear(try_on.pk, try_on.starts_at), now=now)


def _end(try_on: TryOn, *, actor: str, now: datetime) -> None:
    """End a booking whose time is over: nobody came, nobody wrote an outcome, or what was kept was never bought.

    :raises StateConflict: when somebody has come in this moment, and is only not known here yet.
    """
    if try_on.status in OPEN_TRY_ONS:
        transition(try_on, to=TryOnStatus.NO_SHOW, actor=actor, now=now)
        stores_services.give_back_slot(try_on.store_id, try_on.starts_at)
        fulfillment_services.call_off_try_on(try_on.fulfillment_id, actor=actor, now=now)
    elif try_on.status in {TryOnStatus.CHECKED_IN, TryOnStatus.IN_ROOM}:
        transition(try_on, to=TryOnStatus.DECLINED, actor=actor, now=now, reason="no outcome was written")
    fulfillment_services.end_try_on(try_on.fulfillment_id, actor=actor, now=now)
    _finish(try_on, now=now)
    publish(TryOnEnded(try_on.pk, now), now=now)


def _await_end(try_on: TryOn) -> None:
    """Have the booking looked at again when its goods are kept no longer."""
    try_on.due_at, try_on.attempts = _kept_until(try_on), 0
    try_on.save(update_fields=["due_at", "attempts"])


def _kept_until(try_on: TryOn) -> datetime:
    """Return until when the goods are held now."""
    kept_until = TryOn.objects.values_list("fulfillment__kept_until", flat=True).get(pk=try_on.pk)
    if kept_until is None:
        raise ValueError("Goods to try on are kept until some time.")
    return kept_until


def _finish(try_on: TryOn, *, now: datetime) -> None:
    """Write that a booking is over."""
    try_on.finished_at, try_on.due_at, try_on.attempts = now, None, 0
    try_on.save(update_fields=["finished_at", "due_at", "attempts"])


def _find(fulfillment_id: int) -> TryOn | None:
    """Lock the booking of a demand; None when it is somebody else's."""
    try_on_id = TryOn.objects.filter(fulfillment=fulfillment_id).values_list("pk", flat=True).first()
    return None if try_on_id is None else locks.lock_try_on(try_on_id)
