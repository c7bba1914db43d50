"""Demands, the shares of stores, routing, couriers and codes."""

from fulfillment.models.codes import CodeTries, PickupCode
from fulfillment.models.delivery import Collection, Consignment, Delivery, DeliveryCallback, TrailPoint
from fulfillment.models.demand import Fulfillment, FulfillmentLine
from fulfillment.models.order import Escalation, FulfillmentOrder, FulfillmentOrderLine, Parcel, PickWave
from fulfillment.models.routing import AcceptanceRecord, RoutingDecision, RoutingRule

__all__ = [
    "AcceptanceRecord",
    "CodeTries",
    "Collection",
    "Consignment",
    "Delivery",
    "DeliveryCallback",
    "Escalation",
    "Fulfillment",
    "FulfillmentLine",
    "FulfillmentOrder",
    "FulfillmentOrderLine",
    "Parcel",
    "PickWave",
    "PickupCode",
    "RoutingDecision",
    "RoutingRule",
    "TrailPoint",
]
