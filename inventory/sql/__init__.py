"""The hot statements on stock. Levels are locked by ascending id first, then reservations: never the other way."""

# All wants or none. Levels are locked in the order of their ids; the verdict is over the locked, newest values, and the
# guard is repeated in the UPDATE. One row a want, in the order given: reservation id or null, units that were sellable.
TAKE = """
WITH wanted AS MATERIALIZED (
    -- Sorted before they are numbered: the ids rise in the order of the wants whatever the plan of the join.
    SELECT nextval('inventory_reservation_id_seq') AS reservation_id, found.*
    FROM (
        SELECT want.position, want.quantity, level.id AS level_id
        FROM unnest(%(stores)s::bigint[], %(variants)s::bigint[], %(quantities)s::int[])
            WITH ORDINALITY AS want (store_id, variant_id, quantity, position)
        LEFT JOIN inventory_stocklevel level ON level.variant_id = want.variant_id AND level.store_id = want.store_id
        ORDER BY want.position
        -- All of them. Saying so lets the planner reckon with few rows whatever the arrays hold, so it plans only once.
        LIMIT cardinality(%(stores)s::bigint[])
    ) found
), needed AS (
    SELECT level_id, sum(quantity)::int AS quantity FROM wanted GROUP BY level_id
), locked AS MATERIALIZED (
    SELECT level.id, level.on_hand - level.held - level.allocated - level.unsellable - level.safety AS sellable
    FROM inventory_stocklevel level WHERE level.id IN (SELECT level_id FROM wanted)
    ORDER BY level.id FOR NO KEY UPDATE OF level
), verdict AS (
    SELECT bool_and(coalesce(locked.sellable >= needed.quantity, false)) AS is_granted
    FROM needed LEFT JOIN locked ON locked.id = needed.level_id
), taken AS (
    UPDATE inventory_stocklevel level
    SET held = level.held + CASE %(status)s WHEN 'held' THEN needed.quantity ELSE 0 END,
        allocated = level.allocated + CASE %(status)s WHEN 'held' THEN 0 ELSE needed.quantity END
    FROM needed, verdict
    WHERE verdict.is_granted AND level.id = needed.level_id
        AND level.on_hand - level.held - level.allocated - level.unsellable - level.safety >= needed.quantity
    RETURNING level.id
), reserved AS (
    INSERT INTO inventory_reservation (id, level_id, quantity, status, owner, created_at)
    SELECT wanted.reservation_id, wanted.level_id, wanted.quantity, %(status)s, %(owner)s, %(now)s
    FROM wanted JOIN taken ON taken.id = wanted.level_id
    RETURNING id
)
SELECT reserved.id, coalesce(locked.sellable, 0)
FROM wanted
LEFT JOIN locked ON locked.id = wanted.level_id
LEFT JOIN reserved ON reserved.id = wanted.reservation_id
ORDER BY wanted.position
"""

# What follows moves reservations on and their level's counters with them. A reservation that another transaction moved
# meanwhile is left out of the result.
_LOCKED = """
WITH locked AS MATERIALIZED (
    SELECT level.id FROM inventory_stocklevel level
    WHERE level.id IN (SELECT level_id FROM inventory_reservation WHERE id = ANY(%(ids)s))
    ORDER BY level.id FOR NO KEY UPDATE OF level
)
"""

ALLOCATE = (
    _LOCKED
    + """, moved AS (
    UPDATE inventory_reservation reservation SET status = 'allocated'
    FROM locked
    WHERE reservation.id = ANY(%(ids)s) AND reservation.level_id = locked.id AND reservation.status = 'held'
    RETURNING reservation.id, reservation.level_id, reservation.quantity
), counted AS (
    UPDATE inventory_stocklevel level
    SET held = level.held - moved.quantity, allocated = level.allocated + moved.quantity
    FROM (SELECT level_id, sum(quantity)::int AS quantity FROM moved GROUP BY level_id) moved
    WHERE level.id = moved.level_id
)
SELECT id FROM moved ORDER BY id
"""
)

