"""Celery tasks of the outbox: the target of hints, and the sweeper that needs none."""

from celery import shared_task

from omni.kernel import outbox

DELIVERIES_PER_TASK = 100


@shared_task(name="kernel.deliver", ignore_result=True)
def deliver() -> int:
    """Run due deliveries; the target of the hint that publishing gives. Returns the attempts made."""
    return outbox.run_due_deliveries(DELIVERIES_PER_TASK)


@shared_task(name="kernel.sweep", ignore_result=True)
def sweep() -> int:
    """Do what hints missed, every few seconds. Returns the attempts made."""
    return outbox.sweep(DELIVERIES_PER_TASK)
