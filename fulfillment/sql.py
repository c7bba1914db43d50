"""The hot statements of fulfillment: finding candidates, writing a plan, claiming what is due."""

# A function that a migration makes. Only its last round counts; the row of store 0 closes it and counts refusals.
_CANDIDATES = """
SELECT {line}, round, coalesce(store_id, 0) AS store, chord, opening, used, room, sellable, offers, accepted, refusals,
    lacking
FROM {lines} fulfillment_candidates(
    %(brand_id)s, {variants}, {quantities}, %(x)s, %(y)s, %(z)s, %(reach)s, %(is_pickup)s,
    %(only_store)s, %(excluded)s::bigint[], %(counted_since)s::date, %(own_store)s, {own_quantities},
    %(own_capacity_on)s::date, %(today)s::date, %(minute)s, %(wait)s, %(wanted)s, %(first_walk)s, %(longest_walk)s,
    %(longest_listed_walk)s, %(most_listed)s, {may_split}, %(most)s, %(kinds)s::int, %(shown)s
)
ORDER BY 1, round DESC, chord, store_id
"""

# The stores that hold every line in full.
SINGLES = _CANDIDATES.format(
    line="1",
    lines="",
    variants="%(variants)s::bigint[]",
    quantities="%(quantities)s::int[]",
    own_quantities="%(own_quantities)s::int[]",
    may_split="%(may_split)s",
)

# The stores that hold a unit of a line, line by line.
PARTS = _CANDIDATES.format(
    line="line.position",
    lines="""unnest(%(variants)s::bigint[], %(own_quantities)s::int[])
    WITH ORDINALITY AS line (variant_id, own_quantity, position) CROSS JOIN LATERAL""",
    variants="ARRAY[line.variant_id]",
    quantities="ARRAY[1]",
    own_quantities="ARRAY[line.own_quantity]",
    may_split="false",
)

# The stores that hold a unit of some line, of two or three lines in one walk; nothing when a line has too many rows.
GATHERED = """
SELECT 1, round, coalesce(store_id, 0) AS store, chord, opening, used, room, sellable, offers, accepted, refusals,
    lacking
FROM fulfillment_gather(
    %(brand_id)s, %(variants)s::bigint[], %(quantities)s::int[], %(x)s, %(y)s, %(z)s, %(reach)s,
    %(excluded)s::bigint[], %(counted_since)s::date, %(own_store)s, %(own_quantities)s::int[],
    %(own_capacity_on)s::date, %(today)s::date, %(minute)s, %(wait)s, %(wanted)s, %(most)s, %(kinds)s::int, %(shown)s,
    %(gathering_walk)s, %(most_listed)s
)
ORDER BY chord, store_id
"""

# Per store: how many sizes of the lines' products, in their colours, it cannot sell. The limits leave nothing out: with
# them the planner reckons with few rows whatever the arrays hold, so it plans only once.
BROKEN_SIZES = """
SELECT store.id, count(*) - count(level.id)
FROM (SELECT id FROM unnest(%(stores)s::bigint[]) AS store (id) LIMIT cardinality(%(stores)s::bigint[])) store
CROSS JOIN (
    SELECT DISTINCT sibling.id
    FROM (SELECT id FROM unnest(%(variants)s::bigint[]) AS line (id) LIMIT cardinality(%(variants)s::bigint[])) line
    JOIN inventory_variant variant ON variant.id = line.id
    JOIN inventory_variant sibling ON sibling.product_id = variant.product_id
        AND sibling.color_zh = variant.color_zh AND sibling.color_hex = variant.color_hex AND sibling.is_active
) size
LEFT JOIN inventory_stocklevel level ON level.variant_id = size.id AND level.store_id = store.id
    AND level.on_hand - level.held - level.allocated - level.unsellable - level.safety > 0
GROUP BY store.id
"""

