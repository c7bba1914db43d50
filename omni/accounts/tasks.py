"""Celery tasks of accounts: the sweeper of erasures."""

from celery import shared_task

from omni.accounts import services
from omni.kernel import clock


@shared_task(name="accounts.sweep", ignore_result=True)
def sweep() -> int:
    """Begin the erasures whose days to reconsider are over, and those that were held. Returns how many."""
    return services.drive_due_erasures(now=clock.now())
