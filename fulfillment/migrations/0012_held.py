from importlib import import_module

from django.db import migrations

# Two or three lines with few rows each are told apart in the one function: when a store has everything, its row goes
# through the same loop as that of any single store; else, or when none of these passes, the parts are one statement.
former = import_module("fulfillment.migrations.0005_candidates")
gather = import_module("fulfillment.migrations.0009_gather")

# What each store has; whether some store has everything; the first line of which nobody has a single unit.
UNITS = f"""SELECT array_agg(store_id), array_agg(u1), array_agg(u2), array_agg(u3), bool_or({former.HAS_ALL}),
                CASE WHEN max(u1) > 0 THEN CASE WHEN max(u2) > 0 THEN CASE
                    WHEN max(u3) > 0 OR q3 = 0 THEN NULL ELSE 3 END ELSE 2 END ELSE 1 END
            INTO held_stores, held_1, held_2, held_3, is_one_enough, nobody_has
            FROM (
                SELECT store_id, coalesce(l1.units, 0) AS u1, coalesce(l2.units, 0) AS u2, coalesce(l3.units, 0) AS u3
                FROM {former.units("p_variants[1]", "p_own_quantities[1]")} l1
                FULL JOIN {former.units("p_variants[2]", "p_own_quantities[2]")} l2 USING (store_id)
                FULL JOIN {former.units("p_variants[3]", "p_own_quantities[3]")} l3 USING (store_id)
                OFFSET 0
            ) held"""

# By kinds: so many of each that have the same units. Facts are looked up of half as many again as are needed, the
# nearest first. When too many of these are refused, the search is no answer (-1).
# A kind is one number, and the edge of those looked at anyway a distance: the stores are sorted only once.
KIND = "least(u1, q1) + (q1 + 1)::bigint * (least(u2, q2) + (q2 + 1)::bigint * least(u3, q3))"
PARTS = f"""WITH held AS MATERIALIZED (
                {gather.held("true")}
            ), near AS (
                SELECT * FROM (
                    SELECT near.*, {former.HAS_ALL} AS has_all, count(*) OVER (PARTITION BY kind) AS of_kind,
                        row_number() OVER (PARTITION BY kind ORDER BY chord, id) AS near_place_of_kind
                    FROM (SELECT held.*, {KIND} AS kind FROM held WHERE chord <= p_reach) near
                ) placed
                WHERE p_kinds IS NULL
                    OR near_place_of_kind <= 1.5 * CASE WHEN has_all THEN p_wanted ELSE p_kinds END
                    OR chord <= coalesce(
                        (SELECT chord FROM held ORDER BY chord OFFSET (1.5 * p_shown)::int LIMIT 1), 'infinity'
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
                    SELECT bool_and(seen = of_kind OR good >= CASE WHEN has_all THEN p_wanted ELSE p_kinds END)
                    FROM (
                        SELECT count(*) AS seen, count(*) FILTER (WHERE reason IS NULL) AS good,
                            max(of_kind) AS of_kind, bool_or(has_all) AS has_all
                        FROM judged GROUP BY judged.kind
                    ) kind
                ) IS NOT FALSE THEN 0 ELSE -1 END, NULL, NULL, NULL,
                ({gather.IN_REACH} - count(*) FILTER (WHERE reason IS NOT NULL) - (SELECT count(*) FROM needed))::int,
                NULL, NULL, NULL, NULL, ARRAY[{former.REFUSALS}] || {gather.BEYOND}, nobody_has
            FROM judged"""

# The stores that have everything, of the units that were read; `in_reach` counts them.
HELD = f"""SELECT near.id, near.opens_minutes, near.closes_minutes, near.daily_capacity, near.chord, near.in_reach,
                (ARRAY[near.u1, near.u2, near.u3])[:cardinality(p_variants)] AS sellable,
                {former.fact_columns("near", "NULL::date")}
            FROM (
                SELECT held.*, count(*) FILTER (WHERE held.chord <= p_reach) OVER () AS in_reach
                FROM ({gather.held(former.HAS_ALL)}) held
                ORDER BY held.chord, held.id OFFSET 0
            ) near
            {former.facts("near.id")}
            ORDER BY near.chord, near.id"""

TO_GATHER = """RETURN QUERY SELECT * FROM fulfillment_gather(
                p_brand, p_variants, p_quantities, p_x, p_y, p_z, p_reach, p_excluded, p_counted_since, p_own_store,
                p_own_quantities, p_own_capacity_on, p_today, p_minute, p_wait, p_wanted, p_most, p_kinds, p_shown,
                NULL, p_most_listed
            );
            RETURN;
        END IF;
        IF least_count < bound THEN"""

# What is changed in the function, each found once. The last row bears how many more stores no plan needs.
CHANGES = {
    "CREATE FUNCTION": "CREATE OR REPLACE FUNCTION",
    "    swapped int;\n": """    swapped int;
    q1 int := p_quantities[1];
    q2 int := coalesce(p_quantities[2], 0);
    q3 int := coalesce(p_quantities[3], 0);
    held_stores bigint[];
    held_1 int[];
    held_2 int[];
    held_3 int[];
    is_one_enough boolean;
    nobody_has int;
    in_reach int;
""",
    TO_GATHER: f"""{UNITS};
            stage := CASE WHEN is_one_enough THEN 'held' ELSE 'parts' END;
        ELSIF least_count < bound THEN""",
    "        IF stage = 'holders' THEN\n": f"""        IF stage = 'parts' THEN
            round := 0;
            RETURN QUERY {PARTS};
            RETURN;
        ELSIF stage = 'held' THEN
            OPEN rows FOR {HELD};
        ELSIF stage = 'holders' THEN
""",
    "            IF row.chord > p_reach THEN\n": """            IF stage = 'held' THEN
                in_reach := row.in_reach;
            END IF;
            IF row.chord > p_reach THEN
""",
    "            IF row.id = p_own_store THEN\n": "            IF row.id = p_own_store AND stage <> 'held' THEN\n",
    "        EXIT WHEN is_complete;\n": """        IF stage = 'held' AND found_count = 0 THEN
            stage := 'parts';
            CONTINUE;
        END IF;
        EXIT WHEN is_complete;
""",
    "    refusals := refused;\n": """    refusals := refused;
    used := in_reach - found_count - (SELECT sum(counted) FROM unnest(refused[1:7]) AS counted);
""",
}


def changed() -> str:
    """Return the function with the changes.

    :raises ValueError: when a place to change is not found once.
    """
    text: str = former.CANDIDATES
    for old, new in CHANGES.items():
        if text.count(old) != 1:
            raise ValueError(f"Found {text.count(old)} times: {old}")
        text = text.replace(old, new)
    return text


# What is left of the other function: the walk.
WALK = former.GATHER.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
    f"""IF p_bound IS NULL THEN
        RETURN QUERY {former.OF_ROWS};
    ELSIF NOT EXISTS""",
    "IF NOT EXISTS",
)


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0011_late")]

    operations = [
        migrations.RunSQL(changed(), former.CANDIDATES.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")),
        migrations.RunSQL(WALK, gather.GATHER),
    ]