# Per line: since when its present markdown holds.
MARKED_DOWN_SINCE = """
SELECT price.variant_id, lower(price.valid)
FROM (SELECT id FROM unnest(%(variants)s::bigint[]) AS line (id) LIMIT cardinality(%(variants)s::bigint[])) line
JOIN inventory_price price ON price.variant_id = line.id
WHERE price.sale_fen < price.list_fen
    AND price.valid @> %(now)s::timestamptz
"""

SKUS = """
SELECT variant.sku
FROM unnest(%(variants)s::bigint[]) WITH ORDINALITY AS wanted (id, position)
JOIN inventory_variant variant ON variant.id = wanted.id
ORDER BY wanted.position
"""

_TERMS_COLUMNS = """
    rule."order", rule.offer_minutes, rule.max_attempts, rule.courier_reach_metres, rule.opening_wait_minutes,
    rule.max_stores, rule.min_split_value_fen, rule.count_max_age_days
"""
TERMS = f"SELECT {_TERMS_COLUMNS} FROM fulfillment_routingrule rule WHERE rule.brand_id = %(brand_id)s"

# Beside the brand's terms, the id of the first share that will be written: its reservations bear it.
BEGIN_PLAN = f"""
SELECT nextval('fulfillment_fulfillmentorder_id_seq'), {_TERMS_COLUMNS}
FROM (VALUES (1)) AS one LEFT JOIN fulfillment_routingrule rule ON rule.brand_id = %(brand_id)s
"""

MORE_SHARE_IDS = "SELECT nextval('fulfillment_fulfillmentorder_id_seq') FROM generate_series(1, %(count)s)"

# A function that a migration makes. Returns the demand's id and its lines' ids.
WRITE_PLAN = """
SELECT demand, lines FROM fulfillment_write_plan(
    %(brand_id)s, %(owner)s, %(way)s, %(pickup_store_id)s, %(name)s, %(phone_sealed)s, %(district)s, %(street)s,
    %(lat)s, %(lng)s, %(promised_on)s::date, %(now)s::timestamptz,
    %(variants)s::bigint[], %(quantities)s::int[], %(values_fen)s::bigint[],
    %(share_ids)s::bigint[], %(share_numbers)s::text[], %(share_stores)s::bigint[], %(share_dates)s::date[],
    %(part_shares)s::bigint[], %(part_lines)s::int[], %(part_reservations)s::bigint[], %(part_quantities)s::int[],
    %(record)s::jsonb
)
"""

# An attempt is counted and committed before it is made, so that one that kills its worker is put off as well.
# set_config spares this commit its fsync: losing the count to a crash of the database does no harm.
# What is due is found once: a plan that looked for it again for each share would claim more than the one it returns.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM fulfillment_fulfillmentorder
    WHERE status IN ({statuses}) AND {column} <= %(now)s AND (%(share_id)s::bigint IS NULL OR id = %(share_id)s)
    ORDER BY {column}, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE fulfillment_fulfillmentorder share
SET failures = least(share.failures + 1, 1000), {column} = %(now)s
    + (%(delays)s::int[])[least(share.failures + 1, cardinality(%(delays)s::int[]))] * interval '1 second'
FROM due
WHERE share.id = due.id
RETURNING share.id, share.{column}, set_config('synchronous_commit', 'off', true)
"""

CLAIM_TO_ROUTE = _CLAIM.format(column="route_due_at", statuses="'pending_routing'")
CLAIM_SILENT = _CLAIM.format(
    column="deadline_at",
    statuses="""'offered', 'accepted', 'picking', 'labelled', 'handed_over', 'cancel_requested', 'returning',
        'pickup_expired'""",
)

COUNT_ACCEPTANCE = """
INSERT INTO fulfillment_acceptancerecord AS record (store_id, offers, accepted, counted_at)
SELECT store_id, count(*), count(*) FILTER (WHERE status NOT IN ('rejected', 'timed_out')), %(now)s
FROM fulfillment_fulfillmentorder
WHERE offered_at >= %(since)s AND reject_reason NOT IN ('displaced', 'no_courier')
    AND (accepted_by <> '' OR status IN ('rejected', 'timed_out'))
