"""The hot statements of orders: placing, and claiming rows that are due."""

from orders.sql.returns import AUDIT_EXCHANGES, AUDIT_RETURNS, AUDIT_RETURNS_DUE, CLAIM_RETURN, COUNT_RETURNED
from orders.sql.till import AUDIT_TENDERS, AUDIT_TILLS
from orders.sql.verdict import VERDICT

__all__ = [
    "AUDIT_EXCHANGES",
    "AUDIT_RETURNS",
    "AUDIT_RETURNS_DUE",
    "AUDIT_TENDERS",
    "AUDIT_TILLS",
    "CLAIM_RETURN",
    "COUNT_RETURNED",
]

# What placing needs to know of the brand and the place, in one row; what there is none of is null. And the order's id:
# its offers are taken under it before it is written, since members are locked before stock.
TERMS = """
SELECT nextval('orders_order_id_seq'), brand.delivery_fee_fen, brand.free_delivery_from_fen,
    brand.express_fee_fen, brand.sends_express,
    district.lat, district.lng, store.lat, store.lng,
    EXISTS (
        SELECT 1 FROM members_promotion promotion
        WHERE promotion.brand_id = brand.id AND promotion.is_running AND promotion.valid @> %(now)s::timestamptz
    )
FROM stores_brand brand
LEFT JOIN stores_district district ON district.code = %(district_code)s
LEFT JOIN stores_store store ON store.id = %(pickup_store_id)s AND store.brand_id = brand.id
    AND store.is_active AND (store.offers_pickup OR %(is_taken_away)s)
WHERE brand.id = %(brand_id)s
"""

# Checkout (unless the order joins one), order, lines with their adjustments and the delivery charge, in one statement.
PLACE = """
WITH opened AS (
    INSERT INTO orders_checkout (created_at) SELECT %(now)s WHERE %(checkout_id)s::bigint IS NULL RETURNING id
), checkout AS (
    SELECT coalesce(%(checkout_id)s::bigint, (SELECT id FROM opened)) AS id
), placed AS (
    INSERT INTO orders_order (
        id, checkout_id, number, brand_id, member_id, fulfillment_id, channel, status, held_status, ending_as,
        contact_name, contact_phone_sealed, contact_phone_index, language, goods_fen, charges_fen, total_fen,
        placed_at, expires_at, due_at, attempts, cancel_reason
    )
    SELECT %(order_id)s::bigint, checkout.id, %(number)s, %(brand_id)s, %(member_id)s, %(fulfillment_id)s,
        %(channel)s, 'placed', '', '',
        %(contact_name)s, %(phone_sealed)s, %(phone_index)s, %(language)s,
        %(goods_fen)s::bigint, %(charge_fen)s::bigint,
        %(goods_fen)s::bigint + %(charge_fen)s::bigint, %(now)s, %(expires_at)s, %(expires_at)s, 0, ''
    FROM checkout
    RETURNING id
), lines AS (
    INSERT INTO orders_orderline (
        order_id, fulfillment_line_id, variant_id, sku, name_zh, name_en, quantity, cancelled_quantity,
        unit_price_fen, tag_price_fen, discount_fen, total_fen, tax_rate_ppm, collector,
        selling_store_id, guide_id, guide_evidence
    )
    SELECT placed.id, line.fulfillment_line_id, line.variant_id, line.sku, line.name_zh, line.name_en,
        line.quantity, 0, line.unit_price_fen, line.tag_price_fen, line.discount_fen,
        line.unit_price_fen * line.quantity - line.discount_fen, line.tax_rate_ppm, %(collector)s,
        %(selling_store_id)s::bigint, %(guide_id)s::bigint, %(guide_evidence)s
    FROM placed, unnest(
        %(fulfillment_line_ids)s::bigint[], %(variant_ids)s::bigint[], %(skus)s::text[], %(names_zh)s::text[],
        %(names_en)s::text[], %(quantities)s::int[], %(unit_prices)s::bigint[], %(tag_prices)s::bigint[],
        %(tax_rates)s::int[], %(discounts)s::bigint[]
    ) WITH ORDINALITY AS line (
        fulfillment_line_id, variant_id, sku, name_zh, name_en, quantity, unit_price_fen, tag_price_fen,
        tax_rate_ppm, discount_fen, position
    )
    ORDER BY line.position
    RETURNING id, fulfillment_line_id
), adjustments AS (
    INSERT INTO orders_lineadjustment (order_line_id, kind, source, name_zh, name_en, amount_fen, funders)
    SELECT lines.id, part.kind, part.source, part.name_zh, part.name_en, part.amount_fen, part.funders::jsonb
    FROM unnest(
        %(adjusted_lines)s::bigint[], %(kinds)s::text[], %(sources)s::text[], %(offer_names_zh)s::text[],
        %(offer_names_en)s::text[], %(amounts)s::bigint[], %(funders)s::text[]
    ) WITH ORDINALITY AS part (
        fulfillment_line_id, kind, source, name_zh, name_en, amount_fen, funders, position
    )
    JOIN lines ON lines.fulfillment_line_id = part.fulfillment_line_id
    ORDER BY part.position
), charge AS (
    INSERT INTO orders_ordercharge (order_id, kind, amount_fen, is_cancelled)
    SELECT placed.id, 'delivery', %(charge_fen)s::bigint, false FROM placed WHERE %(charge_fen)s::bigint > 0
)
SELECT id FROM placed
"""

