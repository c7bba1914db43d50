from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("stores", "0001_initial")]

    operations = [
        # The nearest stores of a brand are read from this index in the order of distance (chord and arc agree on it).
        migrations.RunSQL(
            "CREATE INDEX stores_store_nearest ON stores_store USING gist (brand_id, cube(ARRAY[ux, uy, uz]))",
            "DROP INDEX stores_store_nearest",
        ),
        # Room on the page keeps the counter's updates heap-only.
        migrations.RunSQL(
            "ALTER TABLE stores_storecapacity SET (fillfactor = 50)",
            "ALTER TABLE stores_storecapacity RESET (fillfactor)",
        ),
    ]
