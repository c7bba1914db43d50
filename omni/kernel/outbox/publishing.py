"""Who wants which event, and writing one down with a delivery for each of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from django.db import connection

from omni.kernel.outbox import sql
from omni.kernel.outbox.encoding import encode_event, kind_of
from omni.kernel.outbox.hints import hint
from omni.kernel.statements import execute_prepared
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)


class Handler(Protocol[E_contra]):
    """What reacts to an event, inside the entry that marks its delivery done. No network in it."""

    def __call__(self, event: E_contra, /, *, now: datetime) -> object: ...


class Subscription(NamedTuple):
    """A handler under its unique name."""

    name: str
    event_class: type
    handler: Handler[Any]


SUBSCRIPTIONS: dict[str, Subscription] = {}


def subscribe(event_class: type[E], *, name: str) -> Callable[[Handler[E]], Handler[E]]:
    """Register a handler under a unique name such as "settlement.book_payment"; import it in the app's `ready()`.

    The name is stored in deliveries: renaming it orphans those that are pending.

    :raises InvalidEvent: when the event is not a frozen dataclass of primitives.
    :raises ValueError: when the name is taken.
    """
    kind_of(event_class)
    if name in SUBSCRIPTIONS:
        raise ValueError(f"There is a subscriber named {name} already.")

    def register(handler: Handler[E]) -> Handler[E]:
        SUBSCRIPTIONS[name] = Subscription(name, event_class, handler)
        return handler

    return register


@step
def publish(event: object, *, now: datetime) -> None:
    """Write an event and one delivery per subscriber, in the open transaction, and hint at them after it.

    The event's first field names its entity: a subscriber gets the events of one entity in the order in which they
    were published. Publish under the lock of that entity, else effects may come out reversed.

    :raises InvalidEvent: when the event is not a frozen dataclass of primitives.
    """
    payload = encode_event(event)
    first_field = next(iter(payload))
    values: dict[str, Any] = {
        "name": kind_of(type(event)).name,
        "entity": f"{first_field}:{payload[first_field]}",
        "payload": json.dumps(payload, ensure_ascii=False),
        "subscribers": [name for name, (_name, wanted, _handler) in SUBSCRIPTIONS.items() if wanted is type(event)],
        "now": now,
    }
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.PUBLISH, values)
    if values["subscribers"]:
        hint("kernel.deliver")