GROUP BY store_id
ON CONFLICT (store_id) DO UPDATE
SET offers = EXCLUDED.offers, accepted = EXCLUDED.accepted, counted_at = EXCLUDED.counted_at
"""

FORGET_ACCEPTANCE = "DELETE FROM fulfillment_acceptancerecord WHERE counted_at < %(now)s"

# The audit: one row each, rows checked, rows wrong, up to twenty of them named; all in one snapshot.
_VERDICT = """
SELECT count(*), count(problem), (array_agg(problem ORDER BY id) FILTER (WHERE problem IS NOT NULL))[1:20] FROM judged
"""

AUDIT_HOLDS = (
    """
WITH judged AS (
    SELECT reservation.id, CASE
        WHEN share.id IS NULL THEN concat('reservation ', reservation.id, ' (', reservation.owner, '): nobody holds it')
        WHEN share.status <> ALL(%(holding)s)
            THEN concat('reservation ', reservation.id, ': its order ', share.number, ' is ', share.status)
        WHEN reservation.owner <> 'fulfillment_order:' || share.id OR reservation.quantity <> line.quantity
            OR level.store_id IS DISTINCT FROM share.store_id OR level.variant_id <> demand.variant_id
            THEN concat('reservation ', reservation.id, ' is not what ', share.number, ' is to give out')
    END AS problem
    FROM inventory_reservation reservation
    JOIN inventory_stocklevel level ON level.id = reservation.level_id
    LEFT JOIN fulfillment_fulfillmentorderline line ON line.reservation_id = reservation.id
    LEFT JOIN fulfillment_fulfillmentorder share ON share.id = line.fulfillment_order_id
    LEFT JOIN fulfillment_fulfillmentline demand ON demand.id = line.fulfillment_line_id
    WHERE reservation.status IN ('held', 'allocated')
)
"""
    + _VERDICT
)

# A displaced reservation is owed an answer until its event is delivered.
AUDIT_PROMISES = (
    """
WITH owed AS (
    SELECT (event.payload ->> 'reservation_id')::bigint AS reservation_id
    FROM kernel_eventdelivery delivery JOIN kernel_event event ON event.id = delivery.event_id
    WHERE delivery.state = 'pending' AND delivery.subscriber = 'fulfillment.reroute_displaced'
), judged AS (
    SELECT line.id, CASE
        WHEN reservation.status IS DISTINCT FROM 'allocated'
            AND NOT (demand.way = 'try_on' AND reservation.status IS NOT DISTINCT FROM 'held')
        THEN concat('order ', share.number, ' (', share.status, '): its line ', line.id, ' has no stock set aside')
    END AS problem
    FROM fulfillment_fulfillmentorder share
    JOIN fulfillment_fulfillment demand ON demand.id = share.fulfillment_id
    JOIN fulfillment_fulfillmentorderline line ON line.fulfillment_order_id = share.id
    LEFT JOIN inventory_reservation reservation ON reservation.id = line.reservation_id
    WHERE share.status = ANY(%(promised)s)
        AND NOT EXISTS (SELECT 1 FROM owed WHERE owed.reservation_id = line.reservation_id)
)
"""
    + _VERDICT
)

AUDIT_CAPACITY = (
    """
WITH taken AS (
    SELECT store_id, capacity_on AS on_date, count(*) AS shares
    FROM fulfillment_fulfillmentorder WHERE store_id IS NOT NULL AND capacity_on >= %(since)s
    GROUP BY store_id, capacity_on
), judged AS (
    SELECT store_id AS id, CASE WHEN coalesce(capacity.used, 0) <> coalesce(taken.shares, 0)
        THEN concat(
            'store ', store_id, ' on ', on_date, ': ', coalesce(capacity.used, 0), ' places used by ',
            coalesce(taken.shares, 0), ' orders'
        ) END AS problem
    FROM (SELECT store_id, on_date, used FROM stores_storecapacity WHERE on_date >= %(since)s) capacity
    FULL JOIN taken USING (store_id, on_date)
)
"""
    + _VERDICT
)

# What somebody or something must do next has a time, and it has not long passed. An attempt puts it off, so a step that
# fails every time is never late: after six it is wrong all the same.
AUDIT_DUE = (
    """
