"""The last place of a half-hour, the last piece, and a booking's end, at once; each with a control."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from pytest_django import Settings

from fulfillment import services as fulfillment_services
from fulfillment.choices import PickupCodePurpose
from fulfillment.models import FulfillmentOrder
from omni.kernel import models as kernel_models
from omni.kernel.transactions import entry
from orders import services
from orders.models import TryOn
from orders.services import try_ons
from stores import services as stores_services
from stores import sql as stores_sql
from stores.models import StoreSlot
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.factories.fulfillment import CLERK, code_of
from tests.factories.orders import run_deliveries
from tests.factories.try_ons import KEPT_UNTIL, SLOT, arrived, fresh, prepared, share_of, wish
from tests.races.test_pickup_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_hints(settings: Settings) -> None:
    settings.OUTBOX_HINTS = False


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


def book(world: World, *sizes: str, phone: int = 0, **changes: object) -> Callable[[], object]:
    """Return a booking to be made, of a phone of its own."""
    wanted = wish(world, *sizes, phone=f"138001380{phone:02d}", **changes)

    def make() -> None:
        with entry():
            services.book_try_on(wanted, now=NOON)

    return make


def test_the_last_places_of_a_half_hour_go_once(small_world: World) -> None:
    outcomes = at_once(*[book(small_world, "S", phone=number) for number in range(8)])

    assert sorted(outcomes) == ["SlotFull"] * 6 + ["done"] * 2
    assert (TryOn.objects.count(), StoreSlot.objects.get().used) == (2, 2)
    assert small_world.level("A", "S").held == 2


def test_the_last_places_without_the_guard_are_stopped_by_the_constraint(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the guard eight would be let in; the database refuses the third."""
    unguarded = stores_sql.TAKE_SLOT.replace('WHERE slot.used + 1 <= slot."limit"', "")
    monkeypatch.setattr(stores_sql, "TAKE_SLOT", unguarded)

    outcomes = at_once(*[book(small_world, "S", phone=number) for number in range(8)])

    assert sorted(outcomes) == ["IntegrityError"] * 6 + ["done"] * 2


def test_the_last_piece_is_held_once(small_world: World) -> None:
    works = [
        book(small_world, "M", phone=number, starts_at=SLOT + number * timedelta(minutes=30)) for number in range(6)
    ]

    outcomes = at_once(*works)

    assert sorted(outcomes) == ["PieceGone"] * 4 + ["done"] * 2
    assert (small_world.level("A", "M").held, StoreSlot.objects.filter(used=1).count()) == (2, 2)


def test_a_phone_that_books_five_times_at_once_has_three(small_world: World) -> None:
    works = [book(small_world, "S", starts_at=SLOT + number * timedelta(minutes=30)) for number in range(5)]

    assert sorted(at_once(*works)) == ["TooManyTryOns"] * 2 + ["done"] * 3


