"""The hot statements of orders: placing, and claiming rows that are due."""

# What placing needs to know of the brand and the place, in one row; what there is none of is null.
TERMS = """
SELECT brand.delivery_fee_fen, brand.free_delivery_from_fen, district.lat, district.lng, store.lat, store.lng
FROM stores_brand brand
LEFT JOIN stores_district district ON district.code = %(district_code)s
LEFT JOIN stores_store store ON store.id = %(pickup_store_id)s AND store.brand_id = brand.id
    AND store.is_active AND store.offers_pickup
WHERE brand.id = %(brand_id)s
"""

# Checkout, order, lines and the delivery charge, in one statement.
PLACE = """
WITH checkout AS (
    INSERT INTO orders_checkout (created_at) VALUES (%(now)s) RETURNING id
), placed AS (
    INSERT INTO orders_order (
        checkout_id, number, brand_id, member_id, fulfillment_id, channel, status, held_status, ending_as,
        contact_name, contact_phone_sealed, contact_phone_index, language, goods_fen, charges_fen, total_fen,
        placed_at, expires_at, due_at, attempts, cancel_reason
    )
    SELECT checkout.id, %(number)s, %(brand_id)s, %(member_id)s, %(fulfillment_id)s, %(channel)s, 'placed', '', '',
        %(contact_name)s, %(phone_sealed)s, %(phone_index)s, %(language)s, %(goods_fen)s, %(charge_fen)s,
        %(goods_fen)s + %(charge_fen)s, %(now)s, %(expires_at)s, %(expires_at)s, 0, ''
    FROM checkout
    RETURNING id
), lines AS (
    INSERT INTO orders_orderline (
        order_id, fulfillment_line_id, variant_id, sku, name_zh, name_en, quantity, cancelled_quantity,
        unit_price_fen, tag_price_fen, discount_fen, total_fen, tax_rate_ppm, collector, guide_evidence
    )
    SELECT placed.id, line.fulfillment_line_id, line.variant_id, line.sku, line.name_zh, line.name_en,
        line.quantity, 0, line.unit_price_fen, line.tag_price_fen, 0, line.unit_price_fen * line.quantity,
        line.tax_rate_ppm, 'brand', ''
    FROM placed, unnest(
        %(fulfillment_line_ids)s::bigint[], %(variant_ids)s::bigint[], %(skus)s::text[], %(names_zh)s::text[],
        %(names_en)s::text[], %(quantities)s::int[], %(unit_prices)s::bigint[], %(tag_prices)s::bigint[],
        %(tax_rates)s::int[]
    ) WITH ORDINALITY AS line (
        fulfillment_line_id, variant_id, sku, name_zh, name_en, quantity, unit_price_fen, tag_price_fen,
        tax_rate_ppm, position
    )
    ORDER BY line.position
), charge AS (
    INSERT INTO orders_ordercharge (order_id, kind, amount_fen, is_cancelled)
    SELECT placed.id, 'delivery', %(charge_fen)s, false FROM placed WHERE %(charge_fen)s > 0
)
SELECT id FROM placed
"""

# Takes a due row for as long as the work may last: should it die or fail, the row is due again after that.
CLAIM_ORDER = """
UPDATE orders_order SET attempts = attempts + 1,
    due_at = %(now)s + least(3600, 30 * 2 ^ least(attempts, 10)) * interval '1 second'
WHERE id = %(id)s AND due_at <= %(now)s
"""

CLAIM_INTENT = """
UPDATE orders_paymentintent SET attempts = attempts + 1, next_attempt_at = %(now)s + interval '30 seconds'
WHERE id = %(id)s AND next_attempt_at <= %(now)s
"""

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

# The first to come stores the notice; the others wait for it to commit, and store nothing.
STORE_NOTICE = """
INSERT INTO orders_paymentnotice (provider, event_id, event_type, body, outcome, problem, received_at)
VALUES (%(provider)s, %(event_id)s, %(event_type)s, %(body)s::jsonb, 'applied', '', %(now)s)
ON CONFLICT (provider, event_id) DO NOTHING
RETURNING id
"""

TRY_SWEEPING = "SELECT pg_try_advisory_lock(%(key)s)"
END_SWEEPING = "SELECT pg_advisory_unlock(%(key)s)"
