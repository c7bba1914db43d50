from importlib import import_module

from django.db import migrations

# Only stores that have something on hand are counted, listed and read, from an index of just these; and a split is told
# apart by narrow rows: what is known of a store is read after most have been left out.
former = import_module("fulfillment.migrations.0005_candidates")
gather = import_module("fulfillment.migrations.0009_gather")
held = import_module("fulfillment.migrations.0012_held")

COUNTED = """SELECT min(units), max(units), (array_agg(position ORDER BY units, position))[1]
            INTO least_count, most_count, scarcest
            FROM unnest(p_variants) WITH ORDINALITY AS line (variant_id, position)
            CROSS JOIN LATERAL (
                SELECT count(*)::int AS units FROM (
                    SELECT 1 FROM inventory_stocklevel level
                    WHERE level.variant_id = line.variant_id AND level.on_hand > 0 LIMIT bound
                ) level
            ) level;"""

STORES = """SELECT level.store_id AS id, store.chord, u1, u2, u3
        FROM unnest(held_stores, held_1, held_2, held_3) AS level (store_id, u1, u2, u3)
        CROSS JOIN LATERAL (
            SELECT sqrt((ux - p_x) * (ux - p_x) + (uy - p_y) * (uy - p_y) + (uz - p_z) * (uz - p_z)) AS chord
            FROM stores_store WHERE id = level.store_id AND brand_id = p_brand
            OFFSET 0
        ) store"""

# As in 0012. The stores of a kind are left out from the far end, so when its last is there, all are.
PARTS = f"""WITH held AS MATERIALIZED (
                {STORES}
            ), near AS (
                SELECT placed.chord, u1, u2, u3, kind, has_all, is_last, store.*
                FROM (
                    SELECT near.*, {former.HAS_ALL} AS has_all, row_number() OVER of_kind AS near_place_of_kind,
                        lead(id) OVER of_kind IS NULL AS is_last
                    FROM (SELECT held.*, {held.KIND} AS kind FROM held WHERE chord <= p_reach) near
                    WINDOW of_kind AS (PARTITION BY kind ORDER BY chord, id)
                ) placed
                CROSS JOIN LATERAL (
                    SELECT {former.STORE_COLUMNS} FROM stores_store WHERE id = placed.id OFFSET 0
                ) store
                WHERE p_kinds IS NULL
                    OR 2 * near_place_of_kind <= 3 * CASE WHEN has_all THEN p_wanted ELSE p_kinds END
                    OR placed.chord <= coalesce(
                        (SELECT chord FROM held ORDER BY chord OFFSET (3 * p_shown) / 2 LIMIT 1), 'infinity'
                    )
            ), judged AS MATERIALIZED (
                {former.JUDGED}
            ), needed AS MATERIALIZED (
                SELECT * FROM (
                    SELECT judged.*, row_number() OVER (ORDER BY chord, id) AS place,
                        row_number() OVER (PARTITION BY kind ORDER BY chord, id) AS place_of_kind
                    FROM judged WHERE reason IS NULL
                ) passed
                WHERE p_kinds IS NULL OR place_of_kind <= p_kinds OR place <= p_shown
            )
            SELECT {former.CHOSEN} FROM needed
            UNION ALL
            SELECT CASE WHEN p_kinds IS NULL OR (
                    SELECT bool_and(is_whole OR good >= CASE WHEN has_all THEN p_wanted ELSE p_kinds END)
                    FROM (
                        SELECT bool_or(is_last) AS is_whole, count(*) FILTER (WHERE reason IS NULL) AS good,
                            bool_or(has_all) AS has_all
                        FROM judged GROUP BY judged.kind
                    ) kind
                ) IS NOT FALSE THEN 0 ELSE -1 END, NULL, NULL, NULL,
                ({gather.IN_REACH} - count(*) FILTER (WHERE reason IS NOT NULL) - (SELECT count(*) FROM needed))::int,
                NULL, NULL, NULL, NULL, ARRAY[{former.REFUSALS}] || {gather.BEYOND}, nobody_has
            FROM judged"""


def listed(function: str) -> str:
    """Return a function that lists only the stores with something on hand."""
    for number in (1, 2, 3):
        old = former.listed(number)
        function = replaced(function, old, old.replace(" OFFSET 0", " AND on_hand > 0 OFFSET 0"))
    return function


def replaced(function: str, old: str, new: str) -> str:
    """Replace a part of a function everywhere.

    :raises ValueError: when it is not found.
    """
    if old not in function:
        raise ValueError(f"Not found: {old}")
    return function.replace(old, new)


def candidates() -> str:
    """Return the function that finds candidates."""
    function = listed(held.changed())
    function = replaced(function, former.COUNTED, COUNTED)
    function = replaced(function, held.PARTS, PARTS)
    function = replaced(function, "    row_count int;\n", "")
    enough = "level.variant_id = variants[1] AND level.on_hand >= quantities[1]"
    return replaced(function, enough, enough.replace(" AND", " AND level.on_hand > 0 AND"))


def walk() -> str:
    """Return the function that walks for all lines of a demand."""
    rows = "WHERE level.variant_id = line.variant_id LIMIT p_most_listed + 1"
    return replaced(listed(held.WALK), rows, rows.replace(" LIMIT", " AND level.on_hand > 0 LIMIT"))


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0014_express"), ("inventory", "0016_on_hand")]

    operations = [
        migrations.RunSQL(candidates(), held.changed()),
        migrations.RunSQL(walk(), held.WALK),
    ]