def test_a_phone_that_is_counted_without_the_lock_has_more(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: counted before anybody has written, all five pass."""
    monkeypatch.setattr(try_ons, "_check_bookings", lambda _index: None)
    works = [book(small_world, "S", starts_at=SLOT + number * timedelta(minutes=30)) for number in range(5)]

    assert at_once(*works) == ["done"] * 5


@pytest.mark.parametrize("turn", range(4))
def test_arriving_as_the_booking_ends_or_is_cancelled_counts_once(small_world: World, turn: int) -> None:
    try_on = prepared(small_world)
    services.drive_due_rows(now=NOON)
    share = share_of(try_on)
    code = code_of(share, PickupCodePurpose.SHOPPER)

    def cancel() -> None:
        with entry():
            services.cancel_try_on(try_on.pk, actor="guest", now=KEPT_UNTIL)

    at_once(
        lambda: fulfillment_services.drive_check_in(share.pk, code=code, actor=CLERK, now=KEPT_UNTIL),
        lambda: services.drive_due_rows(now=KEPT_UNTIL),
        cancel,
    )

    level, status = small_world.level("A", "S"), share_of(try_on).status
    assert (level.held, level.allocated) == ((1, 0) if status == "checked_in" else (0, 0))
    assert status in {"checked_in", "cancelled", "restocked"}


def booking_meets_cancelling(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Book and cancel the same half-hour and piece, each in the middle of it when the other begins."""
    try_on = prepared(world, "S")
    has_place, is_given_back = Event(), Event()
    take_slot, call_off = stores_services.take_slot, fulfillment_services.call_off_try_on

    def take_place(store_id: int, starts_at: datetime) -> None:
        take_slot(store_id, starts_at)
        has_place.set()
        is_given_back.wait(1)

    def call_off_meanwhile(*demand: int, **log: Any) -> None:  # noqa: ANN401  passed on as they came
        has_place.wait(5)
        call_off(*demand, **log)
        is_given_back.set()

    def cancel() -> None:
        has_place.wait(5)
        with entry():
            services.cancel_try_on(try_on.pk, actor="guest", now=NOON)

    monkeypatch.setattr(stores_services, "take_slot", take_place)
    monkeypatch.setattr(fulfillment_services, "call_off_try_on", call_off_meanwhile)
    return at_once(book(world, "S", phone=1), cancel)


def test_booking_and_cancelling_of_one_half_hour_never_deadlock(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert booking_meets_cancelling(small_world, monkeypatch) == ["done", "done"]
    assert (StoreSlot.objects.get().used, small_world.level("A", "S").held) == (1, 1)


def test_cancelling_that_gives_the_goods_back_before_the_place_deadlocks(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: whoever books has the place and wants the goods."""
    give_back, call_off = stores_services.give_back_slot, fulfillment_services.call_off_try_on
    store_id = small_world.stores["A"].pk

    def goods_first(*demand: int, **log: Any) -> None:  # noqa: ANN401  passed on as they came
        call_off(*demand, **log)
        give_back(store_id, SLOT)

    monkeypatch.setattr(stores_services, "give_back_slot", lambda *_place: None)
    monkeypatch.setattr(fulfillment_services, "call_off_try_on", goods_first)

    assert "Busy" in booking_meets_cancelling(small_world, monkeypatch)


# Nobody came, or somebody did.

LATE = SLOT + timedelta(minutes=20)


def let_in(try_on: TryOn, now: datetime) -> Callable[[], None]:
    """Return what a clerk does to whom the shopper shows the code."""
    share = share_of(try_on)
    code = code_of(share, PickupCodePurpose.SHOPPER)
    return lambda: fulfillment_services.drive_check_in(share.pk, code=code, actor=CLERK, now=now)


def write_no_show(try_on: TryOn) -> None:
    with entry():
        services.end_no_show(try_on.pk, actor="user:8", now=LATE)


@pytest.mark.parametrize("turn", range(4))
def test_arriving_as_a_colleague_writes_that_nobody_came_is_one_of_both(small_world: World, turn: int) -> None:
    try_on = prepared(small_world, "S")

    outcomes = at_once(let_in(try_on, LATE), lambda: write_no_show(try_on))
    run_deliveries(LATE)

    level = small_world.level("A", "S")
    assert (outcomes, fresh(try_on).status, share_of(try_on).status, level.held) in [
        (["done", "StateConflict"], "checked_in", "checked_in", 1),
        (["StateConflict", "done"], "no_show", "cancelled", 0),
    ]
    assert broken_claims(LATE) == {}


def test_a_booking_whose_shopper_is_let_in_stays_though_those_above_have_not_heard_of_it(small_world: World) -> None:
    try_on = prepared(small_world, "S")
    let_in(try_on, LATE)()

    assert at_once(lambda: write_no_show(try_on)) == ["StateConflict"]

    assert (share_of(try_on).status, small_world.level("A", "S").held) == ("checked_in", 1)


def test_sweeper_that_read_the_end_before_the_shopper_came_leaves_them_their_pieces(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    try_on, has_read, is_in = prepared(small_world, "S"), Event(), Event()
    services.drive_due_rows(now=NOON)
    read_end, check_in = try_ons._kept_until, let_in(try_on, KEPT_UNTIL)

    def read_early(row: TryOn) -> datetime:
        end = read_end(row)
        has_read.set()
        is_in.wait(5)
        return end

    def come() -> None:
        has_read.wait(5)
        check_in()
        is_in.set()

    monkeypatch.setattr(try_ons, "_kept_until", read_early)
    assert at_once(lambda: services.drive_due_rows(now=KEPT_UNTIL), come) == ["done", "done"]
    run_deliveries(KEPT_UNTIL)

    assert (fresh(try_on).status, share_of(try_on).status) == ("checked_in", "checked_in")
    assert small_world.level("A", "S").held == 1


# What is kept, written by two.


def keep(try_on: TryOn, *sizes: str) -> Callable[[], None]:
    """Return what a clerk does who is told which sizes are kept."""
    share = share_of(try_on)
    kept = share.lines.filter(fulfillment_line__variant__size__in=sizes)

    def write() -> None:
        with entry():
            fulfillment_services.record_outcome(
                share.pk, kept_line_ids=list(kept.values_list("pk", flat=True)), actor=CLERK, now=LATE
            )

    return write


def told_of_outcome() -> int:
    return kernel_models.Event.objects.filter(name="fulfillment.FulfillmentOrderTried").count()


@pytest.mark.parametrize("turn", range(4))
def test_two_outcomes_of_one_try_on_are_one(small_world: World, turn: int) -> None:
    try_on = arrived(small_world, "S", "M")

    outcomes = at_once(keep(try_on, "S"), keep(try_on))
    run_deliveries(LATE)

    assert sorted(outcomes) == ["StateConflict", "done"]
    held = (small_world.level("A", "S").held, small_world.level("A", "M").held)
    assert (share_of(try_on).status, held, told_of_outcome()) == (
        ("set_aside", (1, 0), 1) if outcomes[0] == "done" else ("restocked", (0, 0), 1)
    )


def test_two_outcomes_without_lock_and_compare_and_set_are_both_told(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: one says that the shirt is kept, the other has put it on sale again."""
    try_on, both_have_read = arrived(small_world, "S"), Barrier(2, timeout=30)

    def read(share_id: int, *_statuses: object) -> FulfillmentOrder:
        share = FulfillmentOrder.objects.select_related("fulfillment").get(pk=share_id)
        both_have_read.wait(5)
        return share

    def write(row: FulfillmentOrder, *, to: str, **_log: object) -> None:
        FulfillmentOrder.objects.filter(pk=row.pk).update(status=to)
        row.status = to

    monkeypatch.setattr("fulfillment.services.try_ons.lock_in", read)
    monkeypatch.setattr("fulfillment.services.try_ons.transition", write)
    monkeypatch.setattr("fulfillment.services.handover.transition", write)

    assert at_once(keep(try_on, "S"), keep(try_on)) == ["done", "done"]
    assert (told_of_outcome(), small_world.level("A", "S").held) == (2, 0)
