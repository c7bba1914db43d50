from django.db import migrations

# Which stores can fulfill, nearest first; docs/adr/0003-candidates.md tells why it is done this way.
#
# The lines of one search are joined by statements for one, two and three lines; any more are looked up row by row.

PROMISED = "{level}.on_hand - {level}.held - {level}.allocated - {level}.unsellable - {level}.safety"
STORE_COLUMNS = (
    "id, is_active, consents_to_routing, offers_shipping, offers_pickup, daily_capacity, opens_minutes, closes_minutes"
)


def level_join(kind: str, number: int, store: str) -> str:
    """Join the stock level of a line at a store, when it has enough; the own store is checked later, with its own.

    Nothing is sellable that is not on hand: the column alone tells most levels that are sold out.
    """
    level = f"s{number}"
    sellable = PROMISED.format(level=level)
    return f"""{kind} JOIN inventory_stocklevel {level}
                ON {level}.variant_id = variants[{number}] AND {level}.store_id = {store}
                AND {level}.on_hand >= quantities[{number}]
                AND ({sellable} >= quantities[{number}] OR {level}.store_id = p_own_store)"""


def sellable(lines: int) -> str:
    """Return what of each line is sellable."""
    return "ARRAY[" + ", ".join(PROMISED.format(level=f"s{number}") for number in range(1, lines + 1)) + "]"


def counted(lines: int) -> str:
    """Return the date of the oldest count ('-infinity': never counted)."""
    return "least(" + ", ".join(f"coalesce(s{number}.counted_on, '-infinity')" for number in range(1, lines + 1)) + ")"


def facts(store: str) -> str:
    """Join what is known of a store today; done row by row after sorting, so only for the rows that are looked at."""
    return f"""LEFT JOIN stores_storecapacity capacity
                ON capacity.store_id = {store} AND capacity.on_date = p_today
            LEFT JOIN fulfillment_acceptancerecord record ON record.store_id = {store}"""


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


def walk(lines: int) -> str:
    """Walk a number of stores, nearest first, by the index; a store lacking the goods shows only to end the walk."""
    joins = [level_join("LEFT", 1, "store.id")]
    joins += [level_join("LEFT", number, f"s{number - 1}.store_id") for number in range(2, lines + 1)]
    newline = "\n            "
    last = f"s{lines}.store_id"
    return f"""SELECT store.id, store.opens_minutes, store.closes_minutes, store.daily_capacity, store.chord,
                {sellable(lines)} AS sellable, {fact_columns("store", counted(lines))}
            FROM (
                SELECT {STORE_COLUMNS}, cube(ARRAY[ux, uy, uz]) <-> point AS chord FROM stores_store
                WHERE brand_id = p_brand ORDER BY cube(ARRAY[ux, uy, uz]) <-> point LIMIT bound
            ) store
            {newline.join(joins)}
            {facts(last)}
            WHERE {last} IS NOT NULL OR store.chord > p_reach
            ORDER BY store.chord"""


def holders(lines: int) -> str:
    """Start from the rows of the scarcest line; OFFSET 0 has the stores looked up last, for those that have all."""
    columns = ", ".join(f"store.{column}" for column in STORE_COLUMNS.split(", "))
    newline = "\n                    "
    levels = [level_join("", number, "s1.store_id") for number in range(2, lines + 1)]
    enough = PROMISED.format(level="s1")
    return f"""SELECT near.id, near.opens_minutes, near.closes_minutes, near.daily_capacity, near.chord, near.sellable,
                {fact_columns("near", "near.counted_on")}
            FROM (
                SELECT {columns}, holder.sellable, holder.counted_on,
                    sqrt((ux - p_x) * (ux - p_x) + (uy - p_y) * (uy - p_y) + (uz - p_z) * (uz - p_z)) AS chord
                FROM (
                    SELECT s1.store_id, {sellable(lines)} AS sellable, {counted(lines)} AS counted_on
                    FROM inventory_stocklevel s1
                    {newline.join(levels)}
                    WHERE s1.variant_id = variants[1] AND s1.on_hand >= quantities[1]
                        AND ({enough} >= quantities[1] OR s1.store_id = p_own_store)
                    OFFSET 0
                ) holder
                JOIN stores_store store ON store.id = holder.store_id AND store.brand_id = p_brand
                ORDER BY chord, id OFFSET 0
            ) near
            {facts("near.id")}
            ORDER BY near.chord, near.id"""


