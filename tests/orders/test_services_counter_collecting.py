"""A paid order in a counter's basket: added for its code, partly declined, handed over once when that is settled."""

from datetime import datetime

import pytest

from fulfillment import services as fulfillment_services
from fulfillment.models import FulfillmentOrder, PickupCode
from omni.kernel.errors import NotFound
from omni.kernel.transactions import entry
from orders import queries, services
from orders.models import CounterBasket, CounterLine, Order, PaymentIntent, Recognition, Refund, Return
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.counter import (
    CLERK,
    begun,
    declined,
    opened_basket,
    put_collection,
    tendered,
    waiting_order,
)
from tests.factories.orders import run_deliveries
from tests.factories.till import opened_drawer
from tests.factories.try_ons import booked, share_of

SHIRT = 49900


@pytest.fixture(autouse=True)
def _at_noon(audited: Audited, now: datetime) -> None:
    """Everything must hold after each of these."""
    audited.now = now


def share_status(order: Order) -> tuple[str, str]:
    """Return the status of an order's one share, and of its code."""
    share = FulfillmentOrder.objects.get(fulfillment=order.fulfillment_id)
    return share.status, PickupCode.objects.filter(fulfillment_order=share).latest("pk").status


def settled(basket: CounterBasket, now: datetime) -> bool:
    with entry():
        is_settled = services.settle_basket(basket.pk, actor=CLERK, now=now)
    basket.refresh_from_db()
    return is_settled


def test_collection_alone_costs_nothing_and_is_handed_over_once(world: World, now: datetime) -> None:
    order, basket = waiting_order(world, ("S", 2)), opened_basket(world)
    put_collection(basket, order)
    assert (queries.load_counter(basket, now=now).quote.net_fen, share_status(order)) == (
        *(0,),
        ("ready_for_pickup", "issued"),
    )

    begun(basket)
    assert (settled(basket, now), settled(basket, now)) == (True, True)

    assert (basket.status, basket.checkout, share_status(order)) == ("settled", None, ("collected", "redeemed"))
    assert PickupCode.objects.get(status="redeemed").redeemed_by == CLERK
    assert (world.level("A", "S").on_hand, world.level("A", "S").allocated) == (8, 0)
    run_deliveries(now)
    order.refresh_from_db()
    assert (order.status, Recognition.objects.filter(order=order).count()) == ("completed", 1)


def test_collection_with_a_sale_is_handed_over_when_the_money_is_there(world: World, now: datetime) -> None:
    order, basket, drawer = waiting_order(world, ("S", 1)), opened_basket(world, "M"), opened_drawer(world)
    put_collection(basket, order)
    begun(basket)
    assert (settled(basket, now), share_status(order)) == (False, ("ready_for_pickup", "issued"))

    assert tendered(basket, drawer, SHIRT) is True

    assert share_status(order) == ("collected", "redeemed")
    assert (world.level("A", "S").on_hand, world.level("A", "M").on_hand) == (9, 1)
    run_deliveries(now)


def test_declined_piece_of_a_collection_pays_for_what_is_bought_instead(world: World, now: datetime) -> None:
    order, basket = waiting_order(world, ("S", 2)), opened_basket(world, "M")
    case = put_collection(basket, order)
    with entry():
        services.decline_at_counter(basket.pk, case.pk, declined(case, 0, 1), now=now)
        services.decline_at_counter(basket.pk, case.pk, declined(case, 1), now=now)
    page = queries.load_counter(basket, now=now)
    assert (page.quote.returns_fen, page.quote.net_fen, page.collections[0].kept_count) == (SHIRT, 0, 1)

    begun(basket)
    assert settled(basket, now) is True
    run_deliveries(now)

    case_back = Return.objects.get()
    assert (case_back.order, case_back.reason, case_back.refund_fen, case_back.status) == (
        *(order, "too_small", SHIRT),
        "closed",
    )
    assert PaymentIntent.objects.get(checkout=basket.checkout_id).method == "return_credit"
    assert (world.level("A", "S").on_hand, world.level("A", "M").on_hand) == (9, 1)


def test_all_declined_is_refunded_the_way_it_was_paid(world: World, now: datetime) -> None:
    order, basket = waiting_order(world, ("S", 1), ("M", 1)), opened_basket(world)
    case = put_collection(basket, order)
    with entry():
        services.decline_at_counter(basket.pk, case.pk, declined(case, 0, 1, condition="scrap"), now=now)
    begun(basket)

    assert settled(basket, now) is True

    assert Refund.objects.values_list("amount_fen", "intent__method").get() == (2 * SHIRT, "wechat_native")
    run_deliveries(now)


