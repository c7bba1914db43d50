"""Bookings of pieces to try on in store A of the small world, at any point of their way."""

import dataclasses
from datetime import timedelta
from typing import Any

from fulfillment import services as fulfillment_services
from fulfillment.choices import PickupCodePurpose
from fulfillment.models import FulfillmentOrder
from omni.kernel.transactions import entry
from orders import services
from orders.models import TryOn
from tests.cast import NOON, World
from tests.factories.fulfillment import CLERK, code_of
from tests.factories.orders import run_deliveries

# Two in the afternoon, two hours after noon.
SLOT = NOON + timedelta(hours=2)
KEPT_UNTIL = SLOT + timedelta(hours=1)


def wish(world: World, *sizes: str, **changes: Any) -> services.BookTryOn:  # noqa: ANN401  any field
    """Return a wish to try shirts on (S and M unless told otherwise); `changes` replace its fields."""
    wanted = services.BookTryOn(
        brand_id=world.brand.pk,
        store_id=world.stores["A"].pk,
        skus=tuple(world.variants[size].sku for size in sizes or ("S", "M")),
        starts_at=SLOT,
        contact_name="王小雨",
        phone="138 0013 8000",
        language="en",
    )
    return dataclasses.replace(wanted, **changes)


def booked(world: World, *sizes: str, **changes: Any) -> TryOn:  # noqa: ANN401  any field
    """Return a booking that the store has not prepared yet."""
    with entry():
        number = services.book_try_on(wish(world, *sizes, **changes), now=NOON)
    return TryOn.objects.get(number=number)


def share_of(try_on: TryOn) -> FulfillmentOrder:
    """Return the store's task of a booking as it is now."""
    return FulfillmentOrder.objects.get(fulfillment=try_on.fulfillment_id)


def prepared(world: World, *sizes: str, **changes: Any) -> TryOn:  # noqa: ANN401  any field
    """Return a booking whose pieces hang ready."""
    try_on = booked(world, *sizes, **changes)
    with entry():
        fulfillment_services.pack(share_of(try_on).pk, actor=CLERK, now=NOON)
    run_deliveries()
    return fresh(try_on)


def arrived(world: World, *sizes: str, **changes: Any) -> TryOn:  # noqa: ANN401  any field
    """Return a booking whose shopper is in the store."""
    try_on = prepared(world, *sizes, **changes)
    check_in(try_on)
    return fresh(try_on)


def check_in(try_on: TryOn) -> None:
    """Let the shopper of a booking in, at the beginning of the slot."""
    share = share_of(try_on)
    code = code_of(share, PickupCodePurpose.SHOPPER)
    fulfillment_services.drive_check_in(share.pk, code=code, actor=CLERK, now=SLOT)
    run_deliveries(SLOT)


def decide(try_on: TryOn, *kept: str) -> TryOn:
    """Let the shopper keep pieces by their SKU."""
    share = share_of(try_on)
    lines = share.lines.filter(fulfillment_line__variant__sku__in=kept)
    with entry():
        fulfillment_services.record_outcome(
            share.pk, kept_line_ids=list(lines.values_list("pk", flat=True)), actor=CLERK, now=SLOT
        )
    run_deliveries(SLOT)
    return fresh(try_on)


def fresh(try_on: TryOn) -> TryOn:
    """Return a booking as it is now."""
    return TryOn.objects.get(pk=try_on.pk)
