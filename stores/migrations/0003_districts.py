import gzip
from pathlib import Path

from django.db import migrations

DISTRICTS = Path(__file__).resolve().parents[1] / "data" / "cn_districts.csv.gz"


def load(apps, schema_editor):
    """Copy the districts into their table; its source is described beside the file."""
    with gzip.open(DISTRICTS) as rows, schema_editor.connection.cursor() as cursor:
        cursor.copy_expert(
            "COPY stores_district (code, province, city, name, province_en, city_en, name_en, lat, lng)"
            " FROM STDIN WITH (FORMAT csv, HEADER)",
            rows,
        )


class Migration(migrations.Migration):
    dependencies = [("stores", "0002_sql")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
