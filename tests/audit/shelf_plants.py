"""Violations to plant in goods that go from store to store and are received."""

from tests.audit.planting import Plant

TRANSIT = "Goods on their way are what stores sent"
RECEIPTS = "Goods received are on the books once"
LATE = "No late transfer goes unnoticed"

SHELF_PLANTS = (
    Plant(
        "a piece that vanished on its way",
        "UPDATE inventory_shipmentline SET quantity = quantity + 1",
        {TRANSIT},
        "2 stand on the way, transfers say 3",
    ),
    Plant(
        "a transfer that ended with goods on their way",
        "UPDATE inventory_shipment SET status = 'received'",
        {TRANSIT},
        "2 stand on the way, transfers say 0",
    ),
    Plant(
        "a piece received that no receipt knows",
        "UPDATE inventory_receipt SET status = 'dropped'",
        {RECEIPTS},
        "1 received, receipts say 0",
    ),
    Plant(
        "a receipt that is not on the books",
        "UPDATE inventory_receiptline SET quantity = 2",
        {RECEIPTS},
        "2 received, 1 on the books",
    ),
    Plant(
        "a transfer that is late, and nobody noticed",
        "UPDATE inventory_shipment SET due_at = '2026-03-10'",
        {LATE},
        "was to be received by",
    ),
)
