from django.db import migrations

# Which stores can fulfill, nearest first; docs/adr/0003-candidates.md tells why it is done this way.
#
# The lines of one search are joined by statements for one, two and three lines; any more are looked up row by row.

PROMISED = "{level}.on_hand - {level}.held - {level}.allocated - {level}.unsellable - {level}.safety"
STORE_COLUMNS = (
    "id, is_active, consents_to_routing, offers_shipping, offers_pickup, daily_capacity, opens_minutes, closes_minutes"
)


def level_join(kind: str, number: int, store: str) -> str:
    """Look up the stock level of a line at a store, when it has enough; the own store is checked later, with its own.

    Nothing is sellable that is not on hand: the column alone tells most levels that are sold out. OFFSET 0 has each
    row looked up by itself, so a walk keeps its order and stops in time.
    """
    enough = PROMISED.format(level="level")
    return f"""{kind} JOIN LATERAL (
                SELECT * FROM inventory_stocklevel level
                WHERE level.variant_id = variants[{number}] AND level.store_id = {store}
                    AND level.on_hand >= quantities[{number}]
                    AND ({enough} >= quantities[{number}] OR level.store_id = p_own_store)
                OFFSET 0
            ) s{number} ON true"""


def sellable(lines: int) -> str:
    """Return what of each line is sellable."""
    return "ARRAY[" + ", ".join(PROMISED.format(level=f"s{number}") for number in range(1, lines + 1)) + "]"


def counted(lines: int) -> str:
    """Return the date of the oldest count ('-infinity': never counted)."""
    return "least(" + ", ".join(f"coalesce(s{number}.counted_on, '-infinity')" for number in range(1, lines + 1)) + ")"


def facts(store: str) -> str:
    """Look up what is known of a store today; done row by row after sorting, so only for the rows that are looked at."""
    return f"""LEFT JOIN LATERAL (
                SELECT used, "limit" FROM stores_storecapacity WHERE store_id = {store} AND on_date = p_today OFFSET 0
            ) capacity ON true
            LEFT JOIN LATERAL (
                SELECT offers, accepted FROM fulfillment_acceptancerecord WHERE store_id = {store} OFFSET 0
            ) record ON true"""


def fact_columns(store: str, counted_on: str) -> str:
    """Return the columns of `facts`, why the store is refused (see `refused` below), and whether it is open now."""
    return f"""coalesce(capacity.used, 0) AS used, coalesce(capacity."limit", {store}.daily_capacity) AS room,
                coalesce(record.offers, 0) AS offers, coalesce(record.accepted, 0) AS accepted,
                CASE
                    WHEN NOT {store}.is_active THEN 1
                    WHEN NOT {store}.consents_to_routing AND NOT p_is_pickup THEN 2
                    WHEN NOT (CASE WHEN p_is_pickup THEN {store}.offers_pickup ELSE {store}.offers_shipping END) THEN 3
                    WHEN {store}.id = ANY(p_excluded) THEN 4
                    WHEN {counted_on} < p_counted_since THEN 5
                END AS reason,
                {store}.opens_minutes[today] >= 0 AND p_minute >= {store}.opens_minutes[today]
                    AND p_minute < {store}.closes_minutes[today] AND NOT EXISTS (
                        SELECT 1 FROM stores_hoursexception other
                        WHERE other.store_id = {store}.id AND other.on_date BETWEEN p_today - 1 AND p_today + 8
                    ) AS is_open"""


# The nearest stores by the index, nearest first.
WALK = f"""(
                SELECT {STORE_COLUMNS}, cube(ARRAY[ux, uy, uz]) <-> point AS chord FROM stores_store
                WHERE brand_id = p_brand ORDER BY cube(ARRAY[ux, uy, uz]) <-> point LIMIT bound
            ) store"""


def walk(lines: int) -> str:
    """Walk a number of stores, nearest first, by the index; a store lacking the goods shows only to end the walk."""
    joins = [level_join("LEFT", 1, "store.id")]
    joins += [level_join("LEFT", number, f"s{number - 1}.store_id") for number in range(2, lines + 1)]
    newline = "\n            "
    last = f"s{lines}.store_id"
    return f"""SELECT store.id, store.opens_minutes, store.closes_minutes, store.daily_capacity, store.chord,
                {sellable(lines)} AS sellable, {fact_columns("store", counted(lines))}
            FROM {WALK}
            {newline.join(joins)}
            {facts(last)}
            WHERE {last} IS NOT NULL OR store.chord > p_reach
            ORDER BY store.chord"""


