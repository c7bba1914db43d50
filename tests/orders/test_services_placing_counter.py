"""What a store sells over the counter: placed, paid, and out of the door."""

import dataclasses
from datetime import datetime
from typing import Any

import pytest

from fulfillment.choices import Way
from fulfillment.models import FulfillmentOrder
from inventory.models import CountTask, StockLevel
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from orders import locks, queries, services
from orders.choices import Ending
from orders.models import Checkout, LineAdjustment, Order, Recognition
from orders.services import ending, payment
from stores.choices import Channel
from stores.models import Staff, Store, StoreCapacity
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.orders import placed_order, proof_of, run_deliveries, started_payment, wish
from tests.orders.test_services_placing import traces


def sold_by(world: World, staff: Staff | None, **changes: object) -> dict[str, Any]:
    """Return what a wish for goods in the hand has of its own."""
    store = world.stores["A"]
    selling = services.Selling(store.pk, staff.pk if staff else None, "counter:C1")
    return {
        "way": Way.TAKE_AWAY,
        "pickup_store_id": store.pk,
        "selling": selling,
        "channel": Channel.COUNTER,
        "district_code": None,
        "street": "",
        "contact_name": "",
        "phone": "",
        **changes,
    }


def test_place_order_to_take_away_holds_here_and_freezes_whose_sale_it_is(
    world: World, now: datetime, guide_a: Staff, audited: Audited
) -> None:
    order = placed_order(world, ("S", 2), **sold_by(world, guide_a))

    (line,) = order.lines.all()
    assert (line.selling_store, line.guide, line.guide_evidence) == (world.stores["A"], guide_a, "counter:C1")
    assert (order.channel, order.charges_fen, order.total_fen) == ("counter", 0, 99800)
    assert (order.contact_name, order.contact_phone_sealed, order.contact_phone_index) == ("", "", "")
    assert (order.fulfillment.way, order.fulfillment.pickup_store) == (Way.TAKE_AWAY, world.stores["A"])
    level = world.level("A", "S")
    assert (level.on_hand, level.held) == (10, 2)
    assert StoreCapacity.objects.count() == 0
    audited.now = now


def test_pay_order_to_take_away_hands_it_over_at_once(
    world: World, now: datetime, guide_a: Staff, audited: Audited
) -> None:
    order = placed_order(world, ("S", 2), **sold_by(world, guide_a))
    intent = started_payment(order, now)

    with entry():
        payment.record_payment(intent.pk, proof_of(intent, now), actor="provider:wechat", now=now)

    share = FulfillmentOrder.objects.get(fulfillment=order.fulfillment_id)
    level = world.level("A", "S")
    assert (share.status, share.finished_at, level.on_hand, level.held, level.allocated) == ("collected", now, 8, 0, 0)
    run_deliveries(now)
    order.refresh_from_db()
    assert (order.status, order.fulfillment.status) == ("completed", "completed")
    (sale,) = Recognition.objects.filter(order=order)
    assert (sale.amount_fen, sale.fulfilling_store) == (99800, world.stores["A"])
    audited.now = now


def test_pay_order_to_take_away_whose_hold_was_displaced_books_it_in_as_found(
    world: World, now: datetime, guide_a: Staff, audited: Audited
) -> None:
    from inventory import services as inventory_services

    order = placed_order(world, ("M", 2), **sold_by(world, guide_a))
    with entry():
        inventory_services.report_not_found(
            world.stores["A"].pk, world.variants["M"].pk, 2, cause="count:1", actor="t", now=now
        )
    run_deliveries(now)
    intent = started_payment(order, now)

    with entry():
        payment.record_payment(intent.pk, proof_of(intent, now), actor="provider:wechat", now=now)
    run_deliveries(now)

    level = world.level("A", "M")
    assert (level.on_hand, level.held, level.allocated) == (0, 0, 0)
    assert FulfillmentOrder.objects.get(fulfillment=order.fulfillment_id).status == "collected"
    audited.now = now


def test_place_order_to_take_away_sells_what_the_books_lack(world: World, now: datetime, guide_a: Staff) -> None:
    StockLevel.objects.filter(pk=world.level("A", "S").pk).update(safety=9)

    placed_order(world, ("S", 3), ("L", 1), **sold_by(world, guide_a))

    assert (world.level("A", "S").held, world.level("A", "L").on_hand, world.level("A", "L").held) == (3, 1, 1)
    assert [task.level for task in CountTask.objects.all()] == [world.level("A", "L")]


