"""Outbound HTTP of fulfillment: the companies that carry goods, each behind the one contract of `clients.carrier`."""

from fulfillment.clients.carrier import (
    COURIER,
    SENDER,
    CallbackNotAuthentic,
    CancelQuote,
    Carriage,
    CarrierClient,
    CourierEvent,
    CourierOffer,
    CourierRefused,
    CourierReport,
    CourierUnreachable,
    Place,
    Stage,
)
from fulfillment.clients.courier import CourierClient
from fulfillment.clients.express import ExpressClient


def carrier_of(provider: str) -> CarrierClient:
    """Return the client of the company that a delivery was given to; another company joins here.

    :raises KeyError: when there is none of that name.
    """
    clients: dict[str, type[CarrierClient]] = {
        CourierClient.provider: CourierClient,
        ExpressClient.provider: ExpressClient,
    }
    return clients[provider].from_settings()


__all__ = [
    "COURIER",
    "SENDER",
    "CallbackNotAuthentic",
    "CancelQuote",
    "Carriage",
    "CarrierClient",
    "CourierClient",
    "CourierEvent",
    "CourierOffer",
    "CourierRefused",
    "CourierReport",
    "CourierUnreachable",
    "ExpressClient",
    "Place",
    "Stage",
    "carrier_of",
]
