"""The statements that read facts of the apps below in one go."""

SALE_FACTS = """
SELECT recognition.id, recognition.order_id, sale.brand_id, recognition.amount_fen, recognition.funding,
    recognition.business_on,
    sale.channel, recognition.charge_id IS NOT NULL, recognition.fulfilling_store_id,
    coalesce(line.selling_store_id, guide.store_id), line.guide_id, member.home_store_id,
    recognition.reversal_of_id IS NOT NULL OR coalesce(charge.kind = 'collection', false)
FROM orders_recognition recognition
JOIN orders_order sale ON sale.id = recognition.order_id
LEFT JOIN orders_ordercharge charge ON charge.id = recognition.charge_id
LEFT JOIN orders_orderline line ON line.id = recognition.order_line_id
LEFT JOIN stores_staff guide ON guide.id = line.guide_id
LEFT JOIN members_member member ON member.id = sale.member_id
WHERE recognition.id = %s
"""

REVERSAL_FACTS = """
SELECT sale.id, sale.quantity, sale.amount_fen, sale.funding, coalesce(piece.unit, 0), goods.receiving_store_id
FROM orders_recognition mirror
JOIN orders_recognition sale ON sale.id = mirror.reversal_of_id
LEFT JOIN orders_returnline piece ON piece.mirror_id = mirror.id
LEFT JOIN orders_return goods ON goods.id = piece.case_id
WHERE mirror.id = %s
"""

INTENT_FACTS = "SELECT brand_id, method FROM orders_paymentintent WHERE id = %s"

REFUND_FACTS = """
SELECT intent.brand_id,
    CASE refund.reason WHEN 'exchanged' THEN 'return_credit' ELSE coalesce(origin.method, intent.method) END,
    refund.reason IN ('goods_returned', 'exchanged')
FROM orders_refund refund JOIN orders_paymentintent intent ON intent.id = refund.intent_id
LEFT JOIN orders_paymentintent origin ON origin.id = refund.through_id
WHERE refund.id = %s
"""

# The audit. Every statement is one snapshot and returns one row: rows checked, rows wrong, up to twenty of them named.
# An event that is still to be delivered is owed: the row it would write is not missed yet.

_VERDICT = """
SELECT count(*), count(problem), (array_agg(problem ORDER BY id) FILTER (WHERE problem IS NOT NULL))[1:20] FROM judged
"""

AUDIT_JOURNALS = (
    """
WITH checked AS (
    SELECT entry.id, entry.cause, count(line.id) AS lines,
        coalesce(sum(line.debit_fen), 0) AS debit, coalesce(sum(line.credit_fen), 0) AS credit
    FROM settlement_journalentry entry LEFT JOIN settlement_journalline line ON line.entry_id = entry.id
    WHERE entry.id > %(after)s
    GROUP BY entry.id
), judged AS (
    SELECT id, CASE WHEN lines < 2 OR debit <> credit THEN concat(
        'journal entry ', id, ' (', cause, '): ', lines, ' lines, debit ', debit, ', credit ', credit
    ) END AS problem
    FROM checked
)
"""
    + _VERDICT
)

AUDIT_SALES = (
    """
WITH owed AS (
    SELECT (event.payload ->> 'recognition_id')::bigint AS recognition_id
    FROM kernel_eventdelivery delivery JOIN kernel_event event ON event.id = delivery.event_id
    WHERE delivery.state = 'pending' AND delivery.subscriber IN ('settlement.book_sale', 'settlement.book_reversal')
), sale AS (
    SELECT id, order_id, amount_fen + (
        SELECT coalesce(sum(fen::bigint), 0) FROM jsonb_each_text(funding) AS part (party, fen)
    ) AS amount_fen
    FROM orders_recognition
    WHERE id > %(after)s AND id NOT IN (SELECT recognition_id FROM owed)
), booked AS (
    SELECT entry.cause, entry.order_id, sum(line.credit_fen - line.debit_fen) AS fen
    FROM settlement_journalentry entry
    JOIN settlement_journalline line ON line.entry_id = entry.id
    JOIN settlement_account account ON account.id = line.account_id AND account.code = 'sales'
    WHERE %(after)s = 0 OR entry.cause IN (SELECT 'recognition:' || id FROM sale)
    GROUP BY entry.id
), credited AS (
    SELECT DISTINCT recognition_id FROM settlement_creditentry WHERE recognition_id > %(after)s
), checked AS (
    SELECT sale.id, sale.order_id, sale.amount_fen, booked.order_id AS booked_for,
        coalesce(booked.fen, 0) AS booked_fen, credited.recognition_id IS NOT NULL AS is_credited
    FROM sale
    LEFT JOIN booked ON booked.cause = 'recognition:' || sale.id
    LEFT JOIN credited ON credited.recognition_id = sale.id
), judged AS (
    SELECT id, CASE
        WHEN amount_fen <> 0 AND booked_for IS NULL THEN concat('recognition ', id, ': no journal entry')
        WHEN amount_fen <> 0 AND (booked_for <> order_id OR booked_fen <> amount_fen)
            THEN concat('recognition ', id, ' of ', amount_fen, ' fen: booked as ', booked_fen)
        WHEN NOT is_credited THEN concat('recognition ', id, ': no credit')
    END AS problem
    FROM checked
)
"""
    + _VERDICT
)

