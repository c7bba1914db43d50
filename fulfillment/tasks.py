"""Celery tasks of fulfillment: targets of hints, and the sweepers that need none."""

from celery import shared_task

from fulfillment import services
from omni.kernel import clock
from omni.kernel.transactions import entry

ROWS_PER_SWEEP = 100


@shared_task(name="fulfillment.route", ignore_result=True)
def route(*, fulfillment_order_id: int) -> bool:
    """Route a fulfillment order, if it is due."""
    return services.drive_route(fulfillment_order_id, now=clock.now())


@shared_task(name="fulfillment.drive_delivery", ignore_result=True)
def drive_delivery(*, delivery_id: int) -> int:
    """Call the courier company about a delivery, as long as something is due. Returns how many calls were made."""
    return services.drive_delivery(delivery_id, now=clock.now())


@shared_task(name="fulfillment.sweep", ignore_result=True)
def sweep() -> int:
    """Do what hints and callbacks missed, every few seconds. Returns how many rows were tried."""
    return (
        services.drive_due_routing(ROWS_PER_SWEEP, now=clock.now())
        + services.drive_due_deliveries(ROWS_PER_SWEEP, now=clock.now())
        + services.drive_due_pickups(ROWS_PER_SWEEP, now=clock.now())
    )


@shared_task(name="fulfillment.count_acceptance", ignore_result=True)
def count_acceptance() -> None:
    """Count anew, every hour, how stores answer offers."""
    with entry():
        services.count_acceptance(now=clock.now())