# The status is read by the lock, so that what is given back is taken from the counter it stands in now.
RELEASE = (
    _LOCKED
    + """, former AS MATERIALIZED (
    SELECT reservation.id, reservation.level_id, reservation.quantity, reservation.status
    FROM inventory_reservation reservation JOIN locked ON locked.id = reservation.level_id
    WHERE reservation.id = ANY(%(ids)s) AND reservation.status IN ('held', 'allocated')
    ORDER BY reservation.id FOR NO KEY UPDATE OF reservation
), moved AS (
    UPDATE inventory_reservation reservation SET status = 'released' FROM former WHERE reservation.id = former.id
), counted AS (
    UPDATE inventory_stocklevel level
    SET held = level.held - former.held, allocated = level.allocated - former.allocated
    FROM (
        SELECT level_id,
            coalesce(sum(quantity) FILTER (WHERE status = 'held'), 0)::int AS held,
            coalesce(sum(quantity) FILTER (WHERE status = 'allocated'), 0)::int AS allocated
        FROM former GROUP BY level_id
    ) former
    WHERE level.id = former.level_id
)
SELECT id FROM former ORDER BY id
"""
)

CONSUME = (
    _LOCKED
    + """, moved AS (
    UPDATE inventory_reservation reservation SET status = 'consumed'
    FROM locked
    WHERE reservation.id = ANY(%(ids)s) AND reservation.level_id = locked.id AND reservation.status = 'allocated'
    RETURNING reservation.id, reservation.level_id, reservation.quantity
), counted AS (
    UPDATE inventory_stocklevel level
    SET on_hand = level.on_hand - moved.quantity, allocated = level.allocated - moved.quantity
    FROM (SELECT level_id, sum(quantity)::int AS quantity FROM moved GROUP BY level_id) moved
    WHERE level.id = moved.level_id
), booked AS (
    INSERT INTO inventory_stockmovement (level_id, kind, quantity, cause, actor, moved_at)
    SELECT level_id, 'sale', -quantity, 'reservation:' || id, %(actor)s, %(now)s FROM moved ORDER BY id
)
SELECT id FROM moved ORDER BY id
"""
)

RETURN = (
    _LOCKED
    + """, booked AS (
    INSERT INTO inventory_stockmovement (level_id, kind, quantity, cause, actor, moved_at)
    SELECT reservation.level_id, 'return', reservation.quantity, 'return:' || reservation.id, %(actor)s, %(now)s
    FROM inventory_reservation reservation JOIN locked ON locked.id = reservation.level_id
    WHERE reservation.id = ANY(%(ids)s) AND reservation.status = 'consumed'
    ORDER BY reservation.id
    ON CONFLICT (cause) DO NOTHING
    RETURNING level_id, quantity, cause
), counted AS (
    UPDATE inventory_stocklevel level
    SET on_hand = level.on_hand + booked.quantity,
        unsellable = level.unsellable + CASE WHEN %(unsellable)s THEN booked.quantity ELSE 0 END
    FROM (SELECT level_id, sum(quantity)::int AS quantity FROM booked GROUP BY level_id) booked
    WHERE level.id = booked.level_id
)
SELECT substr(cause, 8)::bigint AS id FROM booked ORDER BY id
"""
)

