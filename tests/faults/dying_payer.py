"""A worker that kills itself while it opens, polls or refunds a payment.

Started by test_payment_faults as `python -m tests.faults.dying_payer "open: before the call" ROW`; DATABASE_URL names
the test's database, OMNI_TEST_WECHAT_PAY the provider.
"""

import json
import os
import signal
import sys

import django
from django.conf import settings
from django.db import connection

settings.WECHAT_PAY = json.loads(os.environ["OMNI_TEST_WECHAT_PAY"])
settings.OUTBOX_HINTS = False
django.setup()

from omni.kernel import clock  # noqa: E402  the apps had to be ready
from orders import clients, services  # noqa: E402

OPERATIONS = {
    "open": ("create_native", services.drive_intent),
    "poll": ("query", services.drive_intent),
    "refund": ("refund", services.drive_refund),
}


def die(*_args: object, **_rest: object) -> None:
    """End as the kernel's out-of-memory killer would have it."""
    os.kill(os.getpid(), signal.SIGKILL)


what, _colon, where = sys.argv[1].partition(": ")
operation, drive = OPERATIONS[what]
call = getattr(clients.WeChatPayClient, operation)


def call_and_die(*args: object, **rest: object) -> None:
    """Let the provider do it, then die before anything is written."""
    call(*args, **rest)
    die()


if where == "before the call":
    setattr(clients.WeChatPayClient, operation, die)
elif where == "after the call":
    setattr(clients.WeChatPayClient, operation, call_and_die)
else:
    # The first entry claims the row, the second writes the answer: it dies just before its commit.
    commit = connection.commit
    commits: list[bool] = []

    def die_at_the_second() -> None:
        """Commit the claim and nothing after it."""
        commits.append(True)
        if len(commits) == 2:
            die()
        commit()

    connection.commit = die_at_the_second  # type: ignore[method-assign]

drive(int(sys.argv[2]), now=clock.now())
