"""Paid orders at the counter's pages: a code that is scanned or typed, and what the shopper does not keep."""

import uuid
from datetime import datetime
from html import unescape
from typing import Any
from unittest import mock

import pytest
from django.core.cache import caches
from django.test import Client

from fulfillment import queries as fulfillment_queries
from fulfillment.choices import PickupCodePurpose
from fulfillment.models import CodeTries, FulfillmentOrder, PickupCode
from omni.kernel import clock
from orders.models import CounterBasket, CounterLine
from stores.models import Staff
from tests.cast import World
from tests.factories.counter import lines_of, opened_basket, put_collection, waiting_order
from tests.factories.fulfillment import code_of, wrong_code
from tests.factories.orders import shares_of
from tests.factories.try_ons import booked, share_of


@pytest.fixture(autouse=True)
def _at_noon(now: datetime) -> object:
    caches["limits"].clear()
    with mock.patch.object(clock, "now", return_value=now):
        yield


@pytest.fixture
def desk(clerk_a: Staff) -> Client:
    """Return the tablet of store A's clerk, who reads English."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(clerk_a.user)
    return client


def address(basket: CounterBasket, page: str = "") -> str:
    return f"/desk/stores/{basket.store_id}/counter/{basket.number}/{page}"


def post(client: Client, where: str, status: int = 302, **sent: Any) -> str:  # noqa: ANN401  what forms send
    """Send a form as the page does, and return what came back."""
    response = client.post(where, {"once": str(uuid.uuid4()), **sent})
    assert response.status_code == status
    return unescape(response.content.decode())


@pytest.mark.parametrize("how", ["scanned", "typed"])
def test_pickup_code_puts_the_paid_order_into_the_basket(world: World, desk: Client, how: str) -> None:
    [share] = shares_of(waiting_order(world, ("S", 2)))
    basket, digits = opened_basket(world), code_of(share, PickupCodePurpose.SHOPPER)
    scanned = fulfillment_queries.pickup_text(share.number, digits)

    post(desk, address(basket, "add/"), code=scanned if how == "scanned" else f"{digits[:3]} {digits[3:]}")

    assert CounterLine.objects.values_list("kind", "share", "quantity").get() == ("collection", share.pk, 2)
    assert PickupCode.objects.get().status == "issued"
    page = unescape(desk.get(address(basket)).content.decode())
    assert ("Is this 王小雨?" in page, "Paid, to be handed over" in page, ">Settle</button>" in page) == (True,) * 3


def test_wrong_pickup_code_says_so_beside_the_field_and_is_counted(world: World, desk: Client) -> None:
    [share], basket = shares_of(waiting_order(world)), opened_basket(world)
    wrong = wrong_code(share, PickupCodePurpose.SHOPPER)

    page = post(desk, address(basket, "add/"), status=422, code=wrong)

    assert "No order of this store is given out with this code. 4 tries left." in page
    assert (CodeTries.objects.get().tries_left, lines_of(basket)) == (4, [])


def test_pickup_code_of_a_try_on_leads_to_its_place(world: World, desk: Client) -> None:
    share, basket = share_of(booked(world)), opened_basket(world)

    page = post(desk, address(basket, "add/"), status=422, code=code_of(share, PickupCodePurpose.SHOPPER))

    assert "This code is for trying on." in page
    assert lines_of(basket) == []


def test_pickup_code_of_another_store_is_unknown(world: World, desk: Client, clerk_a: Staff) -> None:
    [share], basket = shares_of(waiting_order(world)), opened_basket(world)
    code = code_of(share, PickupCodePurpose.SHOPPER)
    FulfillmentOrder.objects.filter(pk=share.pk).update(store=world.stores["B"])

    post(desk, address(basket, "add/"), status=422, code=code)

    assert lines_of(basket) == []


def test_board_puts_a_code_into_a_new_basket(world: World, desk: Client, clerk_a: Staff) -> None:
    [share] = shares_of(waiting_order(world))
    digits, store_id = code_of(share, PickupCodePurpose.SHOPPER), world.stores["A"].pk

    page = post(desk, f"/desk/stores/{store_id}/codes/", status=200, code=digits)
    assert f'value="{fulfillment_queries.pickup_text(share.number, digits)}"' in page
    post(desk, f"/desk/stores/{store_id}/counter/collect/", code=digits)

    basket = CounterBasket.objects.get()
    assert (basket.staff, basket.lines.get().share_id) == (clerk_a, share.pk)


def test_what_is_not_kept_is_chosen_with_its_reason(world: World, desk: Client) -> None:
    order, basket = waiting_order(world, ("S", 2)), opened_basket(world)
    case = put_collection(basket, order)
    [line] = shares_of(order)[0].lines.all()
    where, field = address(basket, f"lines/{case.pk}/keep/"), f"waiting-{line.pk}-1"

    assert "Choose a reason." in post(desk, where, 422, **{field: "1", f"{field}-condition": "resell"})
    assert basket.lines.count() == 1
    post(desk, where, 302, **{field: "1", f"{field}-condition": "scrap", f"{field}-reason": "faulty"})

    assert basket.lines.filter(collection=case).values_list("kind", "unit", "condition", "reason").get() == (
        *("return", 1),
        *("scrap", "faulty"),
    )
    page = desk.get(where).content.decode()
    assert f'name="{field}" value="1" checked' in page
    post(desk, where)
    assert basket.lines.filter(collection=case).count() == 0
