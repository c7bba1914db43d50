"""The counter's pages: what a clerk sends, what stands beside it when it is wrong, and how much it costs to show."""

import uuid
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from unittest import mock

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from members.models import Member
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import services
from orders.models import CounterBasket, CounterLine, DrawerMovement, PaymentIntent
from stores.models import Staff
from tests.cast import World
from tests.factories.accounts import PASSWORD
from tests.factories.counter import begun, lines_of, opened_basket, paying_basket, piece_of
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.returns import delivered_order
from tests.factories.till import opened_drawer
from tests.orders.provider import ScriptedProvider


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


def test_open_basket_begins_one_for_who_is_signed_in(world: World, desk: Client, clerk_a: Staff) -> None:
    post(desk, f"/desk/stores/{world.stores['A'].pk}/counter/open/")

    assert CounterBasket.objects.get().staff == clerk_a


@pytest.mark.parametrize("code", ["SHIRT-S", "shirt-s", " 6901234567892 "])
def test_add_product_by_sku_or_barcode(world: World, desk: Client, code: str) -> None:
    world.variants["S"].barcode = "6901234567892"
    world.variants["S"].save()
    basket = opened_basket(world)

    post(desk, address(basket, "add/"), code=code)

    assert lines_of(basket) == [("sale", "SHIRT-S", 1)]


def test_add_product_by_its_style_shows_the_sizes_and_what_is_here(world: World, desk: Client) -> None:
    basket = opened_basket(world)

    page = post(desk, address(basket, "add/"), status=200, code="SHIRT")

    assert [f'value="SHIRT-{size}"' in page for size in ("S", "M", "L")] == [True, True, True]
    assert ("10 here" in page, "none here by the books" in page, lines_of(basket)) == (True, True, [])


def test_add_product_that_is_unknown_says_so_beside_the_field(world: World, desk: Client) -> None:
    basket = opened_basket(world)

    page = post(desk, address(basket, "add/"), status=422, code="NOPE")

    assert 'id="counter-code-error" role="alert">Nothing on sale has this code.' in page
    assert lines_of(basket) == []


def test_change_line_to_too_many_says_so_on_the_line(world: World, desk: Client) -> None:
    basket = opened_basket(world, "S")

    page = post(desk, address(basket, f"lines/{basket.lines.get().pk}/"), status=422, quantity="100")

    assert 'role="alert">Ensure this value is less than or equal to 99.' in page
    assert lines_of(basket) == [("sale", "SHIRT-S", 1)]


def test_discount_above_the_limit_asks_for_a_manager_and_counts_wrong_passwords(
    world: World, desk: Client, manager_a: Staff
) -> None:
    basket = opened_basket(world, "S")
    where = address(basket, f"lines/{basket.lines.get().pk}/discount/")
    cut: dict[str, Any] = {"mode": "percent", "value": "30", "reason": "样衣"}

    assert "So much a manager of the store has to approve." in post(desk, where, status=422, **cut)
    for _try in range(5):
        page = post(desk, where, status=422, manager="manager-a", password="wrong", **cut)
        assert "That is no manager of this store." in page
    assert "That was too often." in post(desk, where, status=422, manager="manager-a", password=PASSWORD, **cut)
    assert CounterLine.objects.get().manual_mode == ""

    caches["limits"].clear()
    post(desk, where, manager="manager-a", password=PASSWORD, **cut)
    line = CounterLine.objects.get()
    assert (line.manual_mode, line.manual_value, line.approved_by) == ("percent", 300_000, manager_a)


def test_discount_is_not_approved_by_another_stores_manager(world: World, desk: Client, clerk_b: Staff) -> None:
    Staff.objects.filter(pk=clerk_b.pk).update(role="manager")
    basket = opened_basket(world, "S")
    where = address(basket, f"lines/{basket.lines.get().pk}/discount/")

    page = post(desk, where, status=422, mode="amount", value="200", reason="x", manager="clerk-b", password=PASSWORD)

    assert "That is no manager of this store." in page
    assert CounterLine.objects.get().manual_mode == ""


def test_discount_by_the_manager_at_the_tablet_needs_nobody_else(world: World, manager_a: Staff) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(manager_a.user)
    basket = opened_basket(world, "S")

    post(client, address(basket, f"lines/{basket.lines.get().pk}/discount/"), mode="price", value="300", reason="样衣")

    assert CounterLine.objects.get().approved_by == manager_a


