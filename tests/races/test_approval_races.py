"""Guesses at a manager's PIN at once, on real connections; the guard has a control."""

from threading import Barrier

import pytest

from omni.kernel.transactions import entry
from stores import services
from stores.models import ApprovalPin, Staff
from tests.cast import NOON, build_world
from tests.factories.stores import ManagerFactory
from tests.races.test_return_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager() -> Staff:
    """Return the manager of store A, who has a PIN, committed."""
    manager = ManagerFactory.create(store=build_world().stores["A"])
    with entry():
        services.set_pin(manager.pk, "402917", now=NOON)
    return manager


def test_guesses_at_a_pin_at_once_are_all_counted(manager: Staff) -> None:
    outcomes = at_once(*[lambda: services.drive_check_pin(manager.pk, "999998", now=NOON)] * 8)

    assert outcomes == ["PinLocked"] * 3 + ["WrongPin"] * 5
    assert ApprovalPin.objects.get().tries_left == 0


def test_control_tries_that_are_read_and_written_back_are_free(manager: Staff) -> None:
    both_have_read = Barrier(2, timeout=30)

    def count_unguarded() -> None:
        with entry():
            pin = ApprovalPin.objects.get()
            both_have_read.wait(5)
            pin.tries_left -= 1
            pin.save()

    assert at_once(count_unguarded, count_unguarded) == ["done", "done"]
    assert ApprovalPin.objects.get().tries_left == 4
