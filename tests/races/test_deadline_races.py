"""A deadline that passes in the moment in which somebody acts. Each race has a control that shows what prevents it."""

from datetime import datetime, timedelta
from threading import Barrier

import pytest

from fulfillment import locks, services
from fulfillment.choices import FulfillmentOrderStatus, PickupCodePurpose, Way
from fulfillment.models import FulfillmentOrder, Parcel
from fulfillment.services import deadlines, packing, silence
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from tests.cast import NOON, World, build_world
from tests.factories.fulfillment import (
    CLERK,
    accept,
    accept_and_pack,
    code_of,
    fresh,
    offer_share,
    status_of,
)
from tests.races.test_pickup_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus
OVERDUE = NOON + timedelta(hours=1)
LOST = NOON + timedelta(hours=2)


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


def sweep(now: datetime) -> None:
    services.drive_due_routing(1, now=now)


def pack(share: FulfillmentOrder) -> None:
    with entry():
        services.pack(share.pk, actor=CLERK, now=LOST)


def start_picking(share: FulfillmentOrder, now: datetime) -> None:
    with entry():
        services.start_picking(share.pk, actor=CLERK, now=now)


def stock(world: World) -> tuple[int, int]:
    level = world.level("A", "S")
    return level.on_hand, level.allocated


def overdue_share(world: World) -> FulfillmentOrder:
    share = accept(offer_share(world))
    sweep(OVERDUE)
    return fresh(share)


@pytest.mark.parametrize("turn", range(6))
def test_packing_as_the_order_is_taken_away_ends_in_one_of_both(small_world: World, turn: int) -> None:
    share = overdue_share(small_world)

    outcomes = at_once(lambda: pack(share), lambda: sweep(LOST), lambda: sweep(LOST))

    if outcomes[0] == "done":
        assert (status_of(share), stock(small_world)) == (S.AWAITING_COURIER, (10, 1))
        assert FulfillmentOrder.objects.count() == 1
    else:
        assert outcomes[0] == "StateConflict"
        assert (status_of(share), stock(small_world)) == (S.TIMED_OUT, (10, 0))
        assert FulfillmentOrder.objects.exclude(pk=share.pk).count() == 1


def test_packing_as_the_order_is_taken_away_without_lock_and_compare_and_set_ends_in_both(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the goods lie packed here, are on sale again, and another store is to be found for them."""
    share, both_have_read = overdue_share(small_world), Barrier(2, timeout=30)

    def read(share_id: int, *_statuses: object) -> FulfillmentOrder:
        found = FulfillmentOrder.objects.select_related("fulfillment").get(pk=share_id)
        both_have_read.wait(5)
        return found

    def write(row: FulfillmentOrder, *, to: str, **_log: object) -> None:
        FulfillmentOrder.objects.filter(pk=row.pk).update(status=to)
        row.status = to

    monkeypatch.setattr(packing, "lock_in", read)
    monkeypatch.setattr(locks, "lock_share", read)
    for module in (packing, silence):
        monkeypatch.setattr(module, "transition", write)

    assert at_once(lambda: pack(share), lambda: sweep(LOST)) == ["done", "done"]
    assert (Parcel.objects.count(), stock(small_world)) == (1, (10, 0))
    assert FulfillmentOrder.objects.exclude(pk=share.pk).count() == 1


@pytest.mark.parametrize("turn", range(4))
def test_picking_as_the_order_is_taken_away_keeps_it_or_loses_it(small_world: World, turn: int) -> None:
    share = overdue_share(small_world)

    outcomes = at_once(lambda: start_picking(share, LOST), lambda: sweep(LOST))

    if outcomes[0] == "done":
        assert (status_of(share), fresh(share).deadline_at) == (S.PICKING, LOST + timedelta(hours=1))
        assert (fresh(share).overdue_at, FulfillmentOrder.objects.count()) == (None, 1)
    else:
        assert (status_of(share), outcomes[0]) == (S.TIMED_OUT, "StateConflict")


def test_a_silence_ended_without_looking_at_the_lease_blames_a_store_that_works(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: between the claim and the work somebody began to pick, and is reported all the same."""
    share = accept(offer_share(small_world))
    end_silence = silence.end_silence

    def end_late(share_id: int, *, leased_until: datetime, now: datetime) -> None:
        locked = locks.lock_share(share_id)
        deadlines.start_preparation(locked, now=now)
        assert locked.deadline_at is not None
        end_silence(share_id, leased_until=locked.deadline_at, now=now)

    monkeypatch.setattr(silence, "end_silence", end_late)
    sweep(OVERDUE)

    assert fresh(share).overdue_at == OVERDUE


@pytest.mark.parametrize("turn", range(4))
def test_collecting_as_silence_agrees_to_cancel_ends_in_one_of_both(small_world: World, turn: int) -> None:
    share = accept_and_pack(offer_share(small_world, way=Way.PICKUP))
    code = code_of(share, PickupCodePurpose.SHOPPER)
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=NOON)
    late = NOON + timedelta(minutes=30)

    outcomes = at_once(
        lambda: services.drive_collect(share.pk, code=code, actor=CLERK, now=late),
        lambda: sweep(late),
        lambda: sweep(late),
    )

    told = set(Event.objects.values_list("name", flat=True))
    if outcomes[0] == "done":
        assert (status_of(share), stock(small_world)) == (S.COLLECTED, (9, 0))
        assert "fulfillment.FulfillmentOrderCancelled" not in told
    else:
        assert (status_of(share), stock(small_world)) == (S.CANCELLED, (10, 0))
        assert "fulfillment.FulfillmentOrderDelivered" not in told


def test_sweepers_at_once_report_a_silent_store_once(small_world: World) -> None:
    share = accept(offer_share(small_world))

    at_once(*[lambda: sweep(OVERDUE)] * 6)

    assert fresh(share).overdue_at == OVERDUE
    assert Event.objects.filter(name="fulfillment.FulfillmentOrderOverdue").count() == 1
