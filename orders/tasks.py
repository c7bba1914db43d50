"""Celery tasks of orders: targets of hints, and the sweeper that needs none."""

from datetime import datetime

from celery import shared_task

from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import services


@shared_task(name="orders.drive_intent", ignore_result=True)
def drive_intent(*, intent_id: int) -> None:
    """Take a payment one step on, if it is due."""
    services.drive_intent(intent_id, now=clock.now())


@shared_task(name="orders.drive_refund", ignore_result=True)
def drive_refund(*, refund_id: int) -> None:
    """Take a refund one step on, if it is due."""
    services.drive_refund(refund_id, now=clock.now())


@shared_task(name="orders.drive_rows", ignore_result=True)
def drive_rows(*, kind: str, row_ids: list[int], sent_at: str) -> int:
    """Help the sweeper with part of what is due. Returns how many rows were tried."""
    return services.drive_rows(kind, row_ids, sent_at=datetime.fromisoformat(sent_at), now=clock.now())


@shared_task(name="orders.sweep", ignore_result=True)
def sweep() -> int:
    """Do what hints and notices missed, every few seconds. Returns how many rows were tried."""
    return services.drive_due_rows(now=clock.now())


@shared_task(name="orders.sweep_baskets", ignore_result=True)
def sweep_baskets() -> int:
    """Delete old baskets of guests, every hour. Returns how many."""
    with entry():
        return services.sweep_baskets(now=clock.now())


@shared_task(name="orders.drive_invoice", ignore_result=True)
def drive_invoice(*, invoice_id: int) -> None:
    """Take an invoice one step on, if it is due."""
    services.drive_invoice(invoice_id, now=clock.now())


@shared_task(name="orders.drive_return", ignore_result=True)
def drive_return(*, return_id: int) -> None:
    """Do what a return waits for, if it is due."""
    services.drive_return(return_id, now=clock.now())
