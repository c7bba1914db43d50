"""Goods from one store of a brand to another: put together or asked for, sent, and noticed when they are late.

What was sent stands in the brand's place for goods on their way, so that the books know every piece at every moment;
`inventory.services.receiving` takes it in. See ADR 0009 for why this is not a fulfillment.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from inventory import locks
from inventory.choices import RECEIVABLE, MovementKind, ShipmentKind, ShipmentStatus
from inventory.events import TransferOverdue
from inventory.models import Shipment, ShipmentLine, StockLevel, StockMovement
from inventory.services.reservations import CannotHold, Shortage
from omni.kernel.clock import business_date
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.numbers import public_number
from omni.kernel.outbox import publish
from omni.kernel.states import StateConflict, transition
from omni.kernel.transactions import step
from stores import services as stores_services

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from stores.models import Store

# A transfer that is not received by then is late: seen at both desks.
TRANSFER_TIME = timedelta(days=7)
EXPECTED_DAYS = 3
MOST_UNITS = 9_999


class NothingToSend(Conflict):
    """A transfer names no piece."""

    code = "nothing_to_send"


@step
def draft_transfer(*, source: Store, target: Store, made_in_id: int, actor: str, now: datetime) -> Shipment:
    """Begin a transfer between two stores of a brand: what the sender will send, or what the receiver asks for.

    :raises InvalidInput: with field "store", when both are the same store, or of two brands.
    """
    if source.pk == target.pk or source.brand_id != target.brand_id:
        raise InvalidInput(_("Choose another store."), field="store")
    return Shipment.objects.create(
        number=public_number("X"),
        brand_id=source.brand_id,
        kind=ShipmentKind.TRANSFER,
        from_store=source,
        to_store=target,
        made_in_id=made_in_id,
        status=ShipmentStatus.DRAFT,
        created_by=actor,
        created_at=now,
    )


@step
def add_to_transfer(shipment_id: int, variant_id: int, units: int, *, store_id: int) -> None:
    """Add pieces of a variant (below zero: take them off) before it is sent; none left takes the line off.

    `store_id` is whose desk it is: the one that made the draft, or the one that was asked. Locks the shipment.

    :raises NotFound: when it is not for this store to change.
    :raises StateConflict: when it was sent, or is over.
    :raises InvalidInput: with field "quantity", when it would be too many.
    """
    shipment = locks.lock_shipment(shipment_id)
    _require_packing(shipment, store_id)
    line, _is_new = ShipmentLine.objects.get_or_create(
        shipment=shipment, variant_id=variant_id, defaults={"quantity": 0}
    )
    quantity = max(0, line.quantity + units)
    if quantity > MOST_UNITS:
        raise InvalidInput(_("Enter how many pieces."), field="quantity")
    if quantity:
        ShipmentLine.objects.filter(pk=line.pk).update(quantity=quantity)
    else:
        line.delete()


def _require_packing(shipment: Shipment, store_id: int) -> None:
    """Refuse what another store packs, and what is packed no more."""
    packs_in = {ShipmentStatus.DRAFT: shipment.made_in_id, ShipmentStatus.REQUESTED: shipment.from_store_id}
    if shipment.kind != ShipmentKind.TRANSFER or store_id not in {shipment.made_in_id, shipment.from_store_id}:
        raise NotFound
    if packs_in.get(ShipmentStatus(shipment.status)) != store_id:
        raise StateConflict(_("This cannot be changed any more."), field="status")


@step
def request_transfer(shipment_id: int, *, store_id: int, actor: str, now: datetime) -> None:
    """Ask the other store for what was put together.

    :raises NotFound: when this store does not receive it.
    :raises NothingToSend: when nothing is on it.
    :raises StateConflict: when it is no draft of this store.
    """
    shipment = locks.lock_shipment(shipment_id)
    if shipment.to_store_id != store_id:
        raise NotFound
    _require_packing(shipment, store_id)
    if not shipment.lines.exists():
        raise NothingToSend(_("Scan what is to be sent first."), field="code")
    transition(shipment, to=ShipmentStatus.REQUESTED, actor=actor, now=now)


@step
def send_transfer(shipment_id: int, *, store_id: int, actor: str, now: datetime) -> None:
    """Take the pieces out of the store and put them on their way, all or none.

    Only what may be sold is sent. Locks the shipment, then the levels of both places in the order of their ids.

    :raises NotFound: when this store does not send it.
    :raises NothingToSend: when nothing is on it.
    :raises CannotHold: when too few pieces of something may be sent; nothing moves.
    :raises StateConflict: when it was sent, or is over.
    """
    shipment = locks.lock_shipment(shipment_id)
    if shipment.from_store_id != store_id:
        raise NotFound
    _require_packing(shipment, store_id)
    lines = list(shipment.lines.order_by("pk"))
    if not lines:
        raise NothingToSend(_("Scan what is to be sent first."), field="code")
    transit_id = stores_services.add_transit(shipment.brand_id)
    variant_ids = [line.variant_id for line in lines]
    locks.add_missing_levels([(transit_id, variant_id) for variant_id in variant_ids])
    places = [(place_id, variant_id) for place_id in (store_id, transit_id) for variant_id in variant_ids]
    levels = {(level.store_id, level.variant_id): level.id for level in locks.lock_places(places)}
    _take_out(lines, store_id, levels)
    for line in lines:
        StockLevel.objects.filter(pk=levels[transit_id, line.variant_id]).update(on_hand=F("on_hand") + line.quantity)
    kinds = ((store_id, MovementKind.TRANSFER_OUT, -1, "out"), (transit_id, MovementKind.TRANSFER_IN, 1, "in"))
    StockMovement.objects.bulk_create(
        StockMovement(
            level_id=levels[place_id, line.variant_id],
            kind=kind,
            quantity=sign * line.quantity,
            cause=f"transfer:{line.pk}:{word}",
            actor=actor,
            moved_at=now,
        )
        for line in lines
        for place_id, kind, sign, word in kinds
    )
    transition(shipment, to=ShipmentStatus.EXPECTED, actor=actor, now=now)
    Shipment.objects.filter(pk=shipment.pk).update(
        sent_at=now, due_at=now + TRANSFER_TIME, expected_on=business_date(now + timedelta(days=EXPECTED_DAYS))
    )


def _take_out(lines: Sequence[ShipmentLine], store_id: int, levels: dict[tuple[int, int], int]) -> None:
    """Take the units out of locked levels, by an update that refuses what is promised, set aside or kept back."""
    shortages = []
    kept = F("held") + F("allocated") + F("unsellable") + F("safety")
    for line in lines:
        level_id = levels.get((store_id, line.variant_id), 0)
        free = StockLevel.objects.filter(pk=level_id, on_hand__gte=kept + line.quantity)
        if not free.update(on_hand=F("on_hand") - line.quantity):
            level = StockLevel.objects.filter(pk=level_id).first()
            left = level.sellable if level else 0
            shortages.append(Shortage(store_id, line.variant_id, line.quantity, left))
    if shortages:
        raise CannotHold(shortages)


@step
def decline_transfer(shipment_id: int, *, store_id: int, reason: str, actor: str, now: datetime) -> None:
    """Answer a store that asked that nothing comes.

    :raises NotFound: when this store was not asked.
    :raises StateConflict: when it was answered, or called off.
    """
    shipment = locks.lock_shipment(shipment_id)
    if shipment.from_store_id != store_id:
        raise NotFound
    transition(shipment, to=ShipmentStatus.DECLINED, actor=actor, now=now, reason=reason)


@step
def cancel_transfer(shipment_id: int, *, store_id: int, actor: str, now: datetime) -> None:
    """Call off what was not sent yet, by the store that put it together.

    :raises NotFound: when another store did.
    :raises StateConflict: when it was sent, or is over.
    """
    shipment = locks.lock_shipment(shipment_id)
    if shipment.made_in_id != store_id:
        raise NotFound
    transition(shipment, to=ShipmentStatus.CANCELLED, actor=actor, now=now)


@step
def note_late_transfers(*, now: datetime, limit: int = 100) -> int:
    """Mark transfers that should have been received by now, and return how many were.

    Emits TransferOverdue for each, once.
    """
    late = Shipment.objects.filter(due_at__lte=now, overdue_at__isnull=True, status__in=RECEIVABLE)
    noticed = 0
    for key in late.order_by("due_at", "pk").values_list("pk", flat=True)[:limit]:
        shipment = locks.lock_shipment(key)
        if late.filter(pk=key).update(overdue_at=now):
            noticed += 1
            publish(TransferOverdue(shipment.pk, shipment.from_store_id or 0, shipment.to_store_id), now=now)
    return noticed
