from datetime import date, datetime, timedelta

import pytest

from fulfillment import services as fulfillment_services
from fulfillment.choices import RejectReason, Way
from fulfillment.models import FulfillmentOrder
from fulfillment.services import handover
from omni.kernel.models import Event, EventDelivery
from omni.kernel.transactions import entry
from orders import services
from orders.choices import OrderStatus, RefundReason
from orders.models import Order, OrderCharge, PaymentIntent, Recognition, Refund
from tests.cast import World
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.orders import (
    accepted_order,
    carried_order,
    move_share,
    offered_order,
    packed_order,
    paid_order,
    run_deliveries,
    shares_of,
)
from tests.factories.settlement import FulfillmentFactory


@pytest.fixture
def cheap(world: World) -> World:
    """Return the world with socks at 29 yuan in A and a belt at 33.33 yuan in B, whose delivery costs 12 yuan."""
    socks = VariantFactory.create(product=world.product, sku="SOCKS", price__list_fen=2900, price__tag_fen=2900)
    belt = VariantFactory.create(product=world.product, sku="BELT", price__list_fen=3333, price__tag_fen=3333)
    StockLevelFactory.create(store=world.stores["A"], variant=socks)
    StockLevelFactory.create(store=world.stores["B"], variant=belt)
    world.variants.update(SOCKS=socks, BELT=belt)
    return world


def sales(order: Order) -> list[tuple[str, int, int]]:
    """Return what was recognised: its kind, units, fen."""
    rows = Recognition.objects.filter(order=order).order_by("pk")
    return [("charge" if row.charge_id else "line", row.quantity, row.amount_fen) for row in rows]


def refunds(order: Order) -> list[tuple[str, int]]:
    return list(Refund.objects.filter(order=order).order_by("pk").values_list("reason", "amount_fen"))


def told(name: str) -> int:
    return Event.objects.filter(name=f"orders.{name}").count()


def test_an_accepted_share_puts_the_order_into_work(world: World, now: datetime) -> None:
    order = accepted_order(world, ("S", 1))

    assert order.status == OrderStatus.PROCESSING


def test_a_delivered_order_is_a_sale_of_its_store_on_its_business_day(world: World, now: datetime) -> None:
    order = carried_order(world, ("S", 2))
    evening = datetime.fromisoformat("2026-03-16T23:59:59.999+08:00")

    move_share(shares_of(order)[0], handover.mark_delivered, evening)

    order.refresh_from_db()
    (sale,) = Recognition.objects.all()
    assert (order.status, order.finished_at) == ("completed", evening)
    assert (sale.quantity, sale.amount_fen, sale.fulfilling_store) == (2, 99800, world.stores["A"])
    assert (sale.recognised_at, sale.business_on) == (evening, date(2026, 3, 16))
    assert sale.cause == f"fulfillment_order_line:{shares_of(order)[0].lines.get().pk}"
    (event,) = Event.objects.filter(name="orders.SaleRecognised")
    assert (event.payload["recognition_id"], event.payload["amount_fen"]) == (sale.pk, 99800)
    assert (told("OrderCompleted"), refunds(order)) == (1, [])


def test_a_delivery_charge_is_recognised_with_the_first_goods(cheap: World, now: datetime) -> None:
    order = carried_order(cheap, ("SOCKS", 1), ("BELT", 1))
    first, second = shares_of(order)

    move_share(first, handover.mark_delivered, now)
    part = (sales(order), Order.objects.get(pk=order.pk).status)
    move_share(second, handover.mark_delivered, now)

    assert order.total_fen == 2900 + 3333 + 1200
    assert part == ([("line", 1, 2900), ("charge", 1, 1200)], "processing")
    assert sales(order) == [("line", 1, 2900), ("charge", 1, 1200), ("line", 1, 3333)]
    order.refresh_from_db()
    assert order.status == OrderStatus.COMPLETED


def test_collected_goods_are_a_sale(world: World, now: datetime) -> None:
    order = packed_order(world, ("S", 1), way=Way.PICKUP, pickup_store_id=world.stores["B"].pk)

    move_share(shares_of(order)[0], handover.give_to_shopper, now)

    order.refresh_from_db()
    assert (order.status, sales(order)) == ("completed", [("line", 1, 49900)])


