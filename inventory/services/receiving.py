"""Receiving goods: counted in by one clerk or several, booked once, differences closed with a reason.

Over, under, wrong and damaged pieces are booked as they are: what is there is on the books. A shipment that differs
stays open to see until a manager closes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from inventory import locks
from inventory.choices import (
    RECEIVABLE,
    DifferenceReason,
    MovementKind,
    ReceiptStatus,
    ShipmentKind,
    ShipmentStatus,
)
from inventory.models import CountTask, Receipt, ReceiptLine, Shipment, ShipmentLine, StockLevel, StockMovement
from inventory.permissions import require_manager
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.states import StateConflict, transition
from omni.kernel.transactions import step
from stores import services as stores_services

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from stores.permissions import Actor

MOST_UNITS = 9_999


class NothingReceived(Conflict):
    """A receipt names no piece."""

    code = "nothing_received"


class _Move(NamedTuple):
    """Units into (or out of) a locked level."""

    level_id: int
    kind: MovementKind
    units: int
    cause: str


@step
def open_receipt(shipment_id: int, *, store_id: int, is_blind: bool, actor: str, now: datetime) -> Receipt:
    """Begin to count goods in, or go on with the receipt that is open. `is_blind` hides what was announced.

    :raises NotFound: when the goods are not for this store.
    :raises StateConflict: when nothing of it may be received (any more).
    """
    shipment = _lock_for(shipment_id, store_id)
    receipt = shipment.receipts.filter(status=ReceiptStatus.OPEN).first()
    if receipt is None:
        receipt = Receipt.objects.create(shipment=shipment, is_blind=is_blind, opened_by=actor, opened_at=now)
    return receipt


@step
def count_in(shipment_id: int, variant_id: int, units: int, *, store_id: int, actor: str, now: datetime) -> ReceiptLine:
    """Add pieces to the receipt that is open, or to a new one (below zero: take them off).

    A variant that was not announced may be counted in too. Locks the shipment.

    :raises NotFound: when the goods are not for this store.
    :raises StateConflict: when nothing of it may be received (any more).
    :raises InvalidInput: with field "quantity", when it would be too many.
    """
    receipt = open_receipt(shipment_id, store_id=store_id, is_blind=False, actor=actor, now=now)
    line = _line_of(receipt, variant_id)
    return _set_line(line, max(0, line.quantity + units), min(line.damaged, max(0, line.quantity + units)))


@step
def change_receipt(
    shipment_id: int, variant_id: int, *, quantity: int, damaged: int, store_id: int, actor: str, now: datetime
) -> ReceiptLine:
    """Write how many pieces of a variant there are, and how many of those are damaged. Locks the shipment.

    :raises NotFound: when the goods are not for this store.
    :raises StateConflict: when nothing of it may be received (any more).
    :raises InvalidInput: with field "quantity" or "damaged", when a number cannot be.
    """
    receipt = open_receipt(shipment_id, store_id=store_id, is_blind=False, actor=actor, now=now)
    return _set_line(_line_of(receipt, variant_id), quantity, damaged)


def _line_of(receipt: Receipt, variant_id: int) -> ReceiptLine:
    line, _is_new = ReceiptLine.objects.get_or_create(receipt=receipt, variant_id=variant_id, defaults={"quantity": 0})
    return line


def _set_line(line: ReceiptLine, quantity: int, damaged: int) -> ReceiptLine:
    if not 0 <= quantity <= MOST_UNITS:
        raise InvalidInput(_("Enter how many pieces."), field="quantity")
    if not 0 <= damaged <= quantity:
        raise InvalidInput(_("More are damaged than there are."), field="damaged")
    line.quantity, line.damaged = quantity, damaged
    line.save(update_fields=["quantity", "damaged"])
    return line


@step
def count_in_all(shipment_id: int, *, store_id: int, actor: str, now: datetime) -> None:
    """Write that everything still missing is there, as announced. Locks the shipment.

    :raises NotFound: when the goods are not for this store.
    :raises StateConflict: when nothing of it may be received (any more), or it is received without the list.
    """
    receipt = open_receipt(shipment_id, store_id=store_id, is_blind=False, actor=actor, now=now)
    if receipt.is_blind:
        raise StateConflict(_("This is received without the list: count the pieces."), field="status")
    for expected in ShipmentLine.objects.filter(shipment=shipment_id):
        line = _line_of(receipt, expected.variant_id)
        _set_line(line, max(line.quantity, expected.missing), line.damaged)


@step
def drop_receipt(shipment_id: int, *, store_id: int, actor: str, now: datetime) -> None:
    """Give up what was counted in and not booked.

    :raises NotFound: when the goods are not for this store.
    :raises StateConflict: when no receipt is open.
    """
    _shipment, receipt = _open_receipt_of(shipment_id, store_id)
    transition(receipt, to=ReceiptStatus.DROPPED, actor=actor, now=now)


@step
def book_receipt(shipment_id: int, *, store_id: int, actor: str, now: datetime) -> Shipment:
    """Put what was counted in on the books of the store, damaged pieces set aside, and return the shipment.

    Pieces of a transfer come out of the place for goods on their way; a piece beyond the list is booked in all the
    same, and somebody at the sender is asked to count. It is RECEIVED when all came as announced, DIFFERENT when all
    came and more or damaged, else RECEIVING. Locks the shipment, then the levels in the order of their ids.

    :raises NotFound: when the goods are not for this store.
    :raises NothingReceived: when nothing was counted in.
    :raises StateConflict: when somebody booked it a moment ago.
    """
    shipment, receipt = _open_receipt_of(shipment_id, store_id)
    lines = list(receipt.lines.filter(quantity__gt=0).order_by("pk"))
    if not lines:
        raise NothingReceived(_("Count something in first."), field="code")
    transition(receipt, to=ReceiptStatus.BOOKED, actor=actor, now=now)
    Receipt.objects.filter(pk=receipt.pk).update(booked_at=now)
    known = {line.variant_id: line for line in shipment.lines.all()}
    missing = {variant_id: line.missing for variant_id, line in known.items()}
    _book(shipment, lines, missing, actor, now)
    for line in lines:
        expected = known.get(line.variant_id) or ShipmentLine(shipment=shipment, variant_id=line.variant_id, quantity=0)
        expected.received += line.quantity
        expected.damaged += line.damaged
        expected.save()
    beyond = [line.variant_id for line in lines if line.quantity > missing.get(line.variant_id, 0)]
    _ask_sender_to_count(shipment, beyond, now)
    return _settle(shipment, actor, now)


def _book(shipment: Shipment, lines: list[ReceiptLine], missing: Mapping[int, int], actor: str, now: datetime) -> None:
    """Move the pieces, by locked levels."""
    is_transfer = shipment.kind == ShipmentKind.TRANSFER
    transit_id = stores_services.add_transit(shipment.brand_id) if is_transfer else 0
    places = [(shipment.to_store_id, line.variant_id) for line in lines]
    locks.add_missing_levels(places)
    if is_transfer:
        places += [(transit_id, line.variant_id) for line in lines]
    levels = {(level.store_id, level.variant_id): level.id for level in locks.lock_places(places)}
    moves: list[_Move] = []
    for line in lines:
        here, cause = levels[shipment.to_store_id, line.variant_id], f"receipt:{line.pk}"
        sent = min(line.quantity, missing.get(line.variant_id, 0)) if is_transfer else 0
        if sent:
            moves.append(_Move(levels[transit_id, line.variant_id], MovementKind.TRANSFER_OUT, -sent, f"{cause}:out"))
            moves.append(_Move(here, MovementKind.TRANSFER_IN, sent, f"{cause}:in"))
        if line.quantity > sent:
            moves.append(_Move(here, MovementKind.RECEIPT, line.quantity - sent, cause))
    _move(moves, actor, now)
    for line in lines:
        level = StockLevel.objects.filter(pk=levels[shipment.to_store_id, line.variant_id])
        level.update(unsellable=F("unsellable") + line.damaged)


def _move(moves: list[_Move], actor: str, now: datetime) -> None:
    """Change locked levels and book why."""
    for move in moves:
        StockLevel.objects.filter(pk=move.level_id).update(on_hand=F("on_hand") + move.units)
    StockMovement.objects.bulk_create(
        StockMovement(
            level_id=move.level_id, kind=move.kind, quantity=move.units, cause=move.cause, actor=actor, moved_at=now
        )
        for move in moves
    )


def _ask_sender_to_count(shipment: Shipment, variant_ids: list[int], now: datetime) -> None:
    """Open count tasks where pieces must have left that nobody wrote down."""
    levels = StockLevel.objects.filter(store=shipment.from_store_id, variant__in=variant_ids)
    tasks = [CountTask(level=level, reason="sent_too_much", opened_at=now) for level in levels.order_by("pk")]
    CountTask.objects.bulk_create(tasks, ignore_conflicts=True)


def _settle(shipment: Shipment, actor: str, now: datetime) -> Shipment:
    """Move a shipment to the status that its lines say after a receipt."""
    lines = list(shipment.lines.all())
    if any(line.missing for line in lines):
        to = ShipmentStatus.RECEIVING
    elif any(line.extra or line.damaged for line in lines):
        to = ShipmentStatus.DIFFERENT
    else:
        to = ShipmentStatus.RECEIVED
    if to not in {shipment.status, ShipmentStatus.RECEIVING} or shipment.status == ShipmentStatus.EXPECTED:
        transition(shipment, to=to, actor=actor, now=now)
    return shipment


@step
def finish_receiving(shipment_id: int, *, store_id: int, actor: str, now: datetime) -> Shipment:
    """Say that no more comes of a shipment: what is missing is a difference from now on. Locks the shipment.

    :raises NotFound: when the goods are not for this store.
    :raises StateConflict: when nothing of it may be received (any more), or a receipt is open.
    """
    shipment = _lock_for(shipment_id, store_id)
    if shipment.receipts.filter(status=ReceiptStatus.OPEN, lines__quantity__gt=0).exists():
        raise StateConflict(_("Book in what was counted first."), field="status")
    if shipment.status != ShipmentStatus.DIFFERENT:
        transition(shipment, to=ShipmentStatus.DIFFERENT, actor=actor, now=now)
    return shipment


@step
def close_differences(
    shipment_id: int, *, store_id: int, reason: DifferenceReason, note: str, actor: Actor, now: datetime
) -> int:
    """Close a shipment that differs, with the reason, and return how many units were written off.

    Units of a transfer that never came leave the books here. A manager of the sending or of the receiving store does
    it. Locks the shipment, then the levels in the order of their ids.

    :raises NotFound: when the store neither sent nor receives it.
    :raises ManagerNeeded: when somebody else does it.
    :raises StateConflict: when it does not differ, or is closed.
    """
    shipment = locks.lock_shipment(shipment_id)
    if store_id not in {shipment.to_store_id, shipment.from_store_id}:
        raise NotFound
    require_manager(actor, store_id)
    lines = [line for line in shipment.lines.order_by("pk") if line.missing]
    transition(shipment, to=ShipmentStatus.CLOSED, actor=actor.label, now=now, reason=reason)
    Shipment.objects.filter(pk=shipment.pk).update(close_reason=reason, close_note=note)
    if shipment.kind == ShipmentKind.TRANSFER and lines:
        transit_id = stores_services.add_transit(shipment.brand_id)
        places = [(transit_id, line.variant_id) for line in lines]
        levels = {level.variant_id: level.id for level in locks.lock_places(places)}
        lost = [
            _Move(levels[line.variant_id], MovementKind.WRITE_OFF, -line.missing, f"transfer:{line.pk}:lost")
            for line in lines
        ]
        _move(lost, actor.label, now)
    units = sum(line.missing for line in lines)
    for line in lines:
        line.written_off += line.missing
        line.save(update_fields=["written_off"])
    return units


def _lock_for(shipment_id: int, store_id: int) -> Shipment:
    """Lock a shipment of which a store may receive something."""
    shipment = locks.lock_shipment(shipment_id)
    if shipment.to_store_id != store_id:
        raise NotFound
    if shipment.status not in RECEIVABLE:
        raise StateConflict(_("Nothing of this can be received now."), field="status")
    return shipment


def _open_receipt_of(shipment_id: int, store_id: int) -> tuple[Shipment, Receipt]:
    """Lock a shipment and return it with its open receipt."""
    shipment = _lock_for(shipment_id, store_id)
    receipt = shipment.receipts.filter(status=ReceiptStatus.OPEN).first()
    if receipt is None:
        raise StateConflict(_("Somebody booked this in a moment ago. Look at it again."), field="status")
    return shipment, receipt
