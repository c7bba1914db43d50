"""Celery tasks of messages: the target of hints, and the sweeper that needs none."""

from celery import shared_task

from omni.kernel import clock
from omni.messages import services


@shared_task(name="messages.drive", ignore_result=True)
def drive_message(*, message_id: int) -> None:
    """Send a message, if it is due."""
    services.drive_message(message_id, now=clock.now())


@shared_task(name="messages.sweep", ignore_result=True)
def sweep() -> int:
    """Send what hints missed, every few seconds. Returns how many were tried."""
    return services.drive_due_messages(now=clock.now())
