"""Events as JSON and back: which classes may be events, and how their fields are written."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.apps import apps

PRIMITIVES = (str, int, bool, datetime, date)


class InvalidEvent(TypeError):
    """An event class is not a frozen dataclass of primitives."""


class EventKind(NamedTuple):
    """An event class as the outbox sees it: its stored name, and the types of its fields by name, in order."""

    name: str
    field_types: dict[str, Any]


_KINDS: dict[type, EventKind] = {}


def kind_of(event_class: type) -> EventKind:
    """Return how a class of events is stored: "orders.OrderPaid", by app label and class, with its fields.

    :raises InvalidEvent: when it is not a frozen dataclass with at least one field, all of `PRIMITIVES`, optional ones
        or tuples of them. Floats are no primitives: they lose money and compare badly.
    """
    if event_class not in _KINDS:
        config = apps.get_containing_app_config(event_class.__module__)
        label = config.label if config else event_class.__module__.partition(".")[0]
        _KINDS[event_class] = EventKind(f"{label}.{event_class.__name__}", _field_types(event_class))
    return _KINDS[event_class]


def _field_types(event_class: type) -> dict[str, Any]:
    """Check a class and return its fields."""
    parameters = getattr(event_class, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        raise InvalidEvent(f"{event_class.__qualname__} is not a frozen dataclass.")
    hints = typing.get_type_hints(event_class)
    found = {field.name: hints[field.name] for field in dataclasses.fields(event_class)}
    if not found:
        raise InvalidEvent(f"{event_class.__qualname__} has no field to name its entity.")
    for name, field_type in found.items():
        if not _is_primitive(field_type):
            raise InvalidEvent(f"{event_class.__qualname__}.{name} is not a primitive.")
    return found


def encode_event(event: object) -> dict[str, object]:
    """Return an event's fields as JSON values; moments are written in UTC.

    :raises InvalidEvent: when its class cannot be an event.
    :raises ValueError: when a moment has no time zone.
    """
    return {name: _encode(getattr(event, name)) for name in kind_of(type(event)).field_types}


def decode_event(event_class: type, payload: str) -> object:
    """Build an event again from its stored JSON.

    :raises TypeError: when the class has changed its fields since.
    """
    known = kind_of(event_class).field_types
    return event_class(**{name: _decode(value, known.get(name)) for name, value in json.loads(payload).items()})


def _is_primitive(field_type: object) -> bool:
    """Tell whether a value of this type survives JSON."""
    origin, arguments = typing.get_origin(field_type), typing.get_args(field_type)
    if origin is tuple:
        return len(arguments) == 2 and arguments[1] is Ellipsis and _is_primitive(arguments[0])
    if origin in {types.UnionType, typing.Union}:
        return len(arguments) == 2 and arguments[1] is types.NoneType and _is_primitive(arguments[0])
    return field_type in PRIMITIVES


def _encode(value: object) -> object:
    """Turn a field's value into JSON."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("An event's moments are aware.")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_encode(part) for part in value]
    return value


def _decode(value: Any, field_type: object) -> object:  # noqa: ANN401  JSON
    """Turn JSON into a field's value."""
    arguments = typing.get_args(field_type)
    if value is None:
        return None
    if isinstance(value, list):
        return tuple(_decode(part, arguments[0]) for part in value)
    if arguments:
        return _decode(value, arguments[0])
    if field_type is datetime:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if field_type is date else value
