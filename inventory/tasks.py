"""The periodic tasks of inventory."""

from celery import shared_task

from inventory import services
from omni.kernel.transactions import entry


@shared_task(name="inventory.sweep")
def sweep() -> None:
    """Keep the pulses few."""
    with entry():
        services.prune_pulses()
