from django.db import migrations

# Writes the listings of products anew. Their rows are locked by a statement of its own, so that the next one reads what
# a transaction that was waited for has committed. Rows that stay as they are are not written. When any changed, the
# lists' own pulse (product 0) says so.
LIST_PRODUCTS = """
CREATE FUNCTION inventory_list_products(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    written bigint;
BEGIN
    PERFORM 1 FROM inventory_productlisting WHERE product_id = ANY(ids) ORDER BY product_id FOR UPDATE;
    INSERT INTO inventory_productlisting AS listing (
        product_id, brand_id, category_id, collection_id, launched_on, is_listed, price_fen, off_ppm,
        families, sizes, options, words, document, terms, is_segmented, due_at, changed_at
    )
    SELECT product.id, product.brand_id, product.category_id, product.collection_id, product.launched_on,
        product.is_active AND cheapest.unit_fen IS NOT NULL, coalesce(cheapest.unit_fen, 0),
        coalesce((cheapest.list_fen - cheapest.unit_fen)::bigint * 1000000 / cheapest.list_fen, 0),
        coalesce(range.families, '{}'), coalesce(range.sizes, '{}'), coalesce(range.options, '{}'),
        jsonb_build_object(
            'name', jsonb_build_array(product.name_zh, product.name_en),
            'kind', jsonb_build_array(category.name_zh, category.name_en, coalesce(parent.name_zh, ''),
                coalesce(parent.name_en, ''))
                || coalesce(range.colors, '[]'),
            'families', to_jsonb(coalesce(range.families, '{}')),
            'other', jsonb_build_array(brand.name_zh, brand.name_en, coalesce(collection.name_zh, ''),
                coalesce(collection.name_en, '')),
            'cloth', jsonb_build_array(product.fabric_zh, product.fabric_en),
            'codes', to_jsonb(ARRAY[product.code] || range.codes)
        ),
        '', '{}', false, turn.due_at, moment
    FROM inventory_product product
    JOIN stores_brand brand ON brand.id = product.brand_id
    JOIN inventory_category category ON category.id = product.category_id
    LEFT JOIN inventory_category parent ON parent.id = category.parent_id
    LEFT JOIN inventory_collection collection ON collection.id = product.collection_id
    LEFT JOIN LATERAL (
        SELECT coalesce(price.sale_fen, price.list_fen) AS unit_fen, price.list_fen
        FROM inventory_variant variant
        JOIN inventory_price price ON price.variant_id = variant.id AND price.valid @> moment
        WHERE variant.product_id = product.id AND variant.is_active
        ORDER BY 1, 2 LIMIT 1
    ) cheapest ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT variant.color_family) FILTER (WHERE variant.color_family <> '') AS families,
            array_agg(DISTINCT variant.size) AS sizes,
            array_agg(DISTINCT variant.color_family || '|' || variant.size)
                || array_agg(DISTINCT variant.color_family || '|') || array_agg(DISTINCT '|' || variant.size) AS options,
            jsonb_agg(DISTINCT variant.color_zh) || jsonb_agg(DISTINCT variant.color_en) AS colors,
            array_agg(variant.sku ORDER BY variant.id)
                || array_agg(variant.barcode ORDER BY variant.id) FILTER (WHERE variant.barcode <> '') AS codes
        FROM inventory_variant variant WHERE variant.product_id = product.id AND variant.is_active
    ) range ON true
    LEFT JOIN LATERAL (
        SELECT least(
            min(lower(price.valid)) FILTER (WHERE lower(price.valid) > moment),
            min(upper(price.valid)) FILTER (WHERE upper(price.valid) > moment)
        ) AS due_at
        FROM inventory_variant variant JOIN inventory_price price ON price.variant_id = variant.id
        WHERE variant.product_id = product.id AND variant.is_active
    ) turn ON true
    WHERE product.id = ANY(ids)
    ORDER BY product.id
    ON CONFLICT (product_id) DO UPDATE SET
        brand_id = EXCLUDED.brand_id, category_id = EXCLUDED.category_id, collection_id = EXCLUDED.collection_id,
        launched_on = EXCLUDED.launched_on, is_listed = EXCLUDED.is_listed, price_fen = EXCLUDED.price_fen,
        off_ppm = EXCLUDED.off_ppm, families = EXCLUDED.families, sizes = EXCLUDED.sizes, options = EXCLUDED.options,
        words = EXCLUDED.words, is_segmented = listing.is_segmented AND listing.words = EXCLUDED.words,
        due_at = EXCLUDED.due_at, changed_at = EXCLUDED.changed_at
    WHERE (listing.brand_id, listing.category_id, listing.collection_id, listing.launched_on, listing.is_listed,
            listing.price_fen, listing.off_ppm, listing.families, listing.sizes, listing.options, listing.words,
            listing.due_at)
        IS DISTINCT FROM (EXCLUDED.brand_id, EXCLUDED.category_id, EXCLUDED.collection_id, EXCLUDED.launched_on,
            EXCLUDED.is_listed, EXCLUDED.price_fen, EXCLUDED.off_ppm, EXCLUDED.families, EXCLUDED.sizes,
            EXCLUDED.options, EXCLUDED.words, EXCLUDED.due_at);
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written > 0 THEN
        INSERT INTO inventory_stockpulse (product_id) VALUES (0);
    END IF;
END $$
"""

