"""The row locks of fulfillment. Whatever changes a demand or one of its shares locks the Fulfillment first."""

from __future__ import annotations

from fulfillment.models import Collection, Fulfillment, FulfillmentOrder
from omni.kernel.errors import NotFound
from omni.kernel.locking import locked


def lock_fulfillment(fulfillment_id: int) -> Fulfillment:
    """Lock a demand and return it as it is now.

    :raises NotFound: when there is none.
    """
    rows = locked(Fulfillment.objects.filter(pk=fulfillment_id))
    if not rows:
        raise NotFound
    return rows[0]


def lock_share(fulfillment_order_id: int) -> FulfillmentOrder:
    """Lock the demand of a fulfillment order and return the order as it is now, `fulfillment` loaded.

    :raises NotFound: when there is none.
    """
    rows = locked(Fulfillment.objects.filter(orders=fulfillment_order_id))
    if not rows:
        raise NotFound
    share = FulfillmentOrder.objects.get(pk=fulfillment_order_id)
    share.fulfillment = rows[0]
    return share


def lock_collection(collection_id: int) -> Collection:
    """Lock a collection at the door and return it as it is now.

    :raises NotFound: when there is none.
    """
    rows = locked(Collection.objects.filter(pk=collection_id))
    if not rows:
        raise NotFound
    return rows[0]