# The rows of the line that comes first.
ROWS = f"""(
                        SELECT * FROM inventory_stocklevel level
                        WHERE level.variant_id = variants[1] AND level.on_hand >= quantities[1]
                            AND ({PROMISED.format(level="level")} >= quantities[1] OR level.store_id = p_own_store)
                        OFFSET 0
                    ) s1"""


def holders(lines: int) -> str:
    """Start from the rows of the scarcest line; OFFSET 0 has the stores looked up last, for those that have all."""
    columns = ", ".join(f"store.{column}" for column in STORE_COLUMNS.split(", "))
    newline = "\n                    "
    levels = [level_join("", number, "s1.store_id") for number in range(2, lines + 1)]
    return f"""SELECT near.id, near.opens_minutes, near.closes_minutes, near.daily_capacity, near.chord, near.sellable,
                {fact_columns("near", "near.counted_on")}
            FROM (
                SELECT {columns}, holder.sellable, holder.counted_on,
                    sqrt((ux - p_x) * (ux - p_x) + (uy - p_y) * (uy - p_y) + (uz - p_z) * (uz - p_z)) AS chord
                FROM (
                    SELECT s1.store_id, {sellable(lines)} AS sellable, {counted(lines)} AS counted_on
                    FROM {ROWS}
                    {newline.join(levels)}
                    OFFSET 0
                ) holder
                JOIN LATERAL (
                    SELECT * FROM stores_store WHERE id = holder.store_id AND brand_id = p_brand OFFSET 0
                ) store ON true
                ORDER BY chord, id OFFSET 0
            ) near
            {facts("near.id")}
            ORDER BY near.chord, near.id"""


def listed(number: int) -> str:
    """Return the stores that have a row of a line: read from the index alone, and hashed since OFFSET 0 keeps it apart."""
    return f"(SELECT store_id FROM inventory_stocklevel WHERE variant_id = variants[{number}] OFFSET 0) h{number}"


def listed_walk(lines: int) -> str:
    """Walk as `walk` does, and look at the stock only of stores that have a row of every line: for long walks."""
    newline = "\n                    "
    sets = [f"LEFT JOIN {listed(number)} ON h{number}.store_id = step.id" for number in range(1, lines + 1)]
    all_listed = " AND ".join(f"h{number}.store_id IS NOT NULL" for number in range(1, lines + 1))
    columns = ", ".join(f"step.{column}" for column in STORE_COLUMNS.split(", "))
    stores = f"""(
                SELECT {columns}, step.chord, {all_listed} AS is_listed
                FROM (
                    SELECT {STORE_COLUMNS}, cube(ARRAY[ux, uy, uz]) <-> point AS chord FROM stores_store
                    WHERE brand_id = p_brand ORDER BY cube(ARRAY[ux, uy, uz]) <-> point LIMIT bound
                ) step
                {newline.join(sets)}
                WHERE {all_listed} OR step.chord > p_reach
                ORDER BY step.chord OFFSET 0
            ) store"""
    return walk(lines).replace(WALK, stores).replace("level.store_id = store.id", "store.is_listed AND level.store_id = store.id")


def listed_holders(lines: int) -> str:
    """Start from the stores that have a row of every line."""
    newline = "\n                        "
    sets = [f"JOIN {listed(number)} ON h{number}.store_id = h1.store_id" for number in range(2, lines + 1)]
    stores = f"""(
                        SELECT h1.store_id FROM {listed(1)}
                        {newline.join(sets)}
                        OFFSET 0
                    ) h
                    {level_join("", 1, "h.store_id")}"""
    return holders(lines).replace(ROWS, stores)


def only(lines: int) -> str:
    """Look at one store."""
    return walk(lines).replace("WHERE brand_id = p_brand ", "WHERE brand_id = p_brand AND id = p_only_store ")


STATEMENTS = {
    "walk": walk,
    "listed walk": listed_walk,
    "holders": holders,
    "listed holders": listed_holders,
    "only": only,
}


