"""Not found, damaged: the books follow the shelf, and promises beyond it are displaced."""

from datetime import datetime, timedelta

import pytest

from inventory import services
from inventory.models import CountTask, Reservation, StockMovement
from inventory.services import StockWant
from omni.kernel.errors import NotFound
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from tests.cast import World

pytestmark = pytest.mark.django_db


def promise(world: World, now: datetime, quantity: int, minute: int, *, is_paid: bool = False) -> int:
    """Hold (or allocate) units of store B's S, of which there are five."""
    take = services.allocate_stock if is_paid else services.hold_stock
    want = StockWant(world.stores["B"].pk, world.variants["S"].pk, quantity)
    with entry():
        return take([want], owner=f"fulfillment_order:{minute}", now=now + timedelta(minutes=minute))[0]


def not_found(world: World, now: datetime, quantity: int, cause: str = "reject:1") -> None:
    with entry():
        services.report_not_found(
            world.stores["B"].pk, world.variants["S"].pk, quantity, cause=cause, actor="user:7", now=now
        )


def live() -> list[int]:
    return list(
        Reservation.objects.filter(status__in=["held", "allocated"]).order_by("pk").values_list("pk", flat=True)
    )


def displaced() -> list[tuple[str, dict[str, object]]]:
    return list(Event.objects.order_by("pk").values_list("entity", "payload"))


def test_report_not_found_with_room_left_displaces_nobody(world: World, now: datetime) -> None:
    kept = promise(world, now, 3, 1)

    not_found(world, now, 2)

    level = world.level("B", "S")
    assert (level.on_hand, level.held) == (3, 3)
    assert live() == [kept]
    assert displaced() == []
    movement = StockMovement.objects.get(kind="not_found")
    assert (movement.quantity, movement.cause, movement.actor, movement.moved_at) == (-2, "reject:1", "user:7", now)


def test_report_not_found_displaces_the_youngest_promises_first(world: World, now: datetime) -> None:
    youngest = promise(world, now, 1, 3, is_paid=True)
    oldest = promise(world, now, 2, 1)
    middle = promise(world, now, 2, 2, is_paid=True)

    not_found(world, now, 2)

    level = world.level("B", "S")
    assert (level.on_hand, level.held, level.allocated) == (3, 2, 0)
    assert live() == [oldest]
    variant_id = world.variants["S"].pk
    assert displaced() == [
        (
            f"owner:fulfillment_order:{minute}",
            {
                "owner": f"fulfillment_order:{minute}",
                "reservation_id": pk,
                "variant_id": variant_id,
                "quantity": quantity,
            },
        )
        for pk, minute, quantity in [(youngest, 3, 1), (middle, 2, 2)]
    ]


def test_report_not_found_of_more_than_there_is_stops_at_zero(world: World, now: datetime) -> None:
    not_found(world, now, 9)

    assert world.level("B", "S").on_hand == 0
    assert StockMovement.objects.get(kind="not_found").quantity == -5
    not_found(world, now, 1, cause="reject:2")
    assert StockMovement.objects.filter(kind="not_found").count() == 1


def test_report_not_found_twice_keeps_one_open_count_task(world: World, now: datetime) -> None:
    not_found(world, now, 1)
    not_found(world, now, 1, cause="reject:2")

    task = CountTask.objects.get()
    assert (task.level, task.reason, task.closed_at) == (world.level("B", "S"), "not_found", None)


def test_report_not_found_where_damaged_units_are_all_that_is_left_counts_them(world: World, now: datetime) -> None:
    with entry():
        services.set_aside_damaged(world.stores["B"].pk, world.variants["S"].pk, 4, now=now)

    not_found(world, now, 3)

    level = world.level("B", "S")
    assert (level.on_hand, level.unsellable) == (2, 2)


def test_set_aside_damaged_displaces_what_no_sellable_unit_is_left_for(world: World, now: datetime) -> None:
    kept, lost = promise(world, now, 3, 1), promise(world, now, 1, 2)

    with entry():
        services.set_aside_damaged(world.stores["B"].pk, world.variants["S"].pk, 2, now=now)

    level = world.level("B", "S")
    assert (level.on_hand, level.held, level.unsellable) == (5, 3, 2)
    assert live() == [kept]
    assert [payload["reservation_id"] for _entity, payload in displaced()] == [lost]
    assert StockMovement.objects.exclude(kind="opening").count() == 0
    assert CountTask.objects.get().reason == "damaged"


def test_report_not_found_where_the_store_never_had_the_variant_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(NotFound), entry():
        services.report_not_found(
            world.other_store.pk, world.variants["S"].pk, 1, cause="reject:1", actor="user:7", now=now
        )

    assert not StockMovement.objects.exclude(kind="opening").exists()
