"""The split of sales credit that holds for every brand until its own is approved."""

from datetime import UTC, date, datetime

from django.db import migrations
from django.db.backends.postgresql.psycopg_any import DateRange

CREDIT_SPLIT = {
    "own_store": {"selling": 1_000_000},
    "cross_store": {"selling": 700_000, "fulfilling": 300_000},
    "online_guide": {"selling": 600_000, "fulfilling": 300_000, "channel": 100_000},
    "online_member": {"home": 200_000, "fulfilling": 400_000, "channel": 400_000},
    "online": {"fulfilling": 500_000, "channel": 500_000},
    "charge": {"channel": 1_000_000},
}


def add_default(apps, schema_editor):
    apps.get_model("settlement", "RuleVersion").objects.create(
        brand=None,
        kind="credit_split",
        valid=DateRange(date(2020, 1, 1), None),
        params=CREDIT_SPLIT,
        drafted_by="system:seed",
        approved_by="system:approval",
        approved_at=datetime(2020, 1, 1, tzinfo=UTC),
    )


class Migration(migrations.Migration):
    dependencies = [("settlement", "0002_sql")]

    operations = [migrations.RunPython(add_default, migrations.RunPython.noop)]
