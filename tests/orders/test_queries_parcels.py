from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from fulfillment import services as fulfillment_services
from fulfillment.choices import PickupCodePurpose, Way
from fulfillment.models import Delivery, TrailPoint
from fulfillment.services import handover
from omni.kernel.transactions import entry
from orders import queries, services
from orders.models import Order
from orders.queries.pages import OrderPage
from stores.permissions import Actor
from tests.cast import NOON, World
from tests.factories.fulfillment import code_of, delivery_of
from tests.factories.orders import (
    accepted_order,
    carried_order,
    move_share,
    packed_order,
    paid_order,
    run_deliveries,
    shares_of,
)

pytestmark = pytest.mark.django_db


def page_of(order: Order, now: datetime = NOON) -> OrderPage:
    order = Order.objects.select_related("brand", "fulfillment").get(pk=order.pk)
    with translation.override("en"):
        return queries.order_page(order, now=now)


def ride(order: Order, *points: tuple[str, float, float], at: datetime = NOON) -> Delivery:
    """Let the courier of an order's first share be seen at some points."""
    delivery = delivery_of(shares_of(order)[0])
    for number, (state, lat, lng) in enumerate(points):
        TrailPoint.objects.create(
            delivery=delivery, state=state, lat=lat, lng=lng, courier_name="王师傅",
            heard_at=at + timedelta(minutes=number),
        )  # fmt: skip
        Delivery.objects.filter(pk=delivery.pk).update(
            state=state, courier_lat=lat, courier_lng=lng, courier_name="王师傅", courier_phone_masked="138****8000",
            eta_at=at + timedelta(minutes=30),
        )  # fmt: skip
    return delivery_of(shares_of(order)[0])


def test_order_page_says_when_each_step_was_reached(world: World) -> None:
    order = packed_order(world)
    with translation.override("en"):
        (parcel,) = page_of(order).parcels
    assert [(step.label, step.is_done, step.at is not None) for step in parcel.steps] == [
        ("Paid", True, True),
        ("Accepted", True, True),
        ("Packed", True, True),
        ("On the way", False, False),
        ("Delivered", False, False),
    ]
    assert [happening.label for happening in parcel.happenings] == [
        "Waiting for the courier", "Packed", "The store accepted it", "A store was asked", "Paid",
    ]  # fmt: skip


@override_settings(STORE_MAP_TILES="", STORE_MAP_DATUM="wgs84")
def test_order_on_its_way_is_said_to_be_on_its_way_on_its_page_and_in_the_list(world: World) -> None:
    packed, carried = packed_order(world), carried_order(world)
    mine = Actor(label="guest", order_numbers=frozenset({packed.number, carried.number}))
    with translation.override("en"):
        rows = queries.order_rows(mine)
    assert [(row.number, row.standing, row.status_label) for row in rows] == [
        (carried.number, "On the way", "Being prepared"),
        (packed.number, "Being prepared", "Being prepared"),
    ]
    assert [page_of(order).status_label for order in (carried, packed)] == ["On the way", "Being prepared"]


def test_order_page_shows_the_ride_of_the_present_courier(world: World) -> None:
    order = packed_order(world)
    ride(order, ("assigned", 31.2, 121.4), ("at_store", 31.21, 121.41))
    (parcel,) = page_of(order).parcels
    assert parcel.ride is not None
    assert (parcel.ride.courier, parcel.ride.trail) == ("31.210000,121.410000", "[[31.2, 121.4], [31.21, 121.41]]")
    assert (parcel.courier_name, parcel.courier_phone) == ("王师傅", "138****8000")
    assert parcel.expected_at == NOON + timedelta(minutes=30)
    assert [happening.label for happening in parcel.happenings][:2] == [
        "Courier at the store", "Courier on the way to the store",
    ]  # fmt: skip


def test_order_page_shows_no_ride_once_delivered(world: World) -> None:
    order = carried_order(world)
    ride(order, ("in_transit", 31.2, 121.4))
    move_share(shares_of(order)[0], handover.mark_delivered)
    page = page_of(order)
    assert (page.parcels[0].ride, page.parcels[0].courier_phone, page.arrived_at is not None) == (None, "", True)


def test_find_pickup_code_is_the_live_one_of_the_orders_own_share(world: World) -> None:
    order = packed_order(world, way=Way.PICKUP, pickup_store_id=world.stores["A"].pk)
    other = packed_order(world, way=Way.PICKUP, pickup_store_id=world.stores["A"].pk)
    (share,), (foreign,) = shares_of(order), shares_of(other)
    assert queries.find_pickup_code(order, share.number) == code_of(share, PickupCodePurpose.SHOPPER)
    assert queries.find_pickup_code(order, foreign.number) is None
    move_share(share, handover.give_to_shopper)
    assert queries.find_pickup_code(order, share.number) is None


def test_cancelling_of_untouched_order_needs_no_store(world: World) -> None:
    page = page_of(paid_order(world))
    assert (page.can_cancel, page.cancelling.needs_store) == (True, False)


def test_cancelling_of_begun_order_needs_the_store_and_tells_its_answer(world: World) -> None:
    order = packed_order(world)
    page = page_of(order)
    assert (page.can_cancel, page.cancelling.needs_store, page.cancelling.asked_at) == (True, True, None)
    with entry():
        services.cancel_order(order.pk, actor="guest", now=NOON + timedelta(minutes=1))
    page = page_of(order)
    assert (page.can_cancel, page.cancelling.is_waiting) == (False, True)
    assert page.cancelling.asked_at == NOON + timedelta(minutes=1)
    with entry():
        fulfillment_services.answer_cancel(
            shares_of(order)[0].pk, accept=False, actor="user:1", now=NOON + timedelta(minutes=2)
        )
    run_deliveries(NOON + timedelta(minutes=3))
    page = page_of(order)
    assert (page.can_cancel, page.cancelling.is_waiting) == (True, False)
    assert page.cancelling.refused_at == NOON + timedelta(minutes=3)
    assert "The store could not cancel; it goes on." in [row.label for row in page.parcels[0].happenings]


def test_cancelling_of_an_order_on_its_way_is_impossible(world: World) -> None:
    page = page_of(carried_order(world))
    assert (page.can_cancel, page.cancelling.is_on_the_way) == (False, True)


@pytest.mark.parametrize("units", [1, 3])
def test_order_page_asks_as_often_however_many_units_and_shares(world: World, units: int) -> None:
    order = accepted_order(world, ("S", units), ("M", 1))
    order = Order.objects.select_related("brand", "fulfillment").get(pk=order.pk)
    with CaptureQueriesContext(connection) as asked:
        queries.order_page(order, now=NOON)
    assert len(asked) == 23
