from django.db import migrations

# What a store's hours make of a minute; the function that finds candidates is made in 0005.
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
        migrations.RunSQL(WRITE_PLAN, "DROP FUNCTION fulfillment_write_plan"),
    ]
