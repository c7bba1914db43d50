"""What changes stock: promises, corrections, counts, goods that come and go; and what keeps lists and search true."""

from inventory.services.adjustments import NotThatMany, adjust_stock
from inventory.services.asn_import import OPTIONAL as ASN_OPTIONAL_COLUMNS
from inventory.services.asn_import import REQUIRED as ASN_REQUIRED_COLUMNS
from inventory.services.asn_import import AsnImport, import_asn
from inventory.services.bins import NoSuchBin, put_in_bin, read_bin
from inventory.services.corrections import allocate_found, report_none_left, report_not_found, set_aside_damaged
from inventory.services.counts import (
    CountedElsewhere,
    CountNeedsRecount,
    CountPlan,
    NothingToCount,
    approve_count,
    cancel_count,
    count_pieces,
    count_rest_as_none,
    plan_count,
    recount,
    submit_count,
)
from inventory.services.in_hand import hold_in_hand
from inventory.services.listing import forget_segments, refresh_listings
from inventory.services.popular import count_search, prune_searches
from inventory.services.pulses import prune_pulses
from inventory.services.receiving import (
    NothingReceived,
    book_receipt,
    change_receipt,
    close_differences,
    count_in,
    count_in_all,
    drop_receipt,
    finish_receiving,
    open_receipt,
)
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
    split_reservation,
)
from inventory.services.returns import ReturnedPiece, take_in_returns
from inventory.services.stock_import import OPTIONAL as STOCK_OPTIONAL
from inventory.services.stock_import import REQUIRED as STOCK_COLUMNS
from inventory.services.stock_import import StockImport, import_stock
from inventory.services.transfers import (
    NothingToSend,
    add_to_transfer,
    cancel_transfer,
    decline_transfer,
    draft_transfer,
    note_late_transfers,
    request_transfer,
    send_transfer,
)

__all__ = [
    "ASN_OPTIONAL_COLUMNS",
    "ASN_REQUIRED_COLUMNS",
    "STOCK_COLUMNS",
    "STOCK_OPTIONAL",
    "AsnImport",
    "CannotHold",
    "CountNeedsRecount",
    "CountPlan",
    "CountedElsewhere",
    "NoSuchBin",
    "NotThatMany",
    "NothingReceived",
    "NothingToCount",
    "NothingToSend",
    "ReservationsNotAllocated",
    "ReservationsNotConsumed",
    "ReturnedPiece",
    "Shortage",
    "StockImport",
    "StockWant",
    "add_to_transfer",
    "adjust_stock",
    "allocate_found",
    "allocate_reservations",
    "allocate_stock",
    "approve_count",
    "book_receipt",
    "cancel_count",
    "cancel_transfer",
    "change_receipt",
    "close_differences",
    "consume_reservations",
    "count_in",
    "count_in_all",
    "count_pieces",
    "count_rest_as_none",
    "count_search",
    "decline_transfer",
    "draft_transfer",
    "drop_receipt",
    "finish_receiving",
    "forget_segments",
    "hold_in_hand",
    "hold_stock",
    "import_asn",
    "import_stock",
    "lock_stock",
    "note_late_transfers",
    "open_receipt",
    "plan_count",
    "prune_pulses",
    "prune_searches",
    "put_in_bin",
    "read_bin",
    "recount",
    "refresh_listings",
    "release_reservations",
    "report_none_left",
    "report_not_found",
    "request_transfer",
    "return_to_stock",
    "send_transfer",
    "set_aside_damaged",
    "split_reservation",
    "submit_count",
    "take_in_returns",
]
