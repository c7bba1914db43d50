import django.db.models
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("inventory", "0015_count_of_shelf")]

    operations = [
        AddIndexConcurrently(
            model_name="stocklevel",
            index=django.db.models.Index(
                fields=["variant", "store"],
                condition=django.db.models.Q(("on_hand__gt", 0)),
                name="inventory_stock_level_on_hand",
            ),
        ),
    ]
