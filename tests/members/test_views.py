"""The pages on which a shopper keeps their account."""

import re

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import translation

from members.models import AccountAddress, Member
from omni.accounts.models import User
from orders.models import Order
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory, UserFactory
from tests.factories.members import AccountAddressFactory
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db

BACKEND = "django.contrib.auth.backends.ModelBackend"
TYPED = {"recipient": "王小雨", "phone": "138 1234 5678", "place": "310106", "street": "南京西路 1 号"}


@pytest.fixture(autouse=True)
def _quiet(settings: LazySettings) -> None:
    settings.OUTBOX_HINTS = False
    settings.WECHAT_PAY = Provider().settings


@pytest.fixture
def shopper(world: World, client: Client) -> User:
    """Return somebody who is signed in."""
    shopper = ShopperUserFactory.create(phone="+8613812345678")
    client.force_login(shopper, backend=BACKEND)
    return shopper


@pytest.mark.parametrize("address", ["/me/", "/me/profile/", "/me/addresses/", "/me/addresses/add/"])
def test_account_asks_strangers_to_sign_in_with_a_phone(client: Client, address: str) -> None:
    assert client.get(address).headers["Location"] == f"/sign-in/?next={address}"


def test_profile_is_changed_here_and_at_every_brand(client: Client, shopper: User, world: World) -> None:
    client.post("/me/join/one/")
    assert 'value="zh-hans" selected' in client.get("/me/profile/").content.decode()

    answer = client.post("/me/profile/", {"name": "小雨", "language": "en"})

    assert answer.headers["Location"] == "/me/"
    assert client.cookies["django_language"].value == "en"
    changed = User.objects.get(pk=shopper.pk)
    assert (changed.first_name, changed.language) == ("小雨", "en")
    assert list(Member.objects.values_list("name", "language")) == [("小雨", "en")]
    assert "小雨" in client.get("/me/").content.decode()


@pytest.mark.parametrize(
    ("name", "language", "field"),
    [("小" * 61, "en", "id_name"), ("a\u0007", "en", "id_name"), ("", "fr", "id_language")],
)
def test_bad_profile_is_answered_beside_its_field(
    client: Client, shopper: User, name: str, language: str, field: str
) -> None:
    answer = client.post("/me/profile/", {"name": name, "language": language})

    assert answer.status_code == 422
    assert f'id="{field}_error"' in answer.content.decode()
    assert (User.objects.get(pk=shopper.pk).first_name, shopper.language) == ("", "zh-hans")


def test_addresses_are_added_changed_preferred_and_deleted(client: Client, shopper: User) -> None:
    assert "empty-state" in client.get("/me/addresses/").content.decode()
    client.post("/me/addresses/add/", TYPED)
    client.post("/me/addresses/add/", TYPED | {"street": "衡山路 2 号"})
    first, second = AccountAddress.objects.order_by("pk")
    page = client.get("/me/addresses/").content.decode()
    assert page.index("南京西路 1 号") < page.index("衡山路 2 号")
    assert "138****5678" in page

    client.post(f"/me/addresses/{second.pk}/prefer/")
    page = client.get("/me/addresses/").content.decode()
    assert page.index("衡山路 2 号") < page.index("南京西路 1 号")
    form = client.get(f"/me/addresses/{first.pk}/").content.decode()
    assert 'value="+8613812345678"' in form
    assert 'value="310106" checked' in form

    client.post(f"/me/addresses/{first.pk}/", TYPED | {"street": "淮海路 3 号", "is_default": "on"})
    assert [view.street for view in AccountAddress.objects.order_by("-preferred_at")] == ["淮海路 3 号", "衡山路 2 号"]
    client.post(f"/me/addresses/{first.pk}/delete/")
    assert list(AccountAddress.objects.all()) == [second]
    assert "衡山路 2 号" in client.get("/me/addresses/").content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("recipient", ""), ("recipient", "😀"), ("phone", "123"), ("place", ""), ("place", "999999"), ("street", "—")],
)
def test_bad_address_is_answered_with_what_was_typed(client: Client, shopper: User, field: str, value: str) -> None:
    kept = AccountAddressFactory.create(user=shopper)

    for address in ("/me/addresses/add/", f"/me/addresses/{kept.pk}/"):
        answer = client.post(address, TYPED | {field: value})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert page.count("field-error") == 1
        assert ("南京西路 1 号" in page) == (field != "street")
    assert AccountAddress.objects.get().recipient == kept.recipient


