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
