"""Exchanges: the replacement is held at once, paid with what comes back, and given back when nothing does."""

from datetime import timedelta

import pytest

from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, Way
from inventory.models import StockLevel
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import (
    Condition,
    IntentStatus,
    OrderStatus,
    PaymentMethod,
    RefundReason,
    RefundStatus,
    ReturnKind,
    ReturnStatus,
    ReturnWay,
)
from orders.models import Checkout, Order, PaymentIntent, Return
from orders.services import cancelling, return_deadlines
from settlement.queries import trial_balance
from stores.choices import Channel
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.exchanges import (
    agreed_exchange,
    bring,
    deliver_order,
    pay_difference,
    replacement_of,
    settle,
    wish_to_exchange,
)
from tests.factories.orders import placed_order, run_deliveries, shares_of
from tests.factories.returns import NEXT_DAY, confirm_refunds, delivered_order, inspect, received_return, report_ride
from tests.factories.till import opened_drawer, pay_cash

pytestmark = pytest.mark.django_db


def payments(order: Order) -> list[tuple[str, str, int]]:
    intents = PaymentIntent.objects.filter(allocations__order=order).order_by("pk")
    return list(intents.values_list("method", "status", "amount_fen"))


def paid_back(order: Order) -> list[tuple[str, str, int]]:
    return list(order.refunds.order_by("pk").values_list("reason", "status", "amount_fen"))


def balance(world: World) -> dict[str, int]:
    return {row.account: row.credit_fen - row.debit_fen for row in trial_balance(world.brand.pk)}


def test_even_exchange_is_paid_by_what_came_back(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 1))
    held = world.level("A", "M").held
    case = agreed_exchange(order, "M")
    replacement = replacement_of(case)
    assert (case.kind, case.status, case.checkout_id) == (ReturnKind.EXCHANGE, ReturnStatus.APPROVED, order.checkout_id)
    assert (replacement.status, replacement.total_fen, replacement.checkout_id) == (
        OrderStatus.PLACED, 49900, order.checkout_id,
    )  # fmt: skip
    assert Checkout.objects.count() == 1
    assert world.level("A", "M").held == held + 1
    case = bring(case, world)
    assert (case.status, payments(replacement)) == (ReturnStatus.INSPECTED, [])
    case = settle(case)
    assert (case.status, case.credit_fen, case.refund_id) == (ReturnStatus.CLOSED, 49900, None)
    assert payments(replacement) == [(PaymentMethod.RETURN_CREDIT, IntentStatus.SUCCEEDED, 49900)]
    assert paid_back(order) == [(RefundReason.EXCHANGED, RefundStatus.SUCCEEDED, 49900)]
    assert replacement_of(case).status == OrderStatus.PAID
    assert shares_of(replacement)[0].status == FulfillmentOrderStatus.PENDING_ROUTING
    assert balance(world)["return_credit"] == 0
    assert balance(world)["prepayment"] == 49900
    assert balance(world)["refund_payable"] == 0


def test_cheaper_replacement_refunds_the_rest_the_way_it_was_paid(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 1))
    case = settle(bring(agreed_exchange(order, "L"), world))
    assert (case.status, case.credit_fen) == (ReturnStatus.REFUND_DUE, 39900)
    assert paid_back(order) == [
        (RefundReason.EXCHANGED, RefundStatus.SUCCEEDED, 39900),
        (RefundReason.GOODS_RETURNED, RefundStatus.REQUESTED, 10000),
    ]
    confirm_refunds(order)
    case.refresh_from_db()
    assert (case.status, replacement_of(case).status) == (ReturnStatus.CLOSED, OrderStatus.PAID)
    assert PaymentIntent.objects.get(allocations__order=order).refunded_fen == 49900


def test_dearer_replacement_waits_for_its_goods_once_the_difference_is_paid(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("L", 1))
    case = agreed_exchange(order, "S")
    replacement = replacement_of(case)
    assert queries.left_to_pay_fen(replacement) == 10000
    assert replacement.expires_at == NEXT_DAY + timedelta(hours=24)
    pay_difference(case)
    assert (replacement_of(case).status, queries.left_to_pay_fen(replacement)) == (OrderStatus.PLACED, 0)
    assert payments(replacement) == [(PaymentMethod.WECHAT_NATIVE, IntentStatus.SUCCEEDED, 10000)]
    case = settle(bring(case, world))
    assert (case.status, case.credit_fen) == (ReturnStatus.CLOSED, 39900)
    assert replacement_of(case).status == OrderStatus.PAID
    assert balance(world)["prepayment"] == 49900


