"""Violations of what must hold of exchanges."""

from tests.audit.planting import Plant
from tests.audit.plants import MONEY, PAID, TENDERS
from tests.audit.return_plants import RETURNS

EXCHANGES = "Every replacement has its return, and is paid by it"

EXCHANGE_PLANTS = (
    Plant(
        "a replacement held for a return that was called off",
        "UPDATE orders_return SET status = 'cancelled' WHERE replacement_id = {held}",
        {EXCHANGES, RETURNS},
        "which is cancelled",
    ),
    Plant(
        "a replacement paid with less than its return gave",
        "UPDATE orders_intentallocation SET amount_fen = amount_fen - 1 WHERE order_id = {exchanged}",
        {EXCHANGES, PAID, MONEY, TENDERS},
        "49899 fen paid by return",
    ),
    Plant(
        "credit of another amount than was taken from the return",
        "UPDATE orders_paymentintent SET amount_fen = amount_fen + 1 WHERE credit_of_id IS NOT NULL",
        {EXCHANGES, TENDERS},
        "is credit of a refund of 49900",
    ),
    Plant(
        "credit that nothing was paid with",
        "UPDATE orders_paymentintent SET credit_of_id = NULL WHERE credit_of_id IS NOT NULL",
        {EXCHANGES},
        "pays for nothing",
    ),
    Plant(
        "a difference that was never given back",
        "DELETE FROM orders_refund WHERE order_id = {undone}",
        {EXCHANGES, MONEY, TENDERS},
        "(cancelled): paid 10000, refunds 0",
    ),
)