def opened(statement: str) -> str:
    """Open the cursor with the form of a statement that fits the number of lines."""
    return f"""IF cardinality(variants) = 1 THEN
            OPEN rows FOR {STATEMENTS[statement](1)};
        ELSIF cardinality(variants) = 2 THEN
            OPEN rows FOR {STATEMENTS[statement](2)};
        ELSE
            OPEN rows FOR {STATEMENTS[statement](3)};
        END IF;"""


# How many rows the lines have, counted up to `bound`: the scarcest line comes first where its rows are the start.
COUNTED = """least_count := bound;
        most_count := 0;
        FOR line IN 1..cardinality(p_variants) LOOP
            SELECT count(*) INTO row_count FROM (
                SELECT 1 FROM inventory_stocklevel level WHERE level.variant_id = p_variants[line] LIMIT bound
            ) level;
            most_count := greatest(most_count, row_count);
            IF row_count < least_count THEN
                least_count := row_count;
                scarcest := line;
            END IF;
        END LOOP;"""

CANDIDATES = f"""
CREATE FUNCTION fulfillment_candidates(
    p_brand bigint, p_variants bigint[], p_quantities int[], p_x float8, p_y float8, p_z float8, p_reach float8,
    p_is_pickup boolean, p_only_store bigint, p_excluded bigint[], p_counted_since date,
    p_own_store bigint, p_own_quantities int[], p_own_capacity_on date,
    p_today date, p_minute float8, p_wait int, p_wanted int, p_first_walk int, p_longest_walk int,
    p_longest_listed_walk int, p_most_listed int, p_may_split boolean, p_most int, p_kinds int, p_shown int,
    OUT round int, OUT store_id bigint, OUT chord float8, OUT opening float8, OUT used int, OUT room int,
    OUT sellable int[], OUT offers int, OUT accepted int, OUT refusals int[], OUT lacking int
) RETURNS SETOF record LANGUAGE plpgsql STABLE
SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off SET enable_material = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    point cube := cube(ARRAY[p_x, p_y, p_z]);
    today int := extract(isodow FROM p_today);
    variants bigint[] := p_variants;
    quantities int[] := p_quantities;
    stage text := 'walk';
    bound int := p_first_walk;
    rows refcursor;
    row record;
    more record;
    day date;
    found_count int;
    last_chord float8;
    is_complete boolean := false;
    scarcest int := 1;
    least_count int;
    most_count int;
    row_count int;
    is_listable boolean := false;
    found_walking int;
    swapped int;
    -- inactive, no consent, no such service, excluded, counted too long ago, closed, full, out of reach
    refused int[];
BEGIN
    round := 0;
    IF p_only_store IS NOT NULL THEN
        stage := 'only';
    ELSE
        {COUNTED}
        IF p_may_split AND cardinality(p_variants) BETWEEN 2 AND 3 AND most_count <= p_most AND most_count < bound THEN
            RETURN QUERY SELECT * FROM fulfillment_gather(
                p_brand, p_variants, p_quantities, p_x, p_y, p_z, p_reach, p_excluded, p_counted_since, p_own_store,
                p_own_quantities, p_own_capacity_on, p_today, p_minute, p_wait, p_wanted, p_most, p_kinds, p_shown,
                NULL, p_most_listed
            );
            RETURN;
        END IF;
        IF least_count < bound THEN
            stage := 'holders';
        END IF;
    END IF;
    LOOP
        round := round + 1;
        found_count := 0;
        refused := '{{0,0,0,0,0,0,0,0}}';
        IF stage IN ('holders', 'listed holders') THEN
            variants[1] := p_variants[scarcest];
            variants[scarcest] := p_variants[1];
            quantities[1] := p_quantities[scarcest];
            quantities[scarcest] := p_quantities[1];
            IF NOT EXISTS (
                SELECT 1 FROM inventory_stocklevel level
                WHERE level.variant_id = variants[1] AND level.on_hand > 0
                    AND ({PROMISED.format(level="level")} > 0 OR level.store_id = p_own_store)
            ) THEN
                -- Nobody has a single unit: neither one store nor several can do it.
                lacking := scarcest;
                EXIT;
            END IF;
        END IF;
        IF stage = 'holders' THEN
        {opened("holders")}
        ELSIF stage = 'listed holders' THEN
        {opened("listed holders")}
        ELSIF stage = 'listed walk' THEN
        {opened("listed walk")}
        ELSIF stage = 'walk' THEN
        {opened("walk")}
        ELSE
        {opened("only")}
        END IF;
        LOOP
            FETCH rows INTO row;
            IF NOT FOUND THEN
                is_complete := stage NOT IN ('walk', 'listed walk');
                EXIT;
            END IF;
            IF row.chord > p_reach THEN
                IF row.sellable[cardinality(row.sellable)] IS NOT NULL THEN
                    refused[8] := refused[8] + 1;
                END IF;
                is_complete := true;
                EXIT;
            END IF;
            IF found_count >= p_wanted AND row.chord > last_chord THEN
                is_complete := true;
                EXIT;
            END IF;
            sellable := row.sellable;
            IF cardinality(variants) > 3 THEN
                SELECT array_agg({PROMISED.format(level="level")} ORDER BY line.position) AS sellable,
                    min(coalesce(level.counted_on, '-infinity')) AS counted_on
                INTO more
                FROM unnest(variants[4:], quantities[4:]) WITH ORDINALITY AS line (variant_id, quantity, position)
                JOIN inventory_stocklevel level ON level.variant_id = line.variant_id AND level.store_id = row.id
                    AND ({PROMISED.format(level="level")} >= line.quantity OR level.store_id = p_own_store);
                CONTINUE WHEN more.sellable IS NULL OR cardinality(more.sellable) < cardinality(variants) - 3;
                sellable := sellable || more.sellable;
                IF row.reason IS NULL AND more.counted_on < p_counted_since THEN
                    row.reason := 5;
                END IF;
            END IF;
            IF stage IN ('holders', 'listed holders') AND scarcest > 1 THEN
                swapped := sellable[1];
                sellable[1] := sellable[scarcest];
                sellable[scarcest] := swapped;
            END IF;
            IF row.id = p_own_store THEN
                FOR line IN 1..cardinality(sellable) LOOP
                    sellable[line] := sellable[line] + p_own_quantities[line];
                END LOOP;
                CONTINUE WHEN EXISTS (
                    SELECT 1 FROM unnest(sellable, p_quantities) AS line (units, quantity) WHERE units < quantity
                );
            END IF;
            IF row.reason IS NOT NULL THEN
                refused[row.reason] := refused[row.reason] + 1;
                CONTINUE;
            END IF;
            opening := p_minute;
            day := p_today;
            used := row.used;
            room := row.room;
            IF NOT row.is_open THEN
                opening := fulfillment_opening(row.id, row.opens_minutes, row.closes_minutes, p_today, p_minute);
                IF opening IS NULL OR opening - p_minute > p_wait THEN
                    refused[6] := refused[6] + 1;
                    CONTINUE;
                END IF;
                day := p_today + floor(opening / 1440)::int;
                IF day > p_today THEN
                    SELECT capacity.used, capacity."limit" INTO used, room FROM stores_storecapacity capacity
                        WHERE capacity.store_id = row.id AND capacity.on_date = day;
                    used := coalesce(used, 0);
                    room := coalesce(room, row.daily_capacity);
                END IF;
            END IF;
            IF row.id = p_own_store AND p_own_capacity_on = day THEN
                used := used - 1;
            END IF;
            IF used >= room THEN
                refused[7] := refused[7] + 1;
                CONTINUE;
            END IF;
            store_id := row.id;
            chord := row.chord;
            offers := row.offers;
            accepted := row.accepted;
            found_count := found_count + 1;
            last_chord := row.chord;
            RETURN NEXT;
        END LOOP;
        CLOSE rows;
        EXIT WHEN is_complete;
        -- The walk ended before it had found enough. It goes on when the goods lie densely enough; else the rows of the
        -- scarcest line are the start, however many they are. Where no line has too many rows, all are read at once into
        -- a hash, which spares a probe for each step. The next round starts afresh: only the last round counts.
        found_walking := found_count;
        bound := p_most_listed + 1;
        {COUNTED}
        is_listable := most_count < bound;
        bound := ceil(1.5 * p_first_walk * p_wanted / nullif(found_walking, 0))::int;
        IF round = 1 AND bound <= (CASE WHEN is_listable THEN p_longest_listed_walk ELSE p_longest_walk END)
            AND (is_listable OR least_count > bound) THEN
            stage := 'walk';
        ELSE
            stage := 'holders';
        END IF;
        IF is_listable AND (stage = 'walk' OR cardinality(variants) > 1) THEN
            stage := 'listed ' || stage;
        END IF;
    END LOOP;
    store_id := NULL;
    refusals := refused;
    RETURN NEXT;
END $$
"""