def test_goods_that_came_before_the_difference_wait_for_it(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    case = agreed_exchange(delivered_order(world, ("L", 1)), "S")
    case = settle(bring(case, world))
    assert (case.status, case.due_at) == (ReturnStatus.INSPECTED, NEXT_DAY + timedelta(hours=24))
    pay_difference(case)
    case = settle(case)
    assert (case.status, replacement_of(case).status) == (ReturnStatus.CLOSED, OrderStatus.PAID)


def test_difference_that_is_never_paid_makes_a_return_of_the_exchange(world: World, audited: Audited) -> None:
    order = delivered_order(world, ("L", 1))
    held = world.level("A", "S").held
    case = settle(bring(agreed_exchange(order, "S"), world))
    audited.now = late = NEXT_DAY + timedelta(hours=24)
    case = settle(case, late)
    assert (case.status, case.credit_fen) == (ReturnStatus.REFUND_DUE, 0)
    assert paid_back(order) == [(RefundReason.GOODS_RETURNED, RefundStatus.REQUESTED, 39900)]
    assert replacement_of(case).status == OrderStatus.EXPIRED
    assert world.level("A", "S").held == held


def test_unpaid_replacement_ends_before_its_goods_come(world: World, audited: Audited) -> None:
    case = agreed_exchange(delivered_order(world, ("L", 1)), "S")
    audited.now = late = NEXT_DAY + timedelta(hours=24)
    cancelling.drive_order(replacement_of(case).pk, now=late)
    run_deliveries(late)
    assert replacement_of(case).status == OrderStatus.EXPIRED
    case = settle(bring(case, world, now=late), late)
    assert (case.status, case.credit_fen) == (ReturnStatus.REFUND_DUE, 0)


def test_expiry_leaves_a_replacement_that_waits_for_its_goods(world: World, audited: Audited) -> None:
    case = agreed_exchange(delivered_order(world, ("S", 1)), "M")
    replacement = replacement_of(case)
    audited.now = late = replacement.expires_at
    with entry():
        services.receive_return(case.pk, world.stores["B"].pk, actor="user:1", now=late)
    cancelling.drive_order(replacement.pk, now=late)
    assert (replacement_of(case).status, replacement_of(case).due_at) == (OrderStatus.PLACED, late + timedelta(days=1))


@pytest.mark.parametrize("how", ["cancelled", "expired", "rejected"])
def test_return_that_is_given_up_gives_replacement_and_difference_back(
    world: World, how: str, audited: Audited
) -> None:
    order = delivered_order(world, ("L", 1))
    held = world.level("A", "S").held
    case = agreed_exchange(order, "S")
    pay_difference(case)
    audited.now = now = case.due_at if how == "expired" and case.due_at else NEXT_DAY
    if how == "cancelled":
        with entry():
            services.cancel_return(case.pk, actor="guest", now=now)
    elif how == "expired":
        return_deadlines.drive_return(case.pk, now=now)
    else:
        with entry():
            services.receive_return(case.pk, world.stores["B"].pk, actor="user:1", now=now)
            services.reject_return(case.pk, reason="Worn", actor="user:1", now=now)
    run_deliveries(now)
    replacement = replacement_of(case)
    assert replacement.status == OrderStatus.CANCELLED
    assert paid_back(replacement) == [(RefundReason.CANCELLED, RefundStatus.REQUESTED, 10000)]
    assert paid_back(order) == []
    assert world.level("A", "S").held == held
    confirm_refunds(replacement, now)
    assert balance(world)["prepayment"] == 0


def test_exchange_of_which_a_piece_is_refused_becomes_a_return(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 2))
    case = agreed_exchange(order, "M", 2)
    case = settle(bring(case, world, Condition.RESELL, Condition.REFUSED))
    assert (case.status, case.credit_fen) == (ReturnStatus.REFUND_DUE, 0)
    assert paid_back(order) == [(RefundReason.GOODS_RETURNED, RefundStatus.REQUESTED, 49900)]
    assert replacement_of(case).status == OrderStatus.CANCELLED


def test_replacement_whose_goods_are_gone_refunds_difference_and_credit(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("L", 1))
    case = agreed_exchange(order, "S")
    pay_difference(case)
    replacement = replacement_of(settle(bring(case, world)))
    with entry():
        services.cancel_order(replacement.pk, actor="system:test", now=NEXT_DAY)
    run_deliveries(NEXT_DAY)
    difference, credit = replacement.refunds.order_by("pk")
    assert (difference.amount_fen, difference.through_id) == (10000, None)
    origin = PaymentIntent.objects.get(allocations__order=order)
    assert (credit.amount_fen, credit.through_id, credit.intent.method) == (
        39900, origin.pk, PaymentMethod.RETURN_CREDIT,
    )  # fmt: skip
    confirm_refunds(replacement)
    assert replacement_of(case).status == OrderStatus.CANCELLED
    assert balance(world)["prepayment"] == 0
    assert balance(world)["return_credit"] == 0


