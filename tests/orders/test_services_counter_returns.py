"""Pieces on a store's counter: of any order, channel and store of the brand, taken back in one act."""

from datetime import timedelta

import pytest

from omni.kernel.errors import DomainError, NotFound
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import PaymentMethod, RefundReason, ReturnReason, ReturnStatus
from orders.models import IntentAllocation, Order, PaymentIntent, Recognition, Refund, Return
from settlement.choices import RuleKind
from settlement.models import CreditEntry
from settlement.queries import trial_balance
from stores.choices import Channel
from stores.models import Staff
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.orders import placed_order, run_deliveries
from tests.factories.returns import NEXT_DAY, confirm_refunds, delivered_order
from tests.factories.settlement import DefaultSplitFactory

pytestmark = pytest.mark.django_db


def keys_of(*orders: Order) -> list[queries.UnitKey]:
    """Return the pieces of orders, the oldest first."""
    return sorted(piece.key for piece in queries.held_pieces(orders, now=NEXT_DAY))


def take_back(
    world: World,
    keys: list[queries.UnitKey],
    *,
    store: str = "C",
    condition: str = "resell",
    reason: str = ReturnReason.NOT_WANTED,
    **more: object,
) -> list[Return]:
    """Take pieces back at a store, and tell those above."""
    pieces = tuple(services.CounterPiece(key.sale_id, key.unit, condition, reason) for key in keys)
    now = more.pop("now", NEXT_DAY)
    with entry():
        cases = services.take_back_here(
            services.CounterReturn(world.stores[store].pk, pieces, **more),  # type: ignore[arg-type]
            actor="user:1",
            now=now,  # type: ignore[arg-type]
        )
    run_deliveries(now)  # type: ignore[arg-type]
    return cases


def test_take_back_here_of_what_another_store_sold_needs_no_request(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 2))
    before = {store: world.level(store, "S").on_hand for store in "AC"}
    [case] = take_back(world, keys_of(order)[:1])
    assert (case.status, case.refund_fen, case.receiving_store_id) == ("refund_due", 49900, world.stores["C"].pk)
    assert {store: world.level(store, "S").on_hand for store in "AC"} == {"A": before["A"], "C": before["C"] + 1}
    mirror = Recognition.objects.get(reversal_of__isnull=False)
    assert (mirror.fulfilling_store_id, mirror.amount_fen) == (world.stores["A"].pk, -49900)
    refund = Refund.objects.get()
    assert (refund.cause, refund.amount_fen, refund.reason) == (f"return:{case.pk}", 49900, "goods_returned")
    confirm_refunds(order)
    case.refresh_from_db()
    assert (case.status, case.due_at) == (ReturnStatus.CLOSED, None)
    balances = {row.account: row.balance_fen for row in trial_balance(world.brand.pk)}
    assert balances == {"prepayment": 0, "psp_transit:wechat": 49900, "refund_payable": 0, "sales": -49900}