# A guest's baskets join an account's: a line is taken out of one as it goes into the other, so it arrives once.
OPEN_BASKETS = """
INSERT INTO orders_basket (token, brand_id, updated_at)
SELECT %(own)s, brand_id, %(now)s FROM orders_basket WHERE token = %(guest)s ORDER BY brand_id
ON CONFLICT (token, brand_id) DO UPDATE SET updated_at = excluded.updated_at
"""

MOVE_BASKET_LINES = """
WITH moved AS (
    DELETE FROM orders_basketline line USING orders_basket basket
    WHERE basket.id = line.basket_id AND basket.token = %(guest)s
    RETURNING line.id, basket.brand_id, line.variant_id, line.quantity, line.seen_price_fen
)
INSERT INTO orders_basketline (basket_id, variant_id, quantity, seen_price_fen)
SELECT own.id, moved.variant_id, moved.quantity, moved.seen_price_fen
FROM moved JOIN orders_basket own ON own.token = %(own)s AND own.brand_id = moved.brand_id
ORDER BY moved.id
ON CONFLICT (basket_id, variant_id) DO UPDATE SET
    quantity = least(%(most)s, orders_basketline.quantity + excluded.quantity),
    seen_price_fen = excluded.seen_price_fen
"""

DROP_BASKETS = "DELETE FROM orders_basket WHERE token = %(guest)s"

# The lock keeps a line from coming in meanwhile; a basket that somebody uses now is not old.
SWEEP_BASKETS = """
WITH old AS (
    SELECT id FROM orders_basket WHERE updated_at < %(before)s AND token NOT LIKE %(accounts)s
    ORDER BY updated_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
), emptied AS (
    DELETE FROM orders_basketline WHERE basket_id IN (SELECT id FROM old)
)
DELETE FROM orders_basket WHERE id IN (SELECT id FROM old)
"""

# Takes a due row for as long as the work may last: should it die or fail, the row is due again after that.
CLAIM_ORDER = """
UPDATE orders_order SET attempts = attempts + 1,
    due_at = %(now)s + least(3600, 30 * 2 ^ least(attempts, 10)) * interval '1 second'
WHERE id = %(id)s AND due_at <= %(now)s
"""

