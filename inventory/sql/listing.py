"""The statements of the lists and the search, on the one row that each product has for them."""

from inventory.sql import SELLABLE, VERDICT

# The versions of a product's page, and of all that lists show beside their cards (product 0).
_VERSION = """
    (SELECT count(*) || '.' || coalesce(sum(pulse.id), 0) FROM inventory_stockpulse pulse WHERE pulse.product_id = {})
"""

# How well a product answers the words of a query: each is worth most in the name, then in category and colours.
WORDS = """
    word AS MATERIALIZED (
        SELECT * FROM unnest(
            %(in_name)s::text[]::tsquery[], %(in_kind)s::text[]::tsquery[], %(in_any)s::text[]::tsquery[]
        ) AS word (a, b, c)
    )
"""
SCORE = """
    (SELECT sum(CASE WHEN listing.document @@ word.a THEN 9 WHEN listing.document @@ word.b THEN 5
        WHEN listing.document @@ word.c THEN 2 ELSE 0 END)::int FROM word)
"""

# The colour that a card shows: the first that was asked for. Null: nobody asked.
SHADE = """
    (SELECT variant.color_hex FROM inventory_variant variant
     WHERE variant.product_id = listing.product_id AND variant.is_active AND (
        variant.color_family = ANY(%(shades)s::text[]) OR lower(variant.color_zh) = ANY(%(shade_words)s::text[])
        OR lower(variant.color_en) = ANY(%(shade_words)s::text[]))
     ORDER BY lower(variant.color_zh) = ANY(%(shade_words)s::text[]) OR lower(variant.color_en) = ANY(
        %(shade_words)s::text[]) DESC, variant.position, variant.id LIMIT 1)
"""
NO_SHADE = "NULL::text"

# With those of the conditions below that are wanted, so that each has a plan of its own.
LIST_PRODUCTS = f"""
SELECT listing.product_id, {_VERSION.format("listing.product_id")}, {{key}}::text, {{shade}}, {_VERSION.format("0")}
FROM inventory_productlisting listing
WHERE listing.is_listed {{conditions}}
ORDER BY {{order}}
LIMIT %(limit)s
"""
# The score is worked out once a row, before the rows are cut to a page.
LIST_FOUND = f"""
WITH {WORDS}, scored AS MATERIALIZED (
    SELECT listing.product_id, listing.launched_on, {SCORE} AS score FROM inventory_productlisting listing
    WHERE listing.is_listed {{conditions}}
)
SELECT listing.product_id, {_VERSION.format("listing.product_id")}, {{key}}, {{shade}}, {_VERSION.format("0")}
FROM scored listing
WHERE true {{after}}
ORDER BY {{order}}
LIMIT %(limit)s
"""

IN_BRAND = "listing.brand_id = (SELECT id FROM stores_brand WHERE code = %(brand)s::text)"
# The category and all below it.
IN_CATEGORY = """
listing.category_id = ANY(ARRAY(
    WITH RECURSIVE branch AS (
        SELECT id FROM inventory_category WHERE code = %(category)s::text
        UNION ALL SELECT child.id FROM inventory_category child JOIN branch ON child.parent_id = branch.id
    ) SELECT id FROM branch
))
"""
IN_COLLECTION = "listing.collection_id = %(collection)s::bigint"
IN_OPTIONS = "listing.options && %(options)s::text[]"
FROM_PRICE = "listing.price_fen >= %(price_from)s::int"
TO_PRICE = "listing.price_fen <= %(price_to)s::int"
ON_OFFER = "listing.off_ppm > 0"
MATCHING = "listing.document @@ %(match)s::tsquery"
AMONG = "listing.product_id = ANY(%(products)s::bigint[])"
# What was near a moment ago, and still is: nothing is listed that no store nearby can sell.
STILL_NEAR = f"""
EXISTS (
    SELECT 1 FROM inventory_variant variant JOIN inventory_stocklevel level ON level.variant_id = variant.id
    WHERE variant.product_id = listing.product_id AND variant.is_active AND {SELLABLE} > 0
        AND level.store_id = ANY(%(stores)s::bigint[])
        AND (%(any_family)s::bool OR variant.color_family = ANY(%(families)s::text[]))
        AND (%(any_size)s::bool OR variant.size = ANY(%(sizes)s::text[]))
)
"""

