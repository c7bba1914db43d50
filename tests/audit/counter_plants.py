"""Violations of what must hold of the counter's baskets."""

from tests.audit.planting import Plant

BASKETS = "Counter baskets are settled to the fen, and none is forgotten"

COUNTER_PLANTS = (
    Plant(
        "a basket that nobody looks at while it is being paid",
        "UPDATE orders_counterbasket SET due_at = due_at - interval '1 hour' WHERE status = 'paying'",
        {BASKETS},
        "(paying) was to be looked at: ",
    ),
    Plant(
        "a basket that is settled before its order is paid",
        "UPDATE orders_counterbasket SET status = 'settled', finished_at = now() WHERE status = 'paying'",
        {BASKETS},
        "is settled, and 1 of its orders wait for money",
    ),
    Plant(
        "a basket being paid that has lost its order",
        """
        UPDATE orders_counterbasket SET checkout_id = (SELECT max(id) + 1000 FROM orders_checkout)
        WHERE status = 'paying'
        """,
        {BASKETS},
        "is being paid, and has no order",
    ),
    Plant(
        "a piece of a settled basket that never came back",
        "UPDATE orders_counterline SET unit = 7 WHERE kind = 'return' AND collection_id IS NULL",
        {BASKETS},
        "is settled, and 1 of its pieces never came back",
    ),
    Plant(
        "a collection of a settled basket that was handed over on another order's code",
        """
        UPDATE orders_counterline SET pickup_code_id = (
            SELECT max(id) FROM fulfillment_pickupcode WHERE fulfillment_order_id <> share_id
        ) WHERE kind = 'collection'
        """,
        {BASKETS},
        "is settled, and 1 of its collections still wait",
    ),
    Plant(
        "a settled basket with the orders of a checkout that lacks money",
        """
        UPDATE orders_counterbasket basket SET checkout_id = other.checkout_id FROM orders_order other
        WHERE basket.status = 'settled' AND basket.checkout_id IS NOT NULL AND other.id = {placed}
        """,
        {BASKETS},
        "is settled, and 1 of its orders wait for money",
    ),
)
