"""Goods that come back: where they go, what is reversed, and what is paid back, exactly once."""

import random

import pytest

from inventory.models import StockMovement
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import Condition, RefundReason, RefundStatus, ReturnedStatus, ReturnReason, ReturnStatus, ReturnWay
from orders.models import Order, Recognition, Refund, Return
from orders.services import refunds
from settlement.models import CreditEntry, JournalLine
from settlement.queries import trial_balance
from tests.audit_fixture import Audited, broken_claims
from tests.cast import World
from tests.factories.orders import run_deliveries
from tests.factories.returns import (
    NEXT_DAY,
    agreed_return,
    arrival_of,
    collected_return,
    confirm_refunds,
    delivered_order,
    inspect,
    received_return,
    refunded_return,
)

pytestmark = pytest.mark.django_db


def stock(world: World, store: str, size: str) -> tuple[int, int]:
    level = world.level(store, size)
    return level.on_hand, level.unsellable


def journal(order: Order) -> list[tuple[str, int, int]]:
    """Return the lines booked after the order was delivered."""
    rows = JournalLine.objects.filter(entry__order=order).exclude(entry__cause__startswith="payment:")
    return list(rows.order_by("pk").values_list("account__code", "debit_fen", "credit_fen"))


def test_return_brought_to_another_store_goes_all_the_way(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 2))
    before = {store: stock(world, store, "S") for store in "AB"}
    case = inspect(received_return(world, order, 1, store="B"))
    assert (case.status, case.receiving_store_id) == (ReturnStatus.REFUND_DUE, world.stores["B"].pk)
    assert stock(world, "B", "S") == (before["B"][0] + 1, 0)
    assert stock(world, "A", "S") == before["A"]
    mirror = Recognition.objects.get(reversal_of__isnull=False)
    line = case.lines.get()
    assert (mirror.quantity, mirror.amount_fen, mirror.cause) == (-1, -49900, f"return_line:{line.pk}")
    assert (mirror.fulfilling_store_id, line.mirror_id) == (world.stores["A"].pk, mirror.pk)
    refund = Refund.objects.get()
    assert (refund.cause, refund.amount_fen, refund.reason) == (
        f"return:{case.pk}", 49900, RefundReason.GOODS_RETURNED,
    )  # fmt: skip
    assert case.refund_id == refund.pk
    confirm_refunds(order)
    case.refresh_from_db()
    assert (case.status, case.finished_at, case.due_at) == (ReturnStatus.CLOSED, NEXT_DAY, None)
    assert journal(order) == [
        ("prepayment", 99800, 0), ("sales", 0, 99800),
        ("refund_payable", 0, 49900), ("sales", 49900, 0),
        ("refund_payable", 49900, 0), ("psp_transit:wechat", 0, 49900),
    ]  # fmt: skip
    balances = {row.account: row.balance_fen for row in trial_balance(world.brand.pk)}
    assert balances == {"prepayment": 0, "psp_transit:wechat": 49900, "refund_payable": 0, "sales": -49900}
    derived = queries.derive([order])[order.pk]
    assert (derived.return_status, derived.charge_status) == (ReturnedStatus.PART, "full")


def test_credit_is_taken_back_from_whom_it_was_given_and_not_from_who_receives(world: World) -> None:
    order = delivered_order(world, ("S", 2))
    refunded_return(world, order, 1)
    rows = CreditEntry.objects.filter(recognition__order=order).order_by("pk")
    assert list(rows.values_list("role", "store", "amount_fen", "share_ppm")) == [
        ("fulfilling", world.stores["A"].pk, 49900, 500_000),
        ("channel", None, 49900, 500_000),
        ("fulfilling", world.stores["A"].pk, -24950, 500_000),
        ("channel", None, -24950, 500_000),
    ]
    assert list(rows.values_list("reversal_of", flat=True)) == [None, None, rows[0].pk, rows[1].pk]


@pytest.mark.parametrize(
    ("condition", "expected", "moves"),
    [
        (Condition.RESELL, (6, 0), [("return", 1)]),
        (Condition.REFURBISH, (6, 1), [("return", 1)]),
        (Condition.SCRAP, (5, 0), [("return", 1), ("scrap", -1)]),
    ],
)
def test_inspect_return_puts_a_piece_where_it_belongs(
    world: World, audited: Audited, condition: str, expected: tuple[int, int], moves: list[tuple[str, int]]
) -> None:
    audited.now = NEXT_DAY
    case = inspect(received_return(world, delivered_order(world), store="B"), condition)
    assert stock(world, "B", "S") == expected
    rows = StockMovement.objects.filter(cause__endswith=f"return_line:{case.lines.get().pk}").order_by("pk")
    assert list(rows.values_list("kind", "quantity")) == moves


def test_inspect_return_into_a_store_that_never_had_the_size_opens_a_level(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    world.level("B", "S").movements.all()
    case = received_return(world, delivered_order(world, ("S", 1)), store="C")
    before = stock(world, "C", "S")
    inspect(case)
    assert stock(world, "C", "S") == (before[0] + 1, 0)


def test_inspect_return_with_a_refused_piece_refunds_the_others(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 2), ("L", 1))
    before = stock(world, "B", "S")
    case = inspect(
        received_return(world, order, 2, 1, way=ReturnWay.BRING),
        Condition.RESELL, Condition.REFUSED, Condition.RESELL,
    )  # fmt: skip
    assert case.refund_fen == 39900 + 49900
    assert stock(world, "B", "S") == (before[0] + 1, 0)
    assert Refund.objects.get().amount_fen == 89800
    assert sorted(order.lines.values_list("returned_quantity", flat=True)) == [1, 1]


