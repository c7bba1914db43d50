"""Workers that die anywhere in routing: the sweeper finishes what they began, once."""

import os
import signal
import subprocess
import sys
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from pytest_django import Settings

from fulfillment import queries, services
from fulfillment.choices import FulfillmentOrderStatus
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, RoutingDecision
from inventory.models import Reservation, StockLevel
from omni.kernel.models import Event, Transition
from omni.kernel.transactions import entry
from stores.models import Store, StoreCapacity
from tests.cast import NOON, World, build_world
from tests.fulfillment.test_services_routing import fresh, paid, stock_agrees

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus
# A claim puts a share off by five seconds; the sweeper comes every three.
NEXT_SWEEP = timedelta(seconds=6)


@pytest.fixture(autouse=True)
def _no_hints(settings: Settings) -> None:
    settings.OUTBOX_HINTS = False


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


def run_dying_worker(where: str, now: datetime) -> None:
    """Run a worker that kills itself at a point of routing."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {**os.environ, "DATABASE_URL": urlunsplit(address), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-m", "tests.faults.dying_router", where, now.isoformat()]
    ended = subprocess.run(command, env=environment, timeout=60, check=False, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def sweep(now: datetime) -> int:
    return services.drive_due_routing(10, now=now)


def changes(to: str) -> int:
    """Count how often a fulfillment order came to a status."""
    return Transition.objects.filter(entity="fulfillment.fulfillmentorder", to_status=to).count()


def no_violation() -> bool:
    findings = [
        queries.audit_holds(),
        queries.audit_promises(),
        queries.audit_capacity(since=date(2026, 3, 16)),
        queries.audit_due_rows(overdue=NOON - timedelta(minutes=10)),
    ]
    return [wrong for _checked, wrong, _named in findings] == [0, 0, 0, 0] and stock_agrees()


@pytest.mark.parametrize(
    "where",
    [
        "after the claim",
        "with the demand locked",
        "with the goods taken",
        "with the decision written",
        "with the share offered",
        "before the commit",
    ],
)
def test_a_worker_killed_while_routing_leaves_one_offer(small_world: World, where: str) -> None:
    """The share must move from A, which has closed, to B."""
    (share_id,) = paid(small_world, ("S", 2))
    Store.objects.filter(pk=small_world.stores["A"].pk).update(is_active=False)

    run_dying_worker(f"route: {where}", NOON)

    assert (fresh(share_id).status, fresh(share_id).failures) == (S.PENDING_ROUTING, 1)
    assert (small_world.level("A", "S").allocated, small_world.level("B", "S").allocated) == (2, 0)
    assert not RoutingDecision.objects.filter(kind="route").exists()
    assert sweep(NOON) == 0

    assert sweep(NOON + NEXT_SWEEP) == 1

    assert (fresh(share_id).status, fresh(share_id).store_id) == (S.OFFERED, small_world.stores["B"].pk)
    assert (small_world.level("A", "S").allocated, small_world.level("B", "S").allocated) == (0, 2)
    assert RoutingDecision.objects.filter(kind="route").count() == 1
    assert changes(S.OFFERED) == 1
    assert no_violation()
    assert sweep(NOON + 2 * NEXT_SWEEP) == 0


def test_a_worker_killed_after_routing_leaves_the_offer(small_world: World) -> None:
    (share_id,) = paid(small_world, ("S", 2))

    run_dying_worker("route: with the share parked", NOON)

    assert fresh(share_id).status == S.OFFERED
    assert sweep(NOON + NEXT_SWEEP) == 0
    assert no_violation()


def test_a_worker_killed_while_parking_parks_and_tells_once(small_world: World) -> None:
    (share_id,) = paid(small_world, ("L", 2))
    Store.objects.update(is_active=False)

    run_dying_worker("route: with the share parked", NOON)

    assert fresh(share_id).status == S.PENDING_ROUTING
    assert sweep(NOON + NEXT_SWEEP) == 1
    assert fresh(share_id).status == S.UNFILLABLE
    assert Event.objects.filter(name="fulfillment.FulfillmentOrderUnfillable").count() == 1
    assert (small_world.level("B", "L").allocated, StoreCapacity.objects.get().used) == (0, 0)
    assert no_violation()


@pytest.mark.parametrize(
    "where", ["after the claim", "with the goods given back", "before the commit", "after the commit"]
)
def test_a_worker_killed_while_an_offer_times_out_leaves_one_follower(small_world: World, where: str) -> None:
    (share_id,) = paid(small_world, ("S", 2))
    with entry():
        services.route(share_id, now=NOON)
    late = NOON + timedelta(minutes=30)

    run_dying_worker(f"time out: {where}", late)

    is_done = where == "after the commit"
    assert fresh(share_id).status == (S.TIMED_OUT if is_done else S.OFFERED)
    assert small_world.level("A", "S").allocated == (0 if is_done else 2)
    # What was not done is due again: first the silent offer, then its follower; else the follower alone.
    assert sweep(late + NEXT_SWEEP) == (1 if is_done else 2)

    (follower,) = FulfillmentOrder.objects.exclude(pk=share_id)
    assert (follower.status, follower.attempt) == (S.OFFERED, 2)
    assert follower.store_id == small_world.stores["B"].pk
    assert changes(S.TIMED_OUT) == 1
    assert (small_world.level("A", "S").allocated, small_world.level("B", "S").allocated) == (0, 2)
    assert no_violation()
    assert sweep(late + 2 * NEXT_SWEEP) == 0


def accepted(world: World) -> int:
    """Return a share that its store has accepted, and that nobody prepares."""
    (share_id,) = paid(world, ("S", 2))
    with entry():
        services.route(share_id, now=NOON)
        services.accept_offer(share_id, actor="user:7", now=NOON)
    return share_id


def overdue_events() -> int:
    return Event.objects.filter(name="fulfillment.FulfillmentOrderOverdue").count()


@pytest.mark.parametrize("where", ["after the claim", "with the share reported", "before the commit"])
def test_a_worker_killed_while_it_reports_a_silent_store_reports_once(small_world: World, where: str) -> None:
    share_id = accepted(small_world)
    late = NOON + timedelta(hours=1)

    run_dying_worker(f"silence: {where}", late)

    assert (fresh(share_id).overdue_at, fresh(share_id).failures, overdue_events()) == (None, 1, 0)
    assert sweep(late) == 0
    assert sweep(late + NEXT_SWEEP) == 1
    assert (fresh(share_id).overdue_at, fresh(share_id).failures, overdue_events()) == (late + NEXT_SWEEP, 0, 1)
    assert sweep(late + 2 * NEXT_SWEEP) == 0


@pytest.mark.parametrize("where", ["after the claim", "with the goods given back", "before the commit"])
def test_a_worker_killed_while_a_silent_store_loses_its_order_leaves_one_follower(
    small_world: World, where: str
) -> None:
    share_id = accepted(small_world)
    sweep(NOON + timedelta(hours=1))
    late = NOON + timedelta(hours=2)

    run_dying_worker(f"silence: {where}", late)

    assert (fresh(share_id).status, small_world.level("A", "S").allocated) == (S.ACCEPTED, 2)
    assert sweep(late + NEXT_SWEEP) == 2
    (follower,) = FulfillmentOrder.objects.exclude(pk=share_id)
    assert (follower.status, follower.store_id) == (S.OFFERED, small_world.stores["B"].pk)
    assert (small_world.level("A", "S").allocated, small_world.level("B", "S").allocated) == (0, 2)
    assert (changes(S.TIMED_OUT), overdue_events()) == (1, 1)
    assert no_violation()


@pytest.mark.parametrize("where", ["after the claim", "with the cancellation agreed", "before the commit"])
def test_a_worker_killed_while_silence_agrees_to_cancel_cancels_once(small_world: World, where: str) -> None:
    share_id = accepted(small_world)
    with entry():
        services.pack(share_id, actor="user:7", now=NOON)
        services.request_cancel(fresh(share_id).fulfillment_id, actor="guest", now=NOON)
    late = NOON + timedelta(minutes=30)

    run_dying_worker(f"silence: {where}", late)

    assert (fresh(share_id).status, small_world.level("A", "S").allocated) == (S.CANCEL_REQUESTED, 2)
    assert sweep(late + NEXT_SWEEP) == 1
    assert (fresh(share_id).status, small_world.level("A", "S").allocated) == (S.CANCELLED, 0)
    assert Event.objects.filter(name="fulfillment.FulfillmentOrderCancelled").count() == 1
    assert no_violation()


def test_workers_killed_again_and_again_are_put_off_for_longer(small_world: World) -> None:
    (share_id,) = paid(small_world, ("S", 2))
    now = NOON
    delays = []
    for _death in range(3):
        run_dying_worker("route: with the goods taken", now)
        due_at = fresh(share_id).route_due_at
        assert due_at is not None
        delays.append((due_at - now).seconds)
        now = due_at

    assert delays == [5, 10, 30]
    assert sweep(now) == 1
    assert (fresh(share_id).status, fresh(share_id).failures) == (S.OFFERED, 0)


def test_the_same_hint_three_times_makes_one_offer(small_world: World) -> None:
    (share_id,) = paid(small_world, ("S", 2))

    assert [services.drive_route(share_id, now=NOON) for _copy in range(3)] == [True, False, False]

    assert changes(S.OFFERED) == 1
    assert Reservation.objects.filter(status="allocated").count() == 1
    assert FulfillmentOrderLine.objects.count() == 1
    assert StockLevel.objects.filter(allocated__gt=0).count() == 1