WITH judged AS (
    SELECT share.id AS id, CASE
        WHEN share.failures > 5
            THEN concat('order ', share.number, ' (', share.status, ') failed ', share.failures, ' times')
        WHEN share.status = 'pending_routing' AND share.route_due_at < %(overdue)s
            THEN concat('order ', share.number, ' was to be routed at ', share.route_due_at)
        WHEN share.status = 'offered' AND share.deadline_at < %(overdue)s
            THEN concat('order ', share.number, ' was to be answered by ', share.deadline_at)
        WHEN share.status = 'ready_for_pickup' AND coalesce(share.deadline_at < %(overdue)s, true)
            THEN concat('order ', share.number, ' was to be collected by ', coalesce(share.deadline_at::text, 'never'))
        WHEN share.status = ANY(%(answering)s) AND coalesce(share.deadline_at < %(overdue)s, true) THEN concat(
            'order ', share.number, ' (', share.status, ') was to be seen to by ',
            coalesce(share.deadline_at::text, 'never')
        )
        WHEN share.status = 'handed_over' AND demand.way = 'express' AND coalesce(share.deadline_at < %(overdue)s, true)
            THEN concat(
                'order ', share.number, ' is on the road by express, and was to be looked for at ',
                coalesce(share.deadline_at::text, 'never')
            )
        WHEN share.status = 'packed' AND demand.way NOT IN ('courier', 'express')
            THEN concat('order ', share.number, ' is packed, and waits for nobody')
        WHEN share.status = 'labelled' AND NOT EXISTS (
            SELECT 1 FROM fulfillment_parcel parcel WHERE parcel.fulfillment_order_id = share.id
            HAVING count(*) > 0 AND bool_and(parcel.waybill <> '')
        ) THEN concat('order ', share.number, ' waits for the express van without a waybill for each parcel')
        WHEN (
            share.status = ANY(%(with_courier)s) AND demand.way = 'courier'
            OR share.status = ANY(%(with_express)s) AND demand.way = 'express'
        ) AND NOT EXISTS (
            SELECT 1 FROM fulfillment_delivery delivery
            WHERE delivery.fulfillment_order_id = share.id AND delivery.state <> ALL(%(final_deliveries)s)
        ) THEN concat('order ', share.number, ' is ', share.status, ', and no courier has it')
    END AS problem
    FROM fulfillment_fulfillmentorder share JOIN fulfillment_fulfillment demand ON demand.id = share.fulfillment_id
    WHERE share.status = ANY(%(waiting)s || %(answering)s || %(with_courier)s)
    UNION ALL
    SELECT delivery.id, CASE
        WHEN coalesce(delivery.next_attempt_at < %(overdue)s, true) THEN concat(
            'delivery ', delivery.external_id, ' (', delivery.state, ') was to be looked at: ',
            coalesce(delivery.next_attempt_at::text, 'never')
        )
        WHEN delivery.state = 'requested'
            AND (delivery.attempts >= %(most_refusals)s OR delivery.attempt > %(most_requests)s)
            THEN concat(
                'delivery ', delivery.external_id, ': no courier comes, request ', delivery.attempt, ', ',
                delivery.attempts, ' attempts: ', delivery.last_error
            )
    END
    FROM fulfillment_delivery delivery WHERE delivery.state <> ALL(%(final_deliveries)s)
    UNION ALL
    SELECT collection.id, CASE WHEN NOT EXISTS (
        SELECT 1 FROM fulfillment_delivery delivery
        WHERE delivery.collection_id = collection.id AND delivery.state <> ALL(%(final_deliveries)s)
    ) THEN concat('collection ', collection.number, ' is ', collection.status, ', and no courier has it') END
    FROM fulfillment_collection collection WHERE collection.status = ANY(%(collecting)s)
)
"""
    + _VERDICT
)

STORES = "SELECT id, code, name_zh, name_en, lat, lng, address FROM stores_store WHERE id = ANY(%(ids)s::bigint[])"
