"""The thread in which time passes."""

import sys
import threading
import traceback
from collections.abc import Callable, Sequence

TICK_SECONDS = 0.05


class Scheduler(threading.Thread):
    """Runs each job again and again; a job that fails once is tried again at the next tick."""

    def __init__(self, jobs: Sequence[Callable[[], None]]) -> None:
        super().__init__(name="scheduler", daemon=True)
        self._jobs = jobs
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run until stopped."""
        while not self._stopping.wait(TICK_SECONDS):
            for job in self._jobs:
                try:
                    job()
                except Exception:  # noqa: BLE001 -- time must not stop because one delivery is broken
                    traceback.print_exc(file=sys.stderr)

    def stop(self) -> None:
        """Stop after the present round."""
        self._stopping.set()
        self.join(timeout=5)
