"""Consent, sizes, wishes and member codes: what is kept, and who may see it."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inventory.models import Product, StockLevel
from members import queries, rules, services
from members.choices import ConsentPurpose, ConsentSource
from members.models import ConsentChange, Member, SizeProfile, Wish
from omni.accounts.models import User
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import entry
from omni.messages.choices import Channel, Purpose
from omni.messages.models import Message
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import MemberFactory, WishFactory

pytestmark = pytest.mark.django_db

SMS, EMAIL, PROFILING = "marketing-sms", "marketing-email", "profiling"


@pytest.fixture
def shopper(world: World) -> User:
    return ShopperUserFactory.create()


@pytest.fixture
def mine(world: World, shopper: User) -> Member:
    """Return the shopper's membership of brand one."""
    return MemberFactory.create(brand=world.brand, user=shopper)


@pytest.fixture
def browser(client: Client, shopper: User) -> Client:
    client.force_login(shopper, backend="django.contrib.auth.backends.ModelBackend")
    return client


def agree(member: Member, given: list[str], now: datetime) -> int:
    with entry():
        return services.record_consent(member.pk, given, now=now)


def test_consent_changes_are_kept_one_by_one_and_the_newest_counts(mine: Member, now: datetime) -> None:
    later = now + timedelta(days=1)

    assert agree(mine, [SMS, PROFILING], now) == 2
    assert agree(mine, [PROFILING], later) == 1
    assert agree(mine, [PROFILING], later) == 0

    rows = ConsentChange.objects.order_by("pk").values_list("purpose", "channel", "is_given", "wording", "source", "at")
    assert list(rows) == [
        ("marketing", "sms", True, rules.WORDING, ConsentSource.WEB, now),
        ("profiling", "", True, rules.WORDING, ConsentSource.WEB, now),
        ("marketing", "sms", False, rules.WORDING, ConsentSource.WEB, later),
    ]
    assert queries.given_topics(mine.pk) == {PROFILING}
    assert queries.has_consent(mine.pk, ConsentPurpose.PROFILING)
    assert not queries.has_consent(mine.pk, ConsentPurpose.MARKETING, Channel.SMS)
    assert not queries.has_consent(mine.pk, ConsentPurpose.MARKETING, Channel.EMAIL)


def test_consent_record_cannot_be_rewritten(mine: Member, now: datetime) -> None:
    agree(mine, [SMS], now)

    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentChange.objects.update(is_given=False)
    assert queries.given_topics(mine.pk) == {SMS}


def test_consent_to_one_brand_is_none_to_another(world: World, shopper: User, mine: Member, now: datetime) -> None:
    other = MemberFactory.create(brand=world.other_brand, user=shopper)
    with entry():
        services.record_consent_for(shopper.pk, "one", [SMS], now=now)

    views = {
        view.brand_code: {topic.name for topic in view.topics if topic.is_given}
        for view in queries.consents_of(shopper.pk)
    }
    assert views == {"one": {SMS}, "two": set()}
    assert queries.given_topics(other.pk) == set()


def test_consent_of_a_brand_that_one_has_not_joined_is_not_found(world: World, shopper: User, now: datetime) -> None:
    with pytest.raises(NotFound), entry():
        services.record_consent_for(shopper.pk, "two", [SMS], now=now)
    assert not ConsentChange.objects.exists()


def test_marketing_goes_only_to_who_agreed(mine: Member, now: datetime) -> None:
    def send(cause: str) -> int | None:
        with entry():
            return services.send_marketing(
                mine.pk, template="order_paid", parameters={"brand": "One"}, cause=cause, now=now
            )

    assert send("news:1") is None
    assert not Message.objects.exists()
    agree(mine, [SMS], now)
    assert send("news:2") is not None
    assert Message.objects.get().purpose == Purpose.MARKETING
    agree(mine, [], now)
    assert send("news:3") is None