def units(variant: str, own: str, store: str = "") -> str:
    """Look up what the stores, or one store, have of a variant.

    What was counted too long ago counts as nothing.
    """
    promised = PROMISED.format(level="level")
    at_store = store and f"AND level.store_id = {store}"
    return f"""(
            SELECT level.store_id, CASE
                WHEN coalesce(level.counted_on, '-infinity') < p_counted_since THEN 0
                ELSE greatest(0, {promised} + CASE WHEN level.store_id = p_own_store THEN {own} ELSE 0 END)
            END AS units
            FROM inventory_stocklevel level
            WHERE level.variant_id = {variant} {at_store} AND level.on_hand > 0
                AND ({promised} > 0 OR level.store_id = p_own_store)
            OFFSET 0
        )"""


# Few rows: read them all, and look up their stores.
FROM_ROWS = f"""SELECT {", ".join(f"store.{column}" for column in STORE_COLUMNS.split(", "))}, store.chord, u1, u2, u3
        FROM (
            SELECT level.store_id,
                coalesce(max(level.units) FILTER (WHERE line.position = 1), 0) AS u1,
                coalesce(max(level.units) FILTER (WHERE line.position = 2), 0) AS u2,
                coalesce(max(level.units) FILTER (WHERE line.position = 3), 0) AS u3
            FROM unnest(p_variants, p_own_quantities) WITH ORDINALITY AS line (variant_id, own, position)
            CROSS JOIN LATERAL {units("line.variant_id", "line.own")} level
            GROUP BY level.store_id
            OFFSET 0
        ) held
        CROSS JOIN LATERAL (
            SELECT {STORE_COLUMNS},
                sqrt((ux - p_x) * (ux - p_x) + (uy - p_y) * (uy - p_y) + (uz - p_z) * (uz - p_z)) AS chord
            FROM stores_store WHERE id = held.store_id AND brand_id = p_brand
            OFFSET 0
        ) store"""