# Sorting: what stands in the cursor, the order, and what comes after the last one seen.
ORDERS = {
    "newest": (
        "listing.launched_on",
        "listing.launched_on DESC, listing.product_id DESC",
        "(listing.launched_on, listing.product_id) < (%(after)s::date, %(after_id)s::bigint)",
    ),
    "price-up": (
        "listing.price_fen",
        "listing.price_fen, listing.product_id",
        "(listing.price_fen, listing.product_id) > (%(after)s::int, %(after_id)s::bigint)",
    ),
    "price-down": (
        "listing.price_fen",
        "listing.price_fen DESC, listing.product_id DESC",
        "(listing.price_fen, listing.product_id) < (%(after)s::int, %(after_id)s::bigint)",
    ),
    "most-off": (
        "listing.off_ppm",
        "listing.off_ppm DESC, listing.product_id DESC",
        "(listing.off_ppm, listing.product_id) < (%(after)s::int, %(after_id)s::bigint)",
    ),
    "best": (
        "listing.score || '~' || listing.launched_on",
        "listing.score DESC, listing.launched_on DESC, listing.product_id DESC",
        """(listing.score, listing.launched_on, listing.product_id)
            < (%(score)s::int, %(after)s::date, %(after_id)s::bigint)""",
    ),
}

# How many products each further choice would leave: those of a kind are counted with all filters but their own.
FACETS = """
WITH base AS MATERIALIZED (
    SELECT listing.product_id, listing.brand_id, listing.category_id, listing.price_fen, listing.off_ppm,
        {options} AS options, {in_brand} AS in_brand, {in_category} AS in_category, {in_price} AS in_price,
        {on_offer} AS on_offer, {in_color} AS in_color, {in_size} AS in_size, {in_both} AS in_both
    FROM inventory_productlisting listing {near}
    WHERE listing.is_listed {conditions}
)
SELECT 'total', '', count(*) FROM base WHERE in_brand AND in_category AND in_price AND on_offer AND in_both
UNION ALL
SELECT 'offer', '', count(*) FROM base WHERE in_brand AND in_category AND in_price AND in_both AND off_ppm > 0
UNION ALL
SELECT 'brand', brand.code, count(*) FROM base JOIN stores_brand brand ON brand.id = base.brand_id
WHERE in_category AND in_price AND on_offer AND in_both GROUP BY brand.code
UNION ALL
SELECT 'category', category.code, count(*) FROM base JOIN inventory_category category ON category.id = base.category_id
WHERE in_brand AND in_price AND on_offer AND in_both GROUP BY category.code
UNION ALL
SELECT 'price', width_bucket(price_fen, %(bands)s::int[])::text, count(*) FROM base
WHERE in_brand AND in_category AND on_offer AND in_both GROUP BY 2
UNION ALL
SELECT 'color', split_part(choice, '|', 1), count(DISTINCT product_id) FROM base, unnest(options) choice
WHERE in_brand AND in_category AND in_price AND on_offer AND in_size
    AND split_part(choice, '|', 2) {size_of_color} AND choice NOT LIKE '|%%' GROUP BY 2
UNION ALL
SELECT 'size', split_part(choice, '|', 2), count(DISTINCT product_id) FROM base, unnest(options) choice
WHERE in_brand AND in_category AND in_price AND on_offer AND in_color
    AND split_part(choice, '|', 1) {color_of_size} AND choice NOT LIKE '%%|' GROUP BY 2
"""
NEAR_JOIN = """
JOIN unnest(%(products)s::bigint[], %(near_options)s::text[]) AS near (product_id, options)
    ON near.product_id = listing.product_id
"""
NEAR_OPTIONS = "string_to_array(near.options, chr(31))"

# The stores around a point. The distance is the chord's, which the index of the stores is ordered by.
NEAR_STORES = """
SELECT id FROM stores_store
WHERE is_active AND cube(ARRAY[ux, uy, uz]) <@ cube_enlarge(
        cube(ARRAY[%(x)s::float8, %(y)s::float8, %(z)s::float8]), %(chord)s::float8, 3)
    AND power(ux - %(x)s::float8, 2) + power(uy - %(y)s::float8, 2) + power(uz - %(z)s::float8, 2)
        <= power(%(chord)s::float8, 2)
ORDER BY id
"""

