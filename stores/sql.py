"""The hot statements on capacity."""

# A missing row is made from the store's daily capacity; an existing row's own limit decides. No row comes back when the
# limit would be passed. (The row proposed must itself keep the constraint, hence the join.)
TAKE_CAPACITY = """
INSERT INTO stores_storecapacity AS capacity (store_id, on_date, "limit", used)
SELECT store.id, %(on_date)s, coalesce(present."limit", store.daily_capacity), %(units)s
FROM stores_store store
LEFT JOIN stores_storecapacity present ON present.store_id = store.id AND present.on_date = %(on_date)s
WHERE store.id = %(store_id)s AND coalesce(present."limit", store.daily_capacity) >= %(units)s
ON CONFLICT (store_id, on_date) DO UPDATE SET used = capacity.used + EXCLUDED.used
WHERE capacity.used + EXCLUDED.used <= capacity."limit"
RETURNING id
"""

GIVE_BACK_CAPACITY = """
UPDATE stores_storecapacity SET used = used - %(units)s
WHERE store_id = %(store_id)s AND on_date = %(on_date)s AND used >= %(units)s
"""

# As TAKE_CAPACITY does for a day; one that has since been lowered lets nobody in.
TAKE_SLOT = """
INSERT INTO stores_storeslot AS slot (store_id, starts_at, "limit", used)
SELECT store.id, %(starts_at)s, store.try_ons_per_slot, 1 FROM stores_store store
WHERE store.id = %(store_id)s AND store.try_ons_per_slot >= 1
ON CONFLICT (store_id, starts_at) DO UPDATE SET used = slot.used + 1
WHERE slot.used + 1 <= slot."limit"
RETURNING id
"""

GIVE_BACK_SLOT = """
UPDATE stores_storeslot SET used = used - 1 WHERE store_id = %(store_id)s AND starts_at = %(starts_at)s AND used >= 1
"""

# Every store of a file, by its code. What the file leaves open stays as it is, or gets the default of a new store; a
# store that is as the file says is not written. One row for each written: whether it is new.
# Shuffled: points along a line, inserted in their order, cost the index of nearest stores a time that is quadratic.
IMPORT_STORES = """
INSERT INTO stores_store AS store (
    brand_id, code, name_zh, name_en, kind, mall_id, franchisee_id, district_id, address, phone,
    lat, lng, ux, uy, uz, opens_minutes, closes_minutes,
    offers_shipping, offers_pickup, offers_try_on, takes_returns, consents_to_routing, is_active,
    daily_capacity, default_safety
)
SELECT %(brand_id)s, row.code, row.name, coalesce(known.name_en, ''),
    coalesce(row.kind, known.kind, CASE WHEN row.mall_id IS NULL THEN 'direct' ELSE 'concession' END),
    coalesce(row.mall_id, known.mall_id), known.franchisee_id, coalesce(row.district_id, known.district_id),
    coalesce(row.address, known.address, ''), coalesce(known.phone, ''),
    row.lat, row.lng, row.ux, row.uy, row.uz,
    coalesce(row.opens::smallint[], known.opens_minutes, array_fill(600::smallint, ARRAY[7])),
    coalesce(row.closes::smallint[], known.closes_minutes, array_fill(1320::smallint, ARRAY[7])),
    true, true, true, true, true, true, 60, 0
FROM unnest(
    %(codes)s::text[], %(names)s::text[], %(kinds)s::text[], %(malls)s::bigint[], %(districts)s::text[],
    %(addresses)s::text[], %(lats)s::float8[], %(lngs)s::float8[], %(xs)s::float8[], %(ys)s::float8[],
    %(zs)s::float8[], %(opens)s::text[], %(closes)s::text[]
) AS row (code, name, kind, mall_id, district_id, address, lat, lng, ux, uy, uz, opens, closes)
LEFT JOIN stores_store known ON known.brand_id = %(brand_id)s AND known.code = row.code
ORDER BY md5(row.code)
ON CONFLICT (brand_id, code) DO UPDATE SET
    name_zh = EXCLUDED.name_zh, kind = EXCLUDED.kind, mall_id = EXCLUDED.mall_id, district_id = EXCLUDED.district_id,
    address = EXCLUDED.address, lat = EXCLUDED.lat, lng = EXCLUDED.lng, ux = EXCLUDED.ux, uy = EXCLUDED.uy,
    uz = EXCLUDED.uz, opens_minutes = EXCLUDED.opens_minutes, closes_minutes = EXCLUDED.closes_minutes
WHERE (store.name_zh, store.kind, store.mall_id, store.district_id, store.address, store.lat, store.lng,
        store.opens_minutes, store.closes_minutes)
    IS DISTINCT FROM (EXCLUDED.name_zh, EXCLUDED.kind, EXCLUDED.mall_id, EXCLUDED.district_id, EXCLUDED.address,
        EXCLUDED.lat, EXCLUDED.lng, EXCLUDED.opens_minutes, EXCLUDED.closes_minutes)
RETURNING xmax = 0
"""