# Many: walk the nearest stores, with the rows of each line in a hash.
WALKED = f"""SELECT {STORE_COLUMNS}, cube(ARRAY[ux, uy, uz]) <-> point AS chord
        FROM stores_store WHERE brand_id = p_brand ORDER BY cube(ARRAY[ux, uy, uz]) <-> point LIMIT p_bound"""
FROM_WALK = f"""SELECT listed.*, coalesce(l1.units, 0) AS u1, coalesce(l2.units, 0) AS u2, coalesce(l3.units, 0) AS u3
        FROM (
            SELECT walk.*, h1.store_id AS in1, h2.store_id AS in2, h3.store_id AS in3
            FROM walk
            LEFT JOIN {listed(1)} ON h1.store_id = walk.id
            LEFT JOIN {listed(2)} ON h2.store_id = walk.id
            LEFT JOIN {listed(3)} ON h3.store_id = walk.id
            WHERE h1.store_id IS NOT NULL OR h2.store_id IS NOT NULL OR h3.store_id IS NOT NULL
            OFFSET 0
        ) listed
        LEFT JOIN LATERAL {units("variants[1]", "p_own_quantities[1]", "listed.in1")} l1 ON true
        LEFT JOIN LATERAL {units("variants[2]", "p_own_quantities[2]", "listed.in2")} l2 ON true
        LEFT JOIN LATERAL {units("variants[3]", "p_own_quantities[3]", "listed.in3")} l3 ON true
        WHERE l1.store_id IS NOT NULL OR l2.store_id IS NOT NULL OR l3.store_id IS NOT NULL"""


# Every line has its nearest p_most, or the walk saw every store within reach.
WALKED_ENOUGH = """(SELECT count(*) < p_bound OR max(walk.chord) > p_reach FROM walk) OR (
            SELECT bool_and(p_most <= (
                SELECT count(*) FROM judged WHERE reason IS NULL AND (ARRAY[u1, u2, u3])[line] > 0
            ))
            FROM generate_series(1, cardinality(p_variants)) AS line
        )"""

