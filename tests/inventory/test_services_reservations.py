"""Holding, allocating, releasing, consuming and returning units."""

from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from inventory import services
from inventory.choices import MovementKind, ReservationStatus
from inventory.models import Reservation, StockLevel, StockMovement
from inventory.services import Shortage, StockWant
from omni.kernel.transactions import StepOutsideTransaction, entry
from tests.cast import World

pytestmark = pytest.mark.django_db

OWNER = "fulfillment_order:1"


def want(world: World, store: str, size: str, quantity: int) -> StockWant:
    return StockWant(world.stores[store].pk, world.variants[size].pk, quantity)


def hold(world: World, now: datetime, *wants: tuple[str, str, int]) -> list[int]:
    with entry():
        return services.hold_stock([want(world, *each) for each in wants], owner=OWNER, now=now)


def counters(level: StockLevel) -> tuple[int, int, int, int]:
    return level.on_hand, level.held, level.allocated, level.unsellable


def statuses() -> list[tuple[int, str]]:
    return list(Reservation.objects.order_by("pk").values_list("pk", "status"))


def test_hold_stock_with_enough_returns_reservations_in_the_order_of_the_wants(world: World, now: datetime) -> None:
    ids = hold(world, now, ("B", "L", 2), ("A", "S", 3))

    assert [(r.level.store.code, r.quantity, r.status, r.owner, r.created_at) for r in map(_reservation, ids)] == [
        ("B", 2, "held", OWNER, now),
        ("A", 3, "held", OWNER, now),
    ]
    assert counters(world.level("A", "S")) == (10, 3, 0, 0)
    assert counters(world.level("B", "L")) == (5, 2, 0, 0)


def _reservation(reservation_id: int) -> Reservation:
    return Reservation.objects.get(pk=reservation_id)


def test_hold_stock_with_one_short_want_holds_nothing(world: World, now: datetime) -> None:
    with pytest.raises(services.CannotHold) as refusal, entry():
        services.hold_stock([want(world, "A", "S", 1), want(world, "A", "M", 3)], owner=OWNER, now=now)

    assert refusal.value.shortages == (Shortage(world.stores["A"].pk, world.variants["M"].pk, 3, 2),)
    assert counters(world.level("A", "S")) == (10, 0, 0, 0)
    assert counters(world.level("A", "M")) == (2, 0, 0, 0)
    assert not Reservation.objects.exists()


def test_hold_stock_refused_without_a_savepoint_holds_nothing_in_the_same_transaction(
    world: World, now: datetime
) -> None:
    with entry():
        with pytest.raises(services.CannotHold):
            services.hold_stock([want(world, "A", "S", 1), want(world, "A", "M", 3)], owner=OWNER, now=now)
        assert counters(world.level("A", "S")) == (10, 0, 0, 0)

    assert not Reservation.objects.exists()


def test_hold_stock_with_two_wants_of_one_level_counts_them_together(world: World, now: datetime) -> None:
    with pytest.raises(services.CannotHold) as refusal, entry():
        services.hold_stock([want(world, "A", "S", 6), want(world, "A", "S", 5)], owner=OWNER, now=now)

    assert refusal.value.shortages == (Shortage(world.stores["A"].pk, world.variants["S"].pk, 11, 10),)
    ids = hold(world, now, ("A", "S", 6), ("A", "S", 4))
    assert [_reservation(pk).quantity for pk in ids] == [6, 4]
    assert counters(world.level("A", "S")) == (10, 10, 0, 0)


def test_hold_stock_where_the_store_never_had_the_variant_is_a_shortage(world: World, now: datetime) -> None:
    with pytest.raises(services.CannotHold) as refusal, entry():
        services.hold_stock([StockWant(world.other_store.pk, world.variants["S"].pk, 1)], owner=OWNER, now=now)

    assert refusal.value.shortages == (Shortage(world.other_store.pk, world.variants["S"].pk, 1, 0),)


def test_hold_stock_leaves_unsellable_and_safety_units_alone(world: World, now: datetime) -> None:
    StockLevel.objects.filter(pk=world.level("A", "S").pk).update(unsellable=2, safety=3)

    with pytest.raises(services.CannotHold) as refusal, entry():
        services.hold_stock([want(world, "A", "S", 6)], owner=OWNER, now=now)

    assert [shortage.sellable for shortage in refusal.value.shortages] == [5]
    assert len(hold(world, now, ("A", "S", 5))) == 1


@pytest.mark.parametrize("quantities", [[], [0], [1, -1]])
def test_hold_stock_of_nothing_is_a_mistake(world: World, now: datetime, quantities: list[int]) -> None:
    with pytest.raises(ValueError, match="At least one unit"), entry():
        services.hold_stock([want(world, "A", "S", quantity) for quantity in quantities], owner=OWNER, now=now)

    assert counters(world.level("A", "S")) == (10, 0, 0, 0)


def test_hold_stock_outside_a_transaction_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction):
        services.hold_stock([want(world, "A", "S", 1)], owner=OWNER, now=now)