CLAIM_INTENT = """
UPDATE orders_paymentintent SET attempts = attempts + 1, failures = least(failures + 1, 1000),
    next_attempt_at = %(now)s + least(600, 30 * 2 ^ least(failures, 10)) * interval '1 second'
WHERE id = %(id)s AND next_attempt_at <= %(now)s
"""

CLAIM_TRY_ON = """
UPDATE orders_tryon SET attempts = attempts + 1,
    due_at = %(now)s + least(3600, 30 * 2 ^ least(attempts, 10)) * interval '1 second'
WHERE id = %(id)s AND due_at <= %(now)s
"""

CLAIM_COUNTER_BASKET = """
UPDATE orders_counterbasket SET attempts = attempts + 1,
    due_at = %(now)s + least(3600, 30 * 2 ^ least(attempts, 10)) * interval '1 second'
WHERE id = %(id)s AND due_at <= %(now)s
"""

# One booking of a phone at a time is counted and written.
LOCK_PHONE = "SELECT pg_advisory_xact_lock(hashtextextended(%(phone_index)s, 7305032))"

CLAIM_REFUND = """
UPDATE orders_refund SET attempts = attempts + 1,
    next_attempt_at = %(now)s + least(3600, 30 * 2 ^ least(attempts, 10)) * interval '1 second'
WHERE id = %(id)s AND next_attempt_at <= %(now)s
"""

# A refund is counted against its payment before it is written; no row comes back when it would exceed it.
TAKE_FROM_INTENT = """
UPDATE orders_paymentintent SET refunded_fen = refunded_fen + %(amount_fen)s
WHERE id = %(id)s AND refunded_fen + %(amount_fen)s <= amount_fen
"""

TAKE_FROM_ALLOCATION = """
UPDATE orders_intentallocation SET refunded_fen = refunded_fen + %(amount_fen)s
WHERE intent_id = %(intent_id)s AND order_id = %(order_id)s AND refunded_fen + %(amount_fen)s <= amount_fen
"""

# The first to come stores the notice; the others wait for it to commit, and store nothing.
STORE_NOTICE = """
INSERT INTO orders_paymentnotice (provider, event_id, event_type, body, outcome, problem, received_at)
VALUES (%(provider)s, %(event_id)s, %(event_type)s, %(body)s::jsonb, 'applied', '', %(now)s)
ON CONFLICT (provider, event_id) DO NOTHING
RETURNING id
"""

TRY_SWEEPING = "SELECT pg_try_advisory_lock(%(key)s)"
END_SWEEPING = "SELECT pg_advisory_unlock(%(key)s)"

# The audit: one row each, rows checked, rows wrong, up to twenty of them named; all in one snapshot. An order whose
# fulfillment has events to deliver is owed their effects: it is not judged before.

