"""Signing in and joining with a phone and a one-time code, as a browser does it."""

import logging
import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from members.models import Member
from omni.accounts.models import User
from omni.kernel import clock, sealing
from omni.messages import services as messages_services
from omni.messages.models import Message
from orders.models import Basket, Order
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import MemberFactory
from tests.factories.orders import placed_order
from tests.messages.conftest import ScriptedGateway, gateway
from tests.orders.wechat import Provider

__all__ = ["gateway"]

pytestmark = pytest.mark.django_db

PHONE = "138 1234 5678"
E164 = "+8613812345678"
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def _counters(settings: Settings) -> None:
    settings.OUTBOX_HINTS = False
    settings.WECHAT_PAY = Provider().settings
    caches["limits"].clear()


def ask(client: Client, phone: str = PHONE, following: str = "") -> str:
    """Ask for a code; return where that leads."""
    answer = client.post("/sign-in/", {"phone": phone, "next": following})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def code_sent(gateway: ScriptedGateway) -> str:
    """Send what waits, and return the code of the newest message."""
    messages_services.drive_due_messages(now=clock.now())
    (code,) = re.findall(r"(?<!\d)\d{6}(?!\d)", gateway.sent[-1][4])
    return str(code)


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "000001"


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_new_phone_joins_with_the_right_code(client: Client, gateway: ScriptedGateway) -> None:
    location = ask(client)
    assert location == "/sign-in/code/?next=%2Fme%2F"
    assert not User.objects.exists()
    page = client.get(location).content.decode()
    assert "138****5678" in page

    answer = client.post(location, {"code": code_sent(gateway)})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/me/")
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)
    assert User.objects.get().phone_index == sealing.blind_index(E164)
    assert gateway.sent[0][2] == E164
    assert client.get("/sign-in/").headers["Location"] == "/me/"


def test_known_phone_signs_in_and_goes_on(client: Client, gateway: ScriptedGateway) -> None:
    shopper = ShopperUserFactory.create(phone=E164)
    location = ask(client, following="/basket/")

    answer = client.post(location, {"code": code_sent(gateway), "next": "/basket/"})

    assert answer.headers["Location"] == "/basket/"
    assert client.session["_auth_user_id"] == str(shopper.pk)
    assert User.objects.count() == 1


def test_guests_basket_joins_the_accounts_which_every_device_shows(
    world: World, client: Client, gateway: ScriptedGateway
) -> None:
    client.post("/basket/add/", {"brand": "one", "sku": "SHIRT-S"})
    location = ask(client)
    client.post(location, {"code": code_sent(gateway)})
    other = Client(headers=ENGLISH)
    other.force_login(User.objects.get())

    other.post("/basket/add/", {"brand": "one", "sku": "SHIRT-S"})

    assert other.cookies["basket_count"].value == "2"
    assert client.get("/basket/count/").content == b"2"
    assert client.cookies["basket_count"].value == "2"
    assert client.cookies["basket"].value == ""
    (basket,) = Basket.objects.all()
    assert basket.token == f"account:{User.objects.get().pk}"
    client.post("/accounts/logout/")
    client.get("/basket/count/")
    assert (client.cookies["basket_count"].value, client.cookies["basket_shared"].value) == ("0", "")


def test_address_of_another_site_is_not_gone_to(client: Client, gateway: ScriptedGateway) -> None:
    location = ask(client, following="https://evil.example/")

    answer = client.post(location, {"code": code_sent(gateway), "next": "//evil.example"})

    assert answer.headers["Location"] == "/me/"


def test_known_and_unknown_phones_get_the_same_answer(gateway: ScriptedGateway) -> None:
    ShopperUserFactory.create(phone=E164)
    seen = []
    for phone in (PHONE, "138 1234 5670"):
        browser = Client()
        answer = browser.post("/sign-in/", {"phone": phone})
        page = browser.get(answer.headers["Location"]).content.decode()
        page = re.sub(r'value="[A-Za-z0-9]{64}"|"X-CSRFToken": "\w+"|138\*\*\*\*\d{4}', "", page)
        seen.append((answer.status_code, answer.headers["Location"], page))

    assert seen[0] == seen[1]
    assert Message.objects.count() == 2


