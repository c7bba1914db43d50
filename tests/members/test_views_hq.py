"""Headquarters' promotions and coupons: the list, the form, starting and stopping."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from members import services
from members.models import Coupon, CouponTemplate, Member, Promotion
from omni.kernel import sealing
from omni.kernel.transactions import entry
from omni.messages.models import Message
from stores.choices import Role
from stores.models import Staff
from tests.cast import World
from tests.factories.members import MemberFactory
from tests.factories.offers import CouponTemplateFactory, PromotionFactory
from tests.factories.stores import HeadquartersFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client: Client, headquarters: Staff) -> Client:
    """Return a browser of brand one's headquarters, in English."""
    client.force_login(headquarters.user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def typed(world: World, **values: Any) -> dict[str, Any]:  # noqa: ANN401  whatever a form holds
    return {
        "brand": world.brand.pk,
        "name_zh": "秋季满减",
        "name_en": "Autumn",
        "benefit": "amount",
        "amount_fen": "50",
        "threshold_fen": "300.00",
        "starts_at": "2026-03-01T00:00",
        "ends_at": "2099-04-01T00:00",
        "extra_days": "7",
        "restore_policy": "restore",
        **values,
    }


def test_promotion_is_written_as_typed(office: Client, world: World) -> None:
    answer = office.post(
        "/hq/offers/promotions/",
        typed(
            world,
            product_codes="SHIRT",
            store_codes="B, A",
            channels=["web", "counter"],
            category_ids=[world.product.category_id],
            store_ppm="25",
            mall_ppm="12.5",
            total_limit="100",
        ),
    )

    assert answer.headers["Location"] == "/hq/offers/"
    row = Promotion.objects.get()
    assert (row.brand, row.amount_fen, row.percent_ppm, row.threshold_fen) == (world.brand, 5000, None, 30000)
    assert (row.product_ids, row.store_ids) == (
        [world.product.pk],
        sorted([world.stores["A"].pk, world.stores["B"].pk]),
    )
    assert (row.channels, row.category_ids) == (["counter", "web"], [world.product.category_id])
    assert row.funders == (("brand", 625_000), ("store", 250_000), ("mall", 125_000))
    assert (row.total_limit, row.per_member_limit, row.is_running) == (100, None, True)
    assert row.valid.lower == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"amount_fen": ""}, "amount_fen", "Say how much it takes off."),
        ({"amount_fen": "1.234"}, "amount_fen", "Enter an amount in yuan with at most two decimals."),
        ({"amount_fen": "300"}, "amount_fen", "It takes off as much as one must buy."),
        ({"benefit": "percent"}, "percent_ppm", "Say how many per cent it takes off."),
        ({"benefit": "percent", "percent_ppm": "100"}, "percent_ppm", "Say how many per cent it takes off."),
        ({"ends_at": "2026-03-01T00:00"}, "ends_at", "It ends before it begins."),
        ({"store_ppm": "60", "mall_ppm": "41"}, "store_ppm", "The shares come to more than the whole."),
        ({"product_codes": "SHIRT NOTHING"}, "product_codes", "Your brand has no such code: NOTHING"),
        ({"store_codes": "Z"}, "store_codes", "Your brand has no such code: Z"),
        ({"total_limit": "0"}, "total_limit", "Leave it empty for no limit."),
        ({"name_zh": ""}, "name_zh", "This field is required."),
    ],
)
def test_promotion_that_cannot_be_is_refused_beside_its_field(
    office: Client, world: World, values: dict[str, str], field: str, message: str
) -> None:
    answer = office.post("/hq/offers/promotions/", typed(world, **values))

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert message in shown.partition(f'id="id_{field}_error"')[2][:300]
    assert not Promotion.objects.exists()


def test_promotion_is_changed_and_shows_what_it_was(office: Client, world: World) -> None:
    row = PromotionFactory.create(
        brand=world.brand, threshold_fen=30000, product_ids=[world.product.pk], store_ids=[world.stores["A"].pk]
    )
    shown = office.get(f"/hq/offers/promotions/{row.pk}/").content.decode()
    assert 'value="50.00"' in shown
    assert "SHIRT</textarea>" in shown

    answer = office.post(f"/hq/offers/promotions/{row.pk}/", typed(world, benefit="percent", percent_ppm="15"))

    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.benefit, row.percent_ppm, row.amount_fen, row.product_ids) == ("percent", 150_000, None, [])