def test_replacement_may_be_returned_and_all_of_it_goes_back(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("L", 1))
    case = agreed_exchange(order, "S")
    pay_difference(case)
    replacement = replacement_of(settle(bring(case, world)))
    deliver_order(replacement)
    again = inspect(received_return(world, replacement, 1))
    assert again.status == ReturnStatus.REFUND_DUE
    confirm_first, confirm_second = replacement.refunds.order_by("pk")
    assert (confirm_first.amount_fen, confirm_second.amount_fen) == (10000, 39900)
    confirm_refunds(replacement)
    again.refresh_from_db()
    assert again.status == ReturnStatus.CLOSED
    assert balance(world)["refund_payable"] == 0


def test_replacement_may_be_exchanged_again_and_then_returned_to_the_fen(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("L", 1))
    first = agreed_exchange(order, "S")
    pay_difference(first)
    once = replacement_of(settle(bring(first, world)))
    deliver_order(once)

    second = settle(bring(agreed_exchange(once, "M"), world))
    twice = replacement_of(second)

    assert (second.status, second.credit_fen, second.checkout_id) == (ReturnStatus.CLOSED, 49900, order.checkout_id)
    assert sorted(payments(twice)) == [
        (PaymentMethod.RETURN_CREDIT, IntentStatus.SUCCEEDED, 10000),
        (PaymentMethod.RETURN_CREDIT, IntentStatus.SUCCEEDED, 39900),
    ]
    assert balance(world)["prepayment"] == 49900
    deliver_order(twice)
    back = inspect(received_return(world, twice, 1))
    through = {row.provider_intent.out_trade_no: row.amount_fen for row in twice.refunds.all()}
    paid = PaymentIntent.objects.filter(method=PaymentMethod.WECHAT_NATIVE)
    assert through == dict(paid.values_list("out_trade_no", "amount_fen"))
    confirm_refunds(twice)
    back.refresh_from_db()
    assert back.status == ReturnStatus.CLOSED
    assert (balance(world)["refund_payable"], balance(world)["return_credit"]) == (0, 0)


def test_second_exchange_of_which_the_rest_goes_back_uses_the_first_payment(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 1))
    once = replacement_of(settle(bring(agreed_exchange(order, "M"), world)))
    deliver_order(once)

    second = settle(bring(agreed_exchange(once, "L"), world))

    assert (second.status, second.credit_fen) == (ReturnStatus.REFUND_DUE, 39900)
    assert paid_back(once) == [
        (RefundReason.EXCHANGED, RefundStatus.SUCCEEDED, 39900),
        (RefundReason.GOODS_RETURNED, RefundStatus.REQUESTED, 10000),
    ]
    rest = once.refunds.get(reason=RefundReason.GOODS_RETURNED)
    assert rest.provider_intent == order.allocations.get().intent
    confirm_refunds(once)
    second.refresh_from_db()
    assert (second.status, replacement_of(second).status) == (ReturnStatus.CLOSED, OrderStatus.PAID)


def test_second_exchange_called_off_leaves_the_first_replacement_with_its_shopper(
    world: World, audited: Audited
) -> None:
    audited.now = NEXT_DAY
    once = replacement_of(settle(bring(agreed_exchange(delivered_order(world, ("S", 1)), "M"), world)))
    deliver_order(once)
    held = world.level("A", "L").held
    case = agreed_exchange(once, "L")
    with entry():
        services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)
    run_deliveries(NEXT_DAY)
    assert (replacement_of(case).status, world.level("A", "L").held) == (OrderStatus.CANCELLED, held)
    assert once.lines.get().returned_quantity == 0
    assert paid_back(once) == []


def collected_exchange(world: World, *states: DeliveryState, reason: str = "") -> Return:
    """Return an exchange that a courier fetches, as far as the courier reports."""
    wish = wish_to_exchange(order := delivered_order(world, ("S", 1)), "M", way=ReturnWay.COLLECT)
    with entry():
        case = services.request_exchange(order.pk, wish, actor="guest", now=NEXT_DAY)
    run_deliveries(NEXT_DAY)
    return report_ride(case, *states, reason=reason)