# What some stores can sell, as "family|size" by product. Planned for just these stores: how many there are decides how.
NEAR_STOCK = f"""
SELECT variant.product_id, array_agg(variant.color_family || '|' || variant.size)
FROM (
    SELECT DISTINCT level.variant_id FROM inventory_stocklevel level
    WHERE level.store_id = ANY(%(stores)s::bigint[]) AND {SELLABLE} > 0
) held
JOIN inventory_variant variant ON variant.id = held.variant_id AND variant.is_active
GROUP BY variant.product_id
"""

SHOWN_COLLECTIONS = """
SELECT brand.code, brand.name_zh, brand.name_en, collection.code, collection.name_zh, collection.name_en,
    collection.story_zh, collection.story_en, shown.looks
FROM inventory_collection collection
JOIN stores_brand brand ON brand.id = collection.brand_id
JOIN LATERAL (
    SELECT json_agg(json_build_array(look.shape, look.color_hex)) AS looks
    FROM (
        SELECT coalesce(nullif(product.drawing, ''), category.shape) AS shape, first.color_hex
        FROM inventory_productlisting listing
        JOIN inventory_product product ON product.id = listing.product_id
        JOIN inventory_category category ON category.id = listing.category_id
        JOIN LATERAL (
            SELECT color_hex FROM inventory_variant variant
            WHERE variant.product_id = listing.product_id AND variant.is_active ORDER BY position, id LIMIT 1
        ) first ON true
        WHERE listing.collection_id = collection.id AND listing.is_listed
        ORDER BY row_number() OVER (PARTITION BY category.id ORDER BY listing.launched_on DESC, listing.product_id),
            listing.launched_on DESC, listing.product_id DESC
        LIMIT 3
    ) look
) shown ON shown.looks IS NOT NULL
WHERE collection.launched_on <= %(today)s::date
ORDER BY collection.launched_on DESC, collection.id
LIMIT %(limit)s
"""

# Categories that have something on sale, with the look of their newest product: what the home page's tiles show.
CATEGORY_TILES = """
SELECT category.code, category.name_zh, category.name_en, newest.shape, newest.color_hex, newest.products
FROM inventory_category category
JOIN LATERAL (
    SELECT coalesce(nullif(product.drawing, ''), category.shape) AS shape, first.color_hex,
        count(*) OVER () AS products
    FROM inventory_productlisting listing
    JOIN inventory_product product ON product.id = listing.product_id
    JOIN LATERAL (
        SELECT color_hex FROM inventory_variant variant
        WHERE variant.product_id = listing.product_id AND variant.is_active ORDER BY position, id LIMIT 1
    ) first ON true
    WHERE listing.category_id = category.id AND listing.is_listed
    ORDER BY listing.launched_on DESC, listing.product_id DESC
    LIMIT 1
) newest ON true
ORDER BY category.position, category.id
"""

# The search's words: which of a query's are known, and what is like the others.
KNOWN_WORDS = """
SELECT word.ordinality::int - 1
FROM unnest(%(words)s::text[]::tsquery[]) WITH ORDINALITY AS word (query, ordinality)
WHERE EXISTS (SELECT 1 FROM inventory_productlisting listing WHERE listing.is_listed AND listing.document @@ word.query)
"""
WORDS_LIKE = """
SELECT wanted.window, known.word, known.products
FROM unnest(%(windows)s::text[], %(patterns)s::text[]) AS wanted ("window", pattern)
JOIN inventory_searchword known ON known.word LIKE wanted.pattern
UNION
SELECT wanted.window, known.word, known.products
FROM unnest(%(latin)s::text[]) AS wanted ("window")
JOIN LATERAL (
    SELECT word, products FROM inventory_searchword
    ORDER BY word <-> wanted.window LIMIT 20
) known ON true
"""
SUGGEST_WORDS = """
SELECT word FROM inventory_searchword
WHERE word LIKE %(beginning)s::text AND products > 0
ORDER BY products DESC, word LIMIT %(limit)s
"""
SUGGEST_PRODUCTS = f"""
WITH {WORDS}, newest AS MATERIALIZED (
    SELECT listing.product_id, listing.category_id, listing.launched_on, listing.document
    FROM inventory_productlisting listing WHERE listing.is_listed AND listing.document @@ %(match)s::tsquery
    ORDER BY listing.launched_on DESC, listing.product_id DESC LIMIT 200
), scored AS MATERIALIZED (
    SELECT listing.*, {SCORE} AS score FROM newest listing
    ORDER BY score DESC, listing.launched_on DESC, listing.product_id DESC LIMIT %(limit)s
), listing AS MATERIALIZED (
    SELECT listing.*, {SHADE} AS shade FROM scored listing
)
SELECT brand.code, product.code, product.name_zh, product.name_en, brand.name_zh, brand.name_en,
    coalesce(nullif(product.drawing, ''), category.shape), coalesce(listing.shade, (
        SELECT color_hex FROM inventory_variant variant
        WHERE variant.product_id = product.id AND variant.is_active ORDER BY position, id LIMIT 1
    )), listing.shade IS NOT NULL
FROM listing
JOIN inventory_product product ON product.id = listing.product_id
JOIN stores_brand brand ON brand.id = product.brand_id
JOIN inventory_category category ON category.id = listing.category_id
ORDER BY listing.score DESC, listing.launched_on DESC, listing.product_id DESC
"""

