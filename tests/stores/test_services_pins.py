"""A manager's PIN: what may be one, how wrong ones are counted, and what is kept of it."""

import logging
from datetime import timedelta

import pytest

from omni.kernel.transactions import entry
from stores import queries, services
from stores.models import ApprovalPin, Staff
from stores.services import PinLocked, WeakPin, WrongPin
from tests.cast import NOON, World

pytestmark = pytest.mark.django_db

PIN = "402917"


def give_pin(staff: Staff, pin: str = PIN) -> None:
    with entry():
        services.set_pin(staff.pk, pin, now=NOON)


def test_pin_that_is_right_passes_and_is_kept_hashed_and_logged_nowhere(
    manager_a: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    give_pin(manager_a)
    services.drive_check_pin(manager_a.pk, " ４０２９１７ ", now=NOON)
    with pytest.raises(WrongPin):
        services.drive_check_pin(manager_a.pk, "402918", now=NOON)

    row = ApprovalPin.objects.get()
    assert (row.staff, PIN in row.hashed, row.set_at) == (manager_a, False, NOON)
    assert [PIN in record.getMessage() or "402918" in record.getMessage() for record in caplog.records] == [
        False for _record in caplog.records
    ]
    assert f"staff:{manager_a.pk}" in caplog.text


@pytest.mark.parametrize(
    "pin", ["", "12345", "1234567", "123456", "890123", "654321", "111111", "112112", "40291a", "40291\x00", "4" * 999]
)
def test_pin_that_anybody_guesses_or_that_is_none_is_refused(manager_a: Staff, pin: str) -> None:
    with pytest.raises(WeakPin) as refused:
        give_pin(manager_a, pin)

    assert (refused.value.field, ApprovalPin.objects.count()) == ("pin", 0)


def test_five_wrong_tries_lock_the_pin_for_a_quarter_of_an_hour(manager_a: Staff) -> None:
    give_pin(manager_a)
    left = []
    for _try in range(5):
        with pytest.raises(WrongPin) as wrong:
            services.drive_check_pin(manager_a.pk, "999998", now=NOON)
        left.append(wrong.value.params["tries"])
    with pytest.raises(PinLocked) as locked:
        services.drive_check_pin(manager_a.pk, PIN, now=NOON + timedelta(minutes=14))

    assert (left, locked.value.params["at"]) == ([4, 3, 2, 1, 0], "12:15")
    services.drive_check_pin(manager_a.pk, PIN, now=NOON + timedelta(minutes=15))
    assert ApprovalPin.objects.values_list("tries_left", "renewed_at").get() == (5, None)


def test_pin_is_of_one_person_in_one_store(world: World, manager_a: Staff, clerk_a: Staff) -> None:
    elsewhere = Staff.objects.create(user=manager_a.user, role="manager", store=world.stores["B"])
    give_pin(manager_a)

    for staff_id in (elsewhere.pk, clerk_a.pk, 0):
        with pytest.raises(WrongPin):
            services.drive_check_pin(staff_id, PIN, now=NOON)
    assert queries.approvers(world.stores["A"].pk) == [(manager_a.pk, manager_a.display_name or "manager-a")]
    assert queries.approvers(world.stores["B"].pk) == []


def test_new_pin_replaces_the_old_one_and_unlocks_and_goes_with_its_owner(world: World, manager_a: Staff) -> None:
    give_pin(manager_a)
    ApprovalPin.objects.update(tries_left=0, renewed_at=NOON + timedelta(minutes=15))
    give_pin(manager_a, "730518")

    services.drive_check_pin(manager_a.pk, "730518", now=NOON)
    with pytest.raises(WrongPin):
        services.drive_check_pin(manager_a.pk, PIN, now=NOON)
    Staff.objects.filter(pk=manager_a.pk).update(is_active=False)
    assert queries.approvers(world.stores["A"].pk) == []
    with entry():
        services.erase_former_staff(manager_a.user_id)
    assert ApprovalPin.objects.count() == 0
