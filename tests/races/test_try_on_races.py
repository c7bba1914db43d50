"""The last place of a half-hour, the last piece, and a booking's end, at once; each with a control."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import Settings

from fulfillment import services as fulfillment_services
from fulfillment.choices import PickupCodePurpose
from omni.kernel.transactions import entry
from orders import services
from orders.models import TryOn
from orders.services import try_ons
from stores import sql as stores_sql
from stores.models import StoreSlot
from tests.cast import NOON, World, build_world
from tests.factories.fulfillment import CLERK, code_of
from tests.factories.try_ons import KEPT_UNTIL, SLOT, prepared, share_of, wish
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
