"""Delivering events on one connection: attempts, failures, order, parking, sweeping."""

from datetime import datetime, timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from pytest_django import Settings

from omni.kernel import outbox, tasks
from omni.kernel.errors import Conflict
from omni.kernel.models import Event, EventDelivery
from omni.kernel.outbox import NotParked, relay
from omni.kernel.transactions import DriveInsideTransaction, entry
from tests.kernel.happenings import Fragile, LampLit, delivery, effects, leave_effect, publish_steps

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def second(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_delivery_runs_its_handler_once_with_the_event(now: datetime) -> None:
    seen: list[tuple[LampLit, datetime]] = []
    outbox.subscribe(LampLit, name="a.first")(lambda event, *, now: seen.append((event, now)))
    publish_steps(now, LampLit(7, step=3))
    later = now + second(2)
    assert outbox.run_due_deliveries(10, now=later) == 1
    assert outbox.run_due_deliveries(10, now=later + HOUR) == 0
    assert seen == [(LampLit(7, step=3), later)]
    done = delivery("a.first")
    assert (done.state, done.attempts, done.finished_at, done.error) == ("done", 1, later, "")


def test_delivery_that_is_not_due_yet_waits(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(7))
    assert outbox.run_due_deliveries(10, now=now - second(1)) == 0
    assert effects() == []


def test_run_due_deliveries_stops_at_its_limit(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, *[LampLit(lamp) for lamp in range(5)])
    assert outbox.run_due_deliveries(3, now=now) == 3
    assert effects() == [(0, 0), (1, 0), (2, 0)]
    assert outbox.run_due_deliveries(3, now=now) == 2


def test_run_due_deliveries_inside_a_transaction_is_refused(now: datetime) -> None:
    with pytest.raises(DriveInsideTransaction), entry():
        outbox.run_due_deliveries(1, now=now)


def test_handler_that_fails_leaves_no_effect_and_is_tried_again(now: datetime) -> None:
    handler = Fragile()
    outbox.subscribe(LampLit, name="a.fragile")(handler)
    outbox.subscribe(LampLit, name="a.sound")(leave_effect)
    publish_steps(now, LampLit(7))
    assert outbox.run_due_deliveries(10, now=now) == 2
    assert effects() == [(7, 0)]
    failed = delivery("a.fragile")
    assert (failed.state, failed.attempts, failed.due_at) == ("pending", 1, now + second(1))
    assert delivery("a.sound").state == "done"
    handler.is_broken = False
    assert outbox.run_due_deliveries(10, now=now + second(1)) == 1
    repaired = delivery("a.fragile")
    assert (repaired.state, repaired.attempts, repaired.error) == ("done", 2, "")
    assert effects() == [(7, 0), (7, 0)]


def test_failure_is_described_without_the_text_of_the_error(now: datetime, caplog: pytest.LogCaptureFixture) -> None:
    outbox.subscribe(LampLit, name="a.fragile")(Fragile())
    publish_steps(now, LampLit(7))
    outbox.run_due_deliveries(1, now=now)
    error = delivery("a.fragile").error
    assert error.startswith("builtins.LookupError < ")
    assert "happenings.py" in error
    assert "138" not in error
    assert "138" not in caplog.text
    assert "a.fragile put off" in caplog.text


def test_failure_of_a_domain_rule_or_a_constraint_names_it(now: datetime) -> None:
    class TooDark(Conflict):
        code = "too_dark"

    def refuse(event: LampLit) -> None:
        raise TooDark("It is too dark.")

    def violate(event: LampLit) -> None:
        EventDelivery.objects.create(event_id=0, subscriber="s", entity="e:1", due_at=now)

    outbox.subscribe(LampLit, name="a.rule")(Fragile(refuse))
    outbox.subscribe(LampLit, name="a.constraint")(Fragile(violate))
    publish_steps(now, LampLit(7))
    assert outbox.run_due_deliveries(2, now=now) == 2
    assert " < code=too_dark < " in delivery("a.rule").error
    assert " < sqlstate=23503 < constraint_name=kernel_eventdelivery_event_id_" in delivery("a.constraint").error
    assert effects() == []


def test_delays_grow_until_the_delivery_parks(now: datetime, settings: Settings) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 8
    outbox.subscribe(LampLit, name="a.fragile")(Fragile())
    publish_steps(now, LampLit(7))
    moment, delays = now, []
    while delivery("a.fragile").state == "pending":
        assert outbox.run_due_deliveries(10, now=moment) == 1
        due_at = delivery("a.fragile").due_at
        assert outbox.run_due_deliveries(10, now=due_at - second(0.001)) == 0
        delays.append((due_at - moment).total_seconds())
        moment = due_at
    parked = delivery("a.fragile")
    assert delays == [1, 5, 30, 120, 600, 3600, 3600, 3600]
    assert (parked.state, parked.attempts, parked.finished_at) == ("parked", 8, None)
    assert outbox.run_due_deliveries(10, now=moment + 100 * HOUR) == 0


def test_follower_of_a_failing_delivery_waits_and_others_do_not(now: datetime) -> None:
    broken = [LampLit(7, 1)]

    def refuse(event: LampLit) -> None:
        if event in broken:
            raise LookupError

    outbox.subscribe(LampLit, name="a.fragile")(Fragile(refuse))
    publish_steps(now, LampLit(7, 1), LampLit(7, 2), LampLit(8, 1), LampLit(7, 3))
    assert outbox.run_due_deliveries(10, now=now) == 2
    assert effects() == [(8, 1)]
    assert [row.due_at for row in EventDelivery.objects.filter(entity="lamp_id:7")] == [now + second(1)] * 3
    broken.clear()
    assert outbox.run_due_deliveries(10, now=now + second(1)) == 3
    assert effects() == [(8, 1), (7, 1), (7, 2), (7, 3)]


def test_followers_of_another_subscriber_do_not_wait(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.fragile")(Fragile())
    outbox.subscribe(LampLit, name="a.sound")(leave_effect)
    publish_steps(now, LampLit(7, 1), LampLit(7, 2))
    assert outbox.run_due_deliveries(10, now=now) == 3
    assert effects() == [(7, 1), (7, 2)]


def park_head(now: datetime, settings: Settings) -> Fragile:
    """Publish three steps of a lamp, of which the first parks at once."""
    settings.OUTBOX_MAX_ATTEMPTS = 1
    handler = Fragile()
    outbox.subscribe(LampLit, name="a.fragile")(handler)
    publish_steps(now, LampLit(7, 1), LampLit(7, 2), LampLit(7, 3))
    assert outbox.run_due_deliveries(10, now=now) == 1
    handler.is_broken = False
    return handler


def test_parked_delivery_puts_its_followers_off(now: datetime, settings: Settings) -> None:
    park_head(now, settings)
    rows = EventDelivery.objects.order_by("id").values_list("state", "attempts", "due_at")
    assert list(rows) == [("parked", 1, now + HOUR), ("pending", 0, now + HOUR), ("pending", 0, now + HOUR)]
    assert outbox.run_due_deliveries(10, now=now + 2 * HOUR) == 0
    assert effects() == []


def test_unpark_gives_a_new_start_and_its_success_releases_the_followers(now: datetime, settings: Settings) -> None:
    park_head(now, settings)
    head = EventDelivery.objects.order_by("id")[0]
    later = now + second(10)
    with entry():
        outbox.unpark(head.pk, now=later)
    head.refresh_from_db()
    assert (head.state, head.attempts, head.due_at) == ("pending", 0, later)
    assert outbox.run_due_deliveries(10, now=later) == 3
    assert effects() == [(7, 1), (7, 2), (7, 3)]


def test_unpark_of_what_is_not_parked_is_refused(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(7))
    with pytest.raises(NotParked), entry():
        outbox.unpark(delivery("a.first").pk, now=now + HOUR)
    assert delivery("a.first").due_at == now


def test_sweeper_puts_off_what_was_published_after_the_head_parked(now: datetime, settings: Settings) -> None:
    park_head(now, settings)
    later = now + second(10)
    publish_steps(later, LampLit(7, 4), LampLit(8, 1))
    with entry():
        assert outbox.defer_blocked_deliveries(now=later) == 1
    assert [row.due_at for row in EventDelivery.objects.order_by("id")[3:]] == [later + HOUR, later]
    with entry():
        assert outbox.defer_blocked_deliveries(now=later) == 0


def test_sweeper_puts_followers_off_until_a_failing_head_is_due(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.fragile")(Fragile())
    publish_steps(now, LampLit(7, 1))
    outbox.run_due_deliveries(1, now=now)
    second_attempt = now + second(1)
    outbox.run_due_deliveries(1, now=second_attempt)
    publish_steps(second_attempt, LampLit(7, 2))
    with entry():
        assert outbox.defer_blocked_deliveries(now=second_attempt) == 1
    assert [row.due_at for row in EventDelivery.objects.order_by("id")] == [second_attempt + second(5)] * 2


def test_sweeper_leaves_followers_of_a_head_in_its_first_attempt(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(7, 1), LampLit(7, 2))
    assert relay._claim(now) is not None
    with entry():
        assert outbox.defer_blocked_deliveries(now=now) == 0


def test_attempt_counts_before_its_handler_runs_and_is_leased(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(7))
    claim = relay._claim(now)
    assert claim is not None
    claimed = delivery("a.first")
    assert (claimed.state, claimed.attempts, claimed.due_at) == ("pending", 1, now + second(5))
    assert relay._claim(now + second(4)) is None


def test_claim_whose_lease_ran_out_does_not_run_after_another_has_it(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(7))
    slow = relay._claim(now)
    assert slow is not None
    assert outbox.run_due_deliveries(10, now=now + second(5)) == 1
    relay._attempt(slow, now=now + second(6))
    assert effects() == [(7, 0)]
    done = delivery("a.first")
    assert (done.state, done.attempts, done.finished_at) == ("done", 2, now + second(5))


def test_delivery_whose_workers_died_every_time_parks(now: datetime, settings: Settings) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 3
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(7, 1), LampLit(7, 2))
    moment = now
    for _attempt in range(3):
        assert relay._claim(moment) is not None
        moment = EventDelivery.objects.order_by("id")[0].due_at
    assert outbox.run_due_deliveries(10, now=moment) == 1
    head, follower = EventDelivery.objects.order_by("id")
    assert (head.state, follower.state, follower.due_at) == ("parked", "pending", moment + HOUR)
    assert "worker" in head.error
    assert effects() == []


def test_task_that_is_to_end_leaves_the_attempt_to_its_lease(now: datetime) -> None:
    def take_too_long(event: LampLit) -> None:
        raise SoftTimeLimitExceeded

    outbox.subscribe(LampLit, name="a.slow")(Fragile(take_too_long))
    publish_steps(now, LampLit(7))
    with pytest.raises(SoftTimeLimitExceeded):
        outbox.run_due_deliveries(10, now=now)
    left = delivery("a.slow")
    assert (left.state, left.attempts, left.due_at, left.error) == ("pending", 1, now + second(5), "")
    assert effects() == []


def test_delivery_for_a_subscriber_this_process_lacks_is_tried_again(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(7))
    subscription = outbox.SUBSCRIPTIONS.pop("a.first")
    assert outbox.run_due_deliveries(10, now=now) == 1
    assert delivery("a.first").error.startswith("omni.kernel.outbox.relay.UnknownSubscriber < ")
    outbox.SUBSCRIPTIONS["a.first"] = subscription
    assert outbox.run_due_deliveries(10, now=now + second(1)) == 1
    assert effects() == [(7, 0)]


def test_delivery_of_a_class_that_lost_a_field_is_tried_again(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(7))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE kernel_event DISABLE TRIGGER USER")
        cursor.execute('UPDATE kernel_event SET payload = payload || \'{"colour": "red"}\'')
    assert outbox.run_due_deliveries(10, now=now) == 1
    assert delivery("a.first").error.startswith("builtins.TypeError < ")
    assert effects() == []


def test_number_events_gives_positions_without_gaps(now: datetime) -> None:
    publish_steps(now, LampLit(1), LampLit(2), LampLit(3))
    assert outbox.number_events(limit=2) == 2
    publish_steps(now, LampLit(4))
    assert outbox.number_events() == 2
    assert outbox.number_events() == 0
    rows = Event.objects.order_by("position").values_list("position", "entity")
    assert list(rows) == [(1, "lamp_id:1"), (2, "lamp_id:2"), (3, "lamp_id:3"), (4, "lamp_id:4")]


def test_prune_deletes_deliveries_done_long_ago_and_nothing_else(now: datetime, settings: Settings) -> None:
    settings.OUTBOX_KEEP_DAYS = 3
    settings.OUTBOX_MAX_ATTEMPTS = 1
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    outbox.subscribe(LampLit, name="a.fragile")(Fragile())
    publish_steps(now, LampLit(1))
    outbox.run_due_deliveries(10, now=now)
    publish_steps(now, LampLit(2))
    outbox.run_due_deliveries(10, now=now + second(1))
    publish_steps(now, LampLit(3))
    with entry():
        assert outbox.prune_deliveries(now=now + timedelta(days=3)) == 0
    with entry():
        assert outbox.prune_deliveries(now=now + timedelta(days=3, seconds=1)) == 1
    rows = EventDelivery.objects.order_by("id").values_list("entity", "subscriber", "state")
    assert list(rows) == [
        ("lamp_id:1", "a.fragile", "parked"),
        ("lamp_id:2", "a.first", "done"),
        ("lamp_id:2", "a.fragile", "parked"),
        ("lamp_id:3", "a.first", "pending"),
        ("lamp_id:3", "a.fragile", "pending"),
    ]
    assert Event.objects.count() == 3


def test_sweep_alone_delivers_numbers_and_prunes(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now, LampLit(1), LampLit(2))
    assert outbox.sweep(10, now=now) == 2
    assert effects() == [(1, 0), (2, 0)]
    assert list(Event.objects.order_by("id").values_list("position", flat=True)) == [1, 2]
    assert outbox.sweep(10, now=now + timedelta(days=8)) == 0
    assert EventDelivery.objects.count() == 0


def test_tasks_run_what_is_due(now: datetime) -> None:
    outbox.subscribe(LampLit, name="a.first")(leave_effect)
    publish_steps(now - timedelta(days=1), LampLit(1))
    assert tasks.deliver() == 1
    publish_steps(now - timedelta(days=1), LampLit(2))
    assert tasks.sweep() == 1
    assert effects() == [(1, 0), (2, 0)]
    assert (tasks.deliver.name, tasks.sweep.name) == ("kernel.deliver", "kernel.sweep")
