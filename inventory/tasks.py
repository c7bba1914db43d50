"""The periodic tasks of inventory."""

from celery import shared_task

from inventory import services
from omni.kernel import clock
from omni.kernel.transactions import entry


@shared_task(name="inventory.sweep")
def sweep() -> None:
    """Keep the pulses few, and the listings of products true."""
    with entry():
        services.prune_pulses()
    with entry():
        services.refresh_listings(now=clock.now())
