"""Waybills: what the express company gives for packed parcels, and scanning each as the van takes it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fulfillment import locks
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import Parcel
from fulfillment.services import deadlines, handover
from omni.kernel.errors import Conflict
from omni.kernel.states import transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fulfillment.models import FulfillmentOrder

logger = logging.getLogger(__name__)

ACTOR = "system:express"


class ParcelStopped(Conflict):
    """The parcel may not leave the store: its order is to be cancelled, or has no waybill (any more)."""

    code = "parcel_stopped"


@step
def label(share: FulfillmentOrder, waybills: Sequence[str], *, now: datetime) -> None:
    """Write the waybills of a packed share on its parcels: it waits for the van. The Fulfillment is locked.

    One that is to be cancelled goes on as LABELLED if the store refuses. Does nothing with a share that has them.
    """
    is_waiting = share.status == Status.CANCEL_REQUESTED and share.held_status == Status.PACKED
    if share.status != Status.PACKED and not is_waiting:
        return
    parcels = list(Parcel.objects.filter(fulfillment_order=share).order_by("position"))
    if len(parcels) != len(waybills):
        logger.error("Order %s has %s parcels and %s waybills", share.number, len(parcels), len(waybills))
        return
    for parcel, waybill in zip(parcels, waybills, strict=True):
        parcel.waybill = waybill
    Parcel.objects.bulk_update(parcels, ["waybill"])
    if is_waiting:
        share.held_status, share.held_deadline_at = Status.LABELLED, now + deadlines.VAN_PATIENCE
        share.save(update_fields=["held_status", "held_deadline_at"])
    else:
        transition(share, to=Status.LABELLED, actor=ACTOR, now=now)
        deadlines.await_van(share, now=now)


@step
def unlabel(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """Take the waybills off a share that the company will not carry: it is packed, no more. The Fulfillment is locked.

    Does nothing with one that has none, or has left the store.
    """
    if share.status == Status.LABELLED:
        transition(share, to=Status.PACKED, actor=actor, now=now)
        share.deadline_at, share.overdue_at, share.failures = None, None, 0
        share.save(update_fields=["deadline_at", "overdue_at", "failures"])
    elif share.status == Status.CANCEL_REQUESTED and share.held_status == Status.LABELLED:
        share.held_status, share.held_deadline_at = Status.PACKED, None
        share.save(update_fields=["held_status", "held_deadline_at"])
    else:
        return
    Parcel.objects.filter(fulfillment_order=share).update(waybill="", loaded_at=None, loaded_by="")


@step
def hand_over_parcel(parcel: Parcel, *, actor: str, now: datetime) -> bool:
    """Give a labelled parcel to the express van; with the last of its order the order is handed over.

    Returns whether it is. A parcel that is gone already stays gone. Locks Fulfillment, StockLevel.
    Emits FulfillmentOrderHandedOver.

    :raises ParcelStopped: when its order is to be cancelled, or has no waybill.
    """
    share = locks.lock_share(parcel.fulfillment_order_id)
    if share.status == Status.HANDED_OVER:
        return True
    if share.status != Status.LABELLED:
        raise ParcelStopped(_("Keep this parcel here: its order was stopped or has no waybill."), field="waybill")
    parcels = Parcel.objects.filter(fulfillment_order=share)
    parcels.filter(pk=parcel.pk, loaded_at__isnull=True).update(loaded_at=now, loaded_by=actor)
    if parcels.filter(loaded_at__isnull=True).exists():
        return False
    handover.give_to_courier(share, actor=actor, now=now)
    return True
