"""The hot statements of fulfillment: finding candidates, writing a plan, claiming what is due."""

# A function that a migration makes. Only its last round counts; the row without a store closes it and counts refusals.
CANDIDATES = """
SELECT round, store_id, chord, opening, used, room, sellable, offers, accepted, refusals
FROM fulfillment_candidates(
    %(brand_id)s, %(variants)s::bigint[], %(quantities)s::int[], %(x)s, %(y)s, %(z)s, %(reach)s, %(is_pickup)s,
    %(only_store)s, %(excluded)s::bigint[], %(counted_since)s::date, %(own_store)s, %(own_quantities)s::int[],
    %(own_capacity_on)s::date, %(today)s::date, %(minute)s, %(wait)s, %(wanted)s, %(first_walk)s, %(longest_walk)s
)
ORDER BY round DESC, chord, store_id
"""

# Per store: how many sizes of the lines' products, in their colours, it cannot sell.
BROKEN_SIZES = """
SELECT store.id, count(*) - count(level.id)
FROM unnest(%(stores)s::bigint[]) AS store (id)
CROSS JOIN (
    SELECT DISTINCT sibling.id
    FROM inventory_variant variant
    JOIN inventory_variant sibling ON sibling.product_id = variant.product_id
        AND sibling.color_zh = variant.color_zh AND sibling.color_hex = variant.color_hex AND sibling.is_active
    WHERE variant.id = ANY(%(variants)s::bigint[])
) size
LEFT JOIN inventory_stocklevel level ON level.variant_id = size.id AND level.store_id = store.id
    AND level.on_hand - level.held - level.allocated - level.unsellable - level.safety > 0
GROUP BY store.id
"""

# Per line: since when its present markdown holds.
MARKED_DOWN_SINCE = """
SELECT price.variant_id, lower(price.valid)
FROM inventory_price price
WHERE price.variant_id = ANY(%(variants)s::bigint[]) AND price.sale_fen < price.list_fen
    AND price.valid @> %(now)s::timestamptz
"""

SKUS = """
SELECT variant.sku
FROM unnest(%(variants)s::bigint[]) WITH ORDINALITY AS wanted (id, position)
JOIN inventory_variant variant ON variant.id = wanted.id
ORDER BY wanted.position
"""

TERMS = """
SELECT "order", offer_minutes, max_attempts, courier_reach_metres, opening_wait_minutes, max_stores,
    min_split_value_fen, count_max_age_days
FROM fulfillment_routingrule WHERE brand_id = %(brand_id)s
"""

NEW_SHARE_IDS = "SELECT nextval('fulfillment_fulfillmentorder_id_seq') FROM generate_series(1, %(count)s)"

# The demand with its lines, its shares with theirs, and the decision. Returns the demand's id and the lines' ids.
WRITE_PLAN = """
WITH demand AS (
    INSERT INTO fulfillment_fulfillment (
        brand_id, owner, way, status, pickup_store_id, recipient_name, recipient_phone_sealed, district_id, street,
        lat, lng, promised_on, created_at
    )
    VALUES (
        %(brand_id)s, %(owner)s, %(way)s, 'planned', %(pickup_store_id)s, %(name)s, %(phone_sealed)s, %(district)s,
        %(street)s, %(lat)s, %(lng)s, %(promised_on)s, %(now)s
    )
    RETURNING id
), line AS MATERIALIZED (
    SELECT nextval('fulfillment_fulfillmentline_id_seq') AS id, position, variant_id, quantity, value_fen
    FROM unnest(%(variants)s::bigint[], %(quantities)s::int[], %(values_fen)s::bigint[])
        WITH ORDINALITY AS line (variant_id, quantity, value_fen, position)
), lines AS (
    INSERT INTO fulfillment_fulfillmentline (id, fulfillment_id, variant_id, quantity, declared_value_fen)
    SELECT line.id, demand.id, line.variant_id, line.quantity, line.value_fen FROM line, demand
), shares AS (
    INSERT INTO fulfillment_fulfillmentorder (
        id, fulfillment_id, number, store_id, status, attempt, capacity_on, failures, accepted_by, reject_reason,
        held_status, created_at
    )
    SELECT share.id, demand.id, share.number, share.store_id, 'planned', 1, share.capacity_on, 0, '', '', '', %(now)s
    FROM demand, unnest(
        %(share_ids)s::bigint[], %(share_numbers)s::text[], %(share_stores)s::bigint[], %(share_dates)s::date[]
    ) AS share (id, number, store_id, capacity_on)
), parts AS (
    INSERT INTO fulfillment_fulfillmentorderline (
        fulfillment_order_id, fulfillment_line_id, reservation_id, quantity
    )
    SELECT part.share_id, line.id, part.reservation_id, part.quantity
    FROM unnest(
        %(part_shares)s::bigint[], %(part_lines)s::int[], %(part_reservations)s::bigint[], %(part_quantities)s::int[]
    ) AS part (share_id, position, reservation_id, quantity)
    JOIN line ON line.position = part.position
), decision AS (
    INSERT INTO fulfillment_routingdecision (fulfillment_id, kind, decided_at, record)
    SELECT demand.id, 'place', %(now)s, %(record)s::jsonb FROM demand
)
SELECT demand.id, array_agg(line.id ORDER BY line.position) FROM demand, line GROUP BY demand.id
"""

# An attempt is counted and committed before it is made, so that one that kills its worker is put off as well.
# set_config spares this commit its fsync: losing the count to a crash of the database does no harm.
_CLAIM = """
UPDATE fulfillment_fulfillmentorder share
SET failures = least(share.failures + 1, 1000), {column} = %(now)s
    + (%(delays)s::int[])[least(share.failures + 1, cardinality(%(delays)s::int[]))] * interval '1 second'
FROM (
    SELECT id FROM fulfillment_fulfillmentorder
    WHERE status = '{status}' AND {column} <= %(now)s AND (%(share_id)s::bigint IS NULL OR id = %(share_id)s)
    ORDER BY {column}, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
) due
WHERE share.id = due.id
RETURNING share.id, set_config('synchronous_commit', 'off', true)
"""

CLAIM_TO_ROUTE = _CLAIM.format(column="route_due_at", status="pending_routing")
CLAIM_SILENT = _CLAIM.format(column="deadline_at", status="offered")

COUNT_ACCEPTANCE = """
INSERT INTO fulfillment_acceptancerecord AS record (store_id, offers, accepted, counted_at)
SELECT store_id, count(*), count(*) FILTER (WHERE status NOT IN ('rejected', 'timed_out')), %(now)s
FROM fulfillment_fulfillmentorder
WHERE offered_at >= %(since)s AND reject_reason <> 'displaced'
    AND (accepted_by <> '' OR status IN ('rejected', 'timed_out'))
GROUP BY store_id
ON CONFLICT (store_id) DO UPDATE
SET offers = EXCLUDED.offers, accepted = EXCLUDED.accepted, counted_at = EXCLUDED.counted_at
"""

FORGET_ACCEPTANCE = "DELETE FROM fulfillment_acceptancerecord WHERE counted_at < %(now)s"
