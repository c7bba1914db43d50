"""Coupons are issued within their limits, claimed by members, withdrawn, and end."""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from members import queries, services
from members.choices import CouponStatus
from members.models import Coupon, CouponTally, CouponTemplate, Member
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.models import Transition
from omni.kernel.numbers import is_valid_number
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import MemberFactory
from tests.factories.offers import BEGUN, ENDS, CouponTemplateFactory

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture(autouse=True)
def _at_noon(audited: Audited) -> None:
    """Let the audit that follows look at noon."""
    audited.now = NOON


@pytest.fixture
def shopper(world: World) -> Member:
    """Return a member of brand one with an account."""
    return MemberFactory.create(brand=world.brand, user=ShopperUserFactory.create())


def issue(template: CouponTemplate, member: Member) -> Coupon:
    with entry():
        return Coupon.objects.get(pk=services.issue_coupon(template.pk, member.pk, now=NOON))


def claim(member: Member, template_id: int) -> None:
    with entry():
        services.claim_coupon(member.user_id or 0, template_id, now=NOON)


def test_issued_coupon_has_a_checked_code_and_ends_with_its_template(world: World, member: Member) -> None:
    coupon = issue(CouponTemplateFactory.create(brand=world.brand), member)
    assert is_valid_number(coupon.code)
    assert (coupon.code[0], coupon.status, coupon.expires_at) == ("C", CouponStatus.ISSUED, ENDS)


def test_issued_coupon_with_days_ends_after_them(world: World, member: Member) -> None:
    coupon = issue(CouponTemplateFactory.create(brand=world.brand, validity_days=30), member)
    assert coupon.expires_at == NOON + timedelta(days=30)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"is_running": False}, "coupon_not_offered"),
        ({"valid": DateTimeTZRange(BEGUN, NOON)}, "coupon_not_offered"),
        ({"valid": DateTimeTZRange(NOON + timedelta(hours=1), ENDS)}, "coupon_not_offered"),
        ({"total_limit": 0}, "offer_used_up"),
        ({"per_member_limit": 0}, "offer_used_up"),
    ],
)
def test_issue_of_a_coupon_that_is_not_given_out_is_refused(
    world: World, member: Member, values: dict[str, object], code: str
) -> None:
    template = CouponTemplateFactory.create(brand=world.brand, **values)
    if values.get("per_member_limit") == 0:
        template.per_member_limit = 1
        template.save()
        issue(template, member)
    with pytest.raises(DomainError) as refused:
        issue(template, member)
    assert refused.value.code == code
    assert Coupon.objects.count() == CouponTemplate.objects.get().issued_count


def test_issue_of_another_brands_coupon_is_refused(world: World, member: Member) -> None:
    with pytest.raises(services.CouponNotOffered):
        issue(CouponTemplateFactory.create(brand=world.other_brand), member)


def test_claim_by_a_member_gives_the_coupon_once(world: World, shopper: Member) -> None:
    template = CouponTemplateFactory.create(brand=world.brand)
    claim(shopper, template.pk)
    with pytest.raises(services.CouponUsedUp):
        claim(shopper, template.pk)
    assert Coupon.objects.filter(member=shopper).count() == 1
    assert CouponTally.objects.get().issued_count == 1


def test_claim_of_what_is_not_in_the_centre_is_not_found(world: World, shopper: Member) -> None:
    with pytest.raises(NotFound):
        claim(shopper, CouponTemplateFactory.create(brand=world.brand, is_claimable=False).pk)


def test_claim_by_somebody_who_has_not_joined_is_refused(world: World, shopper: Member) -> None:
    with pytest.raises(services.NotAMember):
        claim(shopper, CouponTemplateFactory.create(brand=world.other_brand).pk)
    assert not Coupon.objects.exists()


def test_published_code_gives_its_coupon(world: World, shopper: Member) -> None:
    CouponTemplateFactory.create(brand=world.other_brand, public_code="AUTUMN20")
    template = CouponTemplateFactory.create(brand=world.brand, public_code="AUTUMN20", is_claimable=False)
    with entry():
        coupon_id = services.claim_code(shopper.user_id or 0, " autumn20 ", now=NOON)
    assert Coupon.objects.get(pk=coupon_id).template == template


@pytest.mark.parametrize("text", ["", "AUTUMN21", "A" * 21, "AUTUMN\x0020", "OTHER"])
def test_unknown_code_is_refused_by_name(world: World, shopper: Member, text: str) -> None:
    CouponTemplateFactory.create(brand=world.brand, public_code="AUTUMN20")
    CouponTemplateFactory.create(brand=world.other_brand, public_code="OTHER")
    with pytest.raises(services.UnknownPublicCode) as refused, entry():
        services.claim_code(shopper.user_id or 0, text, now=NOON)
    assert refused.value.field == "code"


def test_new_member_gets_the_welcome_coupons_that_are_left(world: World) -> None:
    welcome = CouponTemplateFactory.create(brand=world.brand, is_welcome=True)
    CouponTemplateFactory.create(brand=world.brand, is_welcome=True, total_limit=0)
    CouponTemplateFactory.create(brand=world.brand)
    user = ShopperUserFactory.create()
    for _time in range(2):
        with entry():
            member_id = services.enrol(user.pk, world.brand.pk, now=NOON)
    assert list(Coupon.objects.values_list("member", "template")) == [(member_id, welcome.pk)]


def test_revoked_coupon_cannot_be_revoked_again(world: World, member: Member) -> None:
    coupon = issue(CouponTemplateFactory.create(brand=world.brand), member)
    with entry():
        services.revoke_coupon(coupon.pk, actor="staff:1", reason="mistake", now=NOON)
    with pytest.raises(StateConflict), entry():
        services.revoke_coupon(coupon.pk, actor="staff:1", reason="mistake", now=NOON)
    assert Coupon.objects.get().status == CouponStatus.REVOKED


def test_who_leaves_keeps_no_usable_coupon(world: World, member: Member) -> None:
    issue(CouponTemplateFactory.create(brand=world.brand), member)
    other = issue(CouponTemplateFactory.create(brand=world.brand), MemberFactory.create(brand=world.brand))
    with entry():
        assert services.end_offers(member.pk, actor="system", now=NOON) == 1
    assert list(Coupon.objects.filter(status=CouponStatus.ISSUED)) == [other]


def test_sweeper_ends_coupons_whose_time_is_over(world: World, member: Member) -> None:
    ended = issue(CouponTemplateFactory.create(brand=world.brand, validity_days=1), member)
    issue(CouponTemplateFactory.create(brand=world.brand), member)
    assert services.drive_due_rows(now=NOON + timedelta(days=1)) == 1
    ended.refresh_from_db()
    assert ended.status == CouponStatus.EXPIRED
    assert list(Transition.objects.values_list("entity_id", "to_status")) == [(ended.pk, "expired")]
    with entry():
        assert services.expire_coupon(ended.pk, now=NOON + timedelta(days=1)) is False


def test_who_is_forgotten_keeps_no_usable_coupon_and_what_was_used_stays(world: World, shopper: Member) -> None:
    template = CouponTemplateFactory.create(brand=world.brand, per_member_limit=2)
    used, usable = issue(template, shopper), issue(template, shopper)
    Coupon.objects.filter(pk=used.pk).update(status=CouponStatus.EXPIRED)
    copied = queries.export_person(shopper.user_id or 0)["coupons"]
    assert [row["code"] for row in copied] == [used.code, usable.code]

    with entry():
        services.erase_person(shopper.user_id or 0, now=NOON)

    statuses = Coupon.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [CouponStatus.EXPIRED, CouponStatus.REVOKED]