AUDIT_CREDIT = (
    """
WITH checked AS (
    SELECT sale.id, sale.amount_fen + (
            SELECT coalesce(sum(fen::bigint), 0) FROM jsonb_each_text(sale.funding) AS part (party, fen)
        ) AS amount_fen, sum(credit.amount_fen) AS credited, sum(credit.share_ppm) AS ppm,
        bool_and(coalesce((rule.params -> credit.case ->> credit.role)::int = credit.share_ppm, false)) AS is_by_rule
    FROM settlement_creditentry credit
    JOIN orders_recognition sale ON sale.id = credit.recognition_id
    JOIN settlement_ruleversion rule ON rule.id = credit.rule_version_id
    WHERE credit.recognition_id > %(after)s AND credit.role <> 'handling'
    GROUP BY sale.id
), judged AS (
    SELECT id, CASE
        WHEN credited <> amount_fen OR ppm <> 1000000
            THEN concat('recognition ', id, ' of ', amount_fen, ' fen: credited ', credited, ', ', ppm, ' ppm')
        WHEN NOT is_by_rule THEN concat('recognition ', id, ': a share differs from its rule')
    END AS problem
    FROM checked
)
"""
    + _VERDICT
)

# What was taken back of an entry or a credit never exceeds it, and has its sign turned.
AUDIT_REVERSALS = (
    """
WITH taken AS (
    SELECT original.id, original.role, sum(credit.amount_fen) AS fen, original.amount_fen,
        sum(credit.amount_fen) + original.amount_fen < -1 OR bool_or(sale.reversal_of_id <> original.recognition_id)
            AS is_wrong,
        sum(-sale.quantity) AS units, max(sold.quantity) AS sold
    FROM settlement_creditentry credit
    JOIN settlement_creditentry original ON original.id = credit.reversal_of_id
    JOIN orders_recognition sale ON sale.id = credit.recognition_id
    JOIN orders_recognition sold ON sold.id = original.recognition_id
    WHERE original.recognition_id IN (
        SELECT reversal_of_id FROM orders_recognition WHERE reversal_of_id IS NOT NULL AND id > %(after)s
    )
    GROUP BY original.id
), judged AS (
    SELECT id, CASE WHEN is_wrong OR units > sold OR (units = sold AND fen <> -amount_fen) THEN concat(
        'credit ', id, ' (', role, ') of ', amount_fen, ' fen for ', sold, ' units: ', fen, ' taken back for ', units
    ) END AS problem
    FROM taken
)
"""
    + _VERDICT
)

# Which orders' money may have changed: a new payment, refund, sale or entry leaves a row in an append-only table.
# `is_full` stands in every condition, so that a full audit is planned as one pass over each table.
AUDIT_ORDER_MONEY = (
    """
WITH touched AS (
    SELECT id FROM orders_order WHERE %(is_full)s
    UNION
    SELECT order_id FROM settlement_journalentry WHERE NOT %(is_full)s AND id > %(after_entry)s
    UNION
    SELECT order_id FROM orders_recognition WHERE NOT %(is_full)s AND id > %(after_sale)s
    UNION
    SELECT allocation.order_id
    FROM kernel_transition change JOIN orders_intentallocation allocation ON allocation.intent_id = change.entity_id
    WHERE NOT %(is_full)s AND change.id > %(after_transition)s AND change.entity = 'orders.paymentintent'
    UNION
    SELECT refund.order_id
    FROM kernel_transition change JOIN orders_refund refund ON refund.id = change.entity_id
    WHERE NOT %(is_full)s AND change.id > %(after_transition)s AND change.entity = 'orders.refund'
), paid AS (
    SELECT allocation.order_id, sum(allocation.amount_fen) AS fen
    FROM orders_intentallocation allocation JOIN orders_paymentintent intent ON intent.id = allocation.intent_id
    WHERE intent.status = 'succeeded' AND (%(is_full)s OR allocation.order_id IN (SELECT id FROM touched))
    GROUP BY allocation.order_id
), refunded AS (
    SELECT order_id, sum(amount_fen) AS fen FROM orders_refund
    WHERE status = 'succeeded' AND (%(is_full)s OR order_id IN (SELECT id FROM touched))
    GROUP BY order_id
), recognised AS (
    SELECT order_id, sum(amount_fen) AS fen FROM orders_recognition
    WHERE %(is_full)s OR order_id IN (SELECT id FROM touched)
    GROUP BY order_id
), prepaid AS (
    SELECT entry.order_id, sum(line.credit_fen - line.debit_fen) AS fen
    FROM settlement_journalentry entry
    JOIN settlement_journalline line ON line.entry_id = entry.id
    JOIN settlement_account account ON account.id = line.account_id
    WHERE account.code IN ('prepayment', 'refund_payable')
        AND (%(is_full)s OR entry.order_id IN (SELECT id FROM touched))
    GROUP BY entry.order_id
), owed AS (
    SELECT (event.payload ->> 'order_id')::bigint AS order_id,
        sum((event.payload ->> 'amount_fen')::bigint
            * CASE WHEN delivery.subscriber IN ('settlement.book_payment', 'settlement.book_credit') THEN 1 ELSE -1 END
        ) AS fen
    FROM kernel_eventdelivery delivery JOIN kernel_event event ON event.id = delivery.event_id
    WHERE delivery.state = 'pending' AND delivery.subscriber IN (
        'settlement.book_payment', 'settlement.book_credit', 'settlement.book_sale', 'settlement.book_reversal',
        'settlement.book_refund'
    )
    GROUP BY 1
), checked AS (
    SELECT sale.id, sale.number, coalesce(paid.fen, 0) AS paid, coalesce(refunded.fen, 0) AS refunded,
        coalesce(prepaid.fen, 0) AS prepaid, coalesce(owed.fen, 0) AS owed, coalesce(recognised.fen, 0) AS recognised
    FROM touched JOIN orders_order sale ON sale.id = touched.id
    LEFT JOIN paid ON paid.order_id = sale.id
    LEFT JOIN refunded ON refunded.order_id = sale.id
    LEFT JOIN recognised ON recognised.order_id = sale.id
    LEFT JOIN prepaid ON prepaid.order_id = sale.id
    LEFT JOIN owed ON owed.order_id = sale.id
), judged AS (
    SELECT id, CASE WHEN paid - refunded <> prepaid + owed + recognised
        THEN concat(
            'order ', number, ': paid ', paid, ' - refunded ', refunded, ' <> prepaid ', prepaid, ' + owed ',
            owed, ' + recognised ', recognised
        ) END AS problem
    FROM checked
)
"""
    + _VERDICT
)

