"""A worker that runs the due deliveries of a database and kills itself inside the handler.

Started by test_outbox_races as `python -m tests.kernel.dying_worker MOMENT`; DATABASE_URL names the test's database.
"""

import os
import signal
import sys
from datetime import datetime

import django

django.setup()

from omni.kernel import outbox  # noqa: E402  the apps had to be ready
from tests.kernel.happenings import LampLit, leave_effect  # noqa: E402


def die_after_the_effect(event: LampLit, *, now: datetime) -> None:
    """Leave the effect in the open transaction, then die as the kernel's out-of-memory killer would have it."""
    leave_effect(event, now=now)
    os.kill(os.getpid(), signal.SIGKILL)


outbox.SUBSCRIPTIONS.clear()
outbox.subscribe(LampLit, name="a.deadly")(die_after_the_effect)
outbox.run_due_deliveries(10, now=datetime.fromisoformat(sys.argv[1]))
