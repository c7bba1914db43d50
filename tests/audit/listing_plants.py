"""Violations to plant in what lists and search know of products."""

from tests.audit.planting import Plant

LISTINGS = "Lists and search know every product as it is"

LISTING_PLANTS = (
    Plant(
        "a product that no list knows",
        """
        DELETE FROM inventory_productlisting
        WHERE product_id = (SELECT min(product_id) FROM inventory_productlisting)
        """,
        {LISTINGS},
        "has no listing",
    ),
    Plant(
        "a product listed at another price",
        "UPDATE inventory_productlisting SET price_fen = 1",
        {LISTINGS},
        "is listed at 1 fen",
    ),
    Plant(
        "a price whose day has come",
        "UPDATE inventory_productlisting SET due_at = '2026-01-01'",
        {LISTINGS},
        "is listed with a price that is over",
    ),
    Plant(
        "words that nobody read",
        "UPDATE inventory_productlisting SET is_segmented = false, changed_at = '2026-01-01'",
        {LISTINGS},
        "cannot be found by its words",
    ),
)
