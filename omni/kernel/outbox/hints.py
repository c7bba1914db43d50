"""Celery messages as hints: sent after the commit, quickly given up, never relied on."""

from __future__ import annotations

import dataclasses
import logging
import time

from celery import current_app
from django.conf import settings
from django.db import connection, transaction

logger = logging.getLogger(__name__)

BROKER_SILENCE_SECONDS = 5.0


def hint(task_name: str, **kwargs: object) -> None:
    """Send a Celery task by name, with keyword arguments, once the open transaction has committed.

    For work that a sweeper finds anyway: with the broker down it gives up within a second, logs, and does not try
    again for five. The same hint given twice in one transaction is sent once. OUTBOX_HINTS = False sends none.
    """
    if not getattr(settings, "OUTBOX_HINTS", True):
        return
    message = _Hint(task_name, kwargs)
    # Django drops callbacks with the savepoint they were registered in: only a message that lives as long counts.
    alive = set(connection.savepoint_ids)
    if not any(waiting[1] == message and set(waiting[0]) <= alive for waiting in connection.run_on_commit):
        transaction.on_commit(message)


class _Broker:
    """What this process knows of the broker: until when to leave it alone after a failure."""

    silent_until = 0.0


@dataclasses.dataclass(frozen=True)
class _Hint:
    """A message to be sent after the commit."""

    task_name: str
    kwargs: dict[str, object]

    def __call__(self) -> None:
        """Send it, unless the broker has just failed."""
        if time.monotonic() < _Broker.silent_until:
            return
        try:
            current_app.send_task(self.task_name, kwargs=self.kwargs, ignore_result=True, retry=False)
        except Exception as error:  # noqa: BLE001  the sweeper finds the row whatever became of the hint
            _Broker.silent_until = time.monotonic() + BROKER_SILENCE_SECONDS
            logger.warning("The broker took no hint for %s: %s", self.task_name, type(error).__name__)