BAD_DISCOUNTS = {
    "no number": ({"value": "viel"}, "Enter a number with at most two decimals."),
    "nothing": ({"value": "0"}, "Enter a number that can be taken off."),
    "more than all": ({"mode": "percent", "value": "101"}, "Enter a number that can be taken off."),
    "more than it costs": ({"value": "499.01"}, "No more can be taken off this line than it costs."),
    "no reason": ({"value": "1", "reason": ""}, "This field is required."),
    "another mode": (
        {"mode": "gift", "value": "1"},
        "Select a valid choice. gift is not one of the available choices.",
    ),
}


@pytest.mark.parametrize("case", BAD_DISCOUNTS)
def test_discount_that_cannot_be_says_so_beside_the_field(world: World, desk: Client, case: str) -> None:
    changes, words = BAD_DISCOUNTS[case]
    basket = opened_basket(world, "S")
    sent: dict[str, Any] = {"mode": "amount", "reason": "样衣"} | changes

    page = post(desk, address(basket, f"lines/{basket.lines.get().pk}/discount/"), status=422, **sent)

    assert f'role="alert">{words}' in page
    assert CounterLine.objects.get().manual_mode == ""


def test_know_member_by_the_code_on_their_phone(world: World, desk: Client, member: Member, now: datetime) -> None:
    from members.queries.profile import _keyed_hash
    from members.rules import code_window, write_code

    basket = opened_basket(world, "S")
    digits = write_code(member.pk, code_window(now.timestamp()), _keyed_hash)

    post(desk, address(basket, "member/"), who=digits)

    assert CounterBasket.objects.get().member == member


def test_know_member_by_nonsense_says_so_beside_the_field(world: World, desk: Client) -> None:
    page = post(desk, address(opened_basket(world, "S"), "member/"), status=422, who="12")

    assert "That is no phone number, and no code that is good now." in page


def test_take_cash_twice_with_one_key_takes_it_once(world: World, desk: Client) -> None:
    basket, drawer = paying_basket(world, "S"), opened_drawer(world)
    sent: dict[str, Any] = {
        "method": "cash",
        "amount": "100",
        "given": "100",
        "drawer": drawer.pk,
        "once": str(uuid.uuid4()),
    }

    post(desk, address(basket, "pay/tender/"), **sent)
    post(desk, address(basket, "pay/tender/"), **sent)

    assert DrawerMovement.objects.values_list("amount_fen", flat=True).get() == 10000


BAD_TENDERS = {
    "too much": ({"amount": "499.01"}, "At most what is left to be paid."),
    "nothing": ({"amount": "0"}, "Enter an amount above zero."),
    "no amount": ({"amount": "viel"}, "Enter an amount in yuan with at most two decimals."),
    "less given": ({"amount": "100", "given": "50"}, "Less was given than is to be paid."),
    "no till": ({"amount": "100", "drawer": ""}, "Open a till first."),
    "another way": ({"amount": "100", "method": "shells"}, "Select a valid choice."),
}


@pytest.mark.parametrize("case", BAD_TENDERS)
def test_take_tender_that_cannot_be_says_so_beside_the_field(world: World, desk: Client, case: str) -> None:
    changes, words = BAD_TENDERS[case]
    basket, drawer = paying_basket(world, "S"), opened_drawer(world)
    sent: dict[str, Any] = {"method": "cash", "given": "", "drawer": drawer.pk} | changes

    page = post(desk, address(basket, "pay/tender/"), status=422, **sent)

    assert f'role="alert">{words}' in page
    assert (PaymentIntent.objects.count(), CounterBasket.objects.get().status) == (0, "paying")


def test_take_tender_at_another_stores_till_is_not_found(world: World, desk: Client) -> None:
    basket, drawer = paying_basket(world, "S"), opened_drawer(world, store="B")

    post(desk, address(basket, "pay/tender/"), status=404, method="cash", amount="1", drawer=drawer.pk)

    assert PaymentIntent.objects.count() == 0


def test_card_that_is_charged_settles_and_one_that_is_declined_leaves_it_open(world: World, desk: Client) -> None:
    basket, drawer = paying_basket(world, "S"), opened_drawer(world)
    post(desk, address(basket, "pay/tender/"), method="card", amount="499", drawer=drawer.pk)
    declined = PaymentIntent.objects.get()
    post(desk, address(basket, f"pay/card/{declined.pk}/"), outcome="declined")
    post(desk, address(basket, "pay/tender/"), method="card", amount="499", drawer=drawer.pk)
    card = PaymentIntent.objects.exclude(pk=declined.pk).get()

    page = post(desk, address(basket, f"pay/card/{card.pk}/"), status=422, outcome="paid", terminal="T1", batch="1")
    assert "Enter this number as it is on the slip." in page
    post(desk, address(basket, f"pay/card/{card.pk}/"), outcome="paid", terminal="T1", batch="1", trace="9")

    assert CounterBasket.objects.get().status == "settled"


