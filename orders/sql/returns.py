"""The statements of returns: counting pieces, claiming what is due, and what must hold."""

from orders.sql.verdict import VERDICT

# The guard: no more units come back than were sold; no row otherwise.
COUNT_RETURNED = """
UPDATE orders_orderline line SET returned_quantity = returned_quantity + %(units)s
WHERE id = %(id)s AND returned_quantity + %(units)s BETWEEN 0 AND (
    SELECT coalesce(sum(sale.quantity), 0) FROM orders_recognition sale
    WHERE sale.order_line_id = line.id AND sale.reversal_of_id IS NULL
)
"""

CLAIM_RETURN = """
UPDATE orders_return SET attempts = attempts + 1,
    due_at = %(now)s + least(3600, 30 * 2 ^ least(attempts, 10)) * interval '1 second'
WHERE id = %(id)s AND due_at <= %(now)s
"""

# A return that is open, or changed since, is what its pieces, mirrors, movements and refunds say.
AUDIT_RETURNS = (
    """
WITH chosen AS (
    SELECT * FROM orders_return
    WHERE %(after)s = 0 OR status IN ('approved', 'in_transit', 'received', 'inspected', 'refund_due')
        OR id IN (SELECT entity_id FROM kernel_transition WHERE entity = 'orders.return' AND id > %(after)s)
), piece AS (
    SELECT piece.case_id, sum(piece.refund_fen) FILTER (WHERE piece.is_live) AS fen,
        count(*) FILTER (WHERE piece.is_live) AS live,
        count(*) FILTER (WHERE piece.is_live AND mirror.amount_fen = -piece.refund_fen
            AND mirror.reversal_of_id = piece.sale_id) AS mirrored,
        count(*) FILTER (WHERE piece.mirror_id IS NOT NULL) AS mirrors,
        count(*) FILTER (WHERE piece.is_live AND piece.condition IN ('resell', 'refurbish', 'scrap') AND NOT EXISTS (
            SELECT 1 FROM inventory_stockmovement moved WHERE moved.cause = 'return_line:' || piece.id
        )) AS unmoved
    FROM orders_returnline piece LEFT JOIN orders_recognition mirror ON mirror.id = piece.mirror_id
    WHERE piece.case_id IN (SELECT id FROM chosen)
    GROUP BY piece.case_id
), counted AS (
    SELECT chosen.id, bool_and(line.returned_quantity = (
        SELECT count(*) FROM orders_returnline live WHERE live.order_line_id = line.id AND live.is_live
    )) AS is_counted
    FROM chosen JOIN orders_returnline piece ON piece.case_id = chosen.id
    JOIN orders_orderline line ON line.id = piece.order_line_id
    GROUP BY chosen.id
), judged AS (
    SELECT chosen.id, CASE
        WHEN NOT counted.is_counted THEN concat('return ', number, ': its lines count other pieces than it has')
        WHEN chosen.status IN ('rejected', 'cancelled', 'expired') AND (piece.live > 0 OR piece.mirrors > 0)
            THEN concat('return ', number, ' is ', chosen.status, ', and pieces of it came back')
        WHEN chosen.status IN ('requested', 'approved', 'dropped_at_store', 'in_transit', 'received')
            AND (piece.mirrors > 0 OR piece.live = 0)
            THEN concat('return ', number, ' is ', chosen.status, ', and its sale is reversed')
        WHEN chosen.status IN ('inspected', 'refund_due', 'refunded', 'closed') AND piece.mirrored <> piece.live
            THEN concat('return ', number, ': ', piece.live, ' pieces came back, ', piece.mirrored, ' sales reversed')
        WHEN chosen.status IN ('inspected', 'refund_due', 'refunded', 'closed') AND piece.unmoved > 0
            THEN concat('return ', number, ': ', piece.unmoved, ' pieces came into no stock')
        WHEN coalesce(piece.fen, 0) <> chosen.goods_fen AND piece.live > 0
            THEN concat('return ', number, ' of ', chosen.goods_fen, ' fen: its pieces are worth ', piece.fen)
        WHEN chosen.status IN ('refund_due', 'refunded', 'closed') AND coalesce(paid.amount_fen, 0)
            <> chosen.goods_fen + delivery_fen - collection_fen - credit_fen
            THEN concat('return ', number, ': refund of ', coalesce(paid.amount_fen, 0), ' fen')
        WHEN chosen.status IN ('refunded', 'closed') AND paid.status <> 'succeeded'
            THEN concat('return ', number, ' is ', chosen.status, ', its refund ', paid.status)
        WHEN chosen.credit_fen <> coalesce((
            SELECT sum(credit.amount_fen) FROM orders_refund credit
            WHERE credit.status = 'succeeded' AND (credit.cause = 'return_credit:' || chosen.id
                OR credit.cause LIKE 'return_credit:' || chosen.id || ':%%')
        ), 0) THEN concat('return ', number, ': credit of ', chosen.credit_fen, ' fen that was not used so')
    END AS problem
    FROM chosen
    JOIN piece ON piece.case_id = chosen.id
    JOIN counted ON counted.id = chosen.id
    LEFT JOIN LATERAL (
        SELECT sum(refund.amount_fen) AS amount_fen,
            coalesce(min(refund.status) FILTER (WHERE refund.status <> 'succeeded'), min(refund.status)) AS status
        FROM orders_refund refund
        WHERE refund.id = chosen.refund_id OR refund.cause LIKE concat('return:', chosen.id, ':rest%%')
    ) paid ON true
)
"""
    + VERDICT
)

