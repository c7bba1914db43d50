"""Picking in waves: several orders fetched in one round along the shelves, each unit confirmed by its scan.

Every use case locks the Fulfillments it touches first. Who may do it is decided at the edge (`queries.get_wave_for`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fulfillment import locks
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, PickWave
from fulfillment.services import deadlines
from fulfillment.services.packing import pack
from inventory import queries as inventory_queries
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.states import transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

MOST_TASKS = 20
MOST_CHARACTERS = 80
# The QR code on a shelf label holds the address "/scan/<brand>/<SKU>/".
_ADDRESS = re.compile(r".*/scan/[^/]+/(?P<code>.+?)/?")


class NothingToPick(InvalidInput):
    """No order was chosen for a wave, or too many."""

    code = "nothing_to_pick"


class TasksTaken(Conflict):
    """Some of the orders are not to be picked any more, or are in another wave; the message names them."""

    code = "tasks_taken"


class WrongScan(InvalidInput):
    """What was scanned is not on the list of the wave."""

    code = "wrong_scan"


class AllPicked(Conflict):
    """Every unit of it was picked already, perhaps by somebody else a moment ago."""

    code = "all_picked"


class Picked(NamedTuple):
    """A unit that was confirmed: its line, the order it is for, and how many of its SKU the wave still lacks."""

    line_id: int
    number: str
    sku: str
    left: int


@step
def start_wave(store_id: int, fulfillment_order_ids: Sequence[int], *, actor: str, now: datetime) -> PickWave:
    """Begin to pick several accepted orders of a store together, all or none; one being picked alone may join.

    The time to prepare each starts anew. Locks the Fulfillments.

    :raises NothingToPick: when there are none, or more than 20.
    :raises TasksTaken: when one is not to be picked any more, or is in another wave.
    """
    if not 0 < len(set(fulfillment_order_ids)) <= MOST_TASKS:
        raise NothingToPick(_("Choose 1 to %(most)s orders."), field="tasks", most=MOST_TASKS)
    shares = locks.lock_shares(fulfillment_order_ids)
    taken = [share.number for share in shares if not _may_join(share, store_id)]
    if taken or len(shares) < len(set(fulfillment_order_ids)):
        message = _("Somebody else has these by now: %(numbers)s. Choose again.")
        raise TasksTaken(message, field="tasks", numbers=", ".join(taken))
    wave = PickWave.objects.create(number=public_number("W"), store_id=store_id, started_by=actor, started_at=now)
    for share in shares:
        if share.status == Status.ACCEPTED:
            transition(share, to=Status.PICKING, actor=actor, now=now)
            deadlines.start_preparation(share, now=now)
        share.wave = wave
        share.save(update_fields=["wave"])
    return wave


@step
def pick_unit(wave: PickWave, text: str) -> Picked:
    """Confirm one unit by what a scanner read off it: SKU, barcode, or the address of a shelf label.

    The oldest order of the wave that lacks it gets it. Locks the Fulfillments of the orders that want it.

    :raises WrongScan: when no order of the wave wants it.
    :raises AllPicked: when every unit of it was picked already.
    """
    code = read_goods_code(text)
    is_it = Q(fulfillment_line__variant__sku=code) | Q(fulfillment_line__variant__barcode=code)
    wanted = _lines(wave).filter(is_it)
    if not code or not wanted.exists():
        raise _wrong_scan(wave, code)
    locks.lock_shares(sorted(set(wanted.values_list("fulfillment_order_id", flat=True))))
    lines = wanted.select_related("fulfillment_order", "fulfillment_line__variant")
    for line in lines.order_by("fulfillment_order", "pk"):
        # A guard, not a check: two clerks may scan in the same moment.
        if FulfillmentOrderLine.objects.filter(pk=line.pk, picked__lt=F("quantity")).update(picked=F("picked") + 1):
            left = sum(quantity - picked for quantity, picked in wanted.values_list("quantity", "picked"))
            return Picked(line.pk, line.fulfillment_order.number, line.fulfillment_line.variant.sku, left)
    raise AllPicked(_("All of it is picked: put this one back on the shelf."), field="code", scanned=code)


@step
def pick_by_hand(wave: PickWave, line_id: int) -> None:
    """Confirm one unit of a line without a scan, as of a piece that lost its label. Locks the Fulfillment.

    :raises AllPicked: when every unit of it was picked already, or the line is not in the wave any more.
    """
    _lock_line(wave, line_id)
    line = _lines(wave).filter(pk=line_id, picked__lt=F("quantity"))
    if not FulfillmentOrderLine.objects.filter(pk__in=line.values("pk"), picked__lt=F("quantity")).update(
        picked=F("picked") + 1
    ):
        raise AllPicked(_("All of it is picked already. Reload the page."), field="line")


@step
def put_back_unit(wave: PickWave, line_id: int) -> None:
    """Take one confirmation back. Locks the Fulfillment.

    :raises AllPicked: when no unit of the line was picked, or the line is not in the wave any more.
    """
    _lock_line(wave, line_id)
    line = _lines(wave).filter(pk=line_id)
    if not FulfillmentOrderLine.objects.filter(pk__in=line.values("pk"), picked__gt=0).update(picked=F("picked") - 1):
        raise AllPicked(_("None of it is picked. Reload the page."), field="line")


@step
def finish_wave(wave: PickWave, *, actor: str, now: datetime) -> tuple[int, int]:
    """End the round: orders of which everything is picked are packed, a parcel each; the others go on alone.

    Returns how many were packed and how many go on alone. Locks the Fulfillments. Emits FulfillmentOrderReady of those
    that are collected.
    """
    ids = FulfillmentOrder.objects.filter(wave=wave, status=Status.PICKING).values_list("pk", flat=True)
    locked = locks.lock_shares(list(ids))
    # Whoever ended the round a moment ago may have begun another with one of its orders.
    shares = [share for share in locked if share.status == Status.PICKING and share.wave_id == wave.pk]
    packed = 0
    for share in shares:
        if share.lines.filter(picked__lt=F("quantity")).exists():
            share.wave = None
            share.save(update_fields=["wave"])
        else:
            pack(share.pk, actor=actor, now=now)
            packed += 1
    return packed, len(shares) - packed


def read_goods_code(text: str) -> str:
    """Return the SKU or barcode in what a scanner typed; "" when it can be none."""
    code = unicodedata.normalize("NFKC", text).strip()
    address = _ADDRESS.fullmatch(code)
    code = address["code"] if address else code
    return code if code.isprintable() and len(code) <= MOST_CHARACTERS else ""


def _may_join(share: FulfillmentOrder, store_id: int) -> bool:
    is_free = share.status == Status.ACCEPTED or (share.status == Status.PICKING and share.wave_id is None)
    return share.store_id == store_id and is_free


def _lines(wave: PickWave) -> QuerySet[FulfillmentOrderLine]:
    """Return the lines that are on the list of a wave."""
    return FulfillmentOrderLine.objects.filter(fulfillment_order__wave=wave, fulfillment_order__status=Status.PICKING)


def _lock_line(wave: PickWave, line_id: int) -> None:
    """Lock the demand of a line of the wave."""
    locks.lock_shares(list(_lines(wave).filter(pk=line_id).values_list("fulfillment_order_id", flat=True)))


def _wrong_scan(wave: PickWave, code: str) -> WrongScan:
    """Say what was scanned instead of what is on the list."""
    if not code:
        return WrongScan(_("Scan a label, or type its SKU or barcode."), field="code")
    sku = inventory_queries.name_of_code(wave.store.brand_id, code)
    if sku:
        return WrongScan(_("%(sku)s is not on this list."), field="code", sku=sku)
    return WrongScan(_("No goods have the code “%(code)s”."), field="code", code=code[:40])