# The first line of which nobody has a single unit: neither one store nor several can do it.
LACKING = """(
            SELECT CASE WHEN max(u1) > 0 THEN CASE WHEN max(u2) > 0 THEN CASE
                WHEN max(u3) > 0 OR q3 = 0 THEN NULL ELSE 3 END ELSE 2 END ELSE 1 END
            FROM held
        )"""


# The facts of stores that are near, and why a store is refused.
JUDGED = """SELECT near.*, hours.opening, load.used, coalesce(capacity."limit", near.daily_capacity) AS room,
            coalesce(record.offers, 0) AS offers, coalesce(record.accepted, 0) AS accepted,
            CASE
                WHEN NOT near.is_active THEN 1
                WHEN NOT near.consents_to_routing THEN 2
                WHEN NOT near.offers_shipping THEN 3
                WHEN near.id = ANY(p_excluded) THEN 4
                WHEN near.u1 + near.u2 + near.u3 = 0 THEN 5
                WHEN coalesce(hours.opening - p_minute > p_wait, true) THEN 6
                WHEN load.used >= coalesce(capacity."limit", near.daily_capacity) THEN 7
            END AS reason
        FROM near
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN near.opens_minutes[today] >= 0 AND p_minute >= near.opens_minutes[today]
                    AND p_minute < near.closes_minutes[today] AND NOT EXISTS (
                        SELECT 1 FROM stores_hoursexception other
                        WHERE other.store_id = near.id AND other.on_date BETWEEN p_today - 1 AND p_today + 8
                    ) THEN p_minute
                ELSE fulfillment_opening(near.id, near.opens_minutes, near.closes_minutes, p_today, p_minute)
            END AS opening
            OFFSET 0
        ) hours
        LEFT JOIN LATERAL (
            SELECT used, "limit" FROM stores_storecapacity
            WHERE store_id = near.id AND on_date = p_today + floor(hours.opening / 1440)::int
            OFFSET 0
        ) capacity ON true
        LEFT JOIN LATERAL (
            SELECT offers, accepted FROM fulfillment_acceptancerecord WHERE store_id = near.id OFFSET 0
        ) record ON true
        CROSS JOIN LATERAL (
            SELECT coalesce(capacity.used, 0) - CASE
                WHEN near.id = p_own_store AND p_own_capacity_on = p_today + floor(hours.opening / 1440)::int THEN 1
                ELSE 0
            END AS used
        ) load"""
HAS_ALL = "u1 >= q1 AND u2 >= q2 AND u3 >= q3"
PLACES = """row_number() OVER (ORDER BY chord, id) AS place,
            row_number() OVER (PARTITION BY least(u1, q1), least(u2, q2), least(u3, q3) ORDER BY chord, id) AS place_of_kind"""
CHOSEN = """0, id, chord, opening, used, room, (ARRAY[u1, u2, u3])[:cardinality(p_variants)], offers, accepted,
        NULL::int[], NULL::int"""
REFUSALS = ", ".join(f"count(*) FILTER (WHERE reason = {reason})::int" for reason in range(1, 8))

# Few rows: facts are looked up of twice as many of each kind as are needed. When too many of these are refused, the
# search is no answer (-1), and is made again without that limit (p_kinds null).
OF_ROWS = f"""WITH held AS MATERIALIZED (
        {FROM_ROWS}
    ), near AS (
        SELECT * FROM (
            SELECT held.*, {HAS_ALL} AS has_all, {PLACES},
                count(*) OVER (PARTITION BY least(u1, q1), least(u2, q2), least(u3, q3)) AS of_kind
            FROM held WHERE chord <= p_reach
        ) placed
        WHERE p_kinds IS NULL OR place <= 2 * p_shown
            OR place_of_kind <= 2 * CASE WHEN has_all THEN p_wanted ELSE p_kinds END
    ), judged AS MATERIALIZED (
        {JUDGED}
    ), passed AS MATERIALIZED (
        SELECT *, bool_or(has_all) OVER () AS is_one_enough FROM judged WHERE reason IS NULL
    )
    SELECT {CHOSEN}
    FROM passed WHERE has_all OR NOT is_one_enough
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
        ((SELECT count(*) FROM held WHERE chord <= p_reach) - (SELECT count(*) FROM judged))::int, NULL,
        NULL, NULL, NULL,
        ARRAY[{REFUSALS}] || (
            SELECT (count(*) > 0)::int FROM held
            WHERE chord > p_reach AND ({HAS_ALL} OR NOT EXISTS (SELECT 1 FROM passed WHERE has_all))
        ),
        {LACKING}
    FROM judged WHERE has_all OR NOT EXISTS (SELECT 1 FROM passed WHERE has_all)"""

