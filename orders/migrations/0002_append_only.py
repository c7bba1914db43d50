from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("kernel", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER orders_recognition_append_only BEFORE UPDATE OR DELETE ON orders_recognition"
            " FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()",
            "DROP TRIGGER orders_recognition_append_only ON orders_recognition",
        ),
    ]
