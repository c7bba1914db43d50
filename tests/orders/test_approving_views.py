"""A manager's PIN at the desk: chosen on its page, and used where a manager approves."""

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from omni.kernel.transactions import entry
from orders.models import CounterLine
from stores import services as stores_services
from stores.models import ApprovalPin, Staff
from tests.cast import NOON, World
from tests.factories.accounts import PASSWORD
from tests.factories.counter import opened_basket

pytestmark = pytest.mark.django_db

PIN = "402917"
CUT: dict[str, Any] = {"mode": "percent", "value": "30", "reason": "样衣"}


@pytest.fixture(autouse=True)
def _all_tries() -> None:
    caches["limits"].clear()


def client_of(staff: Staff) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(staff.user)
    return client


def send(client: Client, url: str, status: int, **fields: Any) -> str:  # noqa: ANN401  whatever somebody sends
    response = client.post(url, fields)
    assert response.status_code == status
    return response.content.decode()


def discount_of(world: World) -> str:
    """Return the address at which something is taken off a shirt of store A."""
    basket = opened_basket(world, "S")
    where = f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/"
    return f"{where}lines/{basket.lines.get().pk}/discount/"


def give_pin(staff: Staff) -> None:
    with entry():
        stores_services.set_pin(staff.pk, PIN, now=NOON)


def test_manager_chooses_a_pin_after_the_password(world: World, manager_a: Staff) -> None:
    manager, url = client_of(manager_a), f"/desk/stores/{world.stores['A'].pk}/pin/"

    assert "That is not your password." in send(manager, url, 422, password="wrong", pin=PIN, again=PIN)
    assert "The two are not the same." in send(manager, url, 422, password=PASSWORD, pin=PIN, again="402918")
    assert "Choose six digits" in send(manager, url, 422, password=PASSWORD, pin="123456", again="123456")
    assert ApprovalPin.objects.count() == 0
    send(manager, url, 302, password=PASSWORD, pin=PIN, again=PIN)

    assert ApprovalPin.objects.get().staff == manager_a
    page = manager.get(url)
    assert ("A PIN is set." in page.content.decode(), page["X-Desk-Keep"]) == (True, "no")


def test_pin_is_chosen_by_the_stores_own_managers_alone(world: World, clerk_a: Staff, manager_a: Staff) -> None:
    wanted = {"password": PASSWORD, "pin": PIN, "again": PIN}

    send(client_of(clerk_a), f"/desk/stores/{world.stores['A'].pk}/pin/", 404, **wanted)
    send(client_of(manager_a), f"/desk/stores/{world.stores['B'].pk}/pin/", 404, **wanted)

    assert ApprovalPin.objects.count() == 0


def test_discount_is_approved_with_the_pin_and_written_down_with_the_manager(
    world: World, clerk_a: Staff, manager_a: Staff
) -> None:
    desk, where = client_of(clerk_a), discount_of(world)
    assert 'name="pin"' not in send(desk, where, 422, **CUT)
    give_pin(manager_a)
    assert 'name="pin"' in send(desk, where, 422, **CUT)

    page = send(desk, where, 422, approver=manager_a.pk, pin="402918", **CUT)
    assert ("That is not the PIN. 4 tries left." in page, "402918" in page) == (True, False)
    assert CounterLine.objects.get().approved_by is None
    send(desk, where, 302, approver=manager_a.pk, pin=PIN, **CUT)

    assert CounterLine.objects.get().approved_by == manager_a


def test_five_wrong_pins_leave_the_password(world: World, clerk_a: Staff, manager_a: Staff) -> None:
    desk, where = client_of(clerk_a), discount_of(world)
    give_pin(manager_a)
    for _try in range(5):
        send(desk, where, 422, approver=manager_a.pk, pin="999998", **CUT)

    assert "The PIN was wrong five times." in send(desk, where, 422, approver=manager_a.pk, pin=PIN, **CUT)
    assert CounterLine.objects.get().approved_by is None
    send(desk, where, 302, manager="manager-a", password=PASSWORD, **CUT)
    assert CounterLine.objects.get().approved_by == manager_a


@pytest.mark.parametrize("approver", ["", "0", "-1", "x", "9" * 30, "１", "1;2"])
@pytest.mark.parametrize("pin", [PIN, "🔑🔑🔑", "40\x0017", "'"])
def test_nobody_and_nonsense_approve_nothing(
    world: World, clerk_a: Staff, manager_a: Staff, approver: str, pin: str
) -> None:
    desk, where = client_of(clerk_a), discount_of(world)
    give_pin(manager_a)

    send(desk, where, 422, approver=approver, pin=pin, **CUT)

    assert (CounterLine.objects.get().manual_mode, ApprovalPin.objects.get().tries_left) == ("", 5)


def test_pin_of_another_stores_manager_approves_nothing(world: World, clerk_a: Staff, clerk_b: Staff) -> None:
    Staff.objects.filter(pk=clerk_b.pk).update(role="manager")
    desk, where = client_of(clerk_a), discount_of(world)
    give_pin(clerk_b)

    assert "A manager approves it here" in send(desk, where, 422, approver=clerk_b.pk, pin=PIN, **CUT)

    assert (CounterLine.objects.get().manual_mode, ApprovalPin.objects.get().tries_left) == ("", 5)