def test_give_up_order_to_take_away_frees_its_goods(
    world: World, now: datetime, guide_a: Staff, audited: Audited
) -> None:
    order = placed_order(world, ("S", 2), **sold_by(world, guide_a))

    with entry():
        ending.begin_ending(locks.lock_order(order.pk), ending=Ending.CANCELLED, actor="t", reason="", now=now)

    level = world.level("A", "S")
    assert (level.on_hand, level.held) == (10, 0)
    assert FulfillmentOrder.objects.get(fulfillment=order.fulfillment_id).status == "cancelled"
    audited.now = now


def test_place_order_with_manual_discounts_freezes_them_as_the_brands(
    world: World, now: datetime, guide_a: Staff, manager_a: Staff, audited: Audited
) -> None:
    manual = (queries.Manual(0, 4900, "线头"), queries.Manual(1, 20000, "样衣", manager_a.pk))

    order = placed_order(world, ("S", 1), ("L", 2), **sold_by(world, guide_a, manual=manual))

    small, large = order.lines.order_by("pk")
    assert (small.discount_fen, small.total_fen, large.discount_fen, large.total_fen) == (4900, 45000, 20000, 59800)
    assert order.total_fen == 104800
    parts = LineAdjustment.objects.order_by("pk").values_list(
        "order_line", "kind", "source", "amount_fen", "funders", "note", "approved_by"
    )
    source = f"manual:{guide_a.pk}"
    assert list(parts) == [
        (small.pk, "manual", source, 4900, [["brand", 4900]], "线头", None),
        (large.pk, "manual", source, 20000, [["brand", 20000]], "样衣", manager_a.pk),
    ]
    assert small.fulfillment_line.declared_value_fen == 45000
    audited.now = now


@pytest.mark.parametrize("amount_fen", [0, -1, 49901])
def test_place_order_with_a_manual_discount_that_cannot_be_leaves_nothing(
    world: World, now: datetime, guide_a: Staff, amount_fen: int
) -> None:
    before = traces()
    manual = (queries.Manual(0, amount_fen, "x"),)

    with pytest.raises(queries.ManualTooMuch) as caught, entry():
        services.place_order(wish(world, **sold_by(world, guide_a, manual=manual)), now=now)

    assert caught.value.field == "lines.0.manual"
    assert traces() == before


def test_place_order_into_a_checkout_joins_what_is_settled_there(world: World, now: datetime, guide_a: Staff) -> None:
    first = placed_order(world, ("S", 1), **sold_by(world, guide_a))

    second = placed_order(
        world, ("M", 1), checkout_id=first.checkout_id, selling=services.Selling(world.stores["A"].pk, guide_a.pk, "c")
    )

    assert (second.checkout_id, Checkout.objects.count()) == (first.checkout_id, 1)
    assert second.fulfillment.way == Way.COURIER


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "nobody sells it": ({"selling": None, "contact_name": "王小雨", "phone": "13800138000"}, "invalid_choice", "way"),
    "half a contact": ({"contact_name": "王小雨"}, "invalid_phone", "phone"),
    "no store": ({"pickup_store_id": None}, "unknown_pickup_store", "pickup_store_id"),
}


@pytest.mark.parametrize("case", BAD)
def test_place_order_to_take_away_that_cannot_be_leaves_nothing(
    world: World, now: datetime, guide_a: Staff, case: str
) -> None:
    changes, code, field = BAD[case]
    before = traces()

    with pytest.raises(DomainError) as caught, entry():
        services.place_order(wish(world, **sold_by(world, guide_a, **changes)), now=now)

    assert (caught.value.code, caught.value.field) == (code, field)
    assert traces() == before


def test_place_order_to_take_away_from_a_store_without_collections_is_fine(
    world: World, now: datetime, guide_a: Staff
) -> None:
    Store.objects.filter(pk=world.stores["A"].pk).update(offers_pickup=False)

    placed_order(world, ("S", 1), **sold_by(world, guide_a))

    assert Order.objects.count() == 1


def test_place_order_sold_by_nobody_leaves_the_columns_empty(world: World, now: datetime) -> None:
    order = placed_order(world, ("S", 1))

    (line,) = order.lines.all()
    assert (line.selling_store, line.guide, line.guide_evidence) == (None, None, "")
    assert dataclasses.asdict(wish(world))["manual"] == ()
