"""A worker that kills itself at a point of routing a share or of timing its offer out.

Started by test_routing_faults as `python -m tests.faults.dying_router "route: with the goods taken" MOMENT`;
DATABASE_URL names the test's database.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime

import django
from django.conf import settings
from django.db import connection

settings.OUTBOX_HINTS = False
django.setup()

from fulfillment import services  # noqa: E402  the apps had to be ready
from fulfillment.services import deadlines, moving, routing, shares, silence  # noqa: E402


def die(*_args: object, **_rest: object) -> None:
    """End as the kernel's out-of-memory killer would have it."""
    os.kill(os.getpid(), signal.SIGKILL)


def then_die(work: Callable[..., object]) -> Callable[..., object]:
    """Do the work, and die before anything else."""

    def last(*args: object, **rest: object) -> None:
        work(*args, **rest)
        die()

    return last


def die_at_commit(number: int) -> None:
    """Die at the end of an entry, just before its commit."""
    commits: list[int] = []
    commit = connection.commit

    def count() -> None:
        commits.append(1)
        if len(commits) == number:
            die()
        commit()

    connection.commit = count  # type: ignore[method-assign]


POINTS: dict[str, Callable[[], object]] = {
    "route: after the claim": lambda: setattr(routing, "route", die),
    "route: with the demand locked": lambda: setattr(routing, "search_of", die),
    "route: with the goods taken": lambda: setattr(moving, "take", then_die(moving.take)),
    "route: with the decision written": lambda: setattr(routing, "_offer", die),
    "route: with the share offered": lambda: setattr(moving, "renew_promise", die),
    "route: with the share parked": lambda: setattr(routing, "publish", die),
    # The sweeper looks for silent offers, claims the share, routes it.
    "route: before the commit": lambda: die_at_commit(3),
    "time out: after the claim": lambda: setattr(routing, "time_out_offer", die),
    "time out: with the goods given back": lambda: setattr(routing, "follow", die),
    "silence: after the claim": lambda: setattr(silence, "end_silence", die),
    "silence: with the share reported": lambda: setattr(deadlines, "escalate", then_die(deadlines.escalate)),
    "silence: with the goods given back": lambda: setattr(routing, "follow", die),
    "silence: with the cancellation agreed": lambda: setattr(silence, "cancel_share", then_die(shares.cancel_share)),
    "silence: before the commit": lambda: die_at_commit(2),
    "time out: before the commit": lambda: die_at_commit(2),
    # The follow-up is committed, and the hint that would have it routed is never sent.
    "time out: after the commit": lambda: setattr(routing, "route", die),
}

POINTS[sys.argv[1]]()
services.drive_due_routing(10, now=datetime.fromisoformat(sys.argv[2]))
die()
