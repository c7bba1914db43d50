"""What changes stock: promises, corrections, imports; and what keeps lists and search true."""

from inventory.services.corrections import allocate_found, report_not_found, set_aside_damaged
from inventory.services.in_hand import hold_in_hand
from inventory.services.listing import forget_segments, refresh_listings
from inventory.services.popular import count_search, prune_searches
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
from inventory.services.returns import ReturnedPiece, take_in_returns
from inventory.services.stock_import import REQUIRED as STOCK_COLUMNS
from inventory.services.stock_import import StockImport, import_stock

__all__ = [
    "STOCK_COLUMNS",
    "CannotHold",
    "ReservationsNotAllocated",
    "ReservationsNotConsumed",
    "ReturnedPiece",
    "Shortage",
    "StockImport",
    "StockWant",
    "allocate_found",
    "allocate_reservations",
    "allocate_stock",
    "consume_reservations",
    "count_search",
    "forget_segments",
    "hold_in_hand",
    "hold_stock",
    "import_stock",
    "lock_stock",
    "prune_pulses",
    "prune_searches",
    "refresh_listings",
    "release_reservations",
    "report_not_found",
    "return_to_stock",
    "set_aside_damaged",
    "take_in_returns",
]