def test_a_line_of_two_stores_sums_to_its_total(world: World, now: datetime) -> None:
    order = carried_order(world, ("S", 14))
    Order.objects.filter(pk=order.pk).update(goods_fen=10001, total_fen=10001)
    line = order.lines.get()
    line.discount_fen, line.total_fen = line.unit_price_fen * 14 - 10001, 10001
    line.save()

    for share in shares_of(order):
        move_share(share, handover.mark_delivered, now)

    assert len(shares_of(order)) > 1
    assert sum(units for _kind, units, _fen in sales(order)) == 14
    assert sum(fen for _kind, _units, fen in sales(order)) == 10001


def test_delivery_reported_before_acceptance_is_taken_as_it_comes(world: World, now: datetime) -> None:
    order = offered_order(world, ("S", 1))
    (share,) = shares_of(order)
    with entry():
        fulfillment_services.accept_offer(share.pk, actor="user:1", now=now)
        EventDelivery.objects.filter(subscriber="orders.start_processing").update(due_at=now + timedelta(hours=1))
    for change in (fulfillment_services.pack,):
        with entry():
            change(share.pk, actor="user:1", now=now)
    move_share(share, handover.give_to_courier, now, is_reported=False)
    move_share(share, handover.mark_delivered, now + timedelta(minutes=1), is_reported=False)
    run_deliveries(now + timedelta(hours=2))

    order.refresh_from_db()
    assert (order.status, sales(order)) == ("completed", [("line", 1, 49900)])


def test_a_cancelled_share_is_refunded_once_to_the_fen(cheap: World, now: datetime) -> None:
    order = paid_order(cheap, ("SOCKS", 2))
    (share,) = shares_of(order)
    with entry():
        fulfillment_services.request_cancel(order.fulfillment_id, actor="user:9", now=now)
    run_deliveries(now)
    with entry():
        services.refund_cancelled(order.fulfillment_id, share.pk, reason="requested", cancelled_at=now, now=now)

    order.refresh_from_db()
    intent = PaymentIntent.objects.get()
    assert (order.status, refunds(order)) == ("cancelled", [("cancelled", 7000)])
    assert (intent.refunded_fen, order.lines.get().cancelled_quantity) == (7000, 2)
    assert OrderCharge.objects.get().is_cancelled
    assert (Refund.objects.get().cause, told("OrderCancelled")) == (f"fulfillment_order:{share.pk}", 1)
    assert sales(order) == []


@pytest.mark.parametrize("is_delivered_first", [True, False])
def test_half_delivered_and_half_cancelled_sums_to_what_was_paid(
    cheap: World, now: datetime, *, is_delivered_first: bool
) -> None:
    order = accepted_order(cheap, ("SOCKS", 1), ("BELT", 1))
    first, second = shares_of(order)
    with entry():
        fulfillment_services.pack(first.pk, actor="user:1", now=now)
    move_share(first, handover.give_to_courier, now)
    if is_delivered_first:
        move_share(first, handover.mark_delivered, now)
    FulfillmentOrder.objects.filter(pk=second.pk).update(status="unfillable")
    with entry():
        services.cancel_unfillable(order.pk, actor="user:9", now=now)
    run_deliveries(now)
    if not is_delivered_first:
        move_share(first, handover.mark_delivered, now)

    order.refresh_from_db()
    assert (order.status, refunds(order)) == ("completed", [("unfillable", 3333)])
    assert sorted(sales(order)) == [("charge", 1, 1200), ("line", 1, 2900)]
    assert sum(fen for _kind, _units, fen in sales(order)) + 3333 == order.total_fen


def test_goods_that_come_back_are_refunded_without_the_delivery(cheap: World, now: datetime) -> None:
    order = carried_order(cheap, ("SOCKS", 1))
    (share,) = shares_of(order)
    FulfillmentOrder.objects.filter(pk=share.pk).update(status="returning")

    move_share(share, handover.take_back, now)

    order.refresh_from_db()
    assert (order.status, refunds(order)) == ("cancelled", [("returned", 2900)])
    assert sales(order) == [("charge", 1, 1200)]
    assert not OrderCharge.objects.get().is_cancelled


def test_goods_that_are_lost_are_refunded_with_the_delivery(cheap: World, now: datetime) -> None:
    order = carried_order(cheap, ("SOCKS", 1))

    move_share(shares_of(order)[0], handover.mark_lost, now)

    order.refresh_from_db()
    assert (order.status, refunds(order), sales(order)) == ("cancelled", [("lost", 4100)], [])


def test_goods_nobody_collects_are_refunded(world: World, now: datetime) -> None:
    order = packed_order(world, ("S", 1), way=Way.PICKUP, pickup_store_id=world.stores["B"].pk)

    move_share(shares_of(order)[0], handover.end_waiting, now)

    order.refresh_from_db()
    assert (order.status, refunds(order)) == ("cancelled", [("not_collected", 49900)])