AUDIT_PAID = (
    """
WITH chosen AS (
    SELECT id, number, status, fulfillment_id, total_fen FROM orders_order
    WHERE paid_at IS NOT NULL AND (
        status IN ('paid', 'processing', 'cancel_requested')
        OR %(after)s = 0
        OR id IN (SELECT entity_id FROM kernel_transition WHERE entity = 'orders.order' AND id > %(after)s)
    )
), owed AS (
    SELECT DISTINCT (event.payload ->> 'fulfillment_id')::bigint AS fulfillment_id
    FROM kernel_eventdelivery delivery JOIN kernel_event event ON event.id = delivery.event_id
    WHERE delivery.state = 'pending' AND delivery.subscriber LIKE 'orders.%%'
), sold AS (
    SELECT order_line_id, sum(quantity) AS units FROM orders_recognition
    WHERE order_line_id IS NOT NULL AND reversal_of_id IS NULL
        AND (%(after)s = 0 OR order_id IN (SELECT id FROM chosen))
    GROUP BY order_line_id
), under_way AS (
    SELECT part.fulfillment_line_id, sum(part.quantity) AS units
    FROM chosen
    JOIN fulfillment_fulfillmentorder share ON share.fulfillment_id = chosen.fulfillment_id
    JOIN fulfillment_fulfillmentorderline part ON part.fulfillment_order_id = share.id
    WHERE share.status <> ALL(%(given_up_or_done)s)
    GROUP BY part.fulfillment_line_id
), units AS (
    SELECT line.order_id, sum(coalesce(under_way.units, 0)) AS under_way,
        bool_and(line.quantity = line.cancelled_quantity + coalesce(sold.units, 0) + coalesce(under_way.units, 0))
            AS is_complete
    FROM orders_orderline line
    LEFT JOIN sold ON sold.order_line_id = line.id
    LEFT JOIN under_way ON under_way.fulfillment_line_id = line.fulfillment_line_id
    WHERE %(after)s = 0 OR line.order_id IN (SELECT id FROM chosen)
    GROUP BY line.order_id
), paid AS (
    SELECT allocation.order_id, sum(allocation.amount_fen) AS fen
    FROM orders_intentallocation allocation
    JOIN orders_paymentintent intent ON intent.id = allocation.intent_id AND intent.status = 'succeeded'
    WHERE %(after)s = 0 OR allocation.order_id IN (SELECT id FROM chosen)
    GROUP BY allocation.order_id
), refunds AS (
    SELECT order_id, sum(amount_fen) AS fen FROM orders_refund
    WHERE order_id IS NOT NULL AND (%(after)s = 0 OR order_id IN (SELECT id FROM chosen)) GROUP BY order_id
), recognised AS (
    SELECT order_id, sum(amount_fen) AS fen FROM orders_recognition
    WHERE %(after)s = 0 OR order_id IN (SELECT id FROM chosen) GROUP BY order_id
), undecided AS (
    -- An exchange whose difference is not paid yet: its refund is asked for when it is, or is not.
    SELECT order_id, sum(goods_fen + delivery_fen - collection_fen) AS fen FROM orders_return
    WHERE status = 'inspected' GROUP BY order_id
), money AS (
    SELECT chosen.id, coalesce(paid.fen, 0) AS paid, coalesce(refunds.fen, 0) + coalesce(undecided.fen, 0) AS refunds,
        coalesce(recognised.fen, 0) AS recognised
    FROM chosen
    LEFT JOIN paid ON paid.order_id = chosen.id
    LEFT JOIN refunds ON refunds.order_id = chosen.id
    LEFT JOIN undecided ON undecided.order_id = chosen.id
    LEFT JOIN recognised ON recognised.order_id = chosen.id
), judged AS (
    SELECT chosen.id, CASE
        WHEN NOT units.is_complete THEN concat(
            'order ', number, ' (', status, '): units are neither sold, cancelled nor on the way'
        )
        WHEN (status IN ('completed', 'cancelled')) <> (units.under_way = 0)
            THEN concat('order ', number, ' is ', status, ' with ', units.under_way, ' units on the way')
        WHEN money.paid <> total_fen THEN concat('order ', number, ' of ', total_fen, ' fen: paid ', money.paid)
        WHEN status IN ('completed', 'cancelled') AND money.paid <> money.refunds + money.recognised
            THEN concat(
                'order ', number, ' is ', status, ': paid ', money.paid, ', refunds ', money.refunds,
                ', sales ', money.recognised
            )
        WHEN money.paid < money.refunds + money.recognised
            THEN concat(
                'order ', number, ': paid ', money.paid, ', but refunds ', money.refunds, ' and sales ',
                money.recognised
            )
    END AS problem
    FROM chosen
    JOIN units ON units.order_id = chosen.id
    JOIN money ON money.id = chosen.id
    WHERE NOT EXISTS (SELECT 1 FROM owed WHERE owed.fulfillment_id = chosen.fulfillment_id)
)
"""
    + VERDICT
)

