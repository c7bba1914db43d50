"""Entries, steps and drives on one connection; idempotent requests."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from omni.kernel.errors import InvalidInput
from omni.kernel.models import Event, EventDelivery, IdempotencyRecord, Transition
from omni.kernel.transactions import (
    DriveInsideTransaction,
    Idempotency,
    IdempotencyKeyReused,
    NestedEntry,
    StepOutsideTransaction,
    drive,
    entry,
    is_open,
    prune_idempotency_records,
    run_once,
    step,
)

REQUEST = Idempotency(client="erp", key="k-1", fingerprint="f" * 64)


@step
def leave_mark(mark: int, *, now: datetime) -> int:
    """Write a row."""
    Transition.objects.create(entity="mark", entity_id=mark, from_status="a", to_status="b", actor="test", at=now)
    return mark


@drive
def go_round(rounds: int) -> int:
    """Do nothing for long."""
    return rounds


def fail(mark: int, now: datetime) -> dict[str, Any]:
    leave_mark(mark, now=now)
    raise LookupError


def leave_marks_in_nested_entries(now: datetime) -> None:
    leave_mark(1, now=now)
    with entry():
        leave_mark(2, now=now)


def marks() -> list[int]:
    return list(Transition.objects.filter(entity="mark").order_by("id").values_list("entity_id", flat=True))


@pytest.mark.django_db
def test_entry_without_an_error_keeps_what_was_written(now: datetime) -> None:
    with entry():
        assert is_open()
        assert leave_mark(1, now=now) == 1
    assert not is_open()
    assert marks() == [1]


@pytest.mark.django_db(transaction=True)
def test_entry_commits_before_the_next_line(now: datetime) -> None:
    with entry():
        leave_mark(1, now=now)
    assert not connection.in_atomic_block
    assert marks() == [1]


@pytest.mark.django_db
def test_entry_with_an_error_undoes_everything(now: datetime) -> None:
    with pytest.raises(LookupError), entry():
        fail(1, now)
    assert marks() == []


@pytest.mark.django_db
def test_entry_inside_an_entry_is_refused_and_undoes_the_outer(now: datetime) -> None:
    with pytest.raises(NestedEntry), entry():
        leave_marks_in_nested_entries(now)
    assert marks() == []


@pytest.mark.django_db
def test_entry_inside_an_atomic_block_is_refused_where_a_step_passes(now: datetime) -> None:
    with transaction.atomic():
        with pytest.raises(NestedEntry), entry():
            leave_mark(1, now=now)
        assert leave_mark(2, now=now) == 2
    assert marks() == [2]


@pytest.mark.django_db
def test_step_outside_a_transaction_is_refused_by_name(now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction, match="leave_mark"):
        leave_mark(1, now=now)
    assert marks() == []


@pytest.mark.django_db
def test_drive_inside_a_transaction_is_refused_by_name() -> None:
    assert go_round(3) == 3
    with pytest.raises(DriveInsideTransaction, match="go_round"), entry():
        go_round(3)


def test_guarded_functions_keep_their_names_and_docstrings() -> None:
    assert (leave_mark.__name__, leave_mark.__doc__) == ("leave_mark", "Write a row.")
    assert (go_round.__name__, go_round.__doc__) == ("go_round", "Do nothing for long.")


@pytest.mark.django_db
def test_entry_checks_deferred_constraints_before_it_closes(now: datetime) -> None:
    with pytest.raises(IntegrityError, match="kernel_event"), entry():
        EventDelivery.objects.create(event_id=0, subscriber="s", entity="e:1", due_at=now)
    assert not EventDelivery.objects.exists()


@pytest.mark.django_db
def test_entry_marked_for_rollback_ends_without_checking_constraints(now: datetime) -> None:
    with entry():
        EventDelivery.objects.create(event_id=0, subscriber="s", entity="e:1", due_at=now)
        transaction.set_rollback(True)
    assert not EventDelivery.objects.exists()


@pytest.mark.django_db
def test_run_once_runs_the_work_and_returns_its_response(now: datetime) -> None:
    response = run_once(REQUEST, lambda: {"order": "O-1", "mark": leave_mark(1, now=now)})
    assert response == ({"order": "O-1", "mark": 1}, False)
    assert marks() == [1]


@pytest.mark.django_db
def test_run_once_again_replays_without_running(now: datetime) -> None:
    first, _replayed = run_once(REQUEST, lambda: {"名": "裙", "lines": (1, 2), "mark": leave_mark(1, now=now)})
    again, replayed = run_once(REQUEST, lambda: {"mark": leave_mark(2, now=now)})
    assert replayed is True
    assert again == first == {"名": "裙", "lines": [1, 2], "mark": 1}
    assert marks() == [1]


@pytest.mark.django_db
def test_run_once_with_a_changed_request_is_refused(now: datetime) -> None:
    run_once(REQUEST, lambda: {"mark": leave_mark(1, now=now)})
    changed = Idempotency(client="erp", key="k-1", fingerprint="e" * 64)
    with pytest.raises(IdempotencyKeyReused) as refusal:
        run_once(changed, lambda: {"mark": leave_mark(2, now=now)})
    assert (refusal.value.code, refusal.value.status) == ("idempotency_key_reused", 409)
    assert marks() == [1]


@pytest.mark.django_db
def test_run_once_for_another_client_is_another_request(now: datetime) -> None:
    run_once(REQUEST, lambda: {"mark": leave_mark(1, now=now)})
    other = Idempotency(client="shop", key="k-1", fingerprint="e" * 64)
    assert run_once(other, lambda: {"mark": leave_mark(2, now=now)}) == ({"mark": 2}, False)
    assert marks() == [1, 2]


@pytest.mark.django_db
def test_run_once_that_failed_stores_nothing_and_may_be_repeated(now: datetime) -> None:
    with pytest.raises(LookupError):
        run_once(REQUEST, lambda: fail(1, now))
    assert (marks(), IdempotencyRecord.objects.count()) == ([], 0)
    assert run_once(REQUEST, lambda: {"mark": leave_mark(2, now=now)}) == ({"mark": 2}, False)


@pytest.mark.django_db
@pytest.mark.parametrize("response", [{"at": datetime(2026, 1, 1)}, {"rate": float("nan")}])  # noqa: DTZ001
def test_run_once_with_a_response_that_is_no_json_undoes_the_work(response: dict[str, Any], now: datetime) -> None:
    with pytest.raises((TypeError, ValueError)):
        run_once(REQUEST, lambda: response | {"mark": leave_mark(1, now=now)})
    assert (marks(), IdempotencyRecord.objects.count()) == ([], 0)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "k" * 256, "a\x00b", "line\nbreak"])
def test_run_once_with_an_unusable_key_is_refused_naming_the_field(key: str, now: datetime) -> None:
    with pytest.raises(InvalidInput) as refusal:
        run_once(Idempotency(client="erp", key=key, fingerprint="f"), lambda: {"mark": leave_mark(1, now=now)})
    assert refusal.value.field == "idempotency_key"
    assert marks() == []


@pytest.mark.django_db
def test_run_once_inside_an_entry_is_refused() -> None:
    with pytest.raises(NestedEntry), entry():
        run_once(REQUEST, dict)


@pytest.mark.django_db
def test_prune_idempotency_records_deletes_those_older_than_a_week(now: datetime) -> None:
    for key, age in (("new", timedelta(days=7)), ("old", timedelta(days=7, seconds=1))):
        with time_machine.travel(now - age, tick=False):
            run_once(Idempotency(client="erp", key=key, fingerprint="f"), dict)
    with entry():
        assert prune_idempotency_records(now=now) == 1
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["UPDATE kernel_event SET payload = '{}'", "DELETE FROM kernel_event"])
def test_append_only_rows_refuse_every_change(change: str, now: datetime) -> None:
    Event.objects.create(name="x.Y", entity="id:1", payload={"id": 1}, created_at=now)
    with pytest.raises(IntegrityError, match="never changed"), entry(), connection.cursor() as cursor:
        cursor.execute(change)
    assert Event.objects.get().payload == {"id": 1}
