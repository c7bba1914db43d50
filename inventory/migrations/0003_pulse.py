from django.db import migrations, models

SELLABLE = "({0}.on_hand - {0}.held - {0}.allocated - {0}.unsellable - {0}.safety > 0)"

# What makes pages untrue, as the products they are about: an event of a table, and the products of the rows it wrote.
# A pulse is written in the transaction of the event, so a page kept with the pulses it was made from is never shown
# after they changed.
OF_LEVELS = f"""
    SELECT DISTINCT variant.product_id
    FROM changed JOIN inventory_variant variant ON variant.id = changed.variant_id
    WHERE {SELLABLE.format("changed")}
"""
OF_PRODUCTS = "SELECT id FROM changed"
OF_VARIANTS = "SELECT DISTINCT product_id FROM changed"
OF_PRICES = """
    SELECT DISTINCT variant.product_id
    FROM changed JOIN inventory_variant variant ON variant.id = changed.variant_id
"""
STATEMENT_EVENTS = [
    ("inventory_stocklevel", "insert", OF_LEVELS),
    ("inventory_stocklevel", "delete", OF_LEVELS),
    ("inventory_product", "update", OF_PRODUCTS),
    ("inventory_variant", "insert", OF_VARIANTS),
    ("inventory_variant", "update", OF_VARIANTS),
    ("inventory_variant", "delete", OF_VARIANTS),
    ("inventory_price", "insert", OF_PRICES),
    ("inventory_price", "update", OF_PRICES),
    ("inventory_price", "delete", OF_PRICES),
]

# A stock level is updated all the time, and matters only when its store begins or ceases to have the size. A store
# matters when it opens, closes for good, moves or is renamed.
OF_LEVEL = "SELECT product_id FROM inventory_variant WHERE id = NEW.variant_id"
LEVEL_TURNED = f"({SELLABLE.format('OLD')} IS DISTINCT FROM {SELLABLE.format('NEW')})"
OF_STORE = f"""
    SELECT DISTINCT variant.product_id
    FROM inventory_stocklevel level JOIN inventory_variant variant ON variant.id = level.variant_id
    WHERE level.store_id = NEW.id AND {SELLABLE.format("level")}
"""
SHOWN = ("is_active", "name_zh", "name_en", "address", "lat", "lng")
STORE_TURNED = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in SHOWN)
ROW_EVENTS = [
    ("inventory_stocklevel", LEVEL_TURNED, OF_LEVEL),
    ("stores_store", STORE_TURNED, OF_STORE),
]


def make_function(name: str, products: str) -> str:
    return f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO inventory_stockpulse (product_id) {products};
            RETURN NULL;
        END $$
    """


def statement_trigger(table: str, event: str, products: str) -> migrations.RunSQL:
    name = f"inventory_pulse_on_{table}_{event}"
    rows = "OLD" if event == "delete" else "NEW"
    return migrations.RunSQL(
        [
            make_function(name, products),
            f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        ],
        [f"DROP TRIGGER {name} ON {table}", f"DROP FUNCTION {name}"],
    )


def row_trigger(table: str, condition: str, products: str) -> migrations.RunSQL:
    name = f"inventory_pulse_on_{table}_turned"
    return migrations.RunSQL(
        [
            make_function(name, products),
            f"CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {name}()",
        ],
        [f"DROP TRIGGER {name} ON {table}", f"DROP FUNCTION {name}"],
    )


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
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_active", True)),
                fields=["-launched_on", "-id"],
                name="inventory_product_shop_newest",
            ),
        ),
        *[statement_trigger(*event) for event in STATEMENT_EVENTS],
        *[row_trigger(*event) for event in ROW_EVENTS],
    ]
