"""Violations to plant in what follows an order: people who wait for a size, invoices."""

from tests.audit.planting import Plant

ARRIVALS = "Nobody who waits for a size is forgotten"
INVOICES = "Invoices are for what was sold and kept"

_NOTICE = """
    INSERT INTO members_arrivalnotice (brand_id, variant_id, district_id, lat, lng, phone_sealed, phone_index, language,
    status, created_at, expires_at, due_at) SELECT brand_id, id, '310106', 31.2, 121.4, '', '', 'en', '{status}',
    '2026-03-16 03:00+00', '2026-06-16 03:00+00', '2026-03-16 03:00+00' FROM inventory_variant LIMIT 1
"""

AFTER_PLANTS = (
    Plant(
        "somebody who waits and is forgotten",
        _NOTICE.format(status="waiting"),
        {ARRIVALS},
        "was to be looked at",
    ),
    Plant(
        "somebody who was told, and got no message",
        _NOTICE.format(status="notified"),
        {ARRIVALS},
        "there is no message",
    ),
    Plant(
        "an invoice that nobody asks about",
        "UPDATE orders_invoice SET status = 'requested', next_attempt_at = '2026-03-16 03:00+00'",
        {INVOICES},
        "(requested) was to be looked at",
    ),
    Plant(
        "an invoice for more than was sold",
        "UPDATE orders_invoice SET amount_fen = amount_fen + 1",
        {INVOICES},
        "sold were",
    ),
    Plant(
        "an invoice of which no document is left",
        "DELETE FROM orders_invoicedocument",
        {INVOICES},
        "(issued): issued are 0",
    ),
)