# Sets on_hand and unsellable of levels that a statement before has locked, so that every reservation counted in them is
# visible here. What is promised beyond them is displaced, the youngest first. One row a displaced reservation.
CORRECT = """
WITH figure AS MATERIALIZED (
    SELECT * FROM unnest(%(levels)s::bigint[], %(on_hands)s::int[], %(unsellables)s::int[])
        AS figure (level_id, on_hand, unsellable)
), displaced AS MATERIALIZED (
    SELECT * FROM (
        SELECT reservation.id, reservation.level_id, reservation.quantity, reservation.status, reservation.owner,
            figure.on_hand - figure.unsellable AS room,
            sum(reservation.quantity) OVER (
                PARTITION BY reservation.level_id ORDER BY reservation.created_at, reservation.id
            ) AS promised
        FROM inventory_reservation reservation JOIN figure ON figure.level_id = reservation.level_id
        WHERE reservation.status IN ('held', 'allocated')
    ) live WHERE live.promised > live.room
), released AS (
    UPDATE inventory_reservation reservation SET status = 'released'
    FROM displaced WHERE reservation.id = displaced.id
), booked AS (
    INSERT INTO inventory_stockmovement (level_id, kind, quantity, cause, actor, moved_at)
    SELECT figure.level_id, %(kind)s, figure.on_hand - level.on_hand,
        %(cause)s || CASE WHEN %(is_cause_shared)s THEN ':' || figure.level_id ELSE '' END, %(actor)s, %(now)s
    FROM figure JOIN inventory_stocklevel level ON level.id = figure.level_id
    WHERE figure.on_hand <> level.on_hand
    ORDER BY figure.level_id
), counted AS (
    UPDATE inventory_stocklevel level
    SET on_hand = figure.on_hand, unsellable = figure.unsellable,
        held = level.held - coalesce(freed.held, 0), allocated = level.allocated - coalesce(freed.allocated, 0),
        counted_on = coalesce(%(counted_on)s, level.counted_on)
    FROM figure LEFT JOIN (
        SELECT level_id, sum(quantity) FILTER (WHERE status = 'held') AS held,
            sum(quantity) FILTER (WHERE status = 'allocated') AS allocated
        FROM displaced GROUP BY level_id
    ) freed ON freed.level_id = figure.level_id
    WHERE level.id = figure.level_id AND (
        figure.on_hand <> level.on_hand OR figure.unsellable <> level.unsellable OR freed.level_id IS NOT NULL
        OR coalesce(%(counted_on)s, level.counted_on) IS DISTINCT FROM level.counted_on
    )
)
SELECT displaced.id, displaced.owner, level.variant_id, displaced.quantity
FROM displaced JOIN inventory_stocklevel level ON level.id = displaced.level_id
ORDER BY displaced.id
"""

ADD_LEVELS = """
INSERT INTO inventory_stocklevel (store_id, variant_id, on_hand, held, allocated, unsellable, safety)
SELECT place.store_id, place.variant_id, 0, 0, 0, 0, store.default_safety
FROM unnest(%(stores)s::bigint[], %(variants)s::bigint[]) AS place (store_id, variant_id)
JOIN stores_store store ON store.id = place.store_id
ORDER BY place.variant_id, place.store_id
ON CONFLICT (variant_id, store_id) DO NOTHING
"""

LOCK_PLACES = """
SELECT level.id, level.store_id, level.variant_id, level.on_hand, level.unsellable
FROM inventory_stocklevel level
JOIN unnest(%(stores)s::bigint[], %(variants)s::bigint[]) AS place (store_id, variant_id)
    ON place.store_id = level.store_id AND place.variant_id = level.variant_id
ORDER BY level.id FOR NO KEY UPDATE OF level
"""

PRICE_LINES = """
SELECT variant.sku, variant.id, product.name_zh, product.name_en, variant.color_zh, variant.color_en, variant.size,
    coalesce(price.sale_fen, price.list_fen), price.tag_fen, product.tax_rate_ppm, price.member_fen,
    product.id, product.category_id, price.sale_fen IS NOT NULL
FROM inventory_variant variant
JOIN inventory_product product ON product.id = variant.product_id AND product.is_active
JOIN inventory_price price ON price.variant_id = variant.id AND price.valid @> %(now)s::timestamptz
WHERE variant.brand_id = %(brand_id)s AND variant.sku = ANY(%(skus)s) AND variant.is_active
"""

SELLABLE = "level.on_hand - level.held - level.allocated - level.unsellable - level.safety"

# The version of a product's pages: its pulses, counted and summed (ids may commit out of order).
_VERSION = """
    (SELECT count(*) || '.' || coalesce(sum(pulse.id), 0) FROM inventory_stockpulse pulse
     WHERE pulse.product_id = product.id)
"""

FIND_VERSION = f"""
SELECT product.id, {_VERSION}
FROM stores_brand brand JOIN inventory_product product ON product.brand_id = brand.id
WHERE brand.code = %(brand)s::text AND product.code = %(code)s::text AND product.is_active
"""

