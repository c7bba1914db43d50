"""A replacement is given back, or its goods come in: never both, on real connections; the guard has a control."""

from datetime import datetime
from threading import Barrier

import pytest
from django.conf import LazySettings

from omni.kernel.transactions import entry
from orders import locks, services
from orders.choices import OrderStatus, ReturnStatus
from orders.models import Return
from orders.services import receiving, return_deadlines, returning
from tests.audit_fixture import broken_claims
from tests.cast import World, build_world
from tests.factories.exchanges import agreed_exchange, replacement_of
from tests.factories.orders import run_deliveries
from tests.factories.returns import NEXT_DAY, delivered_order
from tests.orders.wechat import Provider
from tests.races.test_return_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_world(settings: LazySettings) -> World:
    """Return the small world, committed."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    return build_world()


@pytest.fixture
def case(small_world: World) -> Return:
    """Return an even exchange whose goods may be brought."""
    return agreed_exchange(delivered_order(small_world, ("S", 1)), "M")


def receive(case: Return, world: World, now: datetime) -> None:
    with entry():
        services.receive_return(case.pk, world.stores["B"].pk, actor="user:1", now=now)


def cancel(case: Return) -> None:
    with entry():
        services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)


def test_replacement_is_given_back_or_its_goods_are_received(small_world: World, case: Return) -> None:
    outcomes = at_once(lambda: receive(case, small_world, NEXT_DAY), lambda: cancel(case))
    assert outcomes == ["ReturnNotOpen", "done"]
    run_deliveries(NEXT_DAY)
    case.refresh_from_db()
    assert (case.status, replacement_of(case).status) in {
        (ReturnStatus.RECEIVED, OrderStatus.PLACED),
        (ReturnStatus.CANCELLED, OrderStatus.CANCELLED),
    }
    assert broken_claims(NEXT_DAY) == {}


def test_goods_that_come_in_as_their_time_ends_keep_the_replacement_or_do_not(small_world: World, case: Return) -> None:
    assert case.due_at is not None
    end = case.due_at
    at_once(lambda: receive(case, small_world, end), lambda: return_deadlines.drive_return(case.pk, now=end))
    run_deliveries(end)
    case.refresh_from_db()
    assert (case.status, replacement_of(case).status) in {
        (ReturnStatus.RECEIVED, OrderStatus.PLACED),
        (ReturnStatus.EXPIRED, OrderStatus.CANCELLED),
    }
    assert broken_claims(end) == {}


def test_control_without_lock_and_guard_received_goods_lose_their_replacement(
    small_world: World, case: Return, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_read = Barrier(2, timeout=30)

    def read(return_id: int) -> locks.ReturnLock:
        found = Return.objects.select_related("order").get(pk=return_id)
        both_have_read.wait()
        return locks.ReturnLock(found, found.order, [])

    def move(row: Return, *, to: str, **_log: object) -> None:
        Return.objects.filter(pk=row.pk).update(status=to)
        row.status = to

    monkeypatch.setattr(locks, "lock_return", read)
    monkeypatch.setattr(returning, "transition", move)
    monkeypatch.setattr(receiving, "transition", move)
    assert at_once(lambda: receive(case, small_world, NEXT_DAY), lambda: cancel(case)) == ["done", "done"]
    case.refresh_from_db()
    assert case.received_at == NEXT_DAY
    assert replacement_of(case).status == OrderStatus.CANCELLED
