from django.db import migrations


def _append_only(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change()",
        f"DROP TRIGGER {table}_append_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_tenders"), ("kernel", "0002_append_only")]

    operations = [
        _append_only("orders_drawermovement"),
        _append_only("orders_tillslip"),
        # Until now every payment was for one order.
        migrations.RunSQL(
            "UPDATE orders_intentallocation allocation SET refunded_fen = refund.fen FROM ("
            " SELECT intent_id, order_id, sum(amount_fen) AS fen FROM orders_refund"
            " WHERE order_id IS NOT NULL GROUP BY intent_id, order_id) refund"
            " WHERE refund.intent_id = allocation.intent_id AND refund.order_id = allocation.order_id",
            migrations.RunSQL.noop,
        ),
    ]
