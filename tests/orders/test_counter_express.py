"""What is sent home from a counter to where no courier rides: by express, with its fee, told before it is paid."""

from datetime import datetime

import pytest
from django.conf import LazySettings
from django.utils import translation

from fulfillment import services as fulfillment_services
from fulfillment.choices import Way
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterLineKind
from orders.models import CounterBasket, Order
from stores.models import Store, StoreCollector
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.counter import begun, opened_basket
from tests.orders.shopper import shopper_in_jingan
from tests.orders.test_express import FAR, dear_delivery
from tests.orders.wechat import Provider

__all__ = ["dear_delivery"]

pytestmark = pytest.mark.django_db
NEAR = "310106"


@pytest.fixture(autouse=True)
def _at_noon(audited: Audited, now: datetime, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """Everything must hold after each of these."""
    audited.now = now
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: now)


def sent_to(world: World, place: str, now: datetime) -> CounterBasket:
    """Return a basket with a shirt to take away and one that is sent home."""
    basket = opened_basket(world, "S")
    with entry():
        services.add_to_counter(basket.pk, world.variants["L"].sku, kind=CounterLineKind.SEND_HOME, now=now)
        services.name_recipient(
            basket.pk, name="王小雨", phone="13800138000", district_code=place, street="1 号", now=now
        )
    basket.refresh_from_db()
    return basket


@pytest.mark.parametrize(("place", "way", "fee_fen"), [(FAR, Way.EXPRESS, 1500), (NEAR, Way.COURIER, 1200)])
def test_basket_is_sent_as_far_as_it_goes_with_the_fee_that_was_shown(
    dear_delivery: World, now: datetime, place: str, way: Way, fee_fen: int
) -> None:
    basket = sent_to(dear_delivery, place, now)

    shown = queries.load_counter(basket, now=now)
    begun(basket, now=now)

    assert (shown.delivery_fen, shown.quote.is_by_express) == (fee_fen, way == Way.EXPRESS)
    placed = Order.objects.order_by("pk").values_list("fulfillment__way", "channel", "charges_fen")
    assert list(placed) == [("take_away", "counter", 0), (way.value, "endless_aisle", fee_fen)]
    again = queries.load_counter(CounterBasket.objects.get(pk=basket.pk), now=now)
    assert (again.delivery_fen, again.quote.net_fen) == (fee_fen, shown.quote.net_fen)


def test_shopper_who_pays_by_phone_for_a_place_far_away_is_shown_the_fee_of_express_first(
    dear_delivery: World, settings: LazySettings
) -> None:
    settings.WECHAT_PAY = Provider().settings
    basket, shopper = opened_basket(dear_delivery, "S"), shopper_in_jingan()
    address = f"/pay/{basket.token}/"
    fields = {"way": "home", "contact_name": "王小雨", "phone": "13800138000", "place": FAR, "street": "1 号"}

    asked = shopper.post(address, fields | {"seen": str(49900 + 1200)})
    again = shopper.post(address, fields | {"seen": str(49900 + 1500)})

    assert (asked.status_code, again.status_code) == (422, 302)
    assert f'name="seen" value="{49900 + 1500}"' in asked.content.decode()
    order = Order.objects.get()
    assert (order.fulfillment.way, order.charges_fen, order.total_fen) == (Way.EXPRESS, 1500, 49900 + 1500)


def test_basket_whose_parts_two_collect_the_money_of_is_refused_before_it_is_paid(world: World, now: datetime) -> None:
    StoreCollector.objects.create(
        store=world.stores["A"], channel="counter", collector="mall", valid=(now.date(), None)
    )
    basket = sent_to(world, NEAR, now)

    with pytest.raises(services.BasketHasProblems) as refused:
        begun(basket, now=now)

    assert (refused.value.field, Order.objects.count()) == ("lines", 0)
    with entry():
        services.change_counter_line(basket.pk, basket.lines.get(kind=CounterLineKind.SEND_HOME).pk, 0, now=now)
    assert begun(basket, now=now).status == "paying"


def test_basket_of_a_brand_that_sends_no_parcels_is_refused_far_away(world: World, now: datetime) -> None:
    world.brand.sends_express = False
    world.brand.save()
    basket = sent_to(world, FAR, now)

    with pytest.raises(fulfillment_services.CannotReserveStock):
        begun(basket, now=now)

    assert Order.objects.count() == 0


@pytest.mark.parametrize(("place", "is_express"), [(FAR, True), (NEAR, False)])
def test_aisle_says_that_a_parcel_brings_what_no_courier_can(
    world: World, now: datetime, place: str, is_express: bool
) -> None:
    basket = sent_to(world, place, now)
    store = Store.objects.get(pk=world.stores["A"].pk)

    with translation.override("en"):
        page = queries.load_aisle(store, world.variants["L"], basket, has_size=True, now=now)

    assert page.sender is not None
    assert (page.sender.is_express, all(size.can_send for size in page.sizes)) == (is_express, True)