def test_twenty_first_address_is_refused_on_its_page(client: Client, shopper: User) -> None:
    AccountAddressFactory.create_batch(20, user=shopper)

    answer = client.post("/me/addresses/add/", TYPED)

    assert answer.status_code == 422
    with translation.override("zh-hans"):
        assert (
            translation.gettext("You have as many addresses as we keep. Delete one first.") in answer.content.decode()
        )


def test_address_of_somebody_else_is_not_found(client: Client, shopper: User) -> None:
    foreign = AccountAddressFactory.create()

    answers = [
        client.get(f"/me/addresses/{foreign.pk}/"),
        *(client.post(f"/me/addresses/{foreign.pk}/{act}", TYPED) for act in ("", "prefer/", "delete/")),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert AccountAddress.objects.get().recipient == foreign.recipient


def test_shopper_joins_a_brand_once(client: Client, shopper: User, world: World) -> None:
    for _time in range(2):
        assert client.post("/me/join/one/").headers["Location"] == "/me/"

    member = Member.objects.get()
    assert (member.brand, member.user) == (world.brand, shopper)
    page = client.get("/me/").content.decode()
    assert member.number in page
    assert "/me/join/two/" in page
    assert "/me/join/one/" not in page
    assert client.post("/me/join/nobody/").status_code == 404


def test_account_without_a_phone_joins_no_brand(client: Client, world: World) -> None:
    client.force_login(UserFactory.create(), backend=BACKEND)

    assert client.post("/me/join/one/").status_code == 409
    assert "/me/join/" not in client.get("/me/").content.decode()
    assert not Member.objects.exists()


def test_sign_out_leads_home(client: Client, shopper: User) -> None:
    assert 'action="/accounts/logout/"' in client.get("/me/").content.decode()

    assert client.post("/accounts/logout/").headers["Location"] == "/"
    assert client.get("/me/").status_code == 302


def checkout_of(client: Client) -> str:
    """Put a shirt into the basket and open the checkout."""
    client.post("/basket/add/", {"brand": "one", "sku": "SHIRT-S"})
    return client.get("/checkout/one/").content.decode()


def test_checkout_knows_the_default_address(client: Client, shopper: User) -> None:
    address = AccountAddressFactory.create(user=shopper, recipient="王大雨", phone="+8613912345678")

    page = checkout_of(client)

    assert f'name="address" value="{address.pk}" checked' in page
    assert "南京西路 1 号" in page
    assert all(f'value="{text}"' in page for text in ("王大雨", "+8613912345678"))
    assert 'value="310106" checked' in page


def test_checkout_to_another_place_knows_only_whom_to_ask_for(client: Client, shopper: User) -> None:
    AccountAddressFactory.create(user=shopper)
    client.post("/place/", {"district_code": "330102"})

    page = checkout_of(client)

    assert 'value="330102" checked' in page
    assert 'name="address" value="new" checked' in page
    assert 'value="+8613900000000"' in page


def test_checkout_without_an_address_knows_the_phone(client: Client, shopper: User) -> None:
    assert 'value="+8613812345678"' in checkout_of(client)


def test_first_order_makes_a_member(client: Client, shopper: User, world: World) -> None:
    page = checkout_of(client)
    hidden = {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0] for name in ("key", "seen")}
    wanted = {"way": "courier", "contact_name": "王小雨", "phone": "139 0000 0009", "street": "南京西路 1 号"}

    client.post("/checkout/one/", wanted | hidden | {"place": "310106"})

    order = Order.objects.get()
    assert (order.member, order.brand) == (Member.objects.get(user=shopper), world.brand)
    assert order.number in client.get("/me/").content.decode()