def test_exchange_fetched_by_a_courier_is_sent_once_the_store_has_looked_at_it(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    case = collected_exchange(world, DeliveryState.PICKED_UP, DeliveryState.DELIVERED)
    fee_fen = queries.return_policy(world.brand.pk).collection_fee_fen
    assert (case.status, case.refund_fen) == (ReturnStatus.IN_TRANSIT, 49900 - fee_fen)
    assert queries.left_to_pay_fen(replacement_of(case)) == fee_fen
    assert replacement_of(case).status == OrderStatus.PLACED
    pay_difference(case)

    case = settle(bring(case, world, store="A"))

    assert (case.status, case.credit_fen) == (ReturnStatus.CLOSED, 49900 - fee_fen)
    assert replacement_of(case).status == OrderStatus.PAID


def test_exchange_that_no_courier_fetches_is_brought_and_costs_no_fee(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    case = collected_exchange(world, DeliveryState.AT_STORE, DeliveryState.CANCELLED, reason="SENDER_ABSENT")
    assert (case.status, case.way, case.collection_fen) == (ReturnStatus.APPROVED, ReturnWay.BRING, 0)
    assert queries.left_to_pay_fen(replacement_of(case)) == 0

    case = settle(bring(case, world))

    assert (case.status, case.credit_fen) == (ReturnStatus.CLOSED, 49900)
    assert replacement_of(case).status == OrderStatus.PAID


def test_exchange_that_the_courier_loses_is_paid_for_and_sent(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    case = settle(collected_exchange(world, DeliveryState.PICKED_UP, DeliveryState.EXCEPTION, DeliveryState.LOST))
    assert (case.status, case.collection_fen, case.credit_fen) == (ReturnStatus.CLOSED, 0, 49900)
    assert replacement_of(case).status == OrderStatus.PAID


def test_what_was_taken_away_from_a_counter_is_exchanged_for_what_is_collected_there(
    world: World, audited: Audited
) -> None:
    audited.now = NEXT_DAY
    store_id = world.stores["A"].pk
    order = placed_order(
        world, ("S", 1), way=Way.TAKE_AWAY, pickup_store_id=store_id, channel=Channel.COUNTER,
        selling=services.Selling(store_id, None, "counter:1"), street="",
    )  # fmt: skip
    pay_cash(order, opened_drawer(world), order.total_fen)
    run_deliveries()
    order.refresh_from_db()
    assert order.status == OrderStatus.COMPLETED

    StockLevel.objects.filter(store=store_id, variant=world.variants["L"]).update(on_hand=0)
    lines = queries.returnable_lines(order, now=NEXT_DAY)
    (choices,) = queries.swap_choices(order, lines, now=NEXT_DAY).values()
    assert [choice.sku for choice in choices] == ["SHIRT-M"]  # the store has no L, whatever others have

    case = agreed_exchange(order, "M")

    demand = replacement_of(case).fulfillment
    assert (demand.way, demand.pickup_store_id) == (Way.PICKUP, store_id)
    case = settle(bring(case, world))
    assert (case.status, replacement_of(case).status) == (ReturnStatus.CLOSED, OrderStatus.PAID)


@pytest.mark.parametrize(
    ("size", "seen", "code"), [("XXL", None, "unknown_swap"), ("S", None, "unknown_swap"), ("M", 1, "total_changed")]
)
def test_exchange_for_something_else_is_refused(world: World, size: str, seen: int | None, code: str) -> None:
    order = delivered_order(world, ("S", 1))
    with pytest.raises(DomainError) as refused, entry():
        services.request_exchange(order.pk, wish_to_exchange(order, size, seen=seen), actor="guest", now=NEXT_DAY)
    assert refused.value.code == code
    assert (Return.objects.count(), Order.objects.count()) == (0, 1)
    assert order.lines.get().returned_quantity == 0


def test_shopper_who_cancels_the_replacement_has_made_a_return(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 1))
    case = agreed_exchange(order, "M")
    with entry():
        services.cancel_order(replacement_of(case).pk, actor="guest", now=NEXT_DAY)
    case = settle(bring(case, world))
    assert (case.status, case.credit_fen) == (ReturnStatus.REFUND_DUE, 0)
    assert paid_back(order) == [(RefundReason.GOODS_RETURNED, RefundStatus.REQUESTED, 49900)]


def test_even_replacement_asks_for_no_payment(world: World) -> None:
    case = agreed_exchange(delivered_order(world, ("S", 1)), "M")
    with pytest.raises(services.OrderNotPayable), entry():
        services.start_payment(replacement_of(case).pk, PaymentMethod.WECHAT_NATIVE, now=NEXT_DAY)
    assert payments(replacement_of(case)) == []
