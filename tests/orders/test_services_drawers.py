"""A till's day: its float, cash in and out, the blind count, and a difference that the manager confirms."""

import pytest
from django.conf import LazySettings

from omni.kernel.errors import DomainError
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import DrawerStatus, MovementKind
from orders.models import DrawerMovement, DrawerSession
from settlement.queries import trial_balance
from tests.cast import NOON, World
from tests.factories.orders import run_deliveries
from tests.factories.till import CLERK, counter_orders, opened_drawer, pay_cash

pytestmark = pytest.mark.django_db

MANAGER = "user:2"


def move(drawer: DrawerSession, kind: MovementKind, amount_fen: int, reason: str = "change", once: str = "a") -> int:
    with entry():
        return services.move_cash(
            drawer.pk, kind, amount_fen=amount_fen, reason=reason, once=once, actor=CLERK, now=NOON
        ).pk


def count(drawer: DrawerSession, **pieces: int) -> DrawerSession:
    """Count a till: `n100=5` are five notes of a hundred yuan."""
    counts = {int(name[1:]) * 100: number for name, number in pieces.items()}
    with entry():
        services.count_drawer(drawer.pk, counts, note="", actor=CLERK, now=NOON)
    return DrawerSession.objects.get(pk=drawer.pk)


def books(world: World) -> dict[str, int]:
    return {row.account: row.debit_fen - row.credit_fen for row in trial_balance(world.brand.pk)}


def test_expected_cash_is_the_float_and_all_movements(world: World) -> None:
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    pay_cash(order, drawer, 49900)
    move(drawer, MovementKind.PAID_IN, 10000)
    move(drawer, MovementKind.PAID_OUT, 2050, "tape")
    assert queries.expected_fen(drawer) == 50000 + 49900 + 10000 - 2050
    assert list(DrawerMovement.objects.order_by("pk").values_list("kind", "amount_fen", "reason")) == [
        ("tender", 49900, ""), ("paid_in", 10000, "change"), ("paid_out", -2050, "tape"),
    ]  # fmt: skip


def test_count_to_the_fen_closes_the_till(world: World) -> None:
    drawer = count(opened_drawer(world), n100=4, n50=2)
    assert (drawer.status, drawer.counted_fen, drawer.expected_fen, drawer.difference_fen) == (
        DrawerStatus.CLOSED, 50000, 50000, 0,
    )  # fmt: skip
    assert (drawer.counts, drawer.counted_by, drawer.closed_at) == ({"10000": 4, "5000": 2}, CLERK, NOON)
    run_deliveries()
    assert books(world) == {}


def test_small_difference_is_closed_and_booked(world: World) -> None:
    drawer = count(opened_drawer(world), n100=4, n50=1, n20=2, n1=1)
    assert (drawer.status, drawer.difference_fen) == (DrawerStatus.CLOSED, -900)
    run_deliveries()
    assert books(world) == {"cash:store": -900, "cash_over_short": 900}


def test_large_difference_waits_for_the_manager_and_takes_no_cash(world: World) -> None:
    (order,) = counter_orders(world, "S")
    drawer = count(opened_drawer(world), n100=6)
    assert (drawer.status, drawer.difference_fen, drawer.closed_at) == (DrawerStatus.COUNTED, 10000, None)
    assert Event.objects.filter(name="orders.DrawerClosed").count() == 0
    with pytest.raises(services.DrawerNotOpen):
        pay_cash(order, drawer, 49900)
    with entry():
        services.confirm_difference(drawer.pk, note="Counted twice", actor=MANAGER, now=NOON)
    drawer.refresh_from_db()
    assert (drawer.status, drawer.confirmed_by, drawer.note) == (DrawerStatus.CLOSED, MANAGER, "Counted twice")
    run_deliveries()
    assert books(world) == {"cash:store": 10000, "cash_over_short": -10000}


def test_limit_of_the_difference_is_a_setting(world: World, settings: LazySettings) -> None:
    settings.TILL_DIFFERENCE_LIMIT_FEN = 10000
    assert count(opened_drawer(world), n100=6).status == DrawerStatus.CLOSED


def test_confirmation_of_a_till_that_waits_for_none_is_refused(world: World) -> None:
    drawer = count(opened_drawer(world), n100=5)
    with pytest.raises(services.DrawerNotCounted), entry():
        services.confirm_difference(drawer.pk, note="Why", actor=MANAGER, now=NOON)
    waiting = count(opened_drawer(world), n100=6)
    with pytest.raises(services.ReasonMissing) as caught, entry():
        services.confirm_difference(waiting.pk, note="  ", actor=MANAGER, now=NOON)
    assert (caught.value.field, DrawerSession.objects.get(pk=waiting.pk).confirmed_by) == ("note", "")


def test_till_is_opened_again_once_it_was_counted(world: World) -> None:
    drawer = opened_drawer(world)
    with pytest.raises(services.TillTaken) as caught:
        opened_drawer(world)
    assert (caught.value.field, DrawerSession.objects.count()) == ("till", 1)
    opened_drawer(world, till="2")
    opened_drawer(world, store="B")
    count(drawer, n100=6)
    assert opened_drawer(world).pk != drawer.pk


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"till": " "}, "till"),
        ({"till": "x" * 21}, "till"),
        ({"float_fen": -1}, "float"),
        ({"float_fen": 10**9}, "float"),
    ],
)
def test_open_drawer_refuses_what_is_no_till(world: World, change: dict[str, object], field: str) -> None:
    with pytest.raises(DomainError) as caught:
        opened_drawer(world, **change)  # type: ignore[arg-type]  # whatever a test wants to be wrong
    assert (caught.value.field, DrawerSession.objects.count()) == (field, 0)


@pytest.mark.parametrize(
    ("movement", "error", "field"),
    [
        ((MovementKind.PAID_IN, 0, "x"), services.InvalidCash, "amount"),
        ((MovementKind.PAID_IN, 10**9, "x"), services.InvalidCash, "amount"),
        ((MovementKind.PAID_IN, 100, " "), services.ReasonMissing, "reason"),
        ((MovementKind.PAID_OUT, 100, "x" * 121), services.ReasonMissing, "reason"),
        ((MovementKind.PAID_OUT, 50001, "x"), services.NotEnoughCash, "amount"),
    ],
)
def test_move_cash_refuses_what_cannot_be(
    world: World, movement: tuple[MovementKind, int, str], error: type[DomainError], field: str
) -> None:
    drawer = opened_drawer(world)
    with pytest.raises(error) as caught:
        move(drawer, *movement)
    assert (caught.value.field, DrawerMovement.objects.count()) == (field, 0)


def test_same_movement_sent_twice_happens_once(world: World) -> None:
    drawer = opened_drawer(world)
    assert move(drawer, MovementKind.PAID_OUT, 1000) == move(drawer, MovementKind.PAID_OUT, 1000)
    assert queries.expected_fen(drawer) == 49000


@pytest.mark.parametrize("counts", [{300: 1}, {10000: -1}, {10: 10**8}])
def test_count_of_what_is_no_money_is_refused(world: World, counts: dict[int, int]) -> None:
    drawer = opened_drawer(world)
    with pytest.raises(services.InvalidCash) as caught, entry():
        services.count_drawer(drawer.pk, counts, note="", actor=CLERK, now=NOON)
    drawer.refresh_from_db()
    assert (caught.value.field, drawer.status) == (f"count-{next(iter(counts))}", DrawerStatus.OPEN)
