from dataclasses import dataclass


@dataclass(frozen=True)
class ReservationDisplaced:
    """A promise could not be kept: a count, a "not found" or an ERP figure fell below what was promised.

    The reservation is already released; its owner above must find the goods elsewhere.
    """

    owner: str
    reservation_id: int
    variant_id: int
    quantity: int


@dataclass(frozen=True)
class TransferOverdue:
    """A transfer was sent long ago, and not received by the day it should have been."""

    shipment_id: int
    from_store_id: int
    to_store_id: int
