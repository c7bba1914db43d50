"""What must hold of tills and tenders."""

from orders.sql.verdict import VERDICT

# A till that was counted expects its float and all that moved; the cash of every payment and refund has moved once.
AUDIT_TILLS = (
    """
WITH moved AS (
    SELECT session_id, sum(amount_fen) AS fen FROM orders_drawermovement GROUP BY session_id
), judged AS (
    SELECT drawer.id, CASE
        WHEN drawer.status <> 'open' AND drawer.expected_fen IS DISTINCT FROM drawer.float_fen + coalesce(moved.fen, 0)
            THEN concat(
                'till ', drawer.till, ' of store ', drawer.store_id, ' (session ', drawer.id, '): expected ',
                drawer.expected_fen, ', float and movements are ', drawer.float_fen + coalesce(moved.fen, 0)
            )
        WHEN drawer.status = 'counted' AND drawer.counted_at < %(stale)s
            THEN concat('till ', drawer.till, ' (session ', drawer.id, ') waits to be confirmed')
    END AS problem
    FROM orders_drawersession drawer LEFT JOIN moved ON moved.session_id = drawer.id
    UNION ALL
    SELECT intent.id, CASE WHEN moved.amount_fen IS DISTINCT FROM intent.amount_fen
        THEN concat('payment ', intent.out_trade_no, ' of ', intent.amount_fen, ' fen in cash: ', moved.amount_fen,
            ' came into a drawer') END
    FROM orders_paymentintent intent LEFT JOIN orders_drawermovement moved ON moved.intent_id = intent.id
    WHERE intent.method = 'cash' AND intent.status = 'succeeded'
    UNION ALL
    SELECT refund.id, CASE WHEN moved.amount_fen IS DISTINCT FROM -refund.amount_fen
        THEN concat('refund ', refund.out_refund_no, ' of ', refund.amount_fen, ' fen in cash: ', -moved.amount_fen,
            ' went out of a drawer') END
    FROM orders_refund refund
    JOIN orders_paymentintent intent ON intent.id = coalesce(refund.through_id, refund.intent_id)
    LEFT JOIN orders_drawermovement moved ON moved.refund_id = refund.id
    WHERE intent.method = 'cash' AND refund.status = 'succeeded' AND refund.reason <> 'exchanged'
)
"""
    + VERDICT
)

# A payment is for orders to the fen, its refunds are counted, and what no provider knows has a slip that tells.
AUDIT_TENDERS = (
    """
WITH chosen AS (
    SELECT * FROM orders_paymentintent
    WHERE %(after)s = 0 OR status IN ('created', 'pending', 'unknown', 'closing')
        OR id IN (SELECT entity_id FROM kernel_transition WHERE entity = 'orders.paymentintent' AND id > %(after)s)
        OR id IN (
            SELECT refund.intent_id FROM kernel_transition change
            JOIN orders_refund refund ON refund.id = change.entity_id
            WHERE change.entity = 'orders.refund' AND change.id > %(after)s
        )
), allocated AS (
    SELECT intent_id, sum(amount_fen) AS fen, sum(refunded_fen) AS refunded_fen FROM orders_intentallocation
    WHERE %(after)s = 0 OR intent_id IN (SELECT id FROM chosen) GROUP BY intent_id
), refunded AS (
    SELECT intent_id, sum(amount_fen) AS fen,
        coalesce(sum(amount_fen) FILTER (WHERE order_id IS NOT NULL), 0) AS of_orders
    FROM orders_refund WHERE %(after)s = 0 OR intent_id IN (SELECT id FROM chosen) GROUP BY intent_id
), judged AS (
    SELECT chosen.id, CASE
        WHEN allocated.fen IS DISTINCT FROM chosen.amount_fen
            THEN concat('payment ', out_trade_no, ' of ', amount_fen, ' fen: for orders ', allocated.fen)
        WHEN chosen.refunded_fen <> coalesce(refunded.fen, 0)
            OR allocated.refunded_fen <> coalesce(refunded.of_orders, 0)
            THEN concat(
                'payment ', out_trade_no, ': refunds of ', coalesce(refunded.fen, 0), ' fen, counted ',
                chosen.refunded_fen, ' and ', allocated.refunded_fen
            )
        WHEN chosen.method IN ('cash', 'card', 'mall_till') AND chosen.status IN (
            'succeeded', 'orphan_paid', 'orphan_refunded'
        ) AND NOT coalesce(CASE chosen.method
            WHEN 'cash' THEN slip.given_fen >= chosen.amount_fen
            WHEN 'card' THEN slip.terminal <> '' AND slip.batch <> '' AND slip.trace <> ''
            ELSE slip.mall_id IS NOT NULL AND slip.receipt_number <> '' AND slip.receipt_on IS NOT NULL
        END, false) THEN concat('payment ', out_trade_no, ' (', chosen.method, ') has no slip')
        WHEN chosen.method = 'card' AND chosen.status IN ('created', 'unknown') AND chosen.created_at < %(stale)s
            THEN concat('payment ', out_trade_no, ' (card) waits for its slip')
    END AS problem
    FROM chosen
    LEFT JOIN allocated ON allocated.intent_id = chosen.id
    LEFT JOIN refunded ON refunded.intent_id = chosen.id
    LEFT JOIN orders_tillslip slip ON slip.intent_id = chosen.id
)
"""
    + VERDICT
)
