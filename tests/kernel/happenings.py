"""Events, and a subscriber that leaves a row for every effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from omni.kernel import outbox
from omni.kernel.models import EventDelivery, Transition
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class LampLit:
    """A lamp was lit: the smallest event."""

    lamp_id: int
    step: int = 0


@dataclass(frozen=True)
class ParcelSent:
    """An event with a field of every kind."""

    parcel: str
    sent_at: datetime
    due_on: date
    weight_grams: int
    is_fragile: bool
    line_ids: tuple[int, ...]
    opened_at: datetime | None = None
    stops: tuple[datetime, ...] = ()


def leave_effect(event: LampLit, *, now: datetime) -> None:
    """Write a row for the event, in the delivery's transaction."""
    Transition.objects.create(
        entity="effect", entity_id=event.lamp_id, from_status="", to_status=str(event.step), actor="test", at=now
    )


def effects() -> list[tuple[int, int]]:
    """Return (lamp, step) of every effect in the order of their rows."""
    rows = Transition.objects.filter(entity="effect").order_by("id").values_list("entity_id", "to_status")
    return [(lamp_id, int(step)) for lamp_id, step in rows]


def publish_steps(now: datetime, *events: LampLit) -> None:
    """Publish each event in an entry of its own."""
    for event in events:
        with entry():
            outbox.publish(event, now=now)


def delivery(subscriber: str, **where: object) -> EventDelivery:
    """Return the only delivery of a subscriber (to the event where …)."""
    return EventDelivery.objects.get(subscriber=subscriber, **where)


class Fragile:
    """A handler that leaves an effect and then fails, until it is repaired."""

    def __init__(self, fault: Callable[[LampLit], None] | None = None) -> None:
        self.is_broken = True
        self.fault = fault

    def __call__(self, event: LampLit, /, *, now: datetime) -> None:
        leave_effect(event, now=now)
        if self.fault:
            self.fault(event)
        elif self.is_broken:
            raise LookupError("+8613800138000 is not to be found")
