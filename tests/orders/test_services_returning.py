"""Agreeing on returns: what may come back, what for, and what it is worth to the fen."""

from datetime import timedelta

import pytest

from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import ReturnReason, ReturnStatus, ReturnWay
from orders.models import OrderLine, Return, ReturnLine, ReturnPolicy
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.orders import carried_order
from tests.factories.returns import NEXT_DAY, agreed_return, delivered_order, refunded_return, wish_to_return

pytestmark = pytest.mark.django_db


def refusal(order_id: int, wanted: services.RequestReturn, now: object = NEXT_DAY) -> tuple[str, str | None]:
    with pytest.raises(DomainError) as refused, entry():
        services.request_return(order_id, wanted, actor="guest", now=now)  # type: ignore[arg-type]
    assert (Return.objects.count(), ReturnLine.objects.count()) == (0, 0)
    assert sum(OrderLine.objects.values_list("returned_quantity", flat=True)) == 0
    return refused.value.code, refused.value.field


def test_request_return_of_one_piece_freezes_what_was_paid_for_it(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 2), ("L", 1))
    case = agreed_return(order, 1, 1)
    assert (case.status, case.order_id, case.checkout_id) == (ReturnStatus.APPROVED, order.pk, order.checkout_id)
    assert (case.goods_fen, case.delivery_fen, case.collection_fen, case.refund_fen) == (89800, 0, 0, 89800)
    assert case.due_at == NEXT_DAY + timedelta(days=10)
    assert list(case.lines.order_by("pk").values_list("order_line__sku", "unit", "refund_fen")) == [
        ("SHIRT-L", 0, 39900),
        ("SHIRT-S", 0, 49900),
    ]
    assert list(order.lines.order_by("pk").values_list("sku", "returned_quantity")) == [("SHIRT-S", 1), ("SHIRT-L", 1)]


@pytest.mark.parametrize(
    ("units", "changes", "expected"),
    [
        ((0,), {}, ("nothing_to_return", "lines")),
        ((1,), {"reason": "bored"}, ("unknown_return_choice", "reason")),
        ((1,), {"way": "drone"}, ("unknown_return_choice", "way")),
        ((1,), {"seen_refund_fen": 1}, ("refund_changed", "seen")),
    ],
)
def test_request_return_of_nonsense_is_refused_naming_the_field(
    world: World, units: tuple[int, ...], changes: dict[str, object], expected: tuple[str, str]
) -> None:
    order = delivered_order(world)
    assert refusal(order.pk, wish_to_return(order, *units, **changes)) == expected


def test_request_return_of_more_than_was_sold_is_refused(world: World) -> None:
    order = delivered_order(world, ("S", 2))
    line = order.lines.get()
    assert refusal(order.pk, wish_to_return(order, 3)) == ("not_returnable", f"line-{line.pk}")


def test_request_return_of_goods_on_their_way_is_refused(world: World) -> None:
    order = carried_order(world)
    assert refusal(order.pk, wish_to_return(order))[0] == "not_returnable"


def test_request_return_of_another_orders_line_is_refused(world: World) -> None:
    order, other = delivered_order(world), delivered_order(world)
    assert refusal(order.pk, wish_to_return(other))[0] == "not_returnable"


def test_request_return_is_possible_until_the_end_of_the_seventh_day(world: World) -> None:
    order = delivered_order(world)
    eighth = NOON + timedelta(days=8)
    assert refusal(order.pk, wish_to_return(order), eighth)[0] == "not_returnable"
    # 23:59 in Shanghai.
    assert agreed_return(order, now=NOON + timedelta(days=7, hours=11, minutes=59)).status == ReturnStatus.APPROVED


def test_request_return_for_a_fault_is_possible_for_longer(world: World) -> None:
    order = delivered_order(world)
    month = NOON + timedelta(days=30)
    assert queries.returnable_lines(order, now=month)[0].units == 1
    assert queries.returnable_lines(order, now=month + timedelta(days=1)) == []
    assert agreed_return(order, now=month, reason=ReturnReason.FAULTY).status == ReturnStatus.APPROVED


def test_request_return_follows_the_brands_own_policy(world: World) -> None:
    ReturnPolicy.objects.create(brand=world.brand, days=1, arrive_days=2, collection_fee_fen=500)
    order = delivered_order(world)
    assert refusal(order.pk, wish_to_return(order), NOON + timedelta(days=2))[0] == "not_returnable"
    case = agreed_return(order, way=ReturnWay.COLLECT)
    assert (case.collection_fen, case.refund_fen) == (500, 49400)
    assert case.due_at == NEXT_DAY + timedelta(days=2)


def test_request_return_by_collection_costs_the_shopper_unless_the_fault_is_ours(world: World) -> None:
    order = delivered_order(world, ("S", 2))
    assert agreed_return(order, way=ReturnWay.COLLECT).collection_fen == 1200
    assert agreed_return(order, way=ReturnWay.COLLECT, reason=ReturnReason.FAULTY).collection_fen == 0


def test_delivery_comes_back_with_the_last_piece_only_when_all_is_our_fault(world: World) -> None:
    world.brand.free_delivery_from_fen = 10_000_000
    world.brand.save()
    order = delivered_order(world, ("S", 2))
    assert order.charges_fen == 1200
    lines = {order.lines.get().pk: 2}

    def delivery_fen(reason: str, units: int) -> int:
        wanted = dict.fromkeys(lines, units)
        return queries.quote_return(order, wanted, reason=reason, way=ReturnWay.BRING, now=NEXT_DAY).delivery_fen

    assert [delivery_fen(reason, 2) for reason in (ReturnReason.FAULTY, ReturnReason.NOT_WANTED)] == [1200, 0]
    assert delivery_fen(ReturnReason.FAULTY, 1) == 0
    refunded_return(world, order, 1, reason=ReturnReason.FAULTY)
    assert delivery_fen(ReturnReason.FAULTY, 1) == 1200


def test_cancel_return_leaves_the_pieces_to_be_returned_anew(world: World, audited: Audited) -> None:
    audited.now = NEXT_DAY
    order = delivered_order(world, ("S", 2))
    case = agreed_return(order, 2)
    with pytest.raises(DomainError), entry():
        services.request_return(order.pk, wish_to_return(order), actor="guest", now=NEXT_DAY)
    for _again in range(2):
        with entry():
            services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)
    case.refresh_from_db()
    assert (case.status, case.due_at, case.finished_at) == (ReturnStatus.CANCELLED, None, NEXT_DAY)
    assert order.lines.get().returned_quantity == 0
    assert agreed_return(order, 2).goods_fen == 99800


def test_cancel_return_of_received_goods_is_refused(world: World) -> None:
    order = delivered_order(world)
    case = refunded_return(world, order)
    with pytest.raises(services.ReturnNotOpen), entry():
        services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)
    case.refresh_from_db()
    assert case.status == ReturnStatus.CLOSED
