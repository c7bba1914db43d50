"""Headquarters' pages: who sees what, what they say, and what their buttons do."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus
from fulfillment.models import FulfillmentOrder
from fulfillment.services import handover
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders.choices import OrderStatus
from orders.models import Order, Refund
from settlement.models import CreditEntry
from stores.models import Staff
from tests.cast import NOON, World
from tests.factories.orders import (
    accepted_order,
    carried_order,
    move_share,
    offered_order,
    paid_order,
    placed_order,
    run_deliveries,
    shares_of,
)
from tests.factories.stores import HeadquartersFactory
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _merchant(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


@pytest.fixture
def hq(client: Client, headquarters: Staff) -> Client:
    client.force_login(headquarters.user, backend=BACKEND)
    client.cookies["django_language"] = "en"
    return client


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("address", ["/hq/orders/", "/hq/network/"])
def test_hq_for_a_clerk_does_not_exist(client: Client, clerk_a: Staff, address: str) -> None:
    client.force_login(clerk_a.user, backend=BACKEND)
    answer = client.get(address)

    assert answer.status_code == 404
    assert "404.html" in {template.name for template in answer.templates}


def test_order_of_another_brand_does_not_exist(client: Client, world: World) -> None:
    order = placed_order(world)
    other = HeadquartersFactory.create(brand=world.other_brand)
    client.force_login(other.user, backend=BACKEND)

    assert client.get(f"/hq/orders/{order.number}/").status_code == 404
    assert order.number not in text_of(client, "/hq/orders/")


def test_list_by_status_and_number_shows_only_those(hq: Client, world: World) -> None:
    unpaid, paid = placed_order(world), paid_order(world)

    assert unpaid.number in text_of(hq, "/hq/orders/?status=placed")
    assert paid.number not in text_of(hq, "/hq/orders/?status=placed")
    assert unpaid.number not in text_of(hq, f"/hq/orders/?q={paid.number.lower()}")


@pytest.mark.parametrize("orders", [1, 3])
def test_list_asks_as_many_questions_however_many_orders(
    hq: Client, world: World, orders: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _order in range(orders):
        paid_order(world)

    with django_assert_num_queries(10):
        hq.get("/hq/orders/")


def test_order_page_says_why_this_store_and_who_is_credited(hq: Client, world: World) -> None:
    order = carried_order(world)
    for share in shares_of(order):
        move_share(share, handover.mark_delivered, NOON + timedelta(hours=1))

    page = text_of(hq, f"/hq/orders/{order.number}/")

    assert "When the order was placed" in page
    assert "After payment" in page
    assert "lost by “Nearest”" in page
    assert "Fulfilling store" in page
    assert CreditEntry.objects.filter(recognition__order=order).count() == 2


def test_cancel_button_of_an_offered_order_refunds_it_once(hq: Client, world: World) -> None:
    order = offered_order(world)

    for _press in range(2):
        hq.post(f"/hq/orders/{order.number}/", {"act": "cancel"})
    run_deliveries(clock.now())

    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    assert [refund.amount_fen for refund in Refund.objects.filter(order=order)] == [order.total_fen]


def test_refund_button_of_a_parked_order_gives_the_money_back(hq: Client, world: World) -> None:
    order = paid_order(world)
    (share,) = shares_of(order)
    FulfillmentOrder.objects.filter(pk=share.pk).update(attempt=99)
    with entry():
        services.route(share.pk, now=NOON)
    run_deliveries()
    assert FulfillmentOrder.objects.get(pk=share.pk).status == FulfillmentOrderStatus.UNFILLABLE
    assert "Cancel and refund" in text_of(hq, f"/hq/orders/{order.number}/")

    hq.post(f"/hq/orders/{order.number}/", {"act": "refund"})
    run_deliveries(clock.now())

    assert Order.objects.get(pk=order.pk).status == OrderStatus.CANCELLED
    assert Refund.objects.get(order=order).amount_fen == order.total_fen


def test_network_counts_stores_stock_and_tasks(hq: Client, world: World) -> None:
    offered_order(world)

    page = text_of(hq, "/hq/network/")

    assert "Shanghai" in page
    assert "Hangzhou" in page


def test_list_of_overdue_orders_shows_those_a_store_lets_lie(hq: Client, world: World) -> None:
    late, other = accepted_order(world), accepted_order(world)
    FulfillmentOrder.objects.filter(pk=shares_of(late)[0].pk).update(overdue_at=NOON)

    text = text_of(hq, "/hq/orders/?status=overdue")

    assert (late.number in text, other.number in text) == (True, False)
    assert "Overdue since" in text_of(hq, f"/hq/orders/{late.number}/")


def test_headquarters_gives_an_overdue_order_to_a_store_it_chooses(hq: Client, world: World) -> None:
    order = accepted_order(world)
    (share,) = shares_of(order)
    FulfillmentOrder.objects.filter(pk=share.pk).update(overdue_at=NOON)
    other = next(store for store in world.stores.values() if store.pk != share.store_id and store.code != "C")
    address = f"/hq/orders/{order.number}/"

    assert f'<option value="{other.pk}">' in hq.get(address).content.decode()
    hq.post(address, {"act": "give", "parcel": share.number, "store": str(other.pk)})

    follower = FulfillmentOrder.objects.get(fulfillment=share.fulfillment_id, status="pending_routing")
    assert (FulfillmentOrder.objects.get(pk=share.pk).status, follower.wanted_store) == ("rejected", other)


def test_headquarters_gives_nothing_of_another_order(hq: Client, world: World) -> None:
    order, other = accepted_order(world), accepted_order(world)
    (share,) = shares_of(other)

    answer = hq.post(f"/hq/orders/{order.number}/", {"act": "give", "parcel": share.number, "store": ""})

    assert (answer.status_code, FulfillmentOrder.objects.get(pk=share.pk).status) == (409, "accepted")
