"""Violations of what must hold of returns."""

from tests.audit.planting import Plant
from tests.audit.plants import FULFILLMENT_DUE, MONEY, MOVEMENTS, PAID, SERVES

RETURNS = "Every return is what its pieces say"
REVERSALS = "Returns take back what was credited"
RETURNS_DUE = "No return is overdue"

RETURN_PLANTS = (
    Plant(
        "a piece that its line does not count",
        "UPDATE orders_orderline SET returned_quantity = 0 WHERE order_id = {returned}",
        {RETURNS},
        "its lines count other pieces than it has",
    ),
    Plant(
        "a piece that came back and stays sold",
        "DELETE FROM orders_recognition WHERE order_id = {returned} AND quantity < 0",
        {RETURNS, PAID, MONEY},
        "1 pieces came back, 0 sales reversed",
    ),
    Plant(
        "a piece that came into no stock",
        "DELETE FROM inventory_stockmovement WHERE cause LIKE 'return_line:%'",
        {RETURNS, MOVEMENTS},
        "1 pieces came into no stock",
    ),
    Plant(
        "a return refunded for less than it says",
        "UPDATE orders_return SET goods_fen = goods_fen + 1 WHERE order_id = {returned}",
        {RETURNS},
        "its pieces are worth",
    ),
    Plant(
        "a refund of another amount than its return's",
        "UPDATE orders_return SET collection_fen = 1 WHERE order_id = {returned}",
        {RETURNS},
        ": refund of 39900 fen",
    ),
    Plant(
        "credit that was never used",
        "UPDATE orders_return SET credit_fen = 1, delivery_fen = 1 WHERE order_id = {returned}",
        {RETURNS},
        "credit of 1 fen that was not used so",
    ),
    Plant(
        "a return that was called off and came back",
        "UPDATE orders_return SET status = 'cancelled' WHERE order_id = {returned}",
        {RETURNS},
        "is cancelled, and pieces of it came back",
    ),
    Plant(
        "more credit taken back than given",
        """
        UPDATE settlement_creditentry SET amount_fen = amount_fen + CASE role WHEN 'channel' THEN 30000 ELSE -30000
        END WHERE reversal_of_id IS NOT NULL
        """,
        {REVERSALS},
        "taken back for 1",
    ),
    Plant(
        "a return that nobody gives up",
        "UPDATE orders_return SET due_at = NULL WHERE order_id = {awaited}",
        {RETURNS_DUE},
        "(approved) was to be looked at: never",
    ),
    Plant(
        "a return that is always too late",
        "UPDATE orders_return SET due_at = '2026-03-16 03:00+00' WHERE order_id = {awaited}",
        {RETURNS_DUE},
        "(approved) was to be looked at: 2026",
    ),
    Plant(
        "a return left at the desk",
        "UPDATE orders_return SET status = 'dropped_at_store' WHERE order_id = {awaited}",
        {RETURNS_DUE},
        "is dropped_at_store, and nobody takes it on",
    ),
    Plant(
        "goods that come back and that nobody sees",
        "UPDATE fulfillment_fulfillmentorder SET status = 'returning', deadline_at = NULL WHERE id = {delivered_share}",
        {FULFILLMENT_DUE, SERVES, PAID},
        "(returning) was to be seen to by never",
    ),
    Plant(
        "goods that nobody collected and nobody puts back",
        """
        UPDATE fulfillment_fulfillmentorder SET status = 'pickup_expired', deadline_at = '2026-03-16 03:00+00'
        WHERE id = {accepted_share}
        """,
        {FULFILLMENT_DUE, PAID},
        "(pickup_expired) was to be seen to by 2026",
    ),
    Plant(
        "a collection that no courier rides",
        "UPDATE fulfillment_delivery SET state = 'cancelled' WHERE collection_id IS NOT NULL",
        {FULFILLMENT_DUE},
        "is requested, and no courier has it",
    ),
    Plant(
        "a return that no courier brings",
        """
        WITH over AS (UPDATE fulfillment_collection SET status = 'failed', finished_at = '2026-03-16 03:00+00')
        UPDATE orders_return SET status = 'in_transit', due_at = NULL WHERE order_id = {awaited}
        """,
        {RETURNS_DUE},
        "is in_transit, and no courier has it",
    ),
)