AUDIT_ORPHANS = (
    """
WITH owed AS (
    SELECT (event.payload ->> 'intent_id')::bigint AS intent_id,
        sum((event.payload ->> 'amount_fen')::bigint
            * CASE delivery.subscriber WHEN 'settlement.book_orphan' THEN 1 ELSE -1 END) AS fen
    FROM kernel_eventdelivery delivery JOIN kernel_event event ON event.id = delivery.event_id
    WHERE delivery.state = 'pending'
        AND delivery.subscriber IN ('settlement.book_orphan', 'settlement.book_orphan_refund')
    GROUP BY 1
), refunded AS (
    SELECT intent_id, count(*) AS refunds, sum(amount_fen) AS fen,
        coalesce(sum(amount_fen) FILTER (WHERE status = 'succeeded'), 0) AS succeeded
    FROM orders_refund WHERE reason = 'orphan' GROUP BY intent_id
), booked AS (
    SELECT cause.intent_id, sum(line.credit_fen - line.debit_fen) AS fen
    FROM (
        SELECT id AS intent_id, 'orphan:' || id AS cause FROM orders_paymentintent
        WHERE status IN ('orphan_paid', 'orphan_refunded')
        UNION ALL
        SELECT intent_id, 'orphan_refund:' || id FROM orders_refund WHERE reason = 'orphan'
    ) AS cause
    JOIN settlement_journalentry entry ON entry.cause = cause.cause
    JOIN settlement_journalline line ON line.entry_id = entry.id
    JOIN settlement_account account ON account.id = line.account_id
    WHERE account.code = 'refund_payable'
    GROUP BY cause.intent_id
), checked AS (
    SELECT intent.id, intent.out_trade_no, intent.amount_fen, intent.status, coalesce(refunded.refunds, 0) AS refunds,
        coalesce(refunded.fen, 0) AS asked, coalesce(refunded.succeeded, 0) AS succeeded,
        coalesce(booked.fen, 0) + coalesce(owed.fen, 0) AS payable
    FROM orders_paymentintent intent
    LEFT JOIN refunded ON refunded.intent_id = intent.id
    LEFT JOIN booked ON booked.intent_id = intent.id
    LEFT JOIN owed ON owed.intent_id = intent.id
    WHERE intent.status IN ('orphan_paid', 'orphan_refunded')
), judged AS (
    SELECT id, CASE
        WHEN refunds <> 1 OR asked <> amount_fen
            THEN concat('orphan ', out_trade_no, ' of ', amount_fen, ' fen: ', refunds, ' refunds of ', asked)
        WHEN (status = 'orphan_refunded') <> (succeeded = amount_fen)
            THEN concat('orphan ', out_trade_no, ' is ', status, ', and ', succeeded, ' fen went back')
        WHEN payable <> amount_fen - succeeded
            THEN concat('orphan ', out_trade_no, ': the ledger owes ', payable, ' fen, not ', amount_fen - succeeded)
    END AS problem
    FROM checked
)
"""
    + _VERDICT
)

# The newest entry up to which all are older than a moment.
LAST_ENTRY = """
SELECT coalesce(min(id) FILTER (WHERE booked_at >= %(before)s) - 1, max(id), %(after)s)
FROM settlement_journalentry WHERE id > %(after)s
"""