def test_allocate_stock_starts_allocated(world: World, now: datetime) -> None:
    with entry():
        ids = services.allocate_stock([want(world, "A", "S", 4)], owner=OWNER, now=now)

    assert _reservation(ids[0]).status == ReservationStatus.ALLOCATED
    assert counters(world.level("A", "S")) == (10, 0, 4, 0)


def test_allocate_reservations_moves_the_counters(world: World, now: datetime) -> None:
    ids = hold(world, now, ("A", "S", 3), ("A", "S", 1), ("B", "L", 2))

    with entry():
        assert services.allocate_reservations(ids) == ids
        assert services.allocate_reservations(ids) == []

    assert counters(world.level("A", "S")) == (10, 0, 4, 0)
    assert counters(world.level("B", "L")) == (5, 0, 2, 0)


def test_release_reservations_gives_back_from_the_counter_each_stands_in(world: World, now: datetime) -> None:
    held, allocated = hold(world, now, ("A", "S", 3), ("A", "S", 1))
    with entry():
        services.allocate_reservations([allocated])
        assert services.release_reservations([held, allocated]) == [held, allocated]
        assert services.release_reservations([held, allocated]) == []

    assert counters(world.level("A", "S")) == (10, 0, 0, 0)
    assert statuses() == [(held, "released"), (allocated, "released")]


def test_consume_reservations_books_a_sale_each(world: World, now: datetime) -> None:
    with entry():
        ids = services.allocate_stock([want(world, "A", "S", 4), want(world, "A", "S", 1)], owner=OWNER, now=now)
        services.consume_reservations(ids, actor="user:7", now=now)

    assert counters(world.level("A", "S")) == (5, 0, 0, 0)
    assert statuses() == [(ids[0], "consumed"), (ids[1], "consumed")]
    sales = StockMovement.objects.filter(kind=MovementKind.SALE).order_by("pk")
    assert list(sales.values_list("quantity", "cause", "actor", "moved_at")) == [
        (-4, f"reservation:{ids[0]}", "user:7", now),
        (-1, f"reservation:{ids[1]}", "user:7", now),
    ]


def test_consume_reservations_with_one_not_allocated_changes_nothing(world: World, now: datetime) -> None:
    with entry():
        (allocated,) = services.allocate_stock([want(world, "A", "S", 4)], owner=OWNER, now=now)
    (held,) = hold(world, now, ("A", "S", 1))

    with pytest.raises(services.ReservationsNotAllocated) as refusal, entry():
        services.consume_reservations([allocated, held], actor="user:7", now=now)

    assert refusal.value.reservation_ids == (held,)
    assert counters(world.level("A", "S")) == (10, 1, 4, 0)
    assert statuses() == [(allocated, "allocated"), (held, "held")]


@pytest.mark.parametrize("unsellable", [False, True])
def test_return_to_stock_once_brings_the_units_back(world: World, now: datetime, unsellable: bool) -> None:
    with entry():
        ids = services.allocate_stock([want(world, "A", "S", 4)], owner=OWNER, now=now)
        services.consume_reservations(ids, actor="user:7", now=now)
        services.return_to_stock(ids, actor="user:8", now=now, unsellable=unsellable)

    assert counters(world.level("A", "S")) == (10, 0, 0, 4 if unsellable else 0)
    returned = StockMovement.objects.get(kind=MovementKind.RETURN)
    assert (returned.quantity, returned.cause, returned.actor) == (4, f"return:{ids[0]}", "user:8")
    with pytest.raises(services.ReservationsNotConsumed), entry():
        services.return_to_stock(ids, actor="user:8", now=now)
    assert world.level("A", "S").on_hand == 10


def test_return_to_stock_of_goods_that_never_left_is_refused(world: World, now: datetime) -> None:
    ids = hold(world, now, ("A", "S", 1))

    with pytest.raises(services.ReservationsNotConsumed) as refusal, entry():
        services.return_to_stock(ids, actor="user:8", now=now)

    assert refusal.value.reservation_ids == (ids[0],)
    assert world.level("A", "S").on_hand == 10


def test_movements_after_every_kind_of_change_sum_to_on_hand(world: World, now: datetime) -> None:
    with entry():
        ids = services.allocate_stock([want(world, "A", "S", 4), want(world, "B", "S", 2)], owner=OWNER, now=now)
        services.consume_reservations(ids, actor="user:7", now=now)
        services.return_to_stock(ids[:1], actor="user:8", now=now)
        services.report_not_found(
            world.stores["B"].pk, world.variants["S"].pk, 1, cause="test:1", actor="user:7", now=now
        )

    for level in StockLevel.objects.annotate(moved=Sum("movements__quantity")):
        assert level.on_hand == (level.moved or 0)


@pytest.mark.parametrize(
    "change",
    ["held = 11", "held = -1", "on_hand = -1", "allocated = 6, unsellable = 5", "safety = -1", "unsellable = -1"],
)
def test_stock_level_that_would_be_oversold_is_refused_by_the_database(world: World, change: str) -> None:
    level = world.level("A", "S")

    with (
        pytest.raises(IntegrityError, match="inventory_stock_not"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE inventory_stocklevel SET {change} WHERE id = %s", [level.pk])

    assert counters(world.level("A", "S")) == (10, 0, 0, 0)
