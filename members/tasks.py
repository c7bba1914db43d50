"""Celery tasks of members: the sweeper that needs no hint."""

from celery import shared_task

from members import services
from omni.kernel import clock


@shared_task(name="members.sweep", ignore_result=True)
def sweep() -> int:
    """Make points available and end coupons whose time has come. Returns how many rows were tried."""
    return services.drive_due_rows(now=clock.now())


@shared_task(name="members.sweep_arrivals", ignore_result=True)
def sweep_arrivals() -> int:
    """Tell those who wait for a size that is back. Returns how many were told."""
    return services.drive_due_arrivals(now=clock.now())