# Goods that are set aside belong to an order that may still have them.
AUDIT_OWNERS = (
    """
WITH judged AS (
    SELECT share.id, CASE
        WHEN sale.id IS NULL THEN concat('order ', share.number, ' (', share.status, ') holds goods for nobody')
        WHEN sale.status IN ('expired', 'cancelled', 'completed')
            THEN concat(
                'order ', share.number, ' (', share.status, ') holds goods for ', sale.number, ', which is ',
                sale.status
            )
        WHEN (sale.status = 'placed') <> (share.status = 'planned')
            THEN concat('order ', share.number, ' is ', share.status, ' for ', sale.number, ', which is ', sale.status)
    END AS problem
    FROM fulfillment_fulfillmentorder share
    JOIN fulfillment_fulfillment demand ON demand.id = share.fulfillment_id AND demand.owner = 'orders.order'
    LEFT JOIN orders_order sale ON sale.fulfillment_id = demand.id
    WHERE share.status <> ALL(%(given_up_or_done)s)
        AND NOT EXISTS (
            SELECT 1 FROM kernel_eventdelivery delivery
            WHERE delivery.state = 'pending' AND delivery.subscriber LIKE 'orders.%%'
                AND delivery.entity = 'fulfillment_id:' || demand.id
        )
)
"""
    + VERDICT
)

# A claim puts an order off, so one that fails every time is never late: after six attempts it is wrong all the same.
# One that is ending is woken by its payments, and by none that has been closing for longer than the goods wait for it.
AUDIT_DUE = (
    """
WITH judged AS (
    SELECT sale.id, CASE
        WHEN sale.due_at < %(overdue)s OR sale.due_at IS NOT NULL AND sale.attempts > 5
            OR sale.due_at IS NULL AND sale.ending_as = ''
            THEN concat(
                'order ', sale.number, ' (', sale.status, ') was to be looked at: ',
                coalesce(sale.due_at::text, 'never'), ', ', sale.attempts, ' attempts'
            )
        WHEN sale.ending_as <> '' AND NOT EXISTS (
            SELECT 1 FROM orders_paymentintent intent
            WHERE intent.checkout_id = sale.checkout_id AND intent.status = 'closing'
                AND intent.closing_since >= %(overdue)s - interval '10 minutes'
        ) THEN concat('order ', sale.number, ' was to be ', sale.ending_as, ', and waits for no payment')
    END AS problem
    FROM orders_order sale
    WHERE sale.due_at IS NOT NULL OR sale.status = 'placed'
    UNION ALL
    SELECT id, CASE WHEN coalesce(next_attempt_at < %(overdue)s, true) OR failures > 5
        THEN concat(
            'payment ', out_trade_no, ' (', status, ') was to be looked at: ',
            coalesce(next_attempt_at::text, 'never'), ', ', failures, ' failures'
        ) END
    FROM orders_paymentintent
    WHERE next_attempt_at IS NOT NULL
        OR status IN ('created', 'pending', 'unknown', 'closing') AND method NOT IN ('cash', 'card', 'mall_till')
    UNION ALL
    SELECT id, CASE WHEN coalesce(next_attempt_at < %(overdue)s, true)
        THEN concat(
            'refund ', out_refund_no, ' (', status, ') was to be looked at: ',
            coalesce(next_attempt_at::text, 'never')
        ) END
    FROM orders_refund refund
    WHERE next_attempt_at IS NOT NULL OR status IN ('requested', 'processing') AND NOT EXISTS (
        -- What was taken at a till is given back there.
        SELECT 1 FROM orders_paymentintent intent WHERE intent.id = coalesce(refund.through_id, refund.intent_id)
            AND intent.method IN ('cash', 'card', 'mall_till')
    )
    UNION ALL
    SELECT id, CASE WHEN coalesce(due_at < %(overdue)s, true) OR attempts > 5
        THEN concat(
            'try-on ', number, ' (', status, ') was to be looked at: ', coalesce(due_at::text, 'never'), ', ',
            attempts, ' attempts'
        ) END
    FROM orders_tryon WHERE due_at IS NOT NULL OR finished_at IS NULL
    UNION ALL
    SELECT sale.id, CASE WHEN sale.due_at IS NULL
        THEN concat('order ', sale.number, ' (', sale.status, ') is parked, and nobody is ever to decide')
        END
    FROM fulfillment_fulfillmentorder share JOIN orders_order sale ON sale.fulfillment_id = share.fulfillment_id
    WHERE share.status = 'unfillable' AND NOT EXISTS (
        SELECT 1 FROM kernel_eventdelivery delivery
        WHERE delivery.state = 'pending' AND delivery.subscriber = 'orders.park'
            AND delivery.entity = 'fulfillment_id:' || share.fulfillment_id
    )
)
"""
    + VERDICT
)