def parked(world: World, now: datetime) -> Order:
    """Return an order that every store has refused."""
    order = offered_order(world, ("S", 1))
    for _attempt in range(10):
        share = shares_of(order)[-1]
        if share.status == "unfillable":
            break
        with entry():
            following = fulfillment_services.reject_offer(share.pk, reason=RejectReason.OTHER, actor="user:1", now=now)
        assert following is not None
        with entry():
            fulfillment_services.route(following, now=now)
    run_deliveries(now)
    order.refresh_from_db()
    assert shares_of(order)[-1].status == "unfillable"
    return order


def test_a_parked_share_waits_two_days_for_a_decision(world: World, now: datetime) -> None:
    order = parked(world, now)
    before = now + timedelta(hours=47, minutes=59)
    assert (order.status, order.due_at) == ("paid", now + timedelta(hours=48))

    services.drive_due_rows(now=before)
    assert refunds(order) == []
    services.drive_due_rows(now=now + timedelta(hours=48))
    run_deliveries(now + timedelta(hours=48))

    order.refresh_from_db()
    assert (order.status, order.due_at, refunds(order)) == ("cancelled", None, [("unfillable", 49900)])


def test_a_parked_share_routed_afresh_is_no_longer_due(world: World, now: datetime) -> None:
    order = parked(world, now)

    with entry():
        services.retry_parked(order.pk, actor="user:9", now=now)

    order.refresh_from_db()
    assert (order.due_at, shares_of(order)[-1].status) == (None, "pending_routing")


@pytest.mark.parametrize("decide", [services.cancel_unfillable, services.retry_parked])
def test_a_decision_where_nothing_is_parked_is_refused(world: World, now: datetime, decide: object) -> None:
    order = paid_order(world)

    with pytest.raises(services.NothingParked) as caught, entry():
        decide(order.pk, actor="user:9", now=now)  # type: ignore[operator]

    assert caught.value.code == "nothing_parked"
    assert shares_of(order)[0].status == "pending_routing"


def test_events_of_somebody_elses_demand_are_ignored(world: World, now: datetime) -> None:
    demand = FulfillmentFactory.create(brand=world.brand, owner="try_on")

    with entry():
        services.start_processing(demand.pk, now=now)
        services.park(demand.pk, parked_at=now)
        services.resume_after_refusal(demand.pk, now=now)
        services.refund_cancelled(demand.pk, 1, reason="requested", cancelled_at=now, now=now)
        services.recognise_delivered(demand.pk, 1, store_id=world.stores["A"].pk, delivered_at=now, now=now)

    assert (Recognition.objects.count(), Refund.objects.count()) == (0, 0)


def test_an_unknown_reason_is_refunded_as_a_cancellation(world: World, now: datetime) -> None:
    order = paid_order(world)
    (share,) = shares_of(order)

    with entry():
        services.refund_cancelled(order.fulfillment_id, share.pk, reason="flood", cancelled_at=now, now=now)

    assert refunds(order) == [(RefundReason.CANCELLED, 49900)]


def test_each_parked_share_has_two_days_of_its_own(world: World, now: datetime) -> None:
    order = offered_order(world, ("S", 8), ("L", 2))
    first, second = shares_of(order)
    moments = (now, now + timedelta(hours=40))
    for share, moment in zip((first, second), moments, strict=True):
        FulfillmentOrder.objects.filter(pk=share.pk).update(attempt=9)
        with entry():
            following = fulfillment_services.reject_offer(
                share.pk, reason=RejectReason.OTHER, actor="user:1", now=moment
            )
        assert following is not None
        with entry():
            fulfillment_services.route(following, now=moment)
        run_deliveries(moment)
    order.refresh_from_db()
    assert order.due_at == now + timedelta(hours=48)

    services.drive_due_rows(now=now + timedelta(hours=48))
    run_deliveries(now + timedelta(hours=48))

    order.refresh_from_db()
    assert sorted(share.status for share in shares_of(order)) == ["cancelled", "rejected", "rejected", "unfillable"]
    assert (order.due_at, len(refunds(order))) == (now + timedelta(hours=88), 1)
    services.drive_due_rows(now=now + timedelta(hours=88))
    run_deliveries(now + timedelta(hours=88))
    ended = Order.objects.get(pk=order.pk)
    assert (ended.status, ended.due_at, len(refunds(ended))) == ("cancelled", None, 2)
