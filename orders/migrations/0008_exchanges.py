import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_returns")]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="through",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refunds_of_credit",
                to="orders.paymentintent",
                verbose_name="goes back through",
            ),
        ),
    ]
