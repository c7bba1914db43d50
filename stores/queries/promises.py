"""What a store promises before anything is ordered: that it comes by courier in hours, or by express in days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from omni.kernel import clock
from stores import rules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from stores.queries import FoundStore

express_days = rules.express_days


@dataclass(frozen=True, slots=True)
class DeliveryPromise:
    """Which store would send something, and when it would arrive.

    `hours` counts from now, in halves, when the store is open and it arrives on this day; else it is None and
    `arrives_at`, up to the next half hour, says it, `days` after today. By express only the day is meant.
    """

    found: FoundStore
    arrives_at: datetime
    hours: float | None
    days: int
    is_express: bool = False


def promise_of(stores: Iterable[FoundStore], *, now: datetime) -> DeliveryPromise | None:
    """Return what the first of the stores that can send by courier promises, else by express; None without any.

    It must offer shipping, take web orders, and open in time; by courier it lies within its brand's reach of the place,
    by express its brand sends farther. Whether it has capacity left is only known when the order is placed.
    """
    farther: DeliveryPromise | None = None
    for found in stores:
        store, metres = found.store, found.metres
        if metres is None or not (store.is_active and store.offers_shipping and store.consents_to_routing):
            continue
        if metres <= store.brand.promise_reach_metres:
            promise = _by_courier(found, metres, now)
            if promise is not None:
                return promise
        elif farther is None and store.brand.sends_express:
            farther = _by_express(found, metres, now)
    return farther


def _by_courier(found: FoundStore, metres: float, now: datetime) -> DeliveryPromise | None:
    """Return what a store promises that a courier can ride from; None when it does not open in time."""
    arrives_at = _arrives_at(found, metres, now)
    if arrives_at is None:
        return None
    clocked = rules.rounded_up(arrives_at.astimezone(clock.BUSINESS_ZONE))
    days = (clocked.date() - clock.business_date(now)).days
    is_soon = found.closes_at is not None and days == 0
    return DeliveryPromise(found, clocked, rules.half_hours(arrives_at - now) if is_soon else None, days)


def _by_express(found: FoundStore, metres: float, now: datetime) -> DeliveryPromise | None:
    """Return what a store promises that sends a parcel; None when it does not open in time."""
    ready_at = _arrives_at(found, 0, now)
    if ready_at is None:
        return None
    arrives_at = (ready_at + timedelta(days=rules.express_days(metres))).astimezone(clock.BUSINESS_ZONE)
    days = (arrives_at.date() - clock.business_date(now)).days
    return DeliveryPromise(found, arrives_at, None, days, is_express=True)


def _arrives_at(found: FoundStore, metres: float, now: datetime) -> datetime | None:
    store = found.store
    hours = (store.opens_minutes, store.closes_minutes, found.exceptions)
    return rules.arrival_at(*hours, now, preparation_minutes=store.brand.preparation_minutes, metres=metres)
