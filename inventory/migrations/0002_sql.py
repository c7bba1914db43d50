from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]

    operations = [
        # Room on the page keeps the counters' updates heap-only.
        migrations.RunSQL(
            "ALTER TABLE inventory_stocklevel SET (fillfactor = 80)",
            "ALTER TABLE inventory_stocklevel RESET (fillfactor)",
        ),
    ]
