"""Giving an order to another store by hand: a manager's for a store that cannot, headquarters' for any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fulfillment.choices import SENT, RejectReason
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.locks import lock_in
from fulfillment.models import FulfillmentOrder
from fulfillment.queries.searches import other_stores
from fulfillment.services.routing import retry_unfillable, turn_down
from omni.kernel.errors import Conflict
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime


class CannotReassign(Conflict):
    """The order is bound to its store, or the store chosen for it cannot do it now."""

    code = "cannot_reassign"


@step
def reassign(fulfillment_order_id: int, *, to_store_id: int | None, actor: str, now: datetime) -> int:
    """Take an order from its store before it is packed, or one that is parked, and have another store asked.

    `to_store_id` is asked first; when it has lost the goods by then, or none is named, routing finds the best. The
    store that had it is not asked again. Returns the id of the order that is routed now; its offers count anew.
    Locks Fulfillment, StoreCapacity, StockLevel.

    :raises StateConflict: when it is packed, gone or taken away already.
    :raises CannotReassign: when it is collected or tried on in its store, or the chosen store cannot do it.
    """
    share = lock_in(fulfillment_order_id, Status.OFFERED, Status.ACCEPTED, Status.PICKING, Status.UNFILLABLE)
    if share.fulfillment.way not in SENT:
        raise CannotReassign(_("The shopper comes to this store for it: no other store can do it."), field="store")
    if to_store_id is not None and to_store_id not in {other.store_id for other in other_stores(share, now=now)}:
        raise CannotReassign(_("That store cannot do it any more. Choose another."), field="store")
    if share.status == Status.UNFILLABLE:
        retry_unfillable(share.pk, actor=actor, now=now)
        routed_id = share.pk
    else:
        follower_id = turn_down(share, reason=RejectReason.REASSIGNED, findings=[], actor=actor, now=now)
        if follower_id is None:
            raise TypeError("an order that a courier brings is followed by another")
        routed_id = follower_id
    FulfillmentOrder.objects.filter(pk=routed_id).update(wanted_store=to_store_id, attempt=1)
    return routed_id
