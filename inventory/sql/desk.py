"""What the desk reads of stock: products found by words, and the stores around that have one."""

from inventory.sql import SELLABLE
from inventory.sql.product import METRES

# Products of a brand by any of the words' own text, by their SKUs and barcodes, or by their search document; those that
# the store has come first, then the newest. Withdrawn ones too: a store may still have some.
FIND_STYLES = f"""
WITH own AS MATERIALIZED (
    SELECT variant.product_id, sum(level.on_hand)::int AS on_hand, sum(greatest({SELLABLE}, 0))::int AS sellable
    FROM inventory_stocklevel level JOIN inventory_variant variant ON variant.id = level.variant_id
    WHERE level.store_id = %(store)s AND level.on_hand > 0
    GROUP BY variant.product_id
)
SELECT product.id, product.code, product.name_zh, product.name_en,
    coalesce(nullif(product.drawing, ''), category.shape), shade.color_hex, price.unit_fen,
    coalesce(own.on_hand, 0), coalesce(own.sellable, 0)
FROM inventory_product product
JOIN inventory_category category ON category.id = product.category_id
LEFT JOIN own ON own.product_id = product.id
LEFT JOIN inventory_productlisting listing ON listing.product_id = product.id
LEFT JOIN LATERAL (
    SELECT color_hex FROM inventory_variant WHERE product_id = product.id ORDER BY position, id LIMIT 1
) shade ON true
LEFT JOIN LATERAL (
    SELECT min(coalesce(price.sale_fen, price.list_fen)) AS unit_fen
    FROM inventory_variant variant
    JOIN inventory_price price ON price.variant_id = variant.id AND price.valid @> %(now)s::timestamptz
    WHERE variant.product_id = product.id
) price ON true
WHERE product.brand_id = %(brand)s AND (
    NOT EXISTS (
        SELECT 1 FROM unnest(%(words)s::text[]) AS word (text)
        WHERE NOT (
            product.name_zh ILIKE word.text OR product.name_en ILIKE word.text OR product.code ILIKE word.text
            OR EXISTS (
                SELECT 1 FROM inventory_variant variant
                WHERE variant.product_id = product.id
                    AND (variant.sku ILIKE word.text OR variant.barcode ILIKE word.text)
            )
        )
    )
    OR listing.document @@ %(match)s::tsquery
)
ORDER BY own.on_hand IS NULL, product.launched_on DESC, product.id DESC
LIMIT %(limit)s
"""

# The nearest stores of the brand that may sell any of some variants: store, metres, and units by variant.
STORES_AROUND = f"""
SELECT store.id, store.code, store.name_zh, store.name_en, store.phone, {METRES} AS metres, held.units
FROM (
    SELECT level.store_id, json_object_agg(level.variant_id, {SELLABLE}) AS units
    FROM inventory_stocklevel level
    WHERE level.variant_id = ANY(%(variants)s::bigint[]) AND {SELLABLE} > 0 AND level.store_id <> %(store)s
    GROUP BY level.store_id
) held
JOIN stores_store store ON store.id = held.store_id AND store.is_active
ORDER BY metres, store.id
LIMIT %(limit)s
"""