OF_PRODUCTS = "SELECT id FROM changed"
OF_VARIANTS = "SELECT DISTINCT product_id FROM changed"
OF_PRICES = """
    SELECT DISTINCT variant.product_id
    FROM changed JOIN inventory_variant variant ON variant.id = changed.variant_id
"""
OF_CATEGORIES = """
    SELECT product.id FROM inventory_product product JOIN inventory_category category
        ON category.id = product.category_id
    WHERE category.id IN (SELECT id FROM changed) OR category.parent_id IN (SELECT id FROM changed)
"""
OF_COLLECTIONS = "SELECT id FROM inventory_product WHERE collection_id IN (SELECT id FROM changed)"
OF_BRANDS = "SELECT id FROM inventory_product WHERE brand_id IN (SELECT id FROM changed)"
EVENTS = [
    ("inventory_product", "insert", OF_PRODUCTS),
    ("inventory_product", "update", OF_PRODUCTS),
    ("inventory_variant", "insert", OF_VARIANTS),
    ("inventory_variant", "update", OF_VARIANTS),
    ("inventory_variant", "delete", OF_VARIANTS),
    ("inventory_price", "insert", OF_PRICES),
    ("inventory_price", "update", OF_PRICES),
    ("inventory_price", "delete", OF_PRICES),
    ("inventory_category", "update", OF_CATEGORIES),
    ("inventory_collection", "update", OF_COLLECTIONS),
    ("stores_brand", "update", OF_BRANDS),
]


def trigger(table: str, event: str, products: str) -> migrations.RunSQL:
    name = f"inventory_listing_on_{table}_{event}"
    rows = "OLD" if event == "delete" else "NEW"
    return migrations.RunSQL(
        [
            f"""
                CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM inventory_list_products(ARRAY({products}));
                    RETURN NULL;
                END $$
            """,
            f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        ],
        [f"DROP TRIGGER {name} ON {table}", f"DROP FUNCTION {name}"],
    )


class Migration(migrations.Migration):
    dependencies = [("inventory", "0008_listing"), ("stores", "0005_by_city")]

    operations = [
        migrations.RunSQL(LIST_PRODUCTS, "DROP FUNCTION inventory_list_products"),
        *[trigger(*event) for event in EVENTS],
        migrations.RunSQL(
            "SELECT inventory_list_products(ARRAY(SELECT id FROM inventory_product))", migrations.RunSQL.noop
        ),
    ]
