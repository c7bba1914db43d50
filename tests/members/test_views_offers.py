"""The pages of a shopper's coupons, the coupon centre, and points."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from members import queries, services
from members.choices import CouponStatus
from members.models import Coupon, Member, PointsAccount, PointsEntry
from omni.accounts.models import User
from omni.kernel.transactions import entry
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import MemberFactory
from tests.factories.offers import CouponFactory, CouponTemplateFactory, PointsProgramFactory, TierFactory

pytestmark = pytest.mark.django_db

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def shopper(world: World, client: Client) -> User:
    """Return somebody who is signed in and reads English."""
    shopper = ShopperUserFactory.create()
    client.force_login(shopper, backend=BACKEND)
    client.cookies["django_language"] = "en"
    return shopper


@pytest.fixture
def member(world: World, shopper: User) -> Member:
    """Return the shopper's membership of brand one."""
    return MemberFactory.create(brand=world.brand, user=shopper)


def coupon_of(member: Member, **values: object) -> Coupon:
    until = timezone.now() + timedelta(days=10)
    return CouponFactory.create(**({"member": member, "template__brand": member.brand, "expires_at": until} | values))


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def earn(member: Member, amount_fen: int, cause: str) -> None:
    now = timezone.now()
    with entry():
        services.earn_points(
            member.pk, cause=cause, amount_fen=amount_fen, available_at=now + timedelta(days=7), now=now
        )


@pytest.mark.parametrize(
    "address", ["/me/coupons/", "/me/coupons/CABCD-EFGHJ-KMNPQ/", "/me/points/", "/me/points/one/"]
)
def test_offers_ask_strangers_to_sign_in(client: Client, address: str) -> None:
    assert client.get(address).headers["Location"] == f"/sign-in/?next={address}"


def test_coupons_are_listed_by_what_became_of_them(client: Client, member: Member) -> None:
    usable, used = coupon_of(member), coupon_of(member, status=CouponStatus.USED, used_at=timezone.now())
    ended = coupon_of(member, expires_at=timezone.now() - timedelta(seconds=1))
    revoked = coupon_of(member, status=CouponStatus.REVOKED)
    coupon_of(MemberFactory.create(brand=member.brand))

    now, user_id = timezone.now(), member.user_id or 0
    listed = {
        show: [card.id for card in queries.coupons_of(user_id, show, now=now, before_id=None, limit=9)]
        for show in ("usable", "used", "ended")
    }
    assert listed == {"usable": [usable.pk], "used": [used.pk], "ended": [revoked.pk, ended.pk]}
    assert usable.code in page(client, "/me/coupons/")
    assert "Used on" in page(client, "/me/coupons/?show=used")
    assert "Withdrawn" in page(client, "/me/coupons/?show=ended")


def test_coupon_is_shown_with_its_code_to_its_member_alone(client: Client, member: Member) -> None:
    own, other = coupon_of(member), coupon_of(MemberFactory.create(brand=member.brand))
    shown = page(client, f"/me/coupons/{own.code}/")
    assert own.code in shown
    assert "data:image/svg+xml;base64," in shown
    assert client.get(f"/me/coupons/{other.code}/").status_code == 404


def test_used_coupon_shows_no_code_to_scan(client: Client, member: Member) -> None:
    coupon = coupon_of(member, status=CouponStatus.USED, used_at=timezone.now())
    assert "data:image" not in page(client, f"/me/coupons/{coupon.code}/")


def test_coupon_of_the_centre_is_taken_once(client: Client, member: Member) -> None:
    template = CouponTemplateFactory.create(brand=member.brand)
    assert "Take it" in page(client, "/me/coupons/")

    assert client.post(f"/me/coupons/claim/{template.pk}/").headers["Location"] == "/me/coupons/"

    shown = page(client, "/me/coupons/")
    assert "The coupon is yours." in shown
    assert "Taken" in shown
    client.post(f"/me/coupons/claim/{template.pk}/")
    assert "You have this coupon already." in page(client, "/me/coupons/")
    assert Coupon.objects.filter(member=member).count() == 1