# What waits for the shopper, a clerk or a payment has a day on which the sweeper ends the wait.
AUDIT_RETURNS_DUE = (
    """
WITH judged AS (
    SELECT id, CASE
        WHEN due_at < %(overdue)s OR attempts > 5 OR due_at IS NULL AND status IN ('approved', 'received', 'inspected')
            THEN concat(
                'return ', number, ' (', status, ') was to be looked at: ', coalesce(due_at::text, 'never'), ', ',
                attempts, ' attempts'
            )
        WHEN status IN ('approved', 'in_transit') AND way = 'collect' AND due_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM fulfillment_collection collection WHERE collection.id = orders_return.collection_id
                AND (collection.finished_at IS NULL OR collection.finished_at >= %(overdue)s)
        ) THEN concat('return ', number, ' is ', status, ', and no courier has it')
        WHEN status IN ('requested', 'dropped_at_store', 'refunded') OR status = 'refund_due' AND refund_id IS NULL
            THEN concat('return ', number, ' is ', status, ', and nobody takes it on')
    END AS problem
    FROM orders_return
    WHERE due_at IS NOT NULL OR status NOT IN ('closed', 'rejected', 'cancelled', 'expired')
)
"""
    + VERDICT
)

# What is held for goods that come back is held for a return under way; it was paid with what that return says, and
# what was paid for one that was given back went back.
AUDIT_EXCHANGES = (
    """
WITH chosen AS (
    SELECT goods.id, goods.number, goods.status, goods.credit_fen, sale.id AS sale_id, sale.number AS sale_number,
        sale.status AS sale_status, sale.ending_as, sale.paid_at
    FROM orders_return goods JOIN orders_order sale ON sale.id = goods.replacement_id
    WHERE %(after)s = 0 OR goods.finished_at IS NULL OR sale.finished_at IS NULL
        OR goods.id IN (SELECT entity_id FROM kernel_transition WHERE entity = 'orders.return' AND id > %(after)s)
        OR sale.id IN (SELECT entity_id FROM kernel_transition WHERE entity = 'orders.order' AND id > %(after)s)
), judged AS (
    SELECT chosen.id, CASE
        WHEN sale_status = 'placed' AND ending_as = ''
            AND status IN ('refund_due', 'refunded', 'closed', 'rejected', 'cancelled', 'expired')
            THEN concat('order ', sale_number, ' is held for return ', number, ', which is ', status)
        WHEN paid.credit_fen <> chosen.credit_fen THEN concat(
            'order ', sale_number, ': ', paid.credit_fen, ' fen paid by return ', number, ', which gave ',
            chosen.credit_fen
        )
        WHEN sale_status IN ('expired', 'cancelled') AND paid_at IS NULL AND paid.fen <> refunds.fen
            THEN concat('order ', sale_number, ' (', sale_status, '): paid ', paid.fen, ', refunds ', refunds.fen)
    END AS problem
    FROM chosen
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(allocation.amount_fen), 0) AS fen,
            coalesce(sum(allocation.amount_fen) FILTER (WHERE intent.method = 'return_credit'), 0) AS credit_fen
        FROM orders_intentallocation allocation
        JOIN orders_paymentintent intent ON intent.id = allocation.intent_id AND intent.status = 'succeeded'
        WHERE allocation.order_id = chosen.sale_id
    ) paid
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount_fen), 0) AS fen FROM orders_refund WHERE order_id = chosen.sale_id
    ) refunds
    UNION ALL
    SELECT credit.id, CASE WHEN made.reason <> 'exchanged' OR made.amount_fen <> credit.amount_fen THEN concat(
        'payment ', credit.out_trade_no, ' of ', credit.amount_fen, ' fen is credit of a refund of ', made.amount_fen
    ) END
    FROM orders_paymentintent credit JOIN orders_refund made ON made.id = credit.credit_of_id
    UNION ALL
    SELECT made.id, concat('refund ', made.out_refund_no, ' of ', made.amount_fen, ' fen pays for nothing')
    FROM orders_refund made WHERE made.cause LIKE 'return_credit:%%:%%' AND NOT EXISTS (
        SELECT 1 FROM orders_paymentintent credit WHERE credit.credit_of_id = made.id
    )
)
"""
    + VERDICT
)