def only(lines: int) -> str:
    """Look at one store."""
    return walk(lines).replace("WHERE brand_id = p_brand ", "WHERE brand_id = p_brand AND id = p_only_store ")


STATEMENTS = {"walk": walk, "holders": holders, "only": only}


def opened(statement: str) -> str:
    """Open the cursor with the form of a statement that fits the number of lines."""
    return f"""IF cardinality(variants) = 1 THEN
            OPEN rows FOR {STATEMENTS[statement](1)};
        ELSIF cardinality(variants) = 2 THEN
            OPEN rows FOR {STATEMENTS[statement](2)};
        ELSE
            OPEN rows FOR {STATEMENTS[statement](3)};
        END IF;"""


# Has some line fewer rows than `bound`? Then its rows are few enough to start from; the scarcest line comes first.
SCARCEST = """least_count := bound;
        FOR line IN 1..cardinality(p_variants) LOOP
            SELECT count(*) INTO row_count FROM (
                SELECT 1 FROM inventory_stocklevel level WHERE level.variant_id = p_variants[line] LIMIT least_count
            ) level;
            IF row_count < least_count THEN
                least_count := row_count;
                scarcest := line;
                stage := 'holders';
            END IF;
        END LOOP;"""

OPENING = """
CREATE FUNCTION fulfillment_opening(
    p_store bigint, p_opens smallint[], p_closes smallint[], p_today date, p_minute float8
) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
-- Minutes after today's midnight at which the store is open: p_minute when it is, null when not within eight days.
DECLARE
    opens int;
    closes int;
    exception record;
BEGIN
    FOR day IN -1..8 LOOP
        opens := p_opens[extract(isodow FROM p_today + day)::int];
        closes := p_closes[extract(isodow FROM p_today + day)::int];
        SELECT opens_minute, closes_minute INTO exception FROM stores_hoursexception
            WHERE store_id = p_store AND on_date = p_today + day;
        IF FOUND THEN
            opens := coalesce(exception.opens_minute, -1);
            closes := exception.closes_minute;
        END IF;
        IF opens >= 0 AND p_minute < closes + 1440 * day THEN
            RETURN greatest(p_minute, opens + 1440 * day);
        END IF;
    END LOOP;
    RETURN NULL;
END $$
"""

CANDIDATES = f"""
CREATE FUNCTION fulfillment_candidates(
    p_brand bigint, p_variants bigint[], p_quantities int[], p_x float8, p_y float8, p_z float8, p_reach float8,
    p_is_pickup boolean, p_only_store bigint, p_excluded bigint[], p_counted_since date,
    p_own_store bigint, p_own_quantities int[], p_own_capacity_on date,
    p_today date, p_minute float8, p_wait int, p_wanted int, p_first_walk int, p_longest_walk int,
    OUT round int, OUT store_id bigint, OUT chord float8, OUT opening float8, OUT used int, OUT room int,
    OUT sellable int[], OUT offers int, OUT accepted int, OUT refusals int[], OUT lacking int
) RETURNS SETOF record LANGUAGE plpgsql STABLE
-- Only nested loops keep the order of the walk and stop it in time.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off
SET enable_material = off SET plan_cache_mode = force_generic_plan
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
    row_count int;
    swapped int;
    -- inactive, no consent, no such service, excluded, counted too long ago, closed, full, out of reach
    refused int[];
BEGIN
    round := 0;
    IF p_only_store IS NOT NULL THEN
        stage := 'only';
    ELSE
        {SCARCEST}
    END IF;
    LOOP
        round := round + 1;
        found_count := 0;
        refused := '{{0,0,0,0,0,0,0,0}}';
        IF stage = 'holders' THEN
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
        {opened("holders")}
        ELSIF stage = 'walk' THEN
        {opened("walk")}
        ELSE
        {opened("only")}
        END IF;
        LOOP
            FETCH rows INTO row;
            IF NOT FOUND THEN
                is_complete := stage <> 'walk';
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
            IF stage = 'holders' AND scarcest > 1 THEN
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
        -- The walk ended before it had found enough. It goes on when the goods lie densely enough, unless the rows of
        -- the scarcest line are fewer than its steps; else those rows are the start, however many they are. The next
        -- round starts afresh: only the rows of the last round count.
        bound := p_longest_walk + 1;
        IF round = 1 AND found_count > 0 THEN
            bound := least(bound, ceil(1.5 * p_first_walk * p_wanted / found_count)::int);
        END IF;
        {SCARCEST}
        IF bound > p_longest_walk THEN
            stage := 'holders';
        END IF;
    END LOOP;
    store_id := NULL;
    refusals := refused;
    RETURN NEXT;
END $$
"""

