"""What the page of a product reads."""

from inventory.sql import SELLABLE

LOAD_PRODUCT = """
SELECT product.id, brand.code, brand.name_zh, brand.name_en, product.code, category.shape,
    product.name_zh, product.name_en, product.description_zh, product.description_en, product.fabric_zh,
    product.fabric_en, product.care_zh, product.care_en,
    (
        SELECT json_agg(json_build_array(color_hex, color_zh, color_en) ORDER BY first)
        FROM (
            SELECT color_hex, min(color_zh) AS color_zh, min(color_en) AS color_en, min(position) AS first
            FROM inventory_variant WHERE product_id = product.id AND is_active GROUP BY color_hex
        ) shade
    )
FROM inventory_product product
JOIN stores_brand brand ON brand.id = product.brand_id
JOIN inventory_category category ON category.id = product.category_id
WHERE product.id = %(product)s AND product.is_active
"""

# The arc between two points of the unit sphere, in metres; null without a point or a store (`least` skips nulls).
_DOT = "(store.ux * %(x)s::float8 + store.uy * %(y)s::float8 + store.uz * %(z)s::float8)"
_METRES = f"CASE WHEN {_DOT} IS NOT NULL THEN 6371008.8 * acos(least(1, greatest(-1, {_DOT}))) END"

SIZES_OF = f"""
SELECT variant.id, variant.sku, variant.size, coalesce(price.sale_fen, price.list_fen), price.list_fen,
    count(store.id)::int, min({_METRES})
FROM inventory_variant variant
JOIN inventory_price price ON price.variant_id = variant.id AND price.valid @> %(now)s::timestamptz
LEFT JOIN inventory_stocklevel level ON level.variant_id = variant.id AND {SELLABLE} > 0
LEFT JOIN stores_store store ON store.id = level.store_id AND store.is_active
WHERE variant.product_id = %(product)s AND variant.color_hex = %(color)s AND variant.is_active
GROUP BY variant.id, price.id
ORDER BY variant.position, variant.id
"""

# The hours are those of one day; an exception replaces them. -1: closed.
NEAR_STORES = f"""
SELECT store.name_zh, store.name_en, store.address, {_METRES} AS metres, held.sizes,
    CASE WHEN other.id IS NULL THEN store.opens_minutes[%(weekday)s::int] ELSE coalesce(other.opens_minute, -1) END,
    CASE WHEN other.id IS NULL THEN store.closes_minutes[%(weekday)s::int] ELSE coalesce(other.closes_minute, -1) END
FROM (
    SELECT level.store_id, array_agg(variant.size ORDER BY variant.position) AS sizes
    FROM inventory_variant variant JOIN inventory_stocklevel level ON level.variant_id = variant.id AND {SELLABLE} > 0
    WHERE variant.product_id = %(product)s AND variant.color_hex = %(color)s AND variant.is_active
    GROUP BY level.store_id
) held
JOIN stores_store store ON store.id = held.store_id AND store.is_active
LEFT JOIN stores_hoursexception other ON other.store_id = store.id AND other.on_date = %(today)s::date
ORDER BY metres, store.id
LIMIT %(limit)s
"""
