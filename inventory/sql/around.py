"""What other stores have of a colour, seen from one store."""

from inventory.sql import SELLABLE
from inventory.sql.product import METRES

_OTHERS = f"""
    FROM inventory_stocklevel level
    JOIN stores_store store ON store.id = level.store_id AND store.is_active
        AND store.kind <> ALL(%(elsewhere)s) AND store.id <> %(store)s
    WHERE level.variant_id = {{variant}} AND {SELLABLE} > 0
"""

# The sizes of a colour: units here, how many other stores that one can walk into have it, and the nearest of them.
SIZES_AROUND = f"""
SELECT variant.id, variant.sku, variant.size, coalesce(price.sale_fen, price.list_fen), coalesce(own.units, 0),
    coalesce(near.stores, 0), near.name_zh, near.name_en, near.metres
FROM inventory_variant variant
JOIN inventory_price price ON price.variant_id = variant.id AND price.valid @> %(now)s::timestamptz
LEFT JOIN LATERAL (
    SELECT greatest({SELLABLE}, 0) AS units FROM inventory_stocklevel level
    WHERE level.variant_id = variant.id AND level.store_id = %(store)s
) own ON true
LEFT JOIN LATERAL (
    SELECT (count(*) OVER ())::int AS stores, store.name_zh, store.name_en, {METRES} AS metres
    {_OTHERS.format(variant="variant.id")}
    ORDER BY metres, store.id LIMIT 1
) near ON true
WHERE variant.product_id = %(product)s AND variant.color_hex = %(color)s AND variant.is_active
ORDER BY variant.position, variant.id
"""

# The nearest other stores that have a variant, with their units and metres.
UNITS_AROUND = f"""
SELECT store.id, {SELLABLE}, {METRES} AS metres
{_OTHERS.format(variant="%(variant)s")}
ORDER BY metres, store.id
LIMIT %(limit)s
"""
