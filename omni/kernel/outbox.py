"""Events and their deliveries (signatures; the implementation follows)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)


class Handler(Protocol[E_contra]):
    """What reacts to an event, inside the entry that marks the delivery done."""

    def __call__(self, event: E_contra, /, *, now: datetime) -> object: ...


def subscribe(event_class: type[E], *, name: str) -> Callable[[Handler[E]], Handler[E]]:
    """Register a handler of an event under a unique name such as "settlement.book_payment"."""
    return lambda handler: handler


def publish(event: Any, *, now: datetime) -> None:
    """Write an event and one delivery per subscriber, in the transaction that is open."""
    raise NotImplementedError


def hint(task_name: str, **kwargs: object) -> None:
    """Send a Celery task by name once the transaction commits; fails silently and fast."""
    raise NotImplementedError


def run_due_deliveries(limit: int, *, now: datetime | None = None) -> int:
    """Run deliveries that are due until none is or the limit is reached; return how many attempts were made."""
    raise NotImplementedError


def number_events(*, limit: int = 10_000) -> int:
    """Number committed events in the feed and return how many."""
    raise NotImplementedError


def unpark(delivery_id: int, *, now: datetime) -> None:
    """Give a parked delivery a new start."""
    raise NotImplementedError
