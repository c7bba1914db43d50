"""Goods in somebody's hands."""

from datetime import datetime

import pytest

from inventory import services
from inventory.models import CountTask, Reservation, StockLevel, StockMovement
from inventory.services import StockWant
from omni.kernel.transactions import StepOutsideTransaction, entry
from tests.audit_fixture import Audited
from tests.cast import World


def want(world: World, size: str, units: int, store: str = "A") -> StockWant:
    return StockWant(world.stores[store].pk, world.variants[size].pk, units)


def figures(level: StockLevel) -> tuple[int, int, int]:
    return level.on_hand, level.held, level.allocated


def test_hold_in_hand_holds_what_the_books_have(world: World, now: datetime) -> None:
    with entry():
        ids = services.hold_in_hand([want(world, "S", 2), want(world, "M", 1)], owner="o:1", actor="t", now=now)

    assert (figures(world.level("A", "S")), figures(world.level("A", "M"))) == ((10, 2, 0), (2, 1, 0))
    rows = Reservation.objects.filter(pk__in=ids).order_by("pk")
    assert [(row.pk, row.quantity, row.status, row.owner) for row in rows] == [
        (ids[0], 2, "held", "o:1"),
        (ids[1], 1, "held", "o:1"),
    ]
    assert (StockMovement.objects.filter(kind="found").count(), CountTask.objects.count()) == (0, 0)


def test_hold_in_hand_may_use_safety_stock(world: World, now: datetime) -> None:
    StockLevel.objects.filter(pk=world.level("A", "M").pk).update(safety=2)

    with entry():
        services.hold_in_hand([want(world, "M", 2)], owner="o:1", actor="t", now=now)

    assert figures(world.level("A", "M")) == (2, 2, 0)
    assert CountTask.objects.count() == 0


def test_hold_in_hand_books_in_what_the_books_lack_and_asks_for_a_count(world: World, now: datetime) -> None:
    with entry():
        services.hold_stock([want(world, "M", 2)], owner="theirs", now=now)

    with entry():
        services.hold_in_hand([want(world, "M", 1)], owner="mine", actor="clerk", now=now)

    level = world.level("A", "M")
    assert figures(level) == (3, 3, 0)
    (found,) = StockMovement.objects.filter(kind="found")
    assert (found.level, found.quantity, found.actor) == (level, 1, "clerk")
    (task,) = CountTask.objects.all()
    assert (task.level, task.reason) == (level, "found")
    assert Reservation.objects.get(owner="theirs").status == "held"


def test_hold_in_hand_of_what_the_store_never_had_opens_its_books(world: World, now: datetime) -> None:
    StockMovement.objects.filter(level=world.level("A", "L")).delete()
    StockLevel.objects.filter(pk=world.level("A", "L").pk).delete()

    with entry():
        services.hold_in_hand([want(world, "L", 1)], owner="mine", actor="clerk", now=now)

    assert figures(world.level("A", "L")) == (1, 1, 0)


def test_hold_in_hand_counts_two_wants_of_one_level_together(world: World, now: datetime, audited: Audited) -> None:
    with entry():
        ids = services.hold_in_hand([want(world, "M", 2), want(world, "M", 1)], owner="mine", actor="t", now=now)

    assert figures(world.level("A", "M")) == (3, 3, 0)
    with entry():
        services.release_reservations(ids)


def test_hold_in_hand_outside_a_transaction_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction):
        services.hold_in_hand([want(world, "S", 1)], owner="mine", actor="t", now=now)
    assert figures(world.level("A", "S")) == (10, 0, 0)