# The demand with its lines, its shares with theirs, and the decision: a function keeps the plans of its statements.
WRITE_PLAN = """
CREATE FUNCTION fulfillment_write_plan(
    p_brand bigint, p_owner text, p_way text, p_pickup_store bigint, p_name text, p_phone_sealed text, p_district text,
    p_street text, p_lat float8, p_lng float8, p_promised_on date, p_now timestamptz,
    p_variants bigint[], p_quantities int[], p_values_fen bigint[],
    p_shares bigint[], p_numbers text[], p_stores bigint[], p_dates date[],
    p_part_shares bigint[], p_part_lines int[], p_part_reservations bigint[], p_part_quantities int[], p_record jsonb,
    OUT demand bigint, OUT lines bigint[]
) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fulfillment_fulfillment (
        brand_id, owner, way, status, pickup_store_id, recipient_name, recipient_phone_sealed, district_id, street,
        lat, lng, promised_on, created_at
    )
    VALUES (
        p_brand, p_owner, p_way, 'planned', p_pickup_store, p_name, p_phone_sealed, p_district, p_street, p_lat, p_lng,
        p_promised_on, p_now
    )
    RETURNING id INTO demand;
    WITH line AS (
        INSERT INTO fulfillment_fulfillmentline (fulfillment_id, variant_id, quantity, declared_value_fen)
        SELECT demand, variant_id, quantity, value_fen
        FROM unnest(p_variants, p_quantities, p_values_fen)
            WITH ORDINALITY AS line (variant_id, quantity, value_fen, position)
        ORDER BY position
        RETURNING id
    )
    SELECT array_agg(id ORDER BY id) INTO lines FROM line;
    INSERT INTO fulfillment_fulfillmentorder (
        id, fulfillment_id, number, store_id, status, attempt, capacity_on, failures, accepted_by, reject_reason,
        held_status, created_at
    )
    SELECT id, demand, number, store_id, 'planned', 1, capacity_on, 0, '', '', '', p_now
    FROM unnest(p_shares, p_numbers, p_stores, p_dates) AS share (id, number, store_id, capacity_on);
    INSERT INTO fulfillment_fulfillmentorderline (fulfillment_order_id, fulfillment_line_id, reservation_id, quantity)
    SELECT share_id, lines[position], reservation_id, quantity
    FROM unnest(p_part_shares, p_part_lines, p_part_reservations, p_part_quantities)
        AS part (share_id, position, reservation_id, quantity);
    INSERT INTO fulfillment_routingdecision (fulfillment_id, kind, decided_at, record)
    VALUES (demand, 'place', p_now, p_record);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("fulfillment", "0001_initial"),
        ("inventory", "0001_initial"),
        ("stores", "0002_sql"),
    ]

    operations = [
        migrations.RunSQL(OPENING, "DROP FUNCTION fulfillment_opening"),
        migrations.RunSQL(CANDIDATES, "DROP FUNCTION fulfillment_candidates"),
        migrations.RunSQL(WRITE_PLAN, "DROP FUNCTION fulfillment_write_plan"),
    ]
