"""What must hold of the counter's baskets."""

from orders.sql.verdict import VERDICT

# A settled basket's orders are paid to the fen, its pieces are back and its collections handed over on their codes; one
# that is being paid has orders that wait; one that is open has none. Every live one is looked at in time.
AUDIT_COUNTER_BASKETS = (
    """
WITH chosen AS (
    SELECT * FROM orders_counterbasket
    WHERE status IN ('open', 'parked', 'paying') OR %(after)s = 0
        OR id IN (SELECT entity_id FROM kernel_transition WHERE entity = 'orders.counterbasket' AND id > %(after)s)
), bought AS (
    SELECT sale.checkout_id, count(*) AS orders, count(*) FILTER (WHERE sale.paid_at IS NULL) AS unpaid,
        count(*) FILTER (WHERE sale.status = 'placed') AS waiting,
        sum(sale.total_fen) FILTER (WHERE sale.paid_at IS NOT NULL) AS total_fen, sum(paid.fen) AS paid_fen
    FROM orders_order sale
    LEFT JOIN LATERAL (
        SELECT sum(part.amount_fen) AS fen FROM orders_intentallocation part
        JOIN orders_paymentintent intent ON intent.id = part.intent_id AND intent.status = 'succeeded'
        WHERE part.order_id = sale.id AND sale.paid_at IS NOT NULL
    ) paid ON true
    WHERE sale.checkout_id IN (SELECT checkout_id FROM chosen)
    GROUP BY sale.checkout_id
), kept AS (
    SELECT line.basket_id, count(*) AS pieces FROM orders_counterline line
    WHERE line.kind = 'return' AND line.basket_id IN (SELECT id FROM chosen WHERE status = 'settled') AND NOT EXISTS (
        SELECT 1 FROM orders_returnline piece
        WHERE piece.sale_id = line.sale_id AND piece.unit = line.unit AND piece.is_live
    )
    GROUP BY line.basket_id
), waiting AS (
    SELECT line.basket_id, count(*) AS shares FROM orders_counterline line
    JOIN fulfillment_fulfillmentorder share ON share.id = line.share_id
    JOIN fulfillment_pickupcode code ON code.id = line.pickup_code_id
    WHERE line.kind = 'collection' AND line.basket_id IN (SELECT id FROM chosen WHERE status = 'settled')
        AND (share.status <> 'collected' OR code.status <> 'redeemed' OR code.fulfillment_order_id <> share.id)
    GROUP BY line.basket_id
), judged AS (
    SELECT chosen.id, CASE
        WHEN chosen.status IN ('open', 'parked', 'paying') AND coalesce(chosen.due_at < %(overdue)s, true)
            THEN concat(
                'counter basket ', number, ' (', chosen.status, ') was to be looked at: ',
                coalesce(chosen.due_at::text, 'never')
            )
        WHEN chosen.status = 'settled' AND coalesce(bought.waiting, 0) > 0
            THEN concat('counter basket ', number, ' is settled, and ', bought.waiting, ' of its orders wait for money')
        WHEN chosen.status = 'settled' AND coalesce(bought.total_fen, 0) <> coalesce(bought.paid_fen, 0)
            THEN concat(
                'counter basket ', number, ': orders of ', bought.total_fen, ' fen, paid ', coalesce(bought.paid_fen, 0)
            )
        WHEN chosen.status = 'settled' AND coalesce(kept.pieces, 0) > 0
            THEN concat('counter basket ', number, ' is settled, and ', kept.pieces, ' of its pieces never came back')
        WHEN chosen.status = 'settled' AND coalesce(waiting.shares, 0) > 0
            THEN concat(
                'counter basket ', number, ' is settled, and ', waiting.shares, ' of its collections still wait'
            )
        WHEN chosen.status = 'paying' AND chosen.checkout_id IS NOT NULL AND bought.orders IS NULL
            THEN concat('counter basket ', number, ' is being paid, and has no order')
    END AS problem
    FROM chosen
    LEFT JOIN bought ON bought.checkout_id = chosen.checkout_id
    LEFT JOIN kept ON kept.basket_id = chosen.id
    LEFT JOIN waiting ON waiting.basket_id = chosen.id
)
"""
    + VERDICT
)
