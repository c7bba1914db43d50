"""The use cases of fulfillment."""

from fulfillment.services.planning import (
    CannotReserveStock,
    Demand,
    DemandLine,
    HeldDemand,
    Recipient,
    give_back,
    plan_and_hold,
    release_for_routing,
)
from fulfillment.services.routing import (
    drive_due_routing,
    drive_route,
    reject_offer,
    retry_unfillable,
    route,
    time_out_offer,
)
from fulfillment.services.shares import (
    FulfillmentFinished,
    cancel_share,
    close_if_done,
    request_cancel,
)

__all__ = [
    "CannotReserveStock",
    "Demand",
    "DemandLine",
    "FulfillmentFinished",
    "HeldDemand",
    "Recipient",
    "cancel_share",
    "close_if_done",
    "drive_due_routing",
    "drive_route",
    "give_back",
    "plan_and_hold",
    "reject_offer",
    "release_for_routing",
    "request_cancel",
    "retry_unfillable",
    "route",
    "time_out_offer",
]
