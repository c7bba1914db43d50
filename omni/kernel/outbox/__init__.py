"""Events: written with what happened, delivered once to each subscriber, in order, until it has worked.

The rows are the truth. A Celery message is only a hint to look at them, and the sweeper alone finishes everything.
See docs/concurrency.md.
"""

from omni.kernel.outbox.encoding import InvalidEvent
from omni.kernel.outbox.hints import hint
from omni.kernel.outbox.publishing import SUBSCRIPTIONS, Handler, Subscription, publish, subscribe
from omni.kernel.outbox.relay import (
    NotParked,
    UnknownSubscriber,
    defer_blocked_deliveries,
    number_events,
    prune_deliveries,
    run_due_deliveries,
    sweep,
    unpark,
)

__all__ = [
    "SUBSCRIPTIONS",
    "Handler",
    "InvalidEvent",
    "NotParked",
    "Subscription",
    "UnknownSubscriber",
    "defer_blocked_deliveries",
    "hint",
    "number_events",
    "prune_deliveries",
    "publish",
    "run_due_deliveries",
    "subscribe",
    "sweep",
    "unpark",
]
