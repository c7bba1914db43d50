"""The row locks of fulfillment. Whatever changes a demand or one of its shares locks the Fulfillment first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fulfillment.models import Collection, Fulfillment, FulfillmentOrder
from omni.kernel.errors import NotFound
from omni.kernel.locking import locked
from omni.kernel.states import StateConflict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fulfillment.choices import FulfillmentOrderStatus as Status


def lock_fulfillment(fulfillment_id: int) -> Fulfillment:
    """Lock a demand and return it as it is now.

    :raises NotFound: when there is none.
    """
    rows = locked(Fulfillment.objects.filter(pk=fulfillment_id))
    if not rows:
        raise NotFound
    return rows[0]


def lock_fulfillments(fulfillment_ids: Iterable[int]) -> list[Fulfillment]:
    """Lock several demands in the order of their ids and return them as they are now."""
    return locked(Fulfillment.objects.filter(pk__in=list(fulfillment_ids)))


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


def lock_shares(fulfillment_order_ids: Iterable[int]) -> list[FulfillmentOrder]:
    """Lock the demands of several fulfillment orders in their order and return the orders as they are now, by id."""
    ids = list(fulfillment_order_ids)
    demand_ids = FulfillmentOrder.objects.filter(pk__in=ids).values("fulfillment_id")
    demands = {demand.pk: demand for demand in locked(Fulfillment.objects.filter(pk__in=demand_ids))}
    shares = list(FulfillmentOrder.objects.filter(pk__in=ids).order_by("pk"))
    for share in shares:
        share.fulfillment = demands[share.fulfillment_id]
    return shares


def lock_in(fulfillment_order_id: int, *statuses: Status) -> FulfillmentOrder:
    """Lock a share that must be in one of these statuses.

    The table of transitions alone would let a wish to cancel be overrun: a refused one leads back to many statuses.

    :raises StateConflict: when it is in another.
    """
    share = lock_share(fulfillment_order_id)
    if share.status not in statuses:
        raise wrong_state(share)
    return share


def wrong_state(share: FulfillmentOrder) -> StateConflict:
    """Say that somebody or something was faster."""
    return StateConflict(
        _("Somebody was faster: by now this order is “%(state)s”."),
        field="status",
        status=share.status,
        state=share.get_status_display(),
    )


def lock_collection(collection_id: int) -> Collection:
    """Lock a collection at the door and return it as it is now.

    :raises NotFound: when there is none.
    """
    rows = locked(Collection.objects.filter(pk=collection_id))
    if not rows:
        raise NotFound
    return rows[0]
