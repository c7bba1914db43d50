"""Threads with database connections of their own."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")

PATIENCE_SECONDS = 20


def start(pool: ThreadPoolExecutor, work: Callable[[], R]) -> Future[R]:
    """Run the work in a thread with a connection of its own, which is closed at the end."""

    def run() -> R:
        try:
            return work()
        finally:
            connection.close()

    return pool.submit(run)


def together(*works: Callable[[], R]) -> list[R | BaseException]:
    """Run all at once and return, in their order, what each returned or raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        futures = [start(pool, work) for work in works]
    return [future.exception() or future.result() for future in futures]


def wait_until_blocked(count: int = 1) -> None:
    """Wait until that many other connections to this database wait for a lock."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
            )
            row = cursor.fetchone()
        if row and row[0] >= count:
            return
        time.sleep(0.01)
    raise AssertionError("Nobody waits for a lock.")
