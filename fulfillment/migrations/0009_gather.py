from importlib import import_module

from django.db import migrations

# Two or three lines from their rows: the units are read once; the stores that have everything come first, and only when
# none of these passes, those with a part. What no plan needs is left out, and counted. The walk stays as it was.
former = import_module("fulfillment.migrations.0005_candidates")

# What each store has; whether some store has everything; the first line of which nobody has a single unit.
UNITS = f"""SELECT array_agg(store_id), array_agg(u1), array_agg(u2), array_agg(u3), bool_or({former.HAS_ALL}),
        CASE WHEN max(u1) > 0 THEN CASE WHEN max(u2) > 0 THEN CASE
            WHEN max(u3) > 0 OR q3 = 0 THEN NULL ELSE 3 END ELSE 2 END ELSE 1 END
    INTO held_stores, held_1, held_2, held_3, is_one_enough, nobody_has
    FROM (
        SELECT level.store_id,
            coalesce(max(level.units) FILTER (WHERE line.position = 1), 0) AS u1,
            coalesce(max(level.units) FILTER (WHERE line.position = 2), 0) AS u2,
            coalesce(max(level.units) FILTER (WHERE line.position = 3), 0) AS u3
        FROM unnest(p_variants, p_own_quantities) WITH ORDINALITY AS line (variant_id, own, position)
        CROSS JOIN LATERAL {former.units("line.variant_id", "line.own")} level
        GROUP BY level.store_id
    ) held"""


def held(condition: str) -> str:
    """Look up the stores of the rows; the condition is checked before."""
    columns = ", ".join(f"store.{column}" for column in former.STORE_COLUMNS.split(", "))
    return f"""SELECT {columns}, store.chord, u1, u2, u3
        FROM unnest(held_stores, held_1, held_2, held_3) AS level (store_id, u1, u2, u3)
        CROSS JOIN LATERAL (
            SELECT {former.STORE_COLUMNS},
                sqrt((ux - p_x) * (ux - p_x) + (uy - p_y) * (uy - p_y) + (uz - p_z) * (uz - p_z)) AS chord
            FROM stores_store WHERE id = level.store_id AND brand_id = p_brand
            OFFSET 0
        ) store
        WHERE {condition}"""


IN_REACH = "(SELECT count(*) FROM held WHERE chord <= p_reach)"
BEYOND = "(SELECT (count(*) > 0)::int FROM held WHERE chord > p_reach)"

# Facts are looked up of twice as many as are needed, the nearest first. When too many of these are refused, the search
# is no answer (-1). No row at all: each store that has everything was looked at, and refused.
OF_ONE = f"""WITH held AS MATERIALIZED (
        {held(former.HAS_ALL)}
    ), near AS (
        SELECT * FROM held WHERE chord <= p_reach
        ORDER BY chord, id LIMIT CASE WHEN p_kinds IS NULL THEN NULL ELSE 2 * p_wanted END
    ), judged AS MATERIALIZED (
        {former.JUDGED}
    ), passed AS MATERIALIZED (
        SELECT * FROM judged WHERE reason IS NULL ORDER BY chord, id LIMIT p_wanted
    )
    SELECT {former.CHOSEN} FROM passed
    UNION ALL
    SELECT CASE WHEN count(*) = {IN_REACH} OR count(*) FILTER (WHERE reason IS NULL) >= p_wanted THEN 0 ELSE -1 END,
        NULL, NULL, NULL,
        ({IN_REACH} - count(*) FILTER (WHERE reason IS NOT NULL) - (SELECT count(*) FROM passed))::int, NULL,
        NULL, NULL, NULL, ARRAY[{former.REFUSALS}] || {BEYOND}, NULL::int
    FROM judged
    HAVING count(*) FILTER (WHERE reason IS NULL) > 0 OR count(*) < {IN_REACH}"""

# As `OF_ONE`, by kinds: so many of each that have the same units.
OF_PARTS = f"""WITH held AS MATERIALIZED (
        {held("true")}
    ), near AS (
        SELECT id, is_active, consents_to_routing, offers_shipping, offers_pickup, daily_capacity, opens_minutes,
            closes_minutes, chord, u1, u2, u3, has_all, of_kind
        FROM (
            SELECT held.*, {former.HAS_ALL} AS has_all, {former.PLACES},
                count(*) OVER (PARTITION BY least(u1, q1), least(u2, q2), least(u3, q3)) AS of_kind
            FROM held WHERE chord <= p_reach
        ) placed
        WHERE p_kinds IS NULL OR place <= 2 * p_shown
            OR place_of_kind <= 2 * CASE WHEN has_all THEN p_wanted ELSE p_kinds END
    ), judged AS MATERIALIZED (
        {former.JUDGED}
    ), passed AS (
        SELECT judged.*, {former.PLACES} FROM judged WHERE reason IS NULL
    ), needed AS MATERIALIZED (
        SELECT * FROM passed WHERE p_kinds IS NULL OR place_of_kind <= p_kinds OR place <= p_shown
    )
    SELECT {former.CHOSEN} FROM needed
    UNION ALL
    SELECT CASE WHEN p_kinds IS NULL OR (
            SELECT bool_and(
                seen = of_kind OR good >= CASE WHEN has_all THEN p_wanted ELSE p_kinds END
            )
            FROM (
                SELECT count(*) AS seen, count(*) FILTER (WHERE reason IS NULL) AS good, max(of_kind) AS of_kind,
                    bool_or(has_all) AS has_all
                FROM judged GROUP BY least(u1, q1), least(u2, q2), least(u3, q3)
            ) kind
        ) IS NOT FALSE THEN 0 ELSE -1 END, NULL, NULL, NULL,
        ({IN_REACH} - count(*) FILTER (WHERE reason IS NOT NULL) - (SELECT count(*) FROM needed))::int, NULL,
        NULL, NULL, NULL, ARRAY[{former.REFUSALS}] || {BEYOND}, nobody_has
    FROM judged"""

GATHER = (
    former.GATHER.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    .replace(
        "BEGIN\n",
        """    held_stores bigint[];
    held_1 int[];
    held_2 int[];
    held_3 int[];
    is_one_enough boolean;
    nobody_has int;
BEGIN
""",
    )
    .replace(
        f"        RETURN QUERY {former.OF_ROWS};",
        f"""        {UNITS};
        IF is_one_enough THEN
            RETURN QUERY {OF_ONE};
            IF FOUND THEN
                RETURN;
            END IF;
        END IF;
        RETURN QUERY {OF_PARTS};""",
    )
)


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0008_take_away")]

    operations = [
        migrations.RunSQL(GATHER, former.GATHER.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")),
    ]
