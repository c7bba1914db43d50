"""Counts, receipts and transfers at once, on real connections. Each race has a control that shows it."""

from collections.abc import Callable
from datetime import date
from threading import Barrier, Event
from unittest import mock

import pytest
from django.db import transaction
from django.db.models import F

from inventory import locks, services
from inventory.models import Count, CountEntry, CountLine, Shipment, ShipmentLine, StockLevel, StockMovement
from inventory.rules.shelf import Verdict
from inventory.services import StockWant, counts, transfers
from inventory.services.corrections import Figure
from omni.kernel.transactions import entry
from tests.cast import NOON, World, build_world
from tests.factories.stock import (
    announced,
    approve,
    clerk,
    count_in_store,
    drafted,
    planned_count,
    send,
    submitted_count,
)
from tests.races.test_stock_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


def sell(world: World, units: int = 1, *, store: str = "A") -> None:
    """Sell units of S out of the store."""
    want = StockWant(world.stores[store].pk, world.variants["S"].pk, units)
    with entry():
        ids = services.allocate_stock([want], owner="fulfillment_order:1", now=NOON)
        services.consume_reservations(ids, actor="user:7", now=NOON)


def submit(world: World, count: Count) -> None:
    with entry():
        services.submit_count(count.pk, actor=clerk(world), now=NOON)


def _bind_approve(world: World, count: Count) -> Callable[[], None]:
    def act() -> None:
        approve(world, count)

    return act


def sum_of_movements(level: StockLevel) -> int:
    return sum(level.movements.values_list("quantity", flat=True))


def test_sale_while_a_piece_is_written_down_is_in_the_books_or_after_it_never_lost(small_world: World) -> None:
    world = small_world
    level = world.level("A", "S")
    count = planned_count(world)
    is_read, is_sold = Event(), Event()
    read_lines = counts._line_for

    def line_for(*args: object) -> CountLine:
        """Let a sale try to come between the books that were read and the piece that is written down."""
        line = read_lines(*args)  # type: ignore[arg-type]
        is_read.set()
        is_sold.wait(0.5)
        return line

    def sell_meanwhile() -> None:
        is_read.wait(5)
        sell(world, 2)
        is_sold.set()

    with mock.patch.object(counts, "_line_for", line_for):
        outcomes = at_once([lambda: count_in_store(world, count, {"S": 9}), sell_meanwhile], workers=2)
    submit(world, count)
    approve(world, count)

    # Nine were counted while the books said ten; two of the nine are sold.
    assert outcomes == ["done", "done"]
    assert CountEntry.objects.get().books == 10
    level.refresh_from_db()
    assert (level.on_hand, sum_of_movements(level)) == (7, 7)