def test_wrong_codes_end_the_sign_in_at_the_fifth(client: Client, gateway: ScriptedGateway) -> None:
    location = ask(client)
    code = code_sent(gateway)
    for _try in range(5):
        answer = client.post(location, {"code": wrong(code)}, headers=ENGLISH)
        assert answer.status_code == 422
        assert "This code is not right." in answer.content.decode()

    answer = client.post(location, {"code": code})

    assert answer.headers["Location"].startswith("/sign-in/?")
    assert client.post(location, {"code": code}).headers["Location"].startswith("/sign-in/?")
    assert not is_signed_in(client)
    assert not User.objects.exists()


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６"])
def test_what_is_no_code_is_said_and_not_counted(client: Client, gateway: ScriptedGateway, code: str) -> None:
    location = ask(client)

    for _try in range(6):
        assert client.post(location, {"code": code}).status_code == 422
    client.post(location, {"code": code_sent(gateway)})

    assert is_signed_in(client)


def test_code_of_another_browser_is_worth_nothing(client: Client, gateway: ScriptedGateway) -> None:
    ask(client)
    code = code_sent(gateway)
    stranger = Client()

    assert stranger.post("/sign-in/code/", {"code": code}).headers["Location"].startswith("/sign-in/")
    assert not is_signed_in(stranger)


def test_code_after_five_minutes_is_worth_nothing(client: Client, gateway: ScriptedGateway) -> None:
    location = ask(client)
    code = code_sent(gateway)

    with time_machine.travel(clock.now() + timedelta(seconds=301)):
        answer = client.post(location, {"code": code})

    assert answer.headers["Location"].startswith("/sign-in/?")
    assert not is_signed_in(client)


def test_code_works_once(client: Client, gateway: ScriptedGateway) -> None:
    location = ask(client)
    code = code_sent(gateway)
    client.post(location, {"code": code})
    client.logout()

    assert client.post(location, {"code": code}).headers["Location"].startswith("/sign-in/?")
    assert not is_signed_in(client)


@pytest.mark.parametrize("phone", ["", "123", "not a phone", "+86138123456789"])
def test_bad_phone_is_answered_beside_its_field(client: Client, phone: str) -> None:
    answer = client.post("/sign-in/", {"phone": phone})

    assert answer.status_code == 422
    assert 'id="id_phone_error"' in answer.content.decode()
    assert not Message.objects.exists()


def test_second_code_within_a_minute_is_refused(client: Client) -> None:
    ask(client)

    answer = client.post("/sign-in/", {"phone": PHONE}, headers=ENGLISH)

    assert answer.status_code == 422
    assert "That was too often." in answer.content.decode()
    assert Message.objects.count() == 1


def test_account_that_was_closed_stays_closed(client: Client, gateway: ScriptedGateway) -> None:
    ShopperUserFactory.create(phone=E164, is_active=False)
    location = ask(client)

    answer = client.post(location, {"code": code_sent(gateway)}, headers=ENGLISH, follow=True)

    assert "This account cannot be used here." in answer.content.decode()
    assert not is_signed_in(client)


def test_neither_session_nor_log_holds_phone_or_code(
    client: Client, gateway: ScriptedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        location = ask(client)
        code = code_sent(gateway)
        kept = repr(dict(client.session))
        client.post(location, {"code": wrong(code)})
        client.post(location, {"code": code})

    for secret in (code, "13812345678", "138 1234 5678"):
        assert secret not in kept + repr(dict(client.session))
        assert not any(
            secret in record.getMessage() for record in caplog.records if record.name != "django.db.backends"
        )


def test_staff_page_sends_a_shopper_on_to_the_code(client: Client) -> None:
    ask(client)

    assert client.get("/accounts/login/").headers["Location"] == "/sign-in/code/"


def test_memberships_that_stores_began_become_the_accounts(
    client: Client, gateway: ScriptedGateway, world: World
) -> None:
    mine = MemberFactory.create(brand=world.brand, phone=E164)
    other = MemberFactory.create(brand=world.brand)

    client.post(ask(client), {"code": code_sent(gateway)})

    assert Member.objects.get(pk=mine.pk).user == User.objects.get()
    assert Member.objects.get(pk=other.pk).user is None


def test_orders_of_the_phone_and_of_the_browser_are_in_the_account(
    client: Client, gateway: ScriptedGateway, world: World
) -> None:
    of_phone = placed_order(world, phone=PHONE)
    of_browser = placed_order(world, phone="13900000001")
    of_stranger = placed_order(world, phone="13900000002")
    session = client.session
    session["orders"] = [of_browser.number]
    session.save()

    client.post(ask(client), {"code": code_sent(gateway)})
    page = client.get("/me/").content.decode()

    assert [order.number in page for order in (of_phone, of_browser, of_stranger)] == [True, True, False]
    assert client.get(f"/orders/{of_phone.number}/").status_code == 200
    assert client.get(f"/orders/{of_stranger.number}/").status_code == 404
    assert Order.objects.count() == 3
