"""The end of shares: cancelling them, giving their goods back, and closing the demand with the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.kernel.errors import Conflict
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.models import Fulfillment, FulfillmentOrder


class FulfillmentFinished(Conflict):
    """Everything of the demand was delivered or cancelled already."""

    code = "fulfillment_finished"


@step
def request_cancel(fulfillment_id: int, *, actor: str, now: datetime) -> None:
    """Cancel what can be cancelled of a paid demand, ask the stores for what they have begun.

    Before acceptance (and in ACCEPTED) a share is CANCELLED at once; while picked or packed it is CANCEL_REQUESTED
    (`held_status` keeps the former status) until the store answers; after the hand-over it is refused.
    Locks Fulfillment, StoreCapacity, StockLevel. Emits FulfillmentOrderCancelled and FulfillmentCancelRefused.

    :raises FulfillmentFinished: when nothing is left to cancel.
    """
    raise NotImplementedError


@step
def cancel_share(share: FulfillmentOrder, *, actor: str, now: datetime, reason: str = "requested") -> None:
    """Cancel a share whose goods have not left the store: stock and capacity go back, a courier is called off.

    The caller has locked the Fulfillment (`locks.lock_share`). Locks StoreCapacity, StockLevel. Emits
    FulfillmentOrderCancelled, and closes the demand if this was its last share.

    :raises StateConflict: when it cannot be cancelled from its status.
    """
    raise NotImplementedError


@step
def close_if_done(fulfillment: Fulfillment, *, actor: str, now: datetime) -> None:
    """Close an ACTIVE demand whose shares are all final: COMPLETED when anything was delivered, else CANCELLED.

    The caller has locked the Fulfillment. Call it after every transition of a share to a final status.
    """
    raise NotImplementedError