def test_basket_that_is_given_up_leaves_the_collection_waiting(world: World, now: datetime) -> None:
    order, basket = waiting_order(world, ("S", 2)), opened_basket(world, "M")
    case = put_collection(basket, order)
    with entry():
        services.decline_at_counter(basket.pk, case.pk, declined(case, 1), now=now)
    begun(basket)
    with entry():
        services.give_up_payment(basket.pk, actor=CLERK, now=now)
    with entry():
        services.drop_basket(basket.pk, actor=CLERK, now=now)
    run_deliveries(now)

    assert (share_status(order), Return.objects.count()) == (("ready_for_pickup", "issued"), 0)
    assert (world.level("A", "S").on_hand, world.level("A", "S").allocated) == (10, 2)


def test_collection_that_was_handed_over_elsewhere_refuses_the_tender_and_may_be_left_out(
    world: World, now: datetime
) -> None:
    order, basket, drawer = waiting_order(world, ("S", 2)), opened_basket(world, "M"), opened_drawer(world)
    case = put_collection(basket, order)
    with entry():
        services.decline_at_counter(basket.pk, case.pk, declined(case, 1), now=now)
        services.change_counter_line(basket.pk, basket.lines.get(kind="sale").pk, 2, now=now)
    begun(basket)
    with entry():
        fulfillment_services.collect_shown({case.share_id or 0: case.pickup_code_id or 0}, actor="user:2", now=now)
    run_deliveries(now)

    with pytest.raises(services.CollectionGone):
        tendered(basket, drawer, SHIRT)
    assert PaymentIntent.objects.filter(checkout=basket.checkout_id).count() == 0

    with entry():
        services.leave_line_out(basket.pk, case.pk, now=now)
    basket.refresh_from_db()
    assert (basket.lines.count(), queries.counter_due(basket)) == (1, 2 * SHIRT)
    assert tendered(basket, drawer, 2 * SHIRT) is True
    run_deliveries(now)


def test_collection_whose_goods_are_gone_or_whose_code_is_new_cannot_be_paid(world: World, now: datetime) -> None:
    order, basket = waiting_order(world, ("S", 1)), opened_basket(world)
    case = put_collection(basket, order)
    PickupCode.objects.update(status="revoked")
    with pytest.raises(services.BasketHasProblems), entry():
        services.begin_payment(basket.pk, seen_net_fen=None, actor=CLERK, now=now)
    PickupCode.objects.update(status="issued")
    FulfillmentOrder.objects.filter(pk=case.share_id or 0).update(status="pickup_expired")
    with pytest.raises(services.BasketHasProblems), entry():
        services.begin_payment(basket.pk, seen_net_fen=None, actor=CLERK, now=now)

    FulfillmentOrder.objects.filter(pk=case.share_id or 0).update(status="ready_for_pickup")
    basket.refresh_from_db()
    assert basket.status == "open"


def test_code_of_a_try_on_is_no_collection(world: World, now: datetime) -> None:
    share, basket = share_of(booked(world)), opened_basket(world)
    shown = fulfillment_services.ShownCode(0, share.pk, share.fulfillment_id, share.number)

    with pytest.raises(services.NotACollection), entry():
        services.collect_at_counter(basket.pk, shown, now=now)

    assert CounterLine.objects.count() == 0


def test_collection_is_declined_only_by_pieces_of_its_own(world: World, now: datetime) -> None:
    basket = opened_basket(world)
    mine = put_collection(basket, waiting_order(world, ("S", 1)))
    other = put_collection(opened_basket(world), waiting_order(world, ("S", 1)))

    with pytest.raises(NotFound), entry():
        services.decline_at_counter(basket.pk, mine.pk, declined(other, 0), now=now)
    with pytest.raises(services.InvalidChoice), entry():
        services.decline_at_counter(basket.pk, mine.pk, declined(mine, 0, reason="bored"), now=now)

    assert CounterLine.objects.filter(kind="return").count() == 0


def test_removing_a_collection_removes_what_was_declined_of_it(world: World, now: datetime) -> None:
    basket = opened_basket(world, "M")
    case = put_collection(basket, waiting_order(world, ("S", 2)))
    with entry():
        services.decline_at_counter(basket.pk, case.pk, declined(case, 0), now=now)
        services.change_counter_line(basket.pk, case.pk, 0, now=now)

    assert list(basket.lines.values_list("kind", flat=True)) == ["sale"]
