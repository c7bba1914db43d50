"""The use cases of fulfillment."""

from fulfillment.rules import DemandLine
from fulfillment.services.codes import PickupCodeReplaced, PickupCodeUsed, WrongPickupCode
from fulfillment.services.courier import drive_delivery, drive_due_deliveries, receive_callback
from fulfillment.services.dispatch import call_off_courier, dispatch_courier
from fulfillment.services.planning import (
    CannotReserveStock,
    Demand,
    HeldDemand,
    Recipient,
    give_back,
    plan_and_hold,
    release_for_routing,
)
from fulfillment.services.progress import Outcome
from fulfillment.services.recipients import forget_recipients
from fulfillment.services.routing import (
    count_acceptance,
    reject_offer,
    reroute_displaced,
    retry_unfillable,
    route,
    time_out_offer,
)
from fulfillment.services.shares import (
    FulfillmentFinished,
    cancel_share,
    cancel_unfillable,
    close_if_done,
    request_cancel,
)
from fulfillment.services.silence import drive_due_routing, drive_route, end_silence
from fulfillment.services.store_work import (
    CancellationUnderWay,
    GoodsStillWithCourier,
    accept_offer,
    answer_cancel,
    confirm_return,
    drive_collect,
    drive_due_pickups,
    drive_hand_over,
    expire_pickup,
    pack,
    reject_task,
    report_lost,
    restock,
    start_picking,
)

__all__ = [
    "CancellationUnderWay",
    "CannotReserveStock",
    "Demand",
    "DemandLine",
    "FulfillmentFinished",
    "GoodsStillWithCourier",
    "HeldDemand",
    "Outcome",
    "PickupCodeReplaced",
    "PickupCodeUsed",
    "Recipient",
    "WrongPickupCode",
    "accept_offer",
    "answer_cancel",
    "call_off_courier",
    "cancel_share",
    "cancel_unfillable",
    "close_if_done",
    "confirm_return",
    "count_acceptance",
    "dispatch_courier",
    "drive_collect",
    "drive_delivery",
    "drive_due_deliveries",
    "drive_due_pickups",
    "drive_due_routing",
    "drive_hand_over",
    "drive_route",
    "end_silence",
    "expire_pickup",
    "forget_recipients",
    "give_back",
    "pack",
    "plan_and_hold",
    "receive_callback",
    "reject_offer",
    "reject_task",
    "release_for_routing",
    "report_lost",
    "request_cancel",
    "reroute_displaced",
    "restock",
    "retry_unfillable",
    "route",
    "start_picking",
    "time_out_offer",
]
