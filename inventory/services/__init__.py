"""What changes stock: promises, corrections, imports."""

from inventory.services.corrections import report_not_found, set_aside_damaged
from inventory.services.pulses import prune_pulses
from inventory.services.reservations import (
    CannotHold,
    ReservationsNotAllocated,
    ReservationsNotConsumed,
    Shortage,
    StockWant,
    allocate_reservations,
    allocate_stock,
    consume_reservations,
    hold_stock,
    lock_stock,
    release_reservations,
    return_to_stock,
)

__all__ = [
    "CannotHold",
    "ReservationsNotAllocated",
    "ReservationsNotConsumed",
    "Shortage",
    "StockWant",
    "allocate_reservations",
    "allocate_stock",
    "consume_reservations",
    "hold_stock",
    "lock_stock",
    "prune_pulses",
    "release_reservations",
    "report_not_found",
    "return_to_stock",
    "set_aside_damaged",
]