# Many: of each line the nearest p_most that pass; beyond these a store counts as having none of it.
COUNTED_SO_FAR = ", ".join(
    f"CASE WHEN count(*) FILTER (WHERE reason IS NULL AND u{line} > 0) OVER so_far <= p_most THEN u{line} ELSE 0 END"
    f" AS u{line}"
    for line in (1, 2, 3)
)
OF_WALK = f"""WITH walk AS MATERIALIZED (
        {WALKED}
    ), near AS MATERIALIZED (
        {FROM_WALK}
    ), judged AS MATERIALIZED (
        {JUDGED}
        WHERE near.chord <= p_reach
    ), limited AS (
        SELECT id, chord, opening, used, room, offers, accepted, reason, {COUNTED_SO_FAR}
        FROM judged WINDOW so_far AS (ORDER BY chord, id ROWS UNBOUNDED PRECEDING)
    ), passed AS MATERIALIZED (
        SELECT limited.*, {PLACES} FROM limited WHERE reason IS NULL AND u1 + u2 + u3 > 0
    ), needed AS (
        SELECT * FROM passed WHERE p_kinds IS NULL OR place_of_kind <= p_kinds OR place <= p_shown
    )
    SELECT {CHOSEN} FROM needed
    UNION ALL
    SELECT CASE WHEN {WALKED_ENOUGH} THEN 0 ELSE -1 END, NULL, NULL, NULL,
        ((SELECT count(*) FROM passed) - (SELECT count(*) FROM needed))::int, NULL, NULL, NULL, NULL,
        ARRAY[{REFUSALS}] || (SELECT (count(*) > 0)::int FROM near WHERE near.chord > p_reach), NULL::int
    FROM judged"""

GATHER = f"""
CREATE FUNCTION fulfillment_gather(
    p_brand bigint, p_variants bigint[], p_quantities int[], p_x float8, p_y float8, p_z float8, p_reach float8,
    p_excluded bigint[], p_counted_since date, p_own_store bigint, p_own_quantities int[], p_own_capacity_on date,
    p_today date, p_minute float8, p_wait int, p_wanted int, p_most int, p_kinds int, p_shown int,
    p_bound int, p_most_listed int,
    OUT round int, OUT store_id bigint, OUT chord float8, OUT opening float8, OUT used int, OUT room int,
    OUT sellable int[], OUT offers int, OUT accepted int, OUT refusals int[], OUT lacking int
) RETURNS SETOF record LANGUAGE plpgsql STABLE
SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off SET enable_material = off
SET plan_cache_mode = force_generic_plan
AS $$
-- Two or three lines in one pass: from the rows (p_bound null) the stores that have all lines in full or, when there are
-- none, those with a part; from a walk of p_bound steps those with a part. Of stores with the same units the nearest
-- p_kinds are enough, and the nearest p_shown of all. The row without a store closes it: round is -1 when it is no answer.
#variable_conflict use_column
DECLARE
    point cube := cube(ARRAY[p_x, p_y, p_z]);
    today int := extract(isodow FROM p_today);
    variants bigint[] := p_variants;
    q1 int := p_quantities[1];
    q2 int := p_quantities[2];
    q3 int := coalesce(p_quantities[3], 0);
BEGIN
    IF p_bound IS NULL THEN
        RETURN QUERY {OF_ROWS};
    ELSIF NOT EXISTS (
        SELECT 1 FROM unnest(p_variants) AS line (variant_id) WHERE p_most_listed < (
            SELECT count(*) FROM (
                SELECT 1 FROM inventory_stocklevel level
                WHERE level.variant_id = line.variant_id LIMIT p_most_listed + 1
            ) level
        )
    ) THEN
        RETURN QUERY {OF_WALK};
    END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0004_deadlines")]

    operations = [
        migrations.RunSQL("DROP FUNCTION IF EXISTS fulfillment_candidates", migrations.RunSQL.noop),
        migrations.RunSQL(GATHER, "DROP FUNCTION fulfillment_gather"),
        migrations.RunSQL(CANDIDATES, "DROP FUNCTION fulfillment_candidates"),
    ]