# What lines are cheaper by, offer by offer, and what others bear of it: frozen with the order, booked with its sales.
# Lines of unpaid orders, and of those sold since.
AUDIT_ADJUSTMENTS = (
    """
WITH chosen AS (
    SELECT line.id, line.sku, line.discount_fen, sale.number
    FROM orders_orderline line JOIN orders_order sale ON sale.id = line.order_id
    WHERE %(after)s = 0 OR sale.status = 'placed'
        OR line.order_id IN (SELECT order_id FROM orders_recognition WHERE id > %(after)s)
), adjusted AS (
    SELECT part.order_line_id, sum(part.amount_fen) AS fen, sum(borne.fen) AS borne_fen,
        sum(borne.others_fen) AS others_fen
    FROM orders_lineadjustment part
    CROSS JOIN LATERAL (
        SELECT coalesce(sum((funder ->> 1)::bigint), 0) AS fen,
            coalesce(sum((funder ->> 1)::bigint) FILTER (WHERE funder ->> 0 <> %(brand)s), 0) AS others_fen
        FROM jsonb_array_elements(part.funders) AS funder
    ) AS borne
    WHERE %(after)s = 0 OR part.order_line_id IN (SELECT id FROM chosen)
    GROUP BY part.order_line_id
), funded AS (
    SELECT recognition.order_line_id, sum(part.fen::bigint) AS fen
    FROM orders_recognition recognition, jsonb_each_text(recognition.funding) AS part (party, fen)
    WHERE recognition.order_line_id IS NOT NULL AND recognition.reversal_of_id IS NULL
        AND (%(after)s = 0 OR recognition.order_line_id IN (SELECT id FROM chosen))
    GROUP BY recognition.order_line_id
), judged AS (
    SELECT chosen.id, CASE
        WHEN discount_fen <> coalesce(adjusted.fen, 0) THEN concat(
            'order ', number, ', ', sku, ': ', discount_fen, ' fen off, adjustments of ', coalesce(adjusted.fen, 0)
        )
        WHEN adjusted.borne_fen <> adjusted.fen
            THEN concat('order ', number, ', ', sku, ': ', adjusted.fen, ' fen off, borne ', adjusted.borne_fen)
        WHEN coalesce(funded.fen, 0) NOT BETWEEN 0 AND coalesce(adjusted.others_fen, 0) THEN concat(
            'order ', number, ', ', sku, ': others bear ', coalesce(adjusted.others_fen, 0), ' fen, sales say ',
            funded.fen
        )
    END AS problem
    FROM chosen
    LEFT JOIN adjusted ON adjusted.order_line_id = chosen.id
    LEFT JOIN funded ON funded.order_line_id = chosen.id
)
"""
    + VERDICT
)

