"""Putting the books right by hand: what each reason changes, who may, and what it displaces."""

from datetime import datetime

import pytest

from inventory import services
from inventory.choices import AdjustmentReason
from inventory.models import StockAdjustment, StockLevel, StockMovement
from inventory.permissions import ManagerNeeded
from inventory.services import NotThatMany, StockWant
from omni.kernel.errors import InvalidInput
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from stores.permissions import Actor
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.inventory import VariantFactory
from tests.factories.stock import clerk, manager

pytestmark = pytest.mark.django_db


def adjust(
    world: World, reason: str, units: int, now: datetime, *, size: str = "S", actor: Actor | None = None
) -> None:
    with entry():
        services.adjust_stock(
            world.stores["A"].pk,
            world.variants[size].pk,
            reason=AdjustmentReason(reason),
            units=units,
            note="货架后面",
            actor=actor or clerk(world),
            now=now,
        )


@pytest.mark.parametrize(
    ("reason", "units", "left"),
    [
        ("found", 2, (12, 1, "found")),
        ("missing", 2, (8, 1, "adjustment")),
        ("theft", 1, (9, 1, "adjustment")),
        ("damaged", 2, (10, 3, None)),
        ("sample", 1, (10, 2, None)),
        ("back_on_sale", 1, (10, 0, None)),
        ("scrapped", 1, (9, 0, "scrap")),
        ("scrapped", 2, (8, 0, "scrap")),
        ("correction", 3, (13, 1, "adjustment")),
        ("correction", -3, (7, 1, "adjustment")),
    ],
)
def test_adjust_stock_changes_what_the_reason_means(
    world: World, audited: Audited, reason: str, units: int, left: tuple[int, int, str | None]
) -> None:
    now, (on_hand, unsellable, kind) = NOON, left
    audited.now = now
    StockLevel.objects.filter(pk=world.level("A", "S").pk).update(unsellable=1)

    adjust(world, reason, units, now)

    level = world.level("A", "S")
    assert (level.on_hand, level.unsellable) == (on_hand, unsellable)
    row = StockAdjustment.objects.get()
    assert (row.on_hand, row.unsellable, row.note, row.actor) == (on_hand - 10, unsellable - 1, "货架后面", "user:7")
    moved = StockMovement.objects.filter(cause=f"adjustment:{row.pk}").values_list("kind", "quantity")
    assert list(moved) == ([(kind, on_hand - 10)] if kind else [])


@pytest.mark.parametrize(
    ("reason", "units"), [("missing", 3), ("damaged", 3), ("back_on_sale", 1), ("scrapped", 3), ("correction", -3)]
)
def test_adjust_stock_of_more_than_there_are_is_refused(world: World, now: datetime, reason: str, units: int) -> None:
    with pytest.raises(NotThatMany) as refused:
        adjust(world, reason, units, now, size="M")

    assert refused.value.field == "units"
    assert (world.level("A", "M").on_hand, StockAdjustment.objects.count()) == (2, 0)


@pytest.mark.parametrize(("reason", "units"), [("found", 0), ("found", -1), ("theft", -2), ("found", 100_001)])
def test_adjust_stock_of_no_number_is_refused(world: World, now: datetime, reason: str, units: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        adjust(world, reason, units, now, actor=manager(world))

    assert (refused.value.field, StockAdjustment.objects.count()) == ("units", 0)


def test_adjust_stock_above_the_limit_takes_a_manager_of_this_store(world: World, now: datetime) -> None:
    for actor in (clerk(world), manager(world, "B")):
        with pytest.raises(ManagerNeeded):
            adjust(world, "correction", -4, now, actor=actor)
    assert world.level("A", "S").on_hand == 10

    adjust(world, "correction", -4, now, actor=manager(world))

    assert world.level("A", "S").on_hand == 6


def test_adjust_stock_above_the_limit_of_value_takes_a_manager(world: World, now: datetime) -> None:
    coat = VariantFactory.create(product__brand=world.brand, price__list_fen=300_001, price__tag_fen=300_001)

    def find_one(actor: Actor) -> None:
        with entry():
            services.adjust_stock(
                world.stores["A"].pk,
                coat.pk,
                reason=AdjustmentReason.FOUND,
                units=1,
                note="",
                actor=actor,
                now=now,
            )

    with pytest.raises(ManagerNeeded):
        find_one(clerk(world))
    find_one(manager(world))

    assert StockLevel.objects.get(variant=coat).on_hand == 1


def test_adjust_stock_below_what_is_promised_displaces(world: World, now: datetime) -> None:
    want = StockWant(world.stores["A"].pk, world.variants["M"].pk, 2)
    with entry():
        services.hold_stock([want], owner="fulfillment_order:1", now=now)

    adjust(world, "damaged", 1, now, size="M")

    level = world.level("A", "M")
    assert (level.on_hand, level.held, level.unsellable) == (2, 0, 1)
    assert [event.payload["owner"] for event in Event.objects.all()] == ["fulfillment_order:1"]
