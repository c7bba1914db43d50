"""Celery tasks of pages: the target of hints, and the sweeper that needs none."""

from celery import shared_task

from omni.kernel import clock
from omni.pages import exporting


@shared_task(name="pages.drive_export", ignore_result=True)
def drive_export(*, export_id: int) -> None:
    """Make a copy of somebody's data, if it is due."""
    exporting.drive_export(export_id, now=clock.now())


@shared_task(name="pages.sweep", ignore_result=True)
def sweep() -> int:
    """Make and remove the copies that are due. Returns how many were tried."""
    return exporting.drive_due_exports(now=clock.now())