# What is held to be tried on is held for a booking that is not over, and each booking to come has its place.
AUDIT_TRY_ONS = (
    """
WITH taken AS (
    SELECT store_id, starts_at, count(*) AS bookings FROM orders_tryon
    WHERE status NOT IN ('cancelled', 'no_show') GROUP BY store_id, starts_at
), judged AS (
    SELECT share.id, CASE
        WHEN booking.id IS NULL THEN concat('share ', share.number, ' (', share.status, ') is for no booking')
        WHEN booking.finished_at IS NOT NULL THEN concat(
            'share ', share.number, ' (', share.status, ') holds goods for ', booking.number, ', which is ',
            booking.status
        )
    END AS problem
    FROM fulfillment_fulfillmentorder share
    JOIN fulfillment_fulfillment demand ON demand.id = share.fulfillment_id AND demand.way = 'try_on'
    LEFT JOIN orders_tryon booking ON booking.fulfillment_id = demand.id
    WHERE share.status <> ALL(%(given_up_or_done)s)
        AND NOT EXISTS (
            SELECT 1 FROM kernel_eventdelivery delivery
            WHERE delivery.state = 'pending' AND delivery.subscriber LIKE 'orders.%%'
                AND delivery.entity = 'fulfillment_id:' || demand.id
        )
    UNION ALL
    SELECT store_id, CASE WHEN coalesce(slot.used, 0) <> coalesce(taken.bookings, 0)
        THEN concat(
            'store ', store_id, ' at ', starts_at, ': ', coalesce(slot.used, 0), ' places taken by ',
            coalesce(taken.bookings, 0), ' bookings'
        ) END
    FROM (SELECT store_id, starts_at, used FROM stores_storeslot WHERE starts_at > %(now)s) slot
    FULL JOIN (SELECT * FROM taken WHERE starts_at > %(now)s) taken USING (store_id, starts_at)
)
"""
    + VERDICT
)

LAST_RECOGNITION = """
SELECT coalesce(min(id) FILTER (WHERE recognised_at >= %(before)s) - 1, max(id), %(after)s)
FROM orders_recognition WHERE id > %(after)s
"""

CLAIM_INVOICE = """
UPDATE orders_invoice SET attempts = attempts + 1,
    next_attempt_at = %(now)s + least(3600, 30 * 2 ^ least(attempts, 10)) * interval '1 second'
WHERE id = %(id)s AND next_attempt_at <= %(now)s
"""

# An issued invoice is for what was sold and kept, unless the news of a return is still to be delivered.
AUDIT_INVOICES = (
    """
WITH judged AS (
    SELECT invoice.id, CASE
        WHEN invoice.status IN ('requested', 'issuing', 'reversing')
            AND coalesce(invoice.next_attempt_at < %(overdue)s, true)
            THEN concat(
                'invoice ', invoice.number, ' (', invoice.status, ') was to be looked at: ',
                coalesce(invoice.next_attempt_at::text, 'never')
            )
        WHEN invoice.status = 'issued' AND invoice.amount_fen <> coalesce(sold.fen, 0)
            AND NOT EXISTS (
                SELECT 1 FROM kernel_eventdelivery delivery
                WHERE delivery.state = 'pending' AND delivery.subscriber LIKE 'orders.review_invoice%%'
                    AND delivery.entity = 'order_id:' || invoice.order_id
            )
            THEN concat(
                'invoice ', invoice.number, ' is for ', invoice.amount_fen, ', sold were ', coalesce(sold.fen, 0)
            )
        WHEN coalesce(issued.fen, 0) <> CASE
            WHEN invoice.status IN ('issued', 'reversing') THEN invoice.amount_fen ELSE 0
        END THEN concat('invoice ', invoice.number, ' (', invoice.status, '): issued are ', coalesce(issued.fen, 0))
    END AS problem
    FROM orders_invoice invoice
    LEFT JOIN LATERAL (
        SELECT sum(amount_fen) AS fen FROM orders_recognition WHERE order_id = invoice.order_id
    ) sold ON true
    LEFT JOIN LATERAL (
        SELECT sum(amount_fen) AS fen FROM orders_invoicedocument WHERE invoice_id = invoice.id
    ) issued ON true
)
"""
    + VERDICT
)