def test_approval_that_sets_what_was_counted_loses_the_sale(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = submitted_count(small_world, {"S": 9})
    sell(small_world, 2)

    def as_counted(counted: dict[CountLine, Verdict], levels: dict[int, StockLevel]) -> dict[date, list[Figure]]:
        return {NOON.date(): [Figure(line.level_id, verdict.counted, 0) for line, verdict in counted.items()]}

    monkeypatch.setattr(counts, "_figures_by_day", as_counted)
    approve(small_world, count)

    assert small_world.level("A", "S").on_hand == 9  # seven are there


def test_shoppers_and_a_count_at_once_lose_no_sale(small_world: World) -> None:
    world = small_world
    count = submitted_count(world, {"S": 9})

    outcomes = at_once([_bind_approve(world, count), *[lambda: sell(world)] * 7], workers=8)

    assert outcomes.count("done") == 8
    level = world.level("A", "S")
    assert (level.on_hand, sum_of_movements(level)) == (2, 2)


def test_two_managers_approve_one_count_once(small_world: World) -> None:
    count = submitted_count(small_world, {"S": 9})

    outcomes = at_once([_bind_approve(small_world, count)] * 2, workers=2)

    assert sorted(outcomes) == ["StateConflict", "done"]
    assert (small_world.level("A", "S").on_hand, StockMovement.objects.filter(kind="count").count()) == (9, 1)


def test_two_managers_who_look_first_and_book_then_book_twice(small_world: World) -> None:
    level, count = small_world.level("A", "S"), submitted_count(small_world, {"S": 9})
    meeting = Barrier(2, timeout=30)

    def look_then_book() -> None:
        with transaction.atomic():
            is_open = Count.objects.get(pk=count.pk).status == "review"
            meeting.wait()
            if is_open:
                StockLevel.objects.filter(pk=level.pk).update(on_hand=F("on_hand") - 1)
                Count.objects.filter(pk=count.pk).update(status="approved")

    assert at_once([look_then_book] * 2, workers=2) == ["done", "done"]
    assert small_world.level("A", "S").on_hand == 8


def book(world: World, shipment: Shipment) -> None:
    with entry():
        services.book_receipt(shipment.pk, store_id=world.stores["A"].pk, actor="user:7", now=NOON)


def counted_in(world: World, shipment: Shipment, units: int) -> None:
    with entry():
        services.count_in(
            shipment.pk, world.variants["S"].pk, units, store_id=world.stores["A"].pk, actor="user:7", now=NOON
        )


def test_two_clerks_book_one_receipt_once(small_world: World) -> None:
    shipment = announced(small_world, {"S": 3})
    counted_in(small_world, shipment, 3)

    outcomes = at_once([lambda: book(small_world, shipment)] * 2, workers=2)

    assert sorted(outcomes) == ["StateConflict", "done"]
    assert (small_world.level("A", "S").on_hand, Shipment.objects.get().status) == (13, "received")


def test_two_clerks_who_look_first_and_book_then_receive_twice(small_world: World) -> None:
    level, shipment = small_world.level("A", "S"), announced(small_world, {"S": 3})
    meeting = Barrier(2, timeout=30)

    def look_then_book() -> None:
        with transaction.atomic():
            is_expected = Shipment.objects.get(pk=shipment.pk).status == "expected"
            meeting.wait()
            if is_expected:
                StockLevel.objects.filter(pk=level.pk).update(on_hand=F("on_hand") + 3)
                Shipment.objects.filter(pk=shipment.pk).update(status="received")

    assert at_once([look_then_book] * 2, workers=2) == ["done", "done"]
    assert small_world.level("A", "S").on_hand == 16


def test_clerks_who_count_one_delivery_in_together_add_up(small_world: World) -> None:
    shipment = announced(small_world, {"S": 16})

    outcomes = at_once([lambda: counted_in(small_world, shipment, 1)] * 16)

    assert outcomes == ["done"] * 16
    assert [line.quantity for line in shipment.receipts.get().lines.all()] == [16]


def test_clerks_who_count_in_without_the_lock_lose_pieces(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shipment = announced(small_world, {"S": 16})
    counted_in(small_world, shipment, 1)
    meeting = Barrier(2, timeout=30)
    monkeypatch.setattr(locks, "lock_shipment", lambda key: Shipment.objects.get(pk=key))
    read = services.receiving._line_of

    def read_together(*args: object) -> object:
        line = read(*args)  # type: ignore[arg-type]
        meeting.wait(5)
        return line

    monkeypatch.setattr(services.receiving, "_line_of", read_together)

    assert at_once([lambda: counted_in(small_world, shipment, 1)] * 2, workers=2) == ["done", "done"]
    assert [line.quantity for line in shipment.receipts.get().lines.all()] == [2]


def _bind_send(shipment: Shipment) -> Callable[[], None]:
    def act() -> None:
        send(shipment)

    return act


def test_transfers_of_the_last_pieces_and_their_sale_at_once_never_take_more_than_there_are(small_world: World) -> None:
    world = small_world
    transfers = [drafted(world, {"S": 2}) for _number in range(4)]

    outcomes = at_once([*map(_bind_send, transfers), *[lambda: sell(world, store="B")] * 4])

    assert set(outcomes) == {"done", "CannotHold"}
    level = world.level("B", "S")
    assert level.on_hand == sum_of_movements(level) >= 0
    on_way = sum(StockLevel.objects.filter(store__kind="transit").values_list("on_hand", flat=True))
    assert on_way == 2 * Shipment.objects.filter(status="expected").count()


def test_transfer_that_looks_first_and_takes_then_loses_the_sale_between(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, transfer = small_world, drafted(small_world, {"S": 2})
    has_looked, is_sold = Event(), Event()

    def read_places(places: list[tuple[int, int]]) -> list[locks.LockedLevel]:
        rows = StockLevel.objects.filter(store__in=[store for store, _v in places]).order_by("pk")
        found = rows.values_list("id", "store_id", "variant_id", "on_hand", "unsellable")
        return [locks.LockedLevel(*row) for row in found]

    def take_out(lines: list[ShipmentLine], store_id: int, levels: dict[tuple[int, int], int]) -> None:
        (line,) = lines
        level = StockLevel.objects.get(pk=levels[store_id, line.variant_id])
        has_looked.set()
        is_sold.wait(5)
        StockLevel.objects.filter(pk=level.pk).update(on_hand=level.on_hand - line.quantity)

    def sell_meanwhile() -> None:
        has_looked.wait(5)
        sell(world, 2, store="B")
        is_sold.set()

    monkeypatch.setattr(locks, "lock_places", read_places)
    monkeypatch.setattr(transfers, "_take_out", take_out)

    assert at_once([_bind_send(transfer), sell_meanwhile], workers=2) == ["done", "done"]
    level = world.level("B", "S")
    assert (level.on_hand, sum_of_movements(level)) == (3, 1)  # one is there
