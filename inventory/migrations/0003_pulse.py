from django.db import migrations, models

SELLABLE = "({0}.on_hand - {0}.held - {0}.allocated - {0}.unsellable - {0}.safety > 0)"

# A pulse is written in the transaction that makes a page about a product untrue: a store begins or ceases to have a
# size, or the catalogue changes. So a page kept with the pulses it was made from is never shown after they changed.
FORWARD = f"""
CREATE FUNCTION inventory_pulse_of_level() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inventory_stockpulse (product_id) SELECT product_id FROM inventory_variant WHERE id = NEW.variant_id;
    RETURN NULL;
END $$;
CREATE TRIGGER inventory_pulse_on_change AFTER UPDATE ON inventory_stocklevel
    FOR EACH ROW WHEN ({SELLABLE.format("OLD")} IS DISTINCT FROM {SELLABLE.format("NEW")})
    EXECUTE FUNCTION inventory_pulse_of_level();

CREATE FUNCTION inventory_pulse_of_new_levels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inventory_stockpulse (product_id)
    SELECT DISTINCT variant.product_id FROM fresh JOIN inventory_variant variant ON variant.id = fresh.variant_id
    WHERE {SELLABLE.format("fresh")};
    RETURN NULL;
END $$;
CREATE TRIGGER inventory_pulse_on_insert AFTER INSERT ON inventory_stocklevel
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inventory_pulse_of_new_levels();

CREATE FUNCTION inventory_pulse_of_products() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inventory_stockpulse (product_id) SELECT id FROM fresh;
    RETURN NULL;
END $$;
CREATE TRIGGER inventory_pulse_on_product AFTER UPDATE ON inventory_product
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inventory_pulse_of_products();

CREATE FUNCTION inventory_pulse_of_variants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inventory_stockpulse (product_id) SELECT DISTINCT product_id FROM fresh;
    RETURN NULL;
END $$;
CREATE TRIGGER inventory_pulse_on_variant_insert AFTER INSERT ON inventory_variant
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inventory_pulse_of_variants();
CREATE TRIGGER inventory_pulse_on_variant_update AFTER UPDATE ON inventory_variant
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inventory_pulse_of_variants();

CREATE FUNCTION inventory_pulse_of_prices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inventory_stockpulse (product_id)
    SELECT DISTINCT variant.product_id FROM fresh JOIN inventory_variant variant ON variant.id = fresh.variant_id;
    RETURN NULL;
END $$;
CREATE TRIGGER inventory_pulse_on_price_insert AFTER INSERT ON inventory_price
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inventory_pulse_of_prices();
CREATE TRIGGER inventory_pulse_on_price_update AFTER UPDATE ON inventory_price
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION inventory_pulse_of_prices();
"""

BACKWARD = """
DROP TRIGGER inventory_pulse_on_change ON inventory_stocklevel;
DROP TRIGGER inventory_pulse_on_insert ON inventory_stocklevel;
DROP TRIGGER inventory_pulse_on_product ON inventory_product;
DROP TRIGGER inventory_pulse_on_variant_insert ON inventory_variant;
DROP TRIGGER inventory_pulse_on_variant_update ON inventory_variant;
DROP TRIGGER inventory_pulse_on_price_insert ON inventory_price;
DROP TRIGGER inventory_pulse_on_price_update ON inventory_price;
DROP FUNCTION inventory_pulse_of_level;
DROP FUNCTION inventory_pulse_of_new_levels;
DROP FUNCTION inventory_pulse_of_products;
DROP FUNCTION inventory_pulse_of_variants;
DROP FUNCTION inventory_pulse_of_prices;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_sql")]

    operations = [
        migrations.CreateModel(
            name="StockPulse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("product_id", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "stock pulse",
                "verbose_name_plural": "stock pulses",
                "indexes": [models.Index(fields=["product_id", "id"], name="inventory_pulse_product")],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