# Keeping the listings true.
TURN_DUE = """
SELECT inventory_list_products(ARRAY(
    SELECT product_id FROM inventory_productlisting WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s
))
"""
FORGET_SEGMENTS = "UPDATE inventory_productlisting SET is_segmented = false"
# Rows that another transaction is writing are left to it.
UNREAD = """
SELECT product_id, words FROM inventory_productlisting WHERE NOT is_segmented
ORDER BY product_id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
"""
WRITE_DOCUMENTS = """
UPDATE inventory_productlisting listing
SET document = written.document::tsvector, is_segmented = true,
    terms = ARRAY(SELECT jsonb_array_elements_text(written.terms::jsonb))
FROM unnest(%(ids)s::bigint[], %(documents)s::text[], %(terms)s::text[]) AS written (id, document, terms)
WHERE listing.product_id = written.id
"""
# One transaction at a time counts the words: a statement of its own, so that the next one sees what was waited for.
TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtext('inventory_searchword'))"
COUNT_WORDS = """
WITH counted AS MATERIALIZED (
    SELECT left(term, 80) AS word, count(DISTINCT product_id)::int AS products
    FROM inventory_productlisting listing, unnest(listing.terms) term WHERE listing.is_listed
    GROUP BY 1
), gone AS (
    DELETE FROM inventory_searchword word
    WHERE NOT EXISTS (SELECT 1 FROM counted WHERE counted.word = word.word)
)
INSERT INTO inventory_searchword AS word (word, products) SELECT word, products FROM counted
ON CONFLICT (word) DO UPDATE SET products = EXCLUDED.products WHERE word.products <> EXCLUDED.products
"""

# The audit: one row each, rows checked, rows wrong, up to twenty of them named; all in one snapshot.
AUDIT_LISTINGS = (
    """
WITH judged AS (
    SELECT product.id, CASE
        WHEN listing.product_id IS NULL THEN concat('product ', product.code, ' has no listing')
        WHEN NOT listing.is_segmented AND listing.changed_at < %(overdue)s
            THEN concat('product ', product.code, ' cannot be found by its words')
        WHEN listing.due_at < %(overdue)s THEN concat('product ', product.code, ' is listed with a price that is over')
        WHEN coalesce(listing.due_at, 'infinity') > %(now)s AND listing.is_listed AND listing.price_fen <> (
            SELECT min(coalesce(price.sale_fen, price.list_fen)) FROM inventory_variant variant
            JOIN inventory_price price ON price.variant_id = variant.id AND price.valid @> listing.changed_at
            WHERE variant.product_id = product.id AND variant.is_active
        ) THEN concat('product ', product.code, ' is listed at ', listing.price_fen, ' fen')
        END AS problem
    FROM inventory_product product LEFT JOIN inventory_productlisting listing ON listing.product_id = product.id
)
"""
    + VERDICT
)
# Nobody needs to know more than that it is looked for very often.
COUNT_SEARCH = """
INSERT INTO inventory_searchcount (on_date, language, text, times) VALUES (%(on_date)s, %(language)s, %(text)s, 1)
ON CONFLICT (on_date, language, text) DO UPDATE SET times = inventory_searchcount.times + 1
WHERE inventory_searchcount.times < 1000000
"""