def test_inspect_return_of_nothing_that_is_taken_rejects_it(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world)
    case = inspect(received_return(world, order), Condition.REFUSED)
    assert (case.status, Refund.objects.count()) == (ReturnStatus.REJECTED, 0)
    assert case.refuse_reason != ""
    assert order.lines.get().returned_quantity == 0


def test_inspect_return_without_a_condition_names_the_piece(world: World) -> None:
    case = received_return(world, delivered_order(world))
    with pytest.raises(services.InvalidCondition) as refused, entry():
        services.inspect_return(case.pk, {}, actor="user:1", now=NEXT_DAY)
    assert refused.value.field == f"piece-{case.lines.get().pk}"
    assert Return.objects.get().status == ReturnStatus.RECEIVED


def test_inspect_return_twice_is_refused_and_pays_once(world: World) -> None:
    case = inspect(received_return(world, delivered_order(world)))
    with pytest.raises(services.ReturnNotOpen), entry():
        services.inspect_return(case.pk, {case.lines.get().pk: "resell"}, actor="user:1", now=NEXT_DAY)
    assert (Refund.objects.count(), Recognition.objects.filter(reversal_of__isnull=False).count()) == (1, 1)


def test_receive_return_twice_is_received_once(world: World) -> None:
    case = received_return(world, delivered_order(world), store="B")
    with entry():
        services.receive_return(case.pk, world.stores["A"].pk, actor="user:2", now=NEXT_DAY)
    case.refresh_from_db()
    assert (case.receiving_store_id, case.received_by) == (world.stores["B"].pk, "user:1")


def test_reject_return_needs_a_reason_and_leaves_everything_with_the_shopper(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world)
    case = received_return(world, order)
    with pytest.raises(services.ReasonNeeded), entry():
        services.reject_return(case.pk, reason=" ", actor="user:1", now=NEXT_DAY)
    with entry():
        services.reject_return(case.pk, reason="穿过", actor="user:1", now=NEXT_DAY)
    case.refresh_from_db()
    assert (case.status, case.refuse_reason, Refund.objects.count()) == (ReturnStatus.REJECTED, "穿过", 0)
    with pytest.raises(DomainError), entry():
        services.receive_return(case.pk, world.stores["A"].pk, actor="user:1", now=NEXT_DAY)


def test_collection_is_kept_of_the_refund_and_booked_as_a_sale(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world)
    case = collected_return(order)
    with entry():
        services.receive_return(case.pk, world.stores["A"].pk, actor="user:1", now=NEXT_DAY)
    inspect(case)
    confirm_refunds(order)
    assert Refund.objects.get().amount_fen == 48700
    balances = {row.account: row.balance_fen for row in trial_balance(world.brand.pk)}
    assert balances == {"prepayment": 0, "psp_transit:wechat": 1200, "refund_payable": 0, "sales": -1200}
    derived = queries.derive([order])[order.pk]
    assert (derived.return_status, derived.charge_status) == (ReturnedStatus.FULL, "full")


def test_delivery_charge_comes_back_with_all_by_our_fault(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    world.brand.free_delivery_from_fen = 10_000_000
    world.brand.save()
    order = delivered_order(world)
    refunded_return(world, order, reason=ReturnReason.FAULTY)
    assert Refund.objects.get().amount_fen == order.total_fen == 51100
    assert {row.account: row.balance_fen for row in trial_balance(world.brand.pk)}["sales"] == 0


def test_refund_told_twice_ends_the_return_once(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world)
    case = inspect(received_return(world, order))
    refund = Refund.objects.get()
    told = []
    for _again in range(2):
        with entry():
            told.append(refunds.apply_refund(refund.pk, arrival_of(refund), now=NEXT_DAY))
    run_deliveries(NEXT_DAY)
    case.refresh_from_db()
    refund.refresh_from_db()
    assert (told, case.status, refund.status) == ([True, False], ReturnStatus.CLOSED, RefundStatus.SUCCEEDED)


@pytest.mark.parametrize("seed", range(6))
def test_many_partial_returns_sum_to_what_was_paid(world: World, seed: int) -> None:
    """Odd prices, several lines, pieces refused now and then, in any grouping: in the end all money is back."""
    dice = random.Random(seed)
    order = delivered_order(world, ("S", 3), ("M", 4))
    lines = list(order.lines.order_by("pk"))
    while True:
        left = [line.quantity - line.returned_quantity for line in order.lines.order_by("pk")]
        if not any(left):
            break
        units = [dice.randint(0, most) for most in left]
        if not any(units):
            continue
        if dice.random() < 0.3:
            case = agreed_return(order, *units)
            with entry():
                services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)
            continue
        inspect(received_return(world, order, *units, store=dice.choice("AB")))
    confirm_refunds(order)
    assert len(lines) == 2
    assert sum(Refund.objects.values_list("amount_fen", flat=True)) == order.goods_fen
    assert (
        sum(Recognition.objects.filter(order=order, order_line__isnull=False).values_list("amount_fen", flat=True)) == 0
    )
    assert sum(CreditEntry.objects.values_list("amount_fen", flat=True)) == 0
    assert {row.account: row.balance_fen for row in trial_balance(world.brand.pk)}["sales"] == 0
    assert broken_claims(NEXT_DAY) == {}
