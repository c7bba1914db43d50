"""Orders that no courier can bring: promised, placed, sent and sold by express."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import translation

from fulfillment import services as fulfillment_services
from fulfillment.choices import FulfillmentOrderStatus, Way
from fulfillment.models import Parcel
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import OrderStatus
from orders.models import Order, OrderCharge, Recognition
from orders.queries import Checkout, Choice
from stores import queries as stores_queries
from tests.audit_fixture import Audited
from tests.cast import World
from tests.courier import Callbacks, drive, express, parcel_callbacks
from tests.factories.fulfillment import delivery_of, status_of
from tests.factories.orders import packed_order, placed_order, run_deliveries, shares_of
from tests.orders.test_services_placing import traces
from tests.orders.test_shop_views import CHECKOUT, GOOD, fill, form_of, shopper
from tests.sandbox.fixture import SandboxProcess, sandbox

__all__ = ["express", "parcel_callbacks", "sandbox", "shopper"]

pytestmark = pytest.mark.django_db

TOKEN = "a-token"
# A district of Peking, some 1,070 km from store A.
FAR = "110105"
S = FulfillmentOrderStatus


@pytest.fixture
def dear_delivery(world: World) -> World:
    """Let both ways cost something, each another fee."""
    world.brand.delivery_fee_fen, world.brand.express_fee_fen = 1200, 1500
    world.brand.free_delivery_from_fen = 60000
    world.brand.save()
    return world


def checkout(world: World, place: str, now: datetime, sku: str = "SHIRT-S") -> Checkout:
    with entry():
        services.add_to_basket(TOKEN, world.brand.pk, sku, quantity=1, now=now)
    choice = Choice(Way.COURIER, stores_queries.find_place(place))
    with translation.override("en"):
        found = queries.find_checkout(TOKEN, "one", choice, now=now)
    assert found is not None
    return found


def test_checkout_beyond_the_courier_promises_express_with_its_fee(dear_delivery: World, now: datetime) -> None:
    found = checkout(dear_delivery, FAR, now)

    assert (found.choice.way, found.is_express) == (Way.EXPRESS, True)
    assert (found.goods_fen, found.delivery_fen, found.total_fen, found.seen_totals) == (
        49900,
        1500,
        51400,
        "51400 49900",
    )
    assert found.promise is not None
    assert [store.name_en for store in found.promise.stores] == ["Store A"]
    assert found.promise.when == "about March 19"
    seen = queries.read_seen_page((), found.seen_totals, found.seen_promise)
    asked = Choice(Way.COURIER, stores_queries.find_place(FAR))
    assert (seen.shown(asked).way, seen.promise_for(found.choice.destination)) == (Way.EXPRESS, date(2026, 3, 16))
    assert seen.shown(Choice(Way.PICKUP, asked.place, 1)).way == Way.PICKUP


def test_checkout_within_reach_keeps_the_courier(dear_delivery: World, now: datetime) -> None:
    found = checkout(dear_delivery, "310106", now)

    assert (found.choice.way, found.delivery_fen) == (Way.COURIER, 1200)
    seen = queries.read_seen_page((), found.seen_totals, found.seen_promise)
    assert seen.shown(Choice(Way.COURIER, stores_queries.find_place("310106"))).way == Way.COURIER


def test_checkout_of_a_brand_that_sends_no_parcels_promises_nothing_far_away(world: World, now: datetime) -> None:
    world.brand.sends_express = False
    world.brand.save()

    found = checkout(world, FAR, now)

    assert (found.choice.way, found.promise) == (Way.COURIER, None)


def test_place_order_by_express_charges_its_fee(dear_delivery: World, now: datetime) -> None:
    order = placed_order(dear_delivery, way=Way.EXPRESS, district_code=FAR, seen_total_fen=51400)

    assert (order.charges_fen, order.total_fen, order.fulfillment.way) == (1500, 51400, "express")
    assert list(OrderCharge.objects.values_list("amount_fen", flat=True)) == [1500]
    assert [share.store.code for share in shares_of(order) if share.store] == ["A"]


def test_place_order_by_courier_to_where_none_rides_tells_of_express(world: World, now: datetime) -> None:
    before = traces()

    with pytest.raises(services.OnlyByExpress) as refusal:
        placed_order(world, district_code=FAR)

    assert (refusal.value.code, refusal.value.field, refusal.value.params["way"]) == (
        "only_by_express",
        "way",
        "express",
    )
    assert traces() == before


@pytest.mark.parametrize("way", [Way.COURIER, Way.EXPRESS])
def test_place_order_far_away_of_a_brand_that_sends_no_parcels_is_refused(
    world: World, now: datetime, way: Way
) -> None:
    world.brand.sends_express = False
    world.brand.save()
    before = traces()

    refusals = (fulfillment_services.CannotReserveStock, services.InvalidChoice)
    with pytest.raises(refusals[way == Way.EXPRESS]):
        placed_order(world, district_code=FAR, way=way)

    assert traces() == before


def test_checkout_page_says_express_and_places_it(dear_delivery: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")
    shown = shopper.post(CHECKOUT, GOOD | {"place": FAR, "update": "1"}).content.decode()
    assert "No courier rides that far" in shown
    assert "Delivery by express" in shown
    assert re.search(r"Sent by express, with you about \w+ \d+", shown)
    hidden = dict(re.findall(r'name="(key|seen|seen_total|seen_promise)" value="([^"]*)"', shown))
    assert hidden["seen_promise"].startswith(f"express:{FAR} ")

    response = shopper.post(CHECKOUT, form_of(shopper) | GOOD | {"place": FAR} | hidden)

    assert response.status_code == 302
    order = Order.objects.get()
    assert (order.fulfillment.way, order.charges_fen) == ("express", 1500)


def test_checkout_page_that_had_promised_a_courier_asks_to_look_again(dear_delivery: World, shopper: Client) -> None:
    fill(shopper, "SHIRT-S")

    response = shopper.post(CHECKOUT, form_of(shopper) | GOOD | {"place": FAR, "seen_total": "", "seen_promise": ""})

    text = response.content.decode()
    assert (response.status_code, Order.objects.count()) == (422, 0)
    assert "it can be sent by express. Look at the fee and the day, then order." in text
    assert "Sent by express, with you" in text


def test_order_by_express_is_sold_when_it_is_delivered(
    dear_delivery: World, express: SandboxProcess, parcel_callbacks: Callbacks, audited: Audited
) -> None:
    now = clock.now()
    order = packed_order(dear_delivery, now=now, way=Way.EXPRESS, district_code=FAR)
    (share,) = shares_of(order)
    drive(share, now=now)
    with entry():
        fulfillment_services.hand_over_parcel(Parcel.objects.get(), actor="user:1", now=now)
    run_deliveries(clock.now())
    assert (status_of(share), Recognition.objects.count()) == (S.HANDED_OVER, 0)

    express.advance_parcel(delivery_of(share).provider_id, "301")
    parcel_callbacks.deliver(5)
    run_deliveries(clock.now())

    order.refresh_from_db()
    assert (order.status, Recognition.objects.count()) == (OrderStatus.COMPLETED, 2)  # goods, delivery
    with translation.override("en"):
        shown = queries.order_page(order, now=clock.now())
    (parcel,) = shown.parcels
    assert (parcel.carrier, parcel.waybills) == ("沙盒速运", (Parcel.objects.get().waybill,))
    assert [step.label for step in parcel.steps] == ["Paid", "Accepted", "Packed", "On the way", "Delivered"]
    told = [happening.detail for happening in parcel.happenings if happening.detail]
    assert told[0] == "已签收，签收人：本人"
    assert len(told) == 5
    assert "Given to the express company" in [happening.label for happening in parcel.happenings]


def test_order_page_expects_the_day_the_company_says(
    world: World, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    now = clock.now()
    order = packed_order(world, now=now, way=Way.EXPRESS, district_code=FAR)
    before = queries.order_page(order, now=now).parcels[0]
    assert before.expected_on == order.fulfillment.promised_on + timedelta(days=3)

    drive(shares_of(order)[0], now=now)

    after = queries.order_page(Order.objects.get(), now=now).parcels[0]
    eta_at = delivery_of(shares_of(order)[0]).eta_at
    assert eta_at is not None
    assert (after.expected_on, after.expected_at) == (clock.business_date(eta_at), None)