PRODUCT_CARDS = f"""
SELECT product.id, brand.code, brand.name_zh, brand.name_en, product.code, product.name_zh, product.name_en,
    coalesce(nullif(product.drawing, ''), category.shape), cheapest.unit_fen, cheapest.list_fen, colors.hexes,
    NOT EXISTS (
        SELECT 1 FROM inventory_variant variant
        JOIN inventory_stocklevel level ON level.variant_id = variant.id AND {SELLABLE} > 0
        JOIN stores_store store ON store.id = level.store_id AND store.is_active
        WHERE variant.product_id = product.id AND variant.is_active
    )
FROM inventory_product product
JOIN stores_brand brand ON brand.id = product.brand_id
JOIN inventory_category category ON category.id = product.category_id
JOIN LATERAL (
    SELECT coalesce(price.sale_fen, price.list_fen) AS unit_fen, price.list_fen
    FROM inventory_variant variant
    JOIN inventory_price price ON price.variant_id = variant.id AND price.valid @> %(now)s::timestamptz
    WHERE variant.product_id = product.id AND variant.is_active
    ORDER BY 1, 2 LIMIT 1
) cheapest ON true
JOIN LATERAL (
    SELECT array_agg(shade.color_hex ORDER BY shade.first) AS hexes
    FROM (
        SELECT color_hex, min(position) AS first FROM inventory_variant
        WHERE product_id = product.id AND is_active GROUP BY color_hex
    ) shade
) colors ON true
WHERE product.id = ANY(%(ids)s::bigint[]) AND product.is_active
"""

VARIANTS_IN_STOCK = f"""
SELECT variant.id FROM inventory_variant variant
WHERE variant.id = ANY(%(variants)s::bigint[]) AND EXISTS (
    SELECT 1 FROM inventory_stocklevel level JOIN stores_store store ON store.id = level.store_id AND store.is_active
    WHERE level.variant_id = variant.id AND {SELLABLE} > 0
)
"""

ON_HAND_BY_STORE = """
SELECT store.id, sum(level.on_hand)::bigint
FROM inventory_stocklevel level JOIN stores_store store ON store.id = level.store_id
WHERE store.brand_id = ANY(%(brands)s::bigint[])
GROUP BY store.id
HAVING sum(level.on_hand) > 0
"""

# Old pulses of a product say nothing that the newest does not; those that are left still make another version.
PRUNE_PULSES = """
DELETE FROM inventory_stockpulse pulse
USING (
    SELECT product_id, max(id) AS newest FROM inventory_stockpulse GROUP BY product_id HAVING count(*) > %(most)s
) busy
WHERE pulse.product_id = busy.product_id AND pulse.id < busy.newest
"""

# The audit: one row each, rows checked, rows wrong, up to twenty of them named; all in one snapshot.
VERDICT = """
SELECT count(*), count(problem), (array_agg(problem ORDER BY id) FILTER (WHERE problem IS NOT NULL))[1:20] FROM judged
"""

AUDIT_MOVEMENTS = (
    """
WITH moved AS (
    SELECT level_id, sum(quantity) AS quantity FROM inventory_stockmovement GROUP BY level_id
), judged AS (
    SELECT level.id, CASE WHEN level.on_hand <> coalesce(moved.quantity, 0)
        THEN concat(
            'stock level ', level.id, ' (variant ', level.variant_id, ', store ', level.store_id, '): ',
            level.on_hand, ' on hand, movements sum to ', coalesce(moved.quantity, 0)
        ) END AS problem
    FROM inventory_stocklevel level LEFT JOIN moved ON moved.level_id = level.id
)
"""
    + VERDICT
)

AUDIT_COUNTERS = (
    """
WITH promised AS (
    SELECT level_id, coalesce(sum(quantity) FILTER (WHERE status = 'held'), 0) AS held,
        coalesce(sum(quantity) FILTER (WHERE status = 'allocated'), 0) AS allocated
    FROM inventory_reservation WHERE status IN ('held', 'allocated') GROUP BY level_id
), judged AS (
    SELECT level.id, CASE
        WHEN level.held <> coalesce(promised.held, 0) OR level.allocated <> coalesce(promised.allocated, 0)
            THEN concat(
                'stock level ', level.id, ' (variant ', level.variant_id, ', store ', level.store_id,
                '): held ', level.held, ' and allocated ', level.allocated, ', reservations ',
                coalesce(promised.held, 0), ' and ', coalesce(promised.allocated, 0)
            ) END AS problem
    FROM inventory_stocklevel level LEFT JOIN promised ON promised.level_id = level.id
)
"""
    + VERDICT
)

PUT_IN_BINS = """
UPDATE inventory_stocklevel level SET bin = named.bin
FROM unnest(%(stores)s::bigint[], %(variants)s::bigint[], %(bins)s::text[]) AS named (store_id, variant_id, bin)
WHERE level.store_id = named.store_id AND level.variant_id = named.variant_id AND level.bin <> named.bin
"""
