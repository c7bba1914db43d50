"""Scan to pay: a counter's basket on the shopper's phone."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from fulfillment.choices import Way
from inventory.models import StockLevel
from members.models import Member
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import services
from orders.choices import CounterBasketStatus as S
from orders.choices import IntentStatus, OrderStatus
from orders.models import CounterBasket, Order, PaymentIntent
from orders.services import payment
from settlement.models import CreditEntry
from stores.models import Staff
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.counter import lines_of, opened_basket, piece_of
from tests.factories.members import AccountAddressFactory
from tests.factories.orders import proof_of, run_deliveries
from tests.factories.returns import delivered_order
from tests.orders.shopper import page, shopper_in_jingan
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
HOME = {"way": "home", "contact_name": "王小雨", "phone": "138 0013 8000", "place": "310106", "street": "南京西路 1 号"}


@pytest.fixture(autouse=True)
def _at_noon(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def shopper(world: World) -> Client:
    return shopper_in_jingan()


def address(basket: CounterBasket, rest: str = "") -> str:
    return f"/pay/{basket.token}/{rest}"


def send(shopper: Client, basket: CounterBasket, net_fen: int, **fields: str) -> tuple[int, str]:
    """Send the form, and return the status and the page."""
    answer = shopper.post(address(basket), {"way": "take", "seen": str(net_fen)} | fields)
    return answer.status_code, answer.content.decode()


def pay(basket: CounterBasket) -> None:
    """Let the provider report that the open payment was made, and those below hear of it."""
    intent = PaymentIntent.objects.get(checkout__counter_basket=basket, status__in=["unknown", "pending", "created"])
    with entry():
        payment.record_payment(intent.pk, proof_of(intent), actor="provider:wechat", now=NOON)
    run_deliveries()
    basket.refresh_from_db()


def on_hand(world: World, size: str, store: str = "A") -> int:
    return StockLevel.objects.get(variant=world.variants[size], store=world.stores[store]).on_hand


def test_shopper_takes_it_away_and_the_sale_is_the_guide_s(world: World, shopper: Client, audited: Audited) -> None:
    audited.now = NOON
    basket = opened_basket(world, "S")
    before = on_hand(world, "S")
    text = page(shopper, address(basket))
    assert "Silk shirt" in text
    assert "Pay ¥499.00 with WeChat" in text

    assert send(shopper, basket, 49900)[0] == 302
    basket.refresh_from_db()
    order = Order.objects.get()
    line = order.lines.get()
    assert (basket.status, basket.is_scanned, order.status) == (S.PAYING, True, OrderStatus.PLACED)
    assert (order.channel, order.fulfillment.way, order.contact_name) == ("scan_to_pay", Way.TAKE_AWAY, "")
    assert (line.selling_store_id, line.guide_id, line.guide_evidence) == (
        basket.store_id,
        basket.staff_id,
        f"counter:{basket.number}",
    )
    assert order.number not in page(shopper, address(basket))

    pay(basket)

    assert (basket.status, on_hand(world, "S")) == (S.SETTLED, before - 1)
    assert list(CreditEntry.objects.values_list("case", "role", "guide")) == [("own_store", "selling", basket.staff_id)]
    text = page(shopper, address(basket))
    assert "Paid. Thank you!" in text
    assert f"Follow order {order.number}" in text
    page(shopper, f"/orders/{order.number}/")


def test_shopper_has_it_sent_home_from_wherever_it_is(world: World, shopper: Client) -> None:
    basket = opened_basket(world, "S")
    assert "Where to" in page(shopper, address(basket, "?way=home"))

    assert send(shopper, basket, 49900, **HOME)[0] == 302

    order = Order.objects.get()
    assert (order.channel, order.fulfillment.way, order.contact_name) == ("scan_to_pay", Way.COURIER, "王小雨")
    assert lines_of(basket) == [("send_home", "SHIRT-S", 1)]
    assert order.lines.get().guide_id == basket.staff_id


def test_bad_address_is_answered_beside_its_fields_and_nothing_is_placed(world: World, shopper: Client) -> None:
    basket = opened_basket(world, "S")

    status, text = send(shopper, basket, 49900, way="home", contact_name="", phone="12", place="", street="")

    assert status == 422
    for mistake in ("Enter your name.", "Enter a valid phone number.", "Choose your district."):
        assert mistake in text
    assert (Order.objects.count(), lines_of(basket)) == (0, [("sale", "SHIRT-S", 1)])


@pytest.mark.parametrize("fields", [{"seen": "1"}, {"seen": "x"}, {"way": "fly"}])
def test_payment_of_what_was_not_shown_is_refused(world: World, shopper: Client, fields: dict[str, str]) -> None:
    basket = opened_basket(world, "S")

    status, _text = send(shopper, basket, 49900, **fields)

    basket.refresh_from_db()
    assert (status, basket.status, basket.is_scanned, Order.objects.count()) == (422, S.OPEN, False, 0)


def test_member_who_signs_in_gets_their_price_and_the_order(world: World, shopper: Client) -> None:
    user = ShopperUserFactory.create(phone="+8613800138000")
    AccountAddressFactory.create(user=user, street="愚园路 9 号")
    shopper.force_login(user, backend=BACKEND)
    basket = opened_basket(world, "S")
    assert "愚园路 9 号" in page(shopper, address(basket, "?way=home"))

    assert send(shopper, basket, 49900)[0] == 302

    basket.refresh_from_db()
    assert basket.member == Member.objects.get(user=user, brand=world.brand)
    assert Order.objects.get().member == basket.member


def test_browser_that_did_not_pay_is_shown_no_order_and_cannot_give_it_up(world: World, shopper: Client) -> None:
    basket = opened_basket(world, "S")
    send(shopper, basket, 49900)
    stranger = shopper_in_jingan()
    assert stranger.post(address(basket), {"back": "1"}).status_code == 404
    pay(basket)

    text = page(stranger, address(basket))

    number = Order.objects.get().number
    assert ("Paid. Thank you!" in text, number in text) == (True, False)
    page(stranger, f"/orders/{number}/", 404)


def test_shopper_goes_back_to_the_basket_and_everything_is_given_back(world: World, shopper: Client) -> None:
    basket = opened_basket(world, "S")
    send(shopper, basket, 49900)
    PaymentIntent.objects.update(status=IntentStatus.FAILED, next_attempt_at=None)

    shopper.post(address(basket), {"back": "1"})
    run_deliveries()

    basket.refresh_from_db()
    level = StockLevel.objects.get(variant=world.variants["S"], store=world.stores["A"])
    assert (basket.status, basket.is_scanned, basket.checkout, level.held) == (S.OPEN, False, None, 0)
    assert "Pay ¥499.00 with WeChat" in page(shopper, address(basket))


def test_second_touch_finds_the_payment_that_is_open(world: World, shopper: Client) -> None:
    basket = opened_basket(world, "S")
    send(shopper, basket, 49900)

    assert send(shopper, basket, 49900)[0] == 302

    assert (Order.objects.count(), PaymentIntent.objects.count()) == (1, 1)


def test_basket_in_which_more_comes_back_than_is_bought_is_the_counter_s(world: World, shopper: Client) -> None:
    order = delivered_order(world, ("S", 2))
    basket = opened_basket(world)
    with entry():
        services.return_at_counter(basket.pk, [piece_of(order)], now=NOON)

    text = page(shopper, address(basket))

    assert "This basket is settled at the counter." in text
    status, text = send(shopper, basket, -49900)
    assert (status, "Nothing is to be paid." in text) == (422, True)
    basket.refresh_from_db()
    assert (basket.status, basket.checkout) == (S.OPEN, None)


def test_basket_that_is_parked_is_put_aside(world: World, shopper: Client) -> None:
    basket = opened_basket(world, "S")
    with entry():
        services.park_basket(basket.pk, note="五点来", actor="user:1", now=NOON)

    assert "This basket is put aside" in page(shopper, address(basket))
    assert send(shopper, basket, 49900)[0] == 302
    assert Order.objects.count() == 0


@pytest.mark.parametrize("token", ["x", "0" * 44, "%00", "..%2F"])
def test_code_of_no_basket_is_not_found(world: World, shopper: Client, token: str) -> None:
    opened_basket(world, "S")

    for rest in ("", "status/"):
        answer = shopper.get(f"/pay/{token}/{rest}")
        assert (answer.status_code, "Silk shirt" in answer.content.decode()) == (404, False)


def test_status_says_when_something_changed_and_when_it_is_over(world: World, shopper: Client) -> None:
    basket = opened_basket(world, "S")
    send(shopper, basket, 49900)
    PaymentIntent.objects.update(status=IntentStatus.PENDING, code_url="weixin://pay/1")
    text = page(shopper, address(basket, "status/"))
    assert 'href="weixin://pay/1"' in text
    version = text.partition('name="v" value="')[2].partition('"')[0]
    assert shopper.get(address(basket, f"status/?v={version}")).status_code == 204

    pay(basket)

    answer = shopper.get(address(basket, "status/"))
    assert (answer.status_code, answer["HX-Redirect"]) == (286, address(basket))


def test_tablet_shows_the_code_and_goes_on_once_the_shopper_pays(world: World, shopper: Client, client: Client) -> None:
    basket = opened_basket(world, "S")
    client.force_login(basket.staff.user, backend=BACKEND)
    desk = f"/desk/stores/{basket.store_id}/counter/{basket.number}"
    assert address(basket) in client.get(f"{desk}/code/").content.decode()
    drawing = client.get(f"{desk}/code.svg")
    assert (drawing["Content-Type"], b"<svg" in drawing.content) == ("image/svg+xml", True)
    assert client.get(f"{desk}/code/?seen=open").status_code == 204
    assert f"{desk}/code/" in client.get(f"{desk}/").content.decode()

    send(shopper, basket, 49900)

    assert client.get(f"{desk}/code/?seen=open")["HX-Redirect"] == f"{desk}/"


@pytest.mark.parametrize("sizes", [("S",), ("S", "M", "L")])
def test_basket_on_a_phone_takes_as_many_statements_for_many_lines(
    world: World, shopper: Client, django_assert_num_queries: DjangoAssertNumQueries, sizes: tuple[str, ...]
) -> None:
    basket = opened_basket(world, *sizes)
    shopper.get(address(basket))
    with django_assert_num_queries(5):
        text = page(shopper, address(basket))
    assert text.count('class="scan-line"') == len(sizes)


def test_clerk_of_another_store_finds_no_code(world: World, client: Client, clerk_b: Staff) -> None:
    basket = opened_basket(world, "S")
    client.force_login(clerk_b.user, backend=BACKEND)

    for rest in ("code/", "code.svg"):
        answer = client.get(f"/desk/stores/{basket.store_id}/counter/{basket.number}/{rest}")
        assert (answer.status_code, basket.token in answer.content.decode()) == (404, False)