def test_promotion_used_without_a_limit_gets_none(office: Client, world: World) -> None:
    from members.models import OfferUse

    row = PromotionFactory.create(brand=world.brand)
    OfferUse.objects.create(owner="order:1", promotion=row, amount_fen=1, used_at=timezone.now())
    answer = office.post(f"/hq/offers/promotions/{row.pk}/", typed(world, total_limit="5"))
    assert "It has been used without a limit." in answer.content.decode()


def test_limit_below_what_was_used_is_refused(office: Client, world: World) -> None:
    row = PromotionFactory.create(brand=world.brand, total_limit=10, used_count=6)
    answer = office.post(f"/hq/offers/promotions/{row.pk}/", typed(world, total_limit="5"))
    assert "More than this were used already." in answer.content.decode()
    row.refresh_from_db()
    assert row.total_limit == 10


def test_coupon_is_written_with_how_people_get_it(office: Client, world: World) -> None:
    answer = office.post(
        "/hq/offers/coupons/",
        typed(world, public_code="autumn20", is_claimable="on", validity_days="14", per_member_limit="1"),
    )

    assert answer.headers["Location"] == "/hq/offers/?kind=coupons"
    row = CouponTemplate.objects.get()
    assert (row.public_code, row.is_claimable, row.is_welcome, row.validity_days) == ("AUTUMN20", True, False, 14)
    assert (row.restore_policy, row.extra_days, row.per_member_limit) == ("restore", 7, 1)


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"public_code": "AB"}, "public_code", "A code has 4 to 20 letters and digits."),
        ({"public_code": "秋季优惠"}, "public_code", "A code has 4 to 20 letters and digits."),
        ({"public_code": "taken"}, "public_code", "Another coupon has this code."),
        ({"validity_days": "0"}, "validity_days", "Leave it empty to end with the coupon&#x27;s period."),
    ],
)
def test_coupon_that_cannot_be_is_refused_beside_its_field(
    office: Client, world: World, values: dict[str, str], field: str, message: str
) -> None:
    CouponTemplateFactory.create(brand=world.brand, public_code="TAKEN")
    answer = office.post("/hq/offers/coupons/", typed(world, **values))
    assert answer.status_code == 422
    assert message in answer.content.decode().partition(f'id="id_{field}_error"')[2][:300]
    assert CouponTemplate.objects.count() == 1


def test_worth_of_coupons_that_people_hold_does_not_change(office: Client, world: World) -> None:
    until = timezone.now() + timedelta(days=30)
    values = typed(world, ends_at=until.strftime("%Y-%m-%dT%H:%M"), per_member_limit="1")
    office.post("/hq/offers/coupons/", values)
    row = CouponTemplate.objects.get()
    member: Member = MemberFactory.create(brand=world.brand)
    with entry():
        services.issue_coupon(row.pk, member.pk, now=timezone.now())

    refused = office.post(f"/hq/offers/coupons/{row.pk}/", values | {"amount_fen": "60"})
    renamed = office.post(f"/hq/offers/coupons/{row.pk}/", values | {"name_en": "Late autumn", "total_limit": "5"})

    assert refused.status_code == 422
    assert "what they take off cannot change" in refused.content.decode()
    assert renamed.status_code == 302
    row.refresh_from_db()
    assert (row.amount_fen, row.name_en, row.total_limit, Coupon.objects.count()) == (5000, "Late autumn", 5, 1)


def test_offer_is_stopped_and_started(office: Client, world: World) -> None:
    row = PromotionFactory.create(brand=world.brand)
    office.post(f"/hq/offers/promotions/{row.pk}/stop/")
    assert not Promotion.objects.get().is_running
    assert "Stopped" in office.get("/hq/offers/").content.decode()
    office.post(f"/hq/offers/promotions/{row.pk}/start/")
    assert Promotion.objects.get().is_running


def test_offers_of_another_brand_are_not_found(office: Client, world: World) -> None:
    row = PromotionFactory.create(brand=world.other_brand, name_en="Secret")
    for address in ("", "start/", "stop/"):
        assert office.post(f"/hq/offers/promotions/{row.pk}/{address}", typed(world)).status_code == 404
    assert "Secret" not in office.get("/hq/offers/").content.decode()
    assert office.post("/hq/offers/promotions/", typed(world, brand=world.other_brand.pk)).status_code == 422
    assert Promotion.objects.count() == 1
    assert office.get("/hq/offers/gifts/").status_code == 404


