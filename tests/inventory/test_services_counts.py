"""Counts book what was counted less the books at that moment; what moved since is kept."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from inventory import services
from inventory.choices import AdjustmentReason, CountScope, CountStatus
from inventory.models import Count, CountLine, CountTask, StockMovement
from inventory.permissions import ManagerNeeded
from inventory.services import (
    CountedElsewhere,
    CountNeedsRecount,
    CountPlan,
    NothingToCount,
    StockWant,
)
from omni.kernel.errors import InvalidInput
from omni.kernel.models import Event
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.inventory import VariantFactory
from tests.factories.stock import approve, clerk, count_in_store, manager, planned_count, submitted_count

pytestmark = pytest.mark.django_db


def sell(world: World, size: str, units: int, now: datetime) -> None:
    """Sell units of store A."""
    want = StockWant(world.stores["A"].pk, world.variants[size].pk, units)
    with entry():
        ids = services.allocate_stock([want], owner="fulfillment_order:1", now=now)
        services.consume_reservations(ids, actor="user:7", now=now)


def movements(world: World, size: str) -> list[tuple[str, int]]:
    rows = StockMovement.objects.filter(level=world.level("A", size)).order_by("pk")
    return list(rows.values_list("kind", "quantity"))


def test_plan_count_of_a_style_names_its_levels_in_this_store_only(world: World) -> None:
    count = planned_count(world)

    assert set(count.lines.values_list("level", flat=True)) == {world.level("A", size).pk for size in "SML"}
    assert (count.status, count.planned_by, count.scope) == ("counting", "user:7", "style")


def test_plan_count_of_the_store_leaves_out_what_is_counted_already_and_what_is_not_there(world: World) -> None:
    planned_count(world)
    other = VariantFactory.create(product__brand=world.brand)
    with entry():
        services.adjust_stock(
            world.stores["A"].pk,
            other.pk,
            reason=AdjustmentReason.FOUND,
            units=1,
            note="",
            actor=clerk(world),
            now=NOON,
        )

    with entry():
        count = services.plan_count(CountPlan(world.stores["A"].pk, CountScope.STORE), actor=clerk(world), now=NOON)

    assert [line.level.variant_id for line in count.lines.all()] == [other.pk]
    with pytest.raises(NothingToCount), entry():
        services.plan_count(CountPlan(world.stores["A"].pk, CountScope.STORE), actor=clerk(world), now=NOON)
    assert Count.objects.count() == 2


def test_plan_count_of_tasks_takes_the_open_tasks_of_the_store_and_approval_closes_them(
    world: World, now: datetime, audited: Audited
) -> None:
    audited.now = now
    for store in ("A", "B"):
        with entry():
            services.report_not_found(
                world.stores[store].pk, world.variants["S"].pk, 1, cause=f"reject:{store}", actor="user:1", now=now
            )
    with entry():
        count = services.plan_count(CountPlan(world.stores["A"].pk, CountScope.TASKS), actor=clerk(world), now=now)
    count_in_store(world, count, {"S": 9})
    with entry():
        services.submit_count(count.pk, actor=clerk(world), now=now)

    corrected = approve(world, count)

    assert corrected == 0
    assert [task.level.store_id for task in CountTask.objects.filter(closed_at=None)] == [world.stores["B"].pk]
    assert world.level("A", "S").counted_on == now.date()


def test_plan_count_of_a_shelf_takes_what_lies_there(world: World, now: datetime) -> None:
    for store, size, place in (("A", "S", "A-03-1"), ("A", "M", "B-01"), ("B", "S", "A-03-1")):
        with entry():
            services.put_in_bin(world.stores[store].pk, world.variants[size].pk, place)

    with entry():
        plan = CountPlan(world.stores["A"].pk, CountScope.SHELF, shelf="A-03")
        count = services.plan_count(plan, actor=clerk(world), now=now)

    assert [line.level_id for line in count.lines.all()] == [world.level("A", "S").pk]


def test_approved_count_corrects_what_differs_and_leaves_what_nobody_counted(
    world: World, now: datetime, audited: Audited
) -> None:
    audited.now = now
    count = submitted_count(world, {"S": 9, "L": 1})

    corrected = approve(world, count)

    assert corrected == 2
    levels = [world.level("A", size) for size in "SML"]
    assert [level.on_hand for level in levels] == [9, 2, 1]
    assert [level.counted_on for level in levels] == [now.date(), None, now.date()]
    assert movements(world, "S") == [("opening", 10), ("count", -1)]
    lines = CountLine.objects.filter(count=count).order_by("level__variant__position")
    assert list(lines.values_list("counted", "books")) == [(9, 10), (None, None), (1, 0)]
    assert Count.objects.get().status == CountStatus.APPROVED


def test_sale_after_the_piece_was_counted_is_kept(world: World, now: datetime, audited: Audited) -> None:
    audited.now = now
    count = submitted_count(world, {"S": 9})
    sell(world, "S", 2, now)

    approve(world, count)

    # Ten on the books, nine there, two of them sold since.
    assert world.level("A", "S").on_hand == 7
    assert movements(world, "S") == [("opening", 10), ("sale", -2), ("count", -1)]


def test_sale_before_the_piece_was_counted_is_not_taken_off_twice(world: World, now: datetime) -> None:
    count = planned_count(world)
    sell(world, "S", 2, now)
    count_in_store(world, count, {"S": 8})
    with entry():
        services.submit_count(count.pk, actor=clerk(world), now=now)

    assert approve(world, count) == 0
    assert world.level("A", "S").on_hand == 8


def test_count_of_less_than_is_promised_displaces_the_youngest_promises(
    world: World, now: datetime, audited: Audited
) -> None:
    audited.now = now
    place = world.stores["A"].pk, world.variants["M"].pk
    with entry():
        services.hold_stock([StockWant(*place, 1)], owner="fulfillment_order:1", now=now)
        services.hold_stock([StockWant(*place, 1)], owner="fulfillment_order:2", now=now + timedelta(minutes=1))
    count = submitted_count(world, {"M": 1})

    approve(world, count)

    assert (world.level("A", "M").on_hand, world.level("A", "M").held) == (1, 1)
    assert [event.payload["owner"] for event in Event.objects.filter(name__endswith="Displaced")] == [
        "fulfillment_order:2"
    ]
    with entry():
        services.release_reservations(list(world.level("A", "M").reservations.values_list("pk", flat=True)))


def test_level_that_moved_while_it_was_counted_must_be_counted_again(world: World, now: datetime) -> None:
    count = planned_count(world)
    count_in_store(world, count, {"S": 4})
    sell(world, "S", 1, now)
    count_in_store(world, count, {"S": 5}, user=8)
    with entry():
        services.submit_count(count.pk, actor=clerk(world), now=now)

    with pytest.raises(CountNeedsRecount) as refused:
        approve(world, count)

    level = world.level("A", "S")
    assert (refused.value.level_ids, level.on_hand, Count.objects.get().status) == ((level.pk,), 9, "review")
    with entry():
        services.recount(count.pk, [level.pk], actor=manager(world), now=now)
    count_in_store(world, count, {"S": 9})
    with entry():
        services.submit_count(count.pk, actor=clerk(world), now=now)
    assert approve(world, count) == 0
    assert world.level("A", "S").on_hand == 9


def test_level_that_was_put_right_after_counting_is_not_put_right_twice(world: World, now: datetime) -> None:
    count = submitted_count(world, {"S": 9})
    with entry():
        services.report_not_found(
            world.stores["A"].pk, world.variants["S"].pk, 1, cause="reject:1", actor="user:1", now=now
        )

    with pytest.raises(CountNeedsRecount):
        approve(world, count)

    assert world.level("A", "S").on_hand == 9


def test_count_pieces_of_what_was_not_planned_joins_unless_another_count_has_it(world: World, now: datetime) -> None:
    with entry():
        services.report_not_found(
            world.stores["A"].pk, world.variants["S"].pk, 1, cause="reject:1", actor="user:1", now=now
        )
        count = services.plan_count(CountPlan(world.stores["A"].pk, CountScope.TASKS), actor=clerk(world), now=now)
    count_in_store(world, count, {"M": 1})
    other = planned_count(world)

    with pytest.raises(CountedElsewhere):
        count_in_store(world, other, {"M": 1})

    assert list(count.lines.order_by("pk").values_list("is_planned", flat=True)) == [True, False]
    assert [line.level.variant_id for line in other.lines.all()] == [world.variants["L"].pk]


def test_count_pieces_taken_back_below_none_are_refused(world: World) -> None:
    count = planned_count(world)
    count_in_store(world, count, {"S": 2})
    count_in_store(world, count, {"S": -2})

    with pytest.raises(InvalidInput) as refused:
        count_in_store(world, count, {"S": -1})

    assert refused.value.field == "quantity"
    line = count.lines.get(level=world.level("A", "S"))
    assert [entry.quantity for entry in line.entries.order_by("pk")] == [2, -2]


def test_count_rest_as_none_writes_none_for_what_nobody_counted(world: World, now: datetime) -> None:
    count = submitted_count(world, {"S": 10})
    with entry():
        assert services.count_rest_as_none(count.pk, actor=manager(world), now=now) == 2

    assert approve(world, count) == 1
    assert [world.level("A", size).on_hand for size in "SML"] == [10, 0, 0]


def test_clerk_may_neither_approve_nor_recount_nor_give_up_the_count_of_another(world: World, now: datetime) -> None:
    count = submitted_count(world, {"S": 9})
    other = clerk(world, user=11)
    level = world.level("A", "S")
    acts: tuple[Callable[[], object], ...] = (
        lambda: services.approve_count(count.pk, actor=other, now=now),
        lambda: services.recount(count.pk, [level.pk], actor=other, now=now),
        lambda: services.cancel_count(count.pk, actor=other, now=now),
        lambda: services.approve_count(count.pk, actor=manager(world, "B"), now=now),
    )
    for act in acts:
        with pytest.raises(ManagerNeeded), entry():
            act()

    assert (Count.objects.get().status, world.level("A", "S").on_hand) == ("review", 10)


def test_cancelled_count_books_nothing_and_lets_its_levels_go(world: World, now: datetime) -> None:
    count = submitted_count(world, {"S": 9})
    with entry():
        services.cancel_count(count.pk, actor=clerk(world), now=now)

    with pytest.raises(StateConflict):
        count_in_store(world, count, {"S": 1})
    assert world.level("A", "S").on_hand == 10
    assert planned_count(world).lines.count() == 3
