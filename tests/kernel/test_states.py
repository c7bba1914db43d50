"""Transitions by compare-and-set, with their log."""

import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import IntegrityError, connection
from pytest_django import DjangoAssertNumQueries

from omni.kernel.models import Transition
from omni.kernel.states import StateConflict, transition
from omni.kernel.transactions import StepOutsideTransaction, entry
from tests.kernel.crowd import PATIENCE_SECONDS, together
from tests.kernel.machines import Machine, MachineStatus, drop_table, make_table


@pytest.fixture
def machine(db: None) -> Machine:
    make_table()
    return Machine.objects.create(number=7)


def log() -> list[tuple[object, ...]]:
    columns = ("entity", "entity_id", "from_status", "to_status", "actor", "reason", "at")
    return list(Transition.objects.order_by("id").values_list(*columns))


def test_transition_that_is_allowed_moves_and_logs_in_one_statement(
    machine: Machine, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    machine.note = "unsaved"
    with entry(), django_assert_num_queries(1):
        transition(machine, to=MachineStatus.RUNNING, actor="staff:3", now=now, reason="button")
    stored = Machine.objects.get()
    assert (machine.status, stored.status, stored.note) == ("running", "running", "")
    assert log() == [("tests.machine", 7, "new", "running", "staff:3", "button", now)]


def test_transition_along_the_table_logs_every_change(machine: Machine, now: datetime) -> None:
    with entry():
        for status in ("running", "new", "running", "stopped"):
            transition(machine, to=status, actor="system", now=now)
    assert Machine.objects.get().status == "stopped"
    assert [(row[2], row[3], row[5]) for row in log()] == [
        ("new", "running", ""),
        ("running", "new", ""),
        ("new", "running", ""),
        ("running", "stopped", ""),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [("new", "stopped"), ("new", "new"), ("stopped", "running"), ("unheard of", "running"), ("running", "unheard of")],
)
def test_transition_that_the_table_forbids_changes_nothing(
    machine: Machine, now: datetime, before: str, after: str
) -> None:
    Machine.objects.update(status=before)
    machine.status = before
    with pytest.raises(StateConflict) as refusal, entry():
        transition(machine, to=after, actor="system", now=now)
    assert (refusal.value.code, refusal.value.status, refusal.value.field) == ("state_conflict", 409, "status")
    assert refusal.value.params == {"entity": "tests.machine", "before": before, "after": after}
    assert (machine.status, Machine.objects.get().status, log()) == (before, before, [])


def test_transition_of_a_row_that_moved_meanwhile_changes_nothing(machine: Machine, now: datetime) -> None:
    Machine.objects.update(status="stopped")
    with pytest.raises(StateConflict), entry():
        transition(machine, to=MachineStatus.RUNNING, actor="system", now=now)
    assert (machine.status, Machine.objects.get().status, log()) == ("new", "stopped", [])


def test_transition_outside_a_transaction_is_refused(machine: Machine, now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction):
        transition(machine, to=MachineStatus.RUNNING, actor="system", now=now)
    assert (Machine.objects.get().status, log()) == ("new", [])


@pytest.mark.parametrize("change", ["UPDATE kernel_transition SET actor = 'x'", "DELETE FROM kernel_transition"])
def test_transition_log_refuses_every_change(machine: Machine, now: datetime, change: str) -> None:
    with entry():
        transition(machine, to=MachineStatus.RUNNING, actor="system", now=now)
    with pytest.raises(IntegrityError, match="never changed"), entry(), connection.cursor() as cursor:
        cursor.execute(change)
    assert len(log()) == 1


@pytest.fixture
def shared_machine(transactional_db: None) -> Iterator[Machine]:
    make_table()
    yield Machine.objects.create(number=7)
    drop_table()


def test_transition_by_ten_at_once_has_one_winner(shared_machine: Machine, now: datetime) -> None:
    everyone_read = threading.Barrier(10, timeout=PATIENCE_SECONDS)

    def run() -> str:
        machine = Machine.objects.get()
        everyone_read.wait()
        with entry():
            transition(machine, to=MachineStatus.RUNNING, actor="system", now=now)
        return "won"

    outcomes = together(*[run] * 10)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["StateConflict"] * 9 + ["str"]
    assert len(log()) == 1


def test_without_compare_and_set_all_ten_believe_they_won(shared_machine: Machine) -> None:
    everyone_read = threading.Barrier(10, timeout=PATIENCE_SECONDS)

    def run() -> bool:
        machine = Machine.objects.get()
        everyone_read.wait()
        with entry():
            machine.status = MachineStatus.RUNNING
            machine.save(update_fields=["status"])
        return True

    assert together(*[run] * 10) == [True] * 10