def test_take_back_here_reverses_the_credit_of_who_sold_and_fulfilled_and_gives_this_store_its_handling(
    world: World, guide_a: Staff, audited: Audited
) -> None:
    """Sold by A's guide from the endless aisle, sent by B, brought to C."""
    audited.now = NEXT_DAY
    DefaultSplitFactory.create(brand=world.brand, kind=RuleKind.RETURN_HANDLING, params={"amount_fen": 800})
    order = delivered_order(
        world,
        ("L", 2),
        channel=Channel.ENDLESS_AISLE,
        selling=services.Selling(guide_a.store_id or 0, guide_a.pk, "counter"),
    )
    sold = CreditEntry.objects.filter(recognition__order=order).order_by("pk")
    given = {(row.role, row.store and row.store.code, row.guide): row.amount_fen for row in sold}
    assert {(role, store) for role, store, _guide in given} >= {("selling", "A"), ("fulfilling", "B")}
    before = {store: world.level(store, "L").on_hand for store in "ABC"}
    take_back(world, keys_of(order)[:1])
    back = CreditEntry.objects.filter(recognition__quantity=-1).order_by("pk")
    assert {(row.role, row.store and row.store.code, row.guide): row.amount_fen for row in back} == {
        **{party: -fen // 2 for party, fen in given.items()},
        ("handling", "C", None): 800,
    }
    assert {store: world.level(store, "L").on_hand for store in "ABC"} == before | {"C": before["C"] + 1}
    confirm_refunds(order)
    balances = {row.account: row.balance_fen for row in trial_balance(world.brand.pk)}
    assert balances == {"prepayment": 0, "psp_transit:wechat": 39900, "refund_payable": 0, "sales": -39900}


def test_take_back_here_of_several_orders_makes_a_return_of_each(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    first, second = delivered_order(world), delivered_order(world, ("M", 1))
    cases = take_back(world, keys_of(first, second))
    assert sorted(case.order_id for case in cases) == [first.pk, second.pk]
    assert sorted(Refund.objects.values_list("order_id", "amount_fen")) == [(first.pk, 49900), (second.pk, 49900)]


def test_take_back_here_of_a_piece_that_is_back_changes_nothing(world: World) -> None:
    order = delivered_order(world, ("S", 2))
    back, kept = keys_of(order)
    take_back(world, [back])
    with pytest.raises(DomainError) as caught:
        take_back(world, [kept, back])
    assert (caught.value.code, caught.value.field) == ("not_returnable", queries.piece_field(back))
    assert (Return.objects.count(), Refund.objects.count()) == (1, 1)
    assert order.lines.get().returned_quantity == 1


@pytest.mark.parametrize(
    ("condition", "reason", "code"),
    [("refused", "not_wanted", "invalid_condition"), ("resell", "bored", "unknown_return_choice")],
)
def test_take_back_here_names_the_piece_with_a_wrong_word(world: World, condition: str, reason: str, code: str) -> None:
    keys = keys_of(delivered_order(world))
    with pytest.raises(DomainError) as caught:
        take_back(world, keys, condition=condition, reason=reason)
    assert (caught.value.code, caught.value.field) == (code, queries.piece_field(keys[0]))
    assert Return.objects.count() == 0


def test_take_back_here_too_late_needs_a_manager_and_names_them(
    world: World, manager_a: Staff, audited: Audited
) -> None:
    late = audited.now = NOON + timedelta(days=40)
    keys = keys_of(delivered_order(world))
    with pytest.raises(DomainError) as caught:
        take_back(world, keys, now=late)
    assert (caught.value.code, Return.objects.count()) == ("not_returnable", 0)
    [case] = take_back(world, keys, allowed_by=manager_a.pk, now=late)
    assert (case.allowed_by_id, case.refund_fen) == (manager_a.pk, 49900)


def test_take_back_here_in_time_names_no_manager(world: World, manager_a: Staff) -> None:
    [case] = take_back(world, keys_of(delivered_order(world)), allowed_by=manager_a.pk)
    assert case.allowed_by_id is None


def test_take_back_here_of_another_brand_finds_nothing(world: World) -> None:
    keys = keys_of(delivered_order(world))
    pieces = tuple(services.CounterPiece(key.sale_id, key.unit, "resell", "not_wanted") for key in keys)
    with pytest.raises(NotFound), entry():
        services.take_back_here(services.CounterReturn(world.other_store.pk, pieces), actor="user:1", now=NEXT_DAY)
    assert Return.objects.count() == 0


def test_take_back_here_refuses_another_amount_than_was_seen(world: World) -> None:
    keys = keys_of(delivered_order(world))
    with pytest.raises(DomainError) as caught:
        take_back(world, keys, seen_refund_fen=1)
    assert (caught.value.code, Return.objects.count()) == ("refund_changed", 0)


def test_take_back_here_in_a_checkout_pays_its_order_in_part(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world)
    wanted = placed_order(world, ("S", 2), now=NEXT_DAY)
    [case] = take_back(world, keys_of(order), checkout_id=wanted.checkout_id)
    assert (case.status, case.credit_fen, case.checkout_id) == ("closed", 49900, wanted.checkout_id)
    used = Refund.objects.get()
    assert (used.reason, used.status, used.amount_fen) == (RefundReason.EXCHANGED, "succeeded", 49900)
    credit = PaymentIntent.objects.get(method=PaymentMethod.RETURN_CREDIT)
    assert (credit.status, credit.amount_fen, credit.credit_of) == ("succeeded", 49900, used)
    allocation = IntentAllocation.objects.get(intent=credit)
    assert (allocation.order, allocation.amount_fen) == (wanted, 49900)
    balances = {row.account: row.balance_fen for row in trial_balance(world.brand.pk)}
    assert balances == {
        "prepayment": -49900, "psp_transit:wechat": 49900, "refund_payable": 0, "return_credit": 0, "sales": 0,
    }  # fmt: skip


def test_take_back_here_in_a_checkout_owes_back_what_its_order_does_not_cost(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 2))
    wanted = placed_order(world, ("L", 1), now=NEXT_DAY)
    [case] = take_back(world, keys_of(order), checkout_id=wanted.checkout_id)
    assert (case.status, case.refund_fen, case.credit_fen) == ("refund_due", 99800, 39900)
    assert sorted(Refund.objects.values_list("reason", "amount_fen")) == [
        ("exchanged", 39900), ("goods_returned", 59900),
    ]  # fmt: skip
    confirm_refunds(order)
    case.refresh_from_db()
    assert case.status == ReturnStatus.CLOSED


def test_credit_of_an_order_that_ends_unpaid_goes_back_the_way_it_came(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world)
    wanted = placed_order(world, ("S", 2), now=NEXT_DAY)
    take_back(world, keys_of(order), checkout_id=wanted.checkout_id)
    with entry():
        services.cancel_order(wanted.pk, actor="user:1", now=NEXT_DAY)
    run_deliveries(NEXT_DAY)
    back = Refund.objects.get(order=wanted)
    paid = order.allocations.get().intent
    assert (back.amount_fen, back.provider_intent, back.status) == (49900, paid, "requested")
    confirm_refunds(wanted)
    balances = {row.account: row.balance_fen for row in trial_balance(world.brand.pk)}
    assert set(balances.values()) == {0}


def test_held_pieces_of_three_orders_ask_as_often_as_of_one(
    world: World, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    order = delivered_order(world, ("S", 3))
    with django_assert_num_queries(3):  # type: ignore[operator]
        assert len(queries.held_pieces([order], now=NEXT_DAY)) == 3
    others = [delivered_order(world, ("S", 3)) for _ in range(2)]
    with django_assert_num_queries(3):  # type: ignore[operator]
        assert len(queries.held_pieces([order, *others], now=NEXT_DAY)) == 9
