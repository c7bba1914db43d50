"""The periodic tasks of inventory."""

from celery import shared_task

from inventory import services
from omni.kernel import clock
from omni.kernel.transactions import entry


@shared_task(name="inventory.sweep")
def sweep() -> None:
    """Keep the pulses few and the listings of products true, and notice transfers that are late."""
    with entry():
        services.prune_pulses()
    with entry():
        services.refresh_listings(now=clock.now())
    with entry():
        services.prune_searches(now=clock.now())
    with entry():
        services.note_late_transfers(now=clock.now())


@shared_task(name="inventory.count_search", ignore_result=True)
def count_search(*, text: str, language: str) -> None:
    """Count that something was looked for."""
    with entry():
        services.count_search(text, language=language, now=clock.now())