def test_consent_page_keeps_what_is_ticked(browser: Client, mine: Member) -> None:
    answer = browser.post("/me/consent/", {"brand": "one", SMS: "on", EMAIL: "on", "unknown": "on"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/me/consent/")
    assert queries.given_topics(mine.pk) == {SMS, EMAIL}
    assert browser.get("/me/consent/").content.decode().count(" checked") == 2


def test_sizes_are_kept_changed_and_forgotten(browser: Client, shopper: User) -> None:
    assert browser.post("/me/sizes/", {"height_cm": "168", "usual_top": "M"}).status_code == 302
    assert browser.post("/me/sizes/", {"height_cm": "169", "usual_top": ""}).status_code == 302

    profile = SizeProfile.objects.get()
    assert (profile.user, profile.height_cm, profile.weight_kg, profile.usual_top) == (shopper, 169, None, "")
    assert 'value="169"' in browser.get("/me/sizes/").content.decode()


@pytest.mark.parametrize(("field", "value"), [("height_cm", "3"), ("weight_kg", "abc"), ("usual_top", "X" * 11)])
def test_bad_size_is_answered_beside_its_field(browser: Client, field: str, value: str) -> None:
    answer = browser.post("/me/sizes/", {field: value})

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not SizeProfile.objects.exists()


def test_wish_is_kept_once_and_takes_the_size_chosen_last(world: World, shopper: User, now: datetime) -> None:
    with entry():
        first = services.add_wish(shopper.pk, "one", "SHIRT", now=now)
        again = services.add_wish(shopper.pk, "one", "SHIRT", sku="SHIRT-M", now=now)
        kept = services.add_wish(shopper.pk, "one", "SHIRT", now=now)

    assert first == again == kept
    assert Wish.objects.get().variant == world.variants["M"]


def test_wish_for_what_is_not_there_is_refused(world: World, shopper: User, now: datetime) -> None:
    with pytest.raises(NotFound), entry():
        services.add_wish(shopper.pk, "one", "NONE", now=now)
    with pytest.raises(InvalidInput) as refused, entry():
        services.add_wish(shopper.pk, "one", "SHIRT", sku="NONE", now=now)
    assert refused.value.field == "sku"
    assert not Wish.objects.exists()


def test_wish_list_holds_only_so_many(
    world: World, shopper: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("members.services.profile.MOST_WISHES", 1)
    WishFactory.create(user=shopper)
    with pytest.raises(services.TooManyWishes), entry():
        services.add_wish(shopper.pk, "one", "SHIRT", now=now)
    assert Wish.objects.count() == 1


def test_wish_list_shows_price_and_stock_now(world: World, shopper: User, now: datetime) -> None:
    for size in ("S", "L"):
        Wish.objects.all().delete()
        wish = WishFactory.create(user=shopper, variant=world.variants[size])
        (view,) = queries.wishes_of(shopper.pk, now=now)
        assert (view.id, view.sku, view.size, view.is_in_stock) == (wish.pk, f"SHIRT-{size}", size, True)
        assert view.price_fen == {"S": 49900, "L": 39900}[size]
    StockLevel.objects.update(on_hand=0)
    assert not queries.wishes_of(shopper.pk, now=now)[0].is_in_stock
    Product.objects.update(is_active=False)
    assert queries.wishes_of(shopper.pk, now=now)[0].price_fen is None


@pytest.mark.parametrize("count", [3, 30])
def test_wish_list_asks_as_often_for_many_as_for_few(
    browser: Client,
    world: World,
    shopper: User,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _number in range(count):
        WishFactory.create(user=shopper, variant__product__brand=world.brand)
    browser.get("/me/wishes/")

    with django_assert_num_queries(6):
        answer = browser.get("/me/wishes/")
    assert answer.content.decode().count('class="basket-line"') == count


def test_wish_of_somebody_else_is_not_found(browser: Client, world: World) -> None:
    strange = WishFactory.create(variant=world.variants["S"])

    assert browser.post(f"/me/wishes/{strange.pk}/remove/").status_code == 404
    assert browser.post(f"/me/wishes/{strange.pk}/to-basket/").status_code == 404
    assert Wish.objects.count() == 1


def test_wish_moves_to_the_basket(browser: Client, world: World, shopper: User) -> None:
    wish = WishFactory.create(user=shopper, variant=world.variants["S"])

    answer = browser.post(f"/me/wishes/{wish.pk}/to-basket/", {"brand": "one", "sku": "SHIRT-S"}, follow=True)

    assert [status for _address, status in answer.redirect_chain] == [307, 302]
    assert "S</p>" in answer.content.decode()
    assert not Wish.objects.exists()


def test_wish_that_is_not_on_sale_stays_on_the_list(browser: Client, world: World, shopper: User) -> None:
    wish = WishFactory.create(user=shopper, variant=world.variants["S"])
    Product.objects.update(is_active=False)

    answer = browser.post(f"/me/wishes/{wish.pk}/to-basket/", {"brand": "one", "sku": "SHIRT-S"})

    assert answer.headers["Location"] == "/me/wishes/"
    assert Wish.objects.count() == 1


def test_wish_of_a_guest_waits_for_the_sign_in(client: Client, world: World) -> None:
    answer = client.post("/me/wishes/add/", {"brand": "one", "code": "SHIRT", "sku": "SHIRT-S"})

    assert answer.headers["Location"] == "/sign-in/?next=%2Fme%2Fwishes%2F"
    assert client.session["wish"] == {"brand": "one", "code": "SHIRT", "sku": "SHIRT-S"}
    assert not Wish.objects.exists()


def test_member_code_is_read_by_the_brand_for_three_minutes(world: World, mine: Member, now: datetime) -> None:
    assert mine.user is not None
    code = queries.member_code_for(mine.user.pk, "one", now=now)

    assert len(code.digits) == rules.CODE_DIGITS
    assert code.spaced.replace(" ", "") == code.digits
    for minutes in (0, 1, 2):
        found = queries.get_member_by_code(world.brand.pk, code.spaced, now=now + timedelta(minutes=minutes))
        assert found == mine
    with pytest.raises(NotFound):
        queries.get_member_by_code(world.brand.pk, code.digits, now=now + timedelta(minutes=3))
    with pytest.raises(NotFound):
        queries.get_member_by_code(world.other_brand.pk, code.digits, now=now)


@pytest.mark.parametrize("code", ["", "1", "a" * 18, "0" * 18, "１" * 18])
def test_what_is_no_member_code_is_not_found(world: World, mine: Member, now: datetime, code: str) -> None:
    with pytest.raises(NotFound):
        queries.get_member_by_code(world.brand.pk, code, now=now)


def test_member_code_with_a_wrong_digit_is_nobodys(world: World, mine: Member, now: datetime) -> None:
    assert mine.user is not None
    digits = queries.member_code_for(mine.user.pk, "one", now=now).digits
    for position in range(rules.CODE_DIGITS):
        wrong = digits[:position] + str((int(digits[position]) + 1) % 10) + digits[position + 1 :]
        with pytest.raises(NotFound):
            queries.get_member_by_code(world.brand.pk, wrong, now=now)


def test_member_code_page_is_for_members_and_is_not_kept(browser: Client, world: World, mine: Member) -> None:
    answer = browser.get("/me/code/one/")

    assert "data:image/svg+xml;base64," in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    part = browser.get("/me/code/one/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "data:image/svg+xml;base64," in part
    assert browser.get("/me/code/two/").status_code == 404