def test_region_looks_and_writes_nothing(client: Client, world: World) -> None:
    row = PromotionFactory.create(brand=world.brand, name_en="Autumn")
    region = HeadquartersFactory.create(brand=world.brand, role=Role.REGION, user__username="region-one")
    client.force_login(region.user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    shown = client.get("/hq/offers/").content.decode()
    assert "Autumn" in shown
    assert "New promotion" not in shown
    assert client.get("/hq/offers/promotions/").status_code == 404
    assert client.post(f"/hq/offers/promotions/{row.pk}/stop/").status_code == 404


@pytest.mark.parametrize("count", [3, 300])
@pytest.mark.parametrize("kind", ["promotions", "coupons"])
def test_offers_cost_as_many_statements_for_any_number(
    office: Client,
    world: World,
    kind: str,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    PromotionFactory.create_batch(count, brand=world.brand)
    CouponTemplateFactory.create_batch(count, brand=world.brand)
    with django_assert_num_queries({"promotions": 6, "coupons": 5}[kind]):
        shown = office.get(f"/hq/offers/?kind={kind}").content.decode()
    assert shown.count("<tr>") == 1 + min(count, 50)


# Issuing to one member


def issue(office: Client, template: CouponTemplate, named: str) -> tuple[int, str]:
    answer = office.post(f"/hq/coupons/{template.pk}/issue/", {"member": named})
    return answer.status_code, answer.content.decode()


@pytest.fixture
def template(world: World) -> CouponTemplate:
    """Return a coupon that is given out, two in all and one to each."""
    made: CouponTemplate = CouponTemplateFactory.create(brand=world.brand, total_limit=2, is_claimable=False)
    return made


@pytest.mark.parametrize("by_phone", [False, True])
def test_coupon_is_issued_to_a_member_by_number_or_phone(
    office: Client, world: World, template: CouponTemplate, by_phone: bool
) -> None:
    member = MemberFactory.create(brand=world.brand)
    MemberFactory.create(brand=world.other_brand, phone_index=member.phone_index, phone_sealed=member.phone_sealed)
    named = sealing.unseal(member.phone_sealed).removeprefix("+86") if by_phone else member.number.lower()

    assert issue(office, template, f" {named} ")[0] == 302

    assert list(Coupon.objects.values_list("member", "template", "status")) == [(member.pk, template.pk, "issued")]
    template.refresh_from_db()
    assert (template.issued_count, Message.objects.count()) == (1, 0)
    assert "Fifty yuan off" in office.get(f"/hq/coupons/{template.pk}/issue/").content.decode()


def test_member_who_agreed_to_offers_hears_of_the_coupon(
    office: Client, world: World, template: CouponTemplate
) -> None:
    member = MemberFactory.create(brand=world.brand, language="en")
    with entry():
        services.record_consent(member.pk, ("marketing-sms",), now=timezone.now())

    issue(office, template, member.number)

    message = Message.objects.get()
    assert (message.template, message.purpose, message.language) == ("coupon_issued", "marketing", "en")
    assert message.cause == f"coupon:{Coupon.objects.get().pk}"


def test_coupon_is_not_issued_beyond_its_limits_or_to_strangers(
    office: Client, world: World, template: CouponTemplate
) -> None:
    first, second, third = (MemberFactory.create(brand=world.brand) for _each in range(3))
    stranger = MemberFactory.create(brand=world.other_brand)
    for member in (first, second):
        issue(office, template, member.number)

    refused = {
        "all gone": issue(office, template, third.number),
        "another brand's": issue(office, template, stranger.number),
        "nobody": issue(office, template, "13900000000"),
        "nothing": issue(office, template, ""),
        "signs": issue(office, template, "\x00'"),
    }

    assert {name: status for name, (status, _page) in refused.items()} == dict.fromkeys(refused, 422)
    assert "All of these coupons are gone." in refused["all gone"][1]
    assert "The brand has no member of this number or phone." in refused["another brand's"][1]
    assert Coupon.objects.count() == 2
    template.refresh_from_db()
    assert template.issued_count == 2


def test_coupon_that_a_member_has_already_is_not_issued_again(
    office: Client, world: World, template: CouponTemplate
) -> None:
    member = MemberFactory.create(brand=world.brand)
    issue(office, template, member.number)

    status, page = issue(office, template, member.number)

    assert (status, Coupon.objects.count()) == (422, 1)
    assert "already" in page


def test_coupon_of_another_brand_is_not_found(office: Client, world: World) -> None:
    foreign = CouponTemplateFactory.create(brand=world.other_brand)
    member = MemberFactory.create(brand=world.other_brand)

    assert issue(office, foreign, member.number)[0] == 404
    assert Coupon.objects.count() == 0
