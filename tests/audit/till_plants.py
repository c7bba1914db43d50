"""Violations of what must hold of tills and tenders."""

from tests.audit.planting import Plant
from tests.audit.plants import TENDERS

TILLS = "Tills hold what moved"

TILL_PLANTS = (
    Plant(
        "cash that moved after the count",
        """
        INSERT INTO orders_drawermovement (session_id, kind, amount_fen, cause, reason, actor, at)
        SELECT id, 'paid_out', -100, 'paid_out:x', '', '', opened_at FROM orders_drawersession
        """,
        {TILLS},
        "expected 50000, float and movements are 49900",
    ),
    Plant(
        "cash that came into no drawer",
        "UPDATE orders_drawermovement SET amount_fen = amount_fen - 1 WHERE intent_id IS NOT NULL",
        {TILLS},
        "came into a drawer",
    ),
    Plant(
        "cash given back twice over",
        "UPDATE orders_drawermovement SET amount_fen = amount_fen * 2 WHERE refund_id IS NOT NULL",
        {TILLS},
        "went out of a drawer",
    ),
    Plant(
        "a difference that nobody confirms",
        "UPDATE orders_drawersession SET status = 'counted', counted_at = counted_at - interval '8 days'",
        {TILLS},
        "waits to be confirmed",
    ),
    Plant(
        "a card payment without its slip",
        "UPDATE orders_tillslip SET trace = '' WHERE intent_id IS NOT NULL AND trace <> ''",
        {TENDERS},
        "(card) has no slip",
    ),
    Plant(
        "less cash given than taken",
        "UPDATE orders_tillslip SET given_fen = 1 WHERE given_fen IS NOT NULL",
        {TENDERS},
        "(cash) has no slip",
    ),
    Plant(
        "a refund that its order's part does not count",
        "UPDATE orders_intentallocation SET refunded_fen = 0 WHERE order_id = {tendered}",
        {TENDERS},
        " and 0",
    ),
    Plant(
        "a payment that is for less than it brought",
        """
        UPDATE orders_paymentintent SET amount_fen = amount_fen + 1
        WHERE id IN (SELECT intent_id FROM orders_intentallocation WHERE order_id = {tendered}) AND method = 'card'
        """,
        {TENDERS},
        " fen: for orders ",
    ),
    Plant(
        "a card whose result nobody finds out",
        """
        INSERT INTO orders_paymentintent (checkout_id, brand_id, method, merchant_id, out_trade_no, provider_trade_no,
        amount_fen, refunded_fen, status, code_url, expires_at, attempts, failures, last_error, created_at)
        SELECT checkout_id, brand_id, 'card', '', 'PLANTED', '', 1, 0, 'unknown', '', placed_at, 0, 0, '',
        placed_at - interval '8 days' FROM orders_order WHERE id = {tendered};
        INSERT INTO orders_intentallocation (intent_id, order_id, amount_fen)
        SELECT id, {tendered}, 1 FROM orders_paymentintent WHERE out_trade_no = 'PLANTED'
        """,
        {TENDERS},
        "PLANTED (card) waits for its slip",
    ),
)
