"""What the page of a product reads."""

from inventory.sql import SELLABLE

# The chart of the product itself comes before that of its category.
LOAD_PRODUCT = """
SELECT product.id, brand.code, brand.name_zh, brand.name_en, product.code,
    coalesce(nullif(product.drawing, ''), category.shape), product.collection_id, collection.code, collection.name_zh,
    collection.name_en, category.code, category.name_zh, category.name_en, product.name_zh, product.name_en,
    product.description_zh, product.description_en, product.fabric_zh, product.fabric_en, product.craft_zh,
    product.craft_en, product.care_zh, product.care_en, product.care_symbols,
    brand.delivery_fee_fen, brand.express_fee_fen, brand.free_delivery_from_fen,
    (
        SELECT json_build_array(chart.body, chart.garment) FROM inventory_sizechart chart
        WHERE chart.brand_id = product.brand_id AND chart.category_id = product.category_id
            AND (chart.product_id = product.id OR chart.product_id IS NULL)
        ORDER BY chart.product_id NULLS LAST LIMIT 1
    ),
    (
        SELECT json_agg(json_build_array(kind, color_hex, drawing, file) ORDER BY position, id)
        FROM inventory_media WHERE product_id = product.id
    ),
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
LEFT JOIN inventory_collection collection ON collection.id = product.collection_id
WHERE product.id = %(product)s AND product.is_active
"""

# The arc between two points of the unit sphere, in metres; null without a point or a store (`least` skips nulls).
_DOT = "(store.ux * %(x)s::float8 + store.uy * %(y)s::float8 + store.uz * %(z)s::float8)"
METRES = f"CASE WHEN {_DOT} IS NOT NULL THEN 6371008.8 * acos(least(1, greatest(-1, {_DOT}))) END"

SIZES_OF = f"""
SELECT variant.id, variant.sku, variant.size, coalesce(price.sale_fen, price.list_fen), price.list_fen, price.tag_fen,
    price.member_fen, count(store.id)::int, min({METRES})
FROM inventory_variant variant
JOIN inventory_price price ON price.variant_id = variant.id AND price.valid @> %(now)s::timestamptz
LEFT JOIN inventory_stocklevel level ON level.variant_id = variant.id AND {SELLABLE} > 0
LEFT JOIN stores_store store ON store.id = level.store_id AND store.is_active
WHERE variant.product_id = %(product)s AND variant.color_hex = %(color)s AND variant.is_active
GROUP BY variant.id, price.id
ORDER BY variant.position, variant.id
"""

# The sizes of a colour in each store that has one of them, the nearest stores first.
STORES_WITH = f"""
SELECT store.id, held.sizes
FROM (
    SELECT level.store_id, array_agg(variant.size ORDER BY variant.position, variant.id) AS sizes,
        bool_or(variant.id = %(variant)s) AS has_it
    FROM inventory_variant variant JOIN inventory_stocklevel level ON level.variant_id = variant.id AND {SELLABLE} > 0
    WHERE variant.product_id = %(product)s AND variant.color_hex = %(color)s AND variant.is_active
    GROUP BY level.store_id
) held
JOIN stores_store store ON store.id = held.store_id AND store.is_active
WHERE held.has_it
ORDER BY {METRES}, store.id
LIMIT %(limit)s
"""

# What a product may be worn with: the newest of its collection.
PIECES_BESIDE = f"""
SELECT product.id, category.code, coalesce(parent.code, category.code),
    EXISTS (
        SELECT 1 FROM inventory_variant variant
        JOIN inventory_stocklevel level ON level.variant_id = variant.id AND {SELLABLE} > 0
        JOIN stores_store store ON store.id = level.store_id AND store.is_active
        WHERE variant.product_id = product.id AND variant.is_active
    )
FROM inventory_product own
JOIN inventory_product product ON product.collection_id = own.collection_id AND product.is_active
JOIN inventory_category category ON category.id = product.category_id
LEFT JOIN inventory_category parent ON parent.id = category.parent_id
WHERE own.id = %(product)s
ORDER BY product.id = own.id DESC, product.launched_on DESC, product.id DESC
LIMIT %(limit)s
"""

FIND_SCANNED = """
SELECT product.code, variant.color_hex, variant.size
FROM stores_brand brand
JOIN inventory_variant variant ON variant.brand_id = brand.id AND variant.is_active
JOIN inventory_product product ON product.id = variant.product_id AND product.is_active
WHERE brand.code = %(brand)s::text AND (variant.sku = %(code)s::text OR variant.barcode = %(code)s::text)
ORDER BY variant.sku = %(code)s::text DESC LIMIT 1
"""
