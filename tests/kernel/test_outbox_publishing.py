"""Registering subscribers, publishing, and events as JSON."""

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from omni.kernel import outbox
from omni.kernel.models import Event, EventDelivery
from omni.kernel.outbox import InvalidEvent, encoding
from omni.kernel.transactions import StepOutsideTransaction, entry
from tests.kernel.happenings import LampLit, ParcelSent, leave_effect

AWARE = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))
PARCELS = st.builds(
    ParcelSent,
    parcel=st.text(),
    sent_at=AWARE,
    due_on=st.dates(),
    weight_grams=st.integers(),
    is_fragile=st.booleans(),
    line_ids=st.lists(st.integers()).map(tuple),
    opened_at=st.none() | AWARE,
    stops=st.lists(AWARE).map(tuple),
)


@given(PARCELS)
def test_event_survives_its_json(event: ParcelSent) -> None:
    payload = json.dumps(encoding.encode_event(event))
    assert encoding.decode_event(ParcelSent, payload) == event


@pytest.mark.django_db
def test_publish_writes_the_event_and_a_delivery_per_subscriber_in_one_statement(
    now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    outbox.subscribe(LampLit, name="a.second")(leave_effect)
    outbox.subscribe(ParcelSent, name="a.other")(lambda event, *, now: None)
    with entry(), django_assert_num_queries(1):
        outbox.publish(LampLit(lamp_id=7, step=2), now=now)
    event = Event.objects.get()
    assert (event.name, event.entity, event.payload) == ("tests.LampLit", "lamp_id:7", {"lamp_id": 7, "step": 2})
    assert (event.created_at, event.position) == (now, None)
    columns = ("event_id", "subscriber", "entity", "state", "attempts", "due_at", "finished_at", "error")
    assert list(EventDelivery.objects.order_by("id").values_list(*columns)) == [
        (event.pk, "a.first", "lamp_id:7", "pending", 0, now, None, ""),
        (event.pk, "a.second", "lamp_id:7", "pending", 0, now, None, ""),
    ]


@pytest.mark.django_db
def test_publish_without_a_subscriber_still_writes_the_event(now: datetime) -> None:
    sent_at = datetime(2026, 11, 2, 12, 0, tzinfo=timezone(timedelta(hours=8)))
    with entry():
        outbox.publish(ParcelSent("P-1", sent_at, date(2026, 11, 3), 900, True, (4, 5)), now=now)
    event = Event.objects.get()
    assert (event.entity, EventDelivery.objects.count()) == ("parcel:P-1", 0)
    assert event.payload == {
        "parcel": "P-1",
        "sent_at": "2026-11-02T04:00:00+00:00",
        "due_on": "2026-11-03",
        "weight_grams": 900,
        "is_fragile": True,
        "line_ids": [4, 5],
        "opened_at": None,
        "stops": [],
    }


@pytest.mark.django_db
def test_publish_in_a_transaction_that_fails_leaves_nothing(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)

    def publish_and_fail() -> None:
        outbox.publish(LampLit(7), now=now)
        raise LookupError

    with pytest.raises(LookupError), entry():
        publish_and_fail()
    assert (Event.objects.count(), EventDelivery.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_publish_outside_a_transaction_is_refused(now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction):
        outbox.publish(LampLit(7), now=now)
    assert Event.objects.count() == 0


@pytest.mark.django_db
def test_publish_of_a_moment_without_a_zone_is_refused(now: datetime) -> None:
    event = ParcelSent("P-1", datetime(2026, 11, 2), date(2026, 11, 3), 900, True, ())  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"), entry():
        outbox.publish(event, now=now)
    assert Event.objects.count() == 0


@dataclass
class Thawed:
    """Not frozen."""

    lamp_id: int


@dataclass(frozen=True)
class Empty:
    """Without a field."""


class Plain:
    """Not a dataclass."""


def event_with(field_type: object) -> type:
    """Return a frozen dataclass with an id and a field of this type."""
    return dataclasses.make_dataclass("Made", [("lamp_id", int), ("value", field_type)], frozen=True)


UNFIT = [
    Thawed,
    Empty,
    Plain,
    *map(event_with, [float, list[int], dict[str, int], object, LampLit, tuple[int, str], int | str, None]),
]


@pytest.mark.parametrize("event_class", UNFIT)
def test_subscribe_to_what_is_no_frozen_dataclass_of_primitives_is_refused(event_class: type) -> None:
    with pytest.raises(InvalidEvent):
        outbox.subscribe(event_class, name="a.first")
    assert outbox.SUBSCRIPTIONS == {}


def test_subscribe_under_a_taken_name_is_refused() -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    with pytest.raises(ValueError, match=r"a\.first"):
        outbox.subscribe(ParcelSent, name="a.first")
    assert outbox.SUBSCRIPTIONS["a.first"].event_class is LampLit


def test_subscribe_returns_the_handler_itself() -> None:
    assert outbox.subscribe(LampLit, name="a.first")(leave_effect) is leave_effect


def test_kind_of_an_event_in_an_app_is_named_after_its_label() -> None:
    made = event_with(int)
    made.__module__ = "omni.kernel.events"
    assert encoding.kind_of(made).name == "kernel.Made"
