"""Counts, receipts and transfers of the small world, as the desk does them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from inventory import services
from inventory.choices import CountScope, ShipmentKind, ShipmentStatus
from inventory.models import Count, Shipment, ShipmentLine
from inventory.services import CountPlan
from omni.kernel.numbers import public_number
from omni.kernel.transactions import entry
from stores.choices import Role
from stores.permissions import Actor, Grant
from tests.cast import NOON, World


def clerk(world: World, store: str = "A", user: int = 7) -> Actor:
    """Return somebody who works in a store."""
    place = world.stores[store]
    return Actor(f"user:{user}", user, (Grant(Role.CLERK, user, place.brand_id, place.pk),))


def manager(world: World, store: str = "A", user: int = 9) -> Actor:
    place = world.stores[store]
    return Actor(f"user:{user}", user, (Grant(Role.MANAGER, user, place.brand_id, place.pk),))


def planned_count(world: World, store: str = "A", *, now: datetime = NOON) -> Count:
    """Plan a count of the shirt in a store."""
    plan = CountPlan(world.stores[store].pk, CountScope.STYLE, product_id=world.product.pk)
    with entry():
        return services.plan_count(plan, actor=clerk(world, store), now=now)


def count_in_store(
    world: World, count: Count, units: Mapping[str, int], *, now: datetime = NOON, user: int = 7
) -> None:
    """Count pieces by size."""
    for size, quantity in units.items():
        with entry():
            services.count_pieces(count.pk, world.variants[size].pk, quantity, actor=clerk(world, user=user), now=now)


def submitted_count(world: World, units: Mapping[str, int], *, now: datetime = NOON) -> Count:
    """Count store A's shirts, and hand the count to the manager."""
    count = planned_count(world, now=now)
    count_in_store(world, count, units, now=now)
    with entry():
        services.submit_count(count.pk, actor=clerk(world), now=now)
    return Count.objects.get(pk=count.pk)


def approve(world: World, count: Count, *, now: datetime = NOON) -> int:
    with entry():
        return services.approve_count(count.pk, actor=manager(world), now=now)


def announced(world: World, units: Mapping[str, int], *, reference: str = "ASN-1", on: date | None = None) -> Shipment:
    """Announce a delivery of shirts to store A."""
    shipment = Shipment.objects.create(
        number=public_number("A"),
        brand=world.brand,
        kind=ShipmentKind.ASN,
        to_store=world.stores["A"],
        reference=reference,
        sender="华东总仓",
        status=ShipmentStatus.EXPECTED,
        expected_on=on or NOON.date(),
        created_by="system:import",
        created_at=NOON,
    )
    for size, quantity in units.items():
        ShipmentLine.objects.create(shipment=shipment, variant=world.variants[size], quantity=quantity)
    return shipment


def receive(
    world: World, shipment: Shipment, units: Mapping[str, int], *, damaged: Mapping[str, int] | None = None
) -> Shipment:
    """Count pieces in and book them."""
    here: dict[str, Any] = {"store_id": shipment.to_store_id, "actor": "user:7", "now": NOON}
    for size, quantity in units.items():
        with entry():
            services.change_receipt(
                shipment.pk,
                world.variants[size].pk,
                quantity=quantity,
                damaged=(damaged or {}).get(size, 0),
                **here,
            )
    with entry():
        return services.book_receipt(shipment.pk, **here)


def drafted(world: World, units: Mapping[str, int], *, source: str = "B", target: str = "A", by: str = "B") -> Shipment:
    """Put a transfer together: by the sender, or by who asks."""
    with entry():
        shipment = services.draft_transfer(
            source=world.stores[source],
            target=world.stores[target],
            made_in_id=world.stores[by].pk,
            actor="user:8",
            now=NOON,
        )
    for size, quantity in units.items():
        with entry():
            services.add_to_transfer(shipment.pk, world.variants[size].pk, quantity, store_id=world.stores[by].pk)
    return shipment


def send(shipment: Shipment, *, now: datetime = NOON) -> Shipment:
    with entry():
        services.send_transfer(shipment.pk, store_id=shipment.from_store_id or 0, actor="user:8", now=now)
    return Shipment.objects.get(pk=shipment.pk)


def sent_transfer(world: World, units: Mapping[str, int], *, source: str = "B", now: datetime = NOON) -> Shipment:
    """Send shirts from a store to store A."""
    return send(drafted(world, units, source=source, by=source), now=now)


LATE = NOON + timedelta(days=8)