def test_centre_asks_who_has_not_joined_to_join(client: Client, shopper: User, world: World) -> None:
    template = CouponTemplateFactory.create(brand=world.brand)
    assert "Join to take it" in page(client, "/me/coupons/")
    client.post(f"/me/coupons/claim/{template.pk}/")
    assert "Join the brand to take its coupons." in page(client, "/me/coupons/")
    assert not Coupon.objects.exists()


def test_centre_says_what_is_gone(client: Client, member: Member) -> None:
    CouponTemplateFactory.create(brand=member.brand, total_limit=0)
    assert "All gone" in page(client, "/me/coupons/")


def test_published_code_is_redeemed_and_a_wrong_one_refused_beside_it(client: Client, member: Member) -> None:
    CouponTemplateFactory.create(brand=member.brand, public_code="AUTUMN20", is_claimable=False)

    refused = client.post("/me/coupons/code/", {"code": "AUTUMN21"})
    assert refused.status_code == 422
    assert "No brand you have joined has such a code now." in refused.content.decode()
    assert client.post("/me/coupons/code/", {"code": ""}).status_code == 422
    assert not Coupon.objects.exists()

    assert client.post("/me/coupons/code/", {"code": "autumn20"}).status_code == 302
    assert Coupon.objects.get().member == member


@pytest.mark.parametrize("count", [3, 300])
def test_coupons_cost_as_many_statements_for_any_number(
    client: Client, member: Member, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    template = CouponTemplateFactory.create(brand=member.brand, category_ids=[1])
    CouponFactory.create_batch(count, template=template, member=member, expires_at=timezone.now() + timedelta(days=1))
    page(client, "/me/coupons/")
    with django_assert_num_queries(8):
        shown = page(client, "/me/coupons/")
    assert shown.count("Show code") == min(count, 30)


def test_points_show_balance_tier_and_the_way_to_the_next(client: Client, member: Member) -> None:
    PointsProgramFactory.create(brand=member.brand)
    TierFactory.create(brand=member.brand, name_en="Silver", threshold_fen=0)
    TierFactory.create(brand=member.brand, name_en="Gold", threshold_fen=100_000, benefits_en="Free alterations")
    earn(member, 60_000, "recognition:1")

    shown = page(client, "/me/points/")

    assert "Silver" in shown
    assert "¥400.00 more within twelve months for Gold: Free alterations" in " ".join(shown.split())
    assert ">600<" in shown


def test_points_history_names_every_change_once_and_goes_on(client: Client, member: Member) -> None:
    PointsProgramFactory.create(brand=member.brand)
    for number in range(32):
        earn(member, 10_000, f"recognition:{number}")
    with entry():
        services.reverse_points("recognition:0", part_cause="return:1", amount_fen=10_000, now=timezone.now())

    shown = page(client, "/me/points/one/")
    assert shown.count("pending") == 29
    assert "-100" in shown
    following = shown.partition('href="?before=')[2].partition('"')[0]
    assert page(client, f"/me/points/one/?before={following}").count("Earned") == 3


def test_points_of_a_brand_one_has_not_joined_are_not_found(client: Client, member: Member) -> None:
    PointsProgramFactory.create(brand=member.brand)
    assert client.get("/me/points/two/").status_code == 404
    assert client.get("/me/points/nobody/").status_code == 404


@pytest.mark.parametrize("count", [3, 300])
def test_points_cost_as_many_statements_for_any_number(
    client: Client, member: Member, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    PointsProgramFactory.create(brand=member.brand)
    earn(member, 10_000, "recognition:1")
    account = PointsAccount.objects.get()
    PointsEntry.objects.bulk_create(
        PointsEntry(account=account, kind="earned", cause=f"c:{number}", pending=1, booked_at=timezone.now())
        for number in range(count)
    )
    page(client, "/me/points/")
    with django_assert_num_queries(9):
        page(client, "/me/points/")
    with django_assert_num_queries(12):
        page(client, "/me/points/one/")