def test_wechat_shows_its_code_and_the_page_says_nothing_new_until_it_is_paid(
    world: World, desk: Client, provider: ScriptedProvider
) -> None:
    provider.script("create_native", "weixin://pay/7")
    basket = paying_basket(world, "S")

    post(desk, address(basket, "pay/tender/"), method="wechat", amount="499")

    assert desk.get(address(basket, "pay/qr.svg"))["content-type"] == "image/svg+xml"
    version = desk.get(address(basket, "pay/")).context["page"].version
    assert desk.get(address(basket, "pay/"), {"seen": version}).status_code == 204


def test_returns_that_are_late_are_put_in_once_a_manager_allows_them(
    world: World, desk: Client, manager_a: Staff, now: datetime
) -> None:
    sold, basket = delivered_order(world, ("S", 1), now=now - timedelta(days=60)), opened_basket(world)
    piece = piece_of(sold)
    field = f"piece-{piece.sale_id}-0"
    sent: dict[str, Any] = {
        "q": sold.number,
        field: "on",
        f"{field}-condition": "resell",
        f"{field}-reason": "too_small",
    }

    post(desk, address(basket, "returns/"), manager="manager-a", password=PASSWORD, **sent)

    assert CounterLine.objects.values_list("kind", "allowed_by").get() == ("return", manager_a.pk)


def test_leave_return_out_makes_the_rest_due(world: World, desk: Client, now: datetime) -> None:
    sold, basket = delivered_order(world, ("S", 1)), opened_basket(world, "M")
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=now)
    begun(basket)

    post(desk, address(basket, f"pay/leave/{basket.lines.get(kind='return').pk}/"))

    assert desk.get(address(basket, "pay/")).context["page"].left_fen == 49900


@pytest.mark.parametrize("count", [3, 30])
def test_basket_costs_as_many_queries_for_any_number_of_lines(
    world: World, desk: Client, now: datetime, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    basket = opened_basket(world)
    for _number in range(count):
        variant = VariantFactory.create(product__brand=world.brand)
        StockLevelFactory.create(store=world.stores["A"], variant=variant)
        with entry():
            services.add_to_counter(basket.pk, variant.sku, now=now)

    with django_assert_num_queries(12):
        page = desk.get(address(basket)).context["page"]
    assert len(page.lines) == count


@pytest.mark.parametrize("count", [3, 30])
def test_counter_costs_as_many_queries_for_any_number_of_baskets(
    world: World, desk: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(count):
        opened_basket(world, "S")

    with django_assert_num_queries(8):
        groups = desk.get(f"/desk/stores/{world.stores['A'].pk}/counter/").context["groups"]
    assert [len(cards) for _status, _label, cards in groups] == [count, 0, 0, 0]


def test_piece_scanned_to_be_sold_is_offered_to_a_basket_and_goes_there_with_one_touch(
    world: World, desk: Client, clerk_a: Staff
) -> None:
    where = f"/desk/stores/{world.stores['A'].pk}/counter/"
    page = unescape(desk.get(f"{where}?q=SHIRT-S").content.decode())
    assert ("10 here" in page, page.count('name="code" value="SHIRT-S"'), CounterBasket.objects.count()) == (True, 1, 0)
    assert " autofocus>Into a new basket</button>" in page

    post(desk, f"{where}open/", code="SHIRT-S")
    basket = CounterBasket.objects.get()
    assert lines_of(basket) == [("sale", "SHIRT-S", 1)]

    page = unescape(desk.get(f"{where}?q=SHIRT-M").content.decode())
    assert (page.count('name="code" value="SHIRT-M"'), page.count("autofocus>Into “")) == (2, 1)
    post(desk, address(basket, "add/"), code="SHIRT-M")
    assert lines_of(basket) == [("sale", "SHIRT-S", 1), ("sale", "SHIRT-M", 1)]


def test_piece_that_is_not_on_sale_is_offered_to_nobody(world: World, desk: Client) -> None:
    where = f"/desk/stores/{world.stores['A'].pk}/counter/"
    page = unescape(desk.get(f"{where}?q=NOPE").content.decode())
    assert "Nothing on sale has this code." in page

    post(desk, f"{where}open/", code="NOPE")
    assert CounterBasket.objects.count() == 0


def test_counter_offers_a_piece_at_the_same_cost_for_any_number_of_baskets(
    world: World, desk: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    opened_basket(world, "S")
    where = f"/desk/stores/{world.stores['A'].pk}/counter/?q=SHIRT-S"
    desk.get(where)
    with CaptureQueriesContext(connection) as few:
        desk.get(where)
    for _basket in range(5):
        opened_basket(world, "S", "M")
    with django_assert_num_queries(len(few)):
        desk.get(where)
