"""Packing an order into parcels, and scanning them one by one as they go with the courier or the express van."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fulfillment import events
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.choices import PickupCodePurpose, Way
from fulfillment.locks import lock_in
from fulfillment.models import FulfillmentOrder, Parcel
from fulfillment.services import deadlines, handover
from fulfillment.services.codes import issue_code
from fulfillment.services.dispatch import dispatch_courier
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST_PARCELS = 20
HEAVIEST_GRAMS = 50_000
# A parcel, of which nobody knows the weight.
ONE_PARCEL: tuple[int | None, ...] = (None,)


class BadParcels(InvalidInput):
    """No parcel or too many, or a weight that no parcel has."""

    code = "bad_parcels"


class ParcelsNotScanned(Conflict):
    """Not all parcels of the order were scanned to go with the courier; the message says how many were."""

    code = "parcels_not_scanned"


@step
def pack(
    fulfillment_order_id: int, *, actor: str, now: datetime, weights_grams: Sequence[int | None] = ONE_PARCEL
) -> None:
    """Write that the goods are packed, a parcel for each weight (None: not weighed).

    They wait for the courier, or for the shopper with a code and until a deadline; what is tried on is in no parcel.
    For what goes by express a waybill is asked for, and PACKED it stays until it has one.
    Locks Fulfillment. Emits FulfillmentOrderReady when the shopper may come.

    :raises BadParcels: when there are none or more than 20, or a weight is not 1 g to 50 kg.
    :raises StateConflict: when it is not accepted or being picked.
    """
    if not 0 < len(weights_grams) <= MOST_PARCELS:
        raise BadParcels(_("An order is packed into 1 to %(most)s parcels."), field="parcels", most=MOST_PARCELS)
    if any(grams is not None and not 0 < grams <= HEAVIEST_GRAMS for grams in weights_grams):
        raise BadParcels(_("A parcel weighs 1 g to 50 kg."), field="weights")
    share = lock_in(fulfillment_order_id, Status.ACCEPTED, Status.PICKING)
    transition(share, to=Status.PACKED, actor=actor, now=now)
    share.deadline_at, share.overdue_at, share.failures = deadlines.kept_until(share, now=now), None, 0
    share.save(update_fields=["deadline_at", "overdue_at", "failures"])
    if share.fulfillment.way != Way.TRY_ON:
        _write_parcels(share, weights_grams, actor=actor, now=now)
    if share.fulfillment.way == Way.EXPRESS:
        dispatch_courier(share, now=now)
    elif share.fulfillment.way != Way.COURIER:
        transition(share, to=Status.READY_FOR_PICKUP, actor=actor, now=now)
        if share.fulfillment.way == Way.PICKUP:  # who tries on has a code since the booking
            issue_code(share, PickupCodePurpose.SHOPPER, now=now)
        store_id = handover.store_of(share)
        publish(events.FulfillmentOrderReady(share.fulfillment_id, share.pk, store_id, ready_at=now), now=now)
    else:
        transition(share, to=Status.AWAITING_COURIER, actor=actor, now=now)


@step
def scan_parcel(parcel: Parcel, *, actor: str, now: datetime) -> None:
    """Write that a parcel is there to go with the courier; scanned again it stays as it is. Locks Fulfillment.

    :raises StateConflict: when its order does not wait for a courier.
    """
    lock_in(parcel.fulfillment_order_id, Status.AWAITING_COURIER)
    Parcel.objects.filter(pk=parcel.pk, loaded_at__isnull=True).update(loaded_at=now, loaded_by=actor)


def check_all_scanned(share: FulfillmentOrder) -> None:
    """Refuse to give out an order of several parcels before each of them was scanned; a single one needs no scan.

    :raises ParcelsNotScanned: naming how many were.
    """
    parcels = list(Parcel.objects.filter(fulfillment_order=share).values_list("loaded_at", flat=True))
    scanned = sum(loaded_at is not None for loaded_at in parcels)
    if len(parcels) > 1 and scanned < len(parcels):
        message = _("Scan every parcel first: %(scanned)s of %(count)s are.")
        raise ParcelsNotScanned(message, field="parcels", scanned=scanned, count=len(parcels))


def _write_parcels(share: FulfillmentOrder, weights_grams: Sequence[int | None], *, actor: str, now: datetime) -> None:
    """Write the parcels of a share, numbered from 1."""
    Parcel.objects.bulk_create(
        Parcel(
            fulfillment_order=share,
            number=public_number("K"),
            position=position,
            weight_grams=grams,
            packed_by=actor,
            packed_at=now,
        )
        for position, grams in enumerate(weights_grams, start=1)
    )
