"""The marks that pages became untrue: kept few."""

from django.db import connection

from inventory import sql
from omni.kernel.transactions import step

MOST_PULSES = 20


@step
def prune_pulses() -> int:
    """Delete all but the newest pulse of products that have more than twenty, and return how many went."""
    with connection.cursor() as cursor:
        cursor.execute(sql.PRUNE_PULSES, {"most": MOST_PULSES})
        return int(cursor.rowcount)
