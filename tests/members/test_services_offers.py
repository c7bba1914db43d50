"""Offers are used by an owner, once, and given back, once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from members import queries, services
from members.choices import CouponStatus, RestorePolicy
from members.models import Coupon, Member, OfferUse, PointsAccount, Promotion
from members.queries import Offer, OfferLine, OfferRequest
from omni.kernel.errors import InvalidInput
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.factories.offers import CouponFactory, PointsProgramFactory, PromotionFactory, give_points

COUPON = "CABCD-EFGHJ-KMNPQ"


def basket(world: World, member: Member | None, *codes: str, points: int = 0) -> OfferRequest:
    """Return two shirts, one of them cheaper for members."""
    line = OfferLine(world.variants["S"].pk, world.product.pk, world.product.category_id, 1, 49900)
    lines = (line, replace(line, variant_id=world.variants["M"].pk, quantity=2, member_fen=45000))
    return OfferRequest(world.brand.pk, member.pk if member else None, "web", None, lines, codes, points)


def take(request: OfferRequest, owner: str = "order:1") -> Offer:
    with entry():
        offer = queries.offer_for(request, now=NOON)
        services.take_offer(offer, request, owner=owner, now=NOON)
    return offer


def coupon_of(member: Member, **values: object) -> Coupon:
    return CouponFactory.create(member=member, template__brand=member.brand, code=COUPON, **values)


def test_offer_with_everything_is_member_price_then_promotion_then_coupon_then_points(
    world: World, member: Member
) -> None:
    PromotionFactory.create(brand=world.brand, threshold_fen=100000)
    coupon_of(member)
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 300)

    offer = queries.offer_for(basket(world, member, COUPON, points=1000), now=NOON)

    kinds = [(item.position, item.kind, item.amount_fen) for item in offer.adjustments]
    assert kinds == [
        (1, "member_price", 9800),
        (0, "promotion", 1783),
        (1, "promotion", 3217),
        (0, "coupon", 1783),
        (1, "coupon", 3217),
        (0, "points", 107),
        (1, "points", 193),
    ]
    assert (offer.total_fen, offer.points_used, offer.points_fen, offer.points_available) == (20100, 300, 300, 300)
    assert [(view.code, view.is_used, view.amount_fen) for view in offer.coupons] == [(COUPON, True, 5000)]


def test_offer_of_a_guest_has_promotions_only(world: World) -> None:
    PromotionFactory.create(brand=world.brand)
    PromotionFactory.create(brand=world.brand, per_member_limit=1, amount_fen=9000)
    PromotionFactory.create(brand=world.other_brand)
    PointsProgramFactory.create(brand=world.brand)

    offer = queries.offer_for(basket(world, None), now=NOON)

    assert (offer.total_fen, {item.kind for item in offer.adjustments}) == (5000, {"promotion"})
    assert (offer.coupons, offer.points_most) == ((), 0)


def test_take_offer_uses_the_coupon_counts_the_promotion_and_spends_points(world: World, member: Member) -> None:
    promotion = PromotionFactory.create(brand=world.brand, total_limit=10)
    coupon = coupon_of(member)
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 300)

    take(basket(world, member, COUPON, points=200))

    coupon.refresh_from_db()
    promotion.refresh_from_db()
    account = PointsAccount.objects.get(member=member)
    assert (coupon.status, coupon.used_at, promotion.used_count) == (CouponStatus.USED, NOON, 1)
    assert (account.available, account.spent) == (100, 200)
    uses = OfferUse.objects.order_by("pk").values_list("owner", "promotion", "coupon", "points", "amount_fen")
    assert list(uses) == [
        ("order:1", promotion.pk, None, 0, 5000), ("order:1", None, coupon.pk, 0, 5000),
        ("order:1", None, None, 200, 200),
    ]  # fmt: skip


def test_take_offer_of_a_used_coupon_is_refused(world: World, member: Member) -> None:
    coupon = coupon_of(member)
    request = basket(world, member, COUPON)
    offer = queries.offer_for(request, now=NOON)
    take(request)

    with pytest.raises(services.CouponUsed), entry():
        services.take_offer(offer, request, owner="order:2", now=NOON)

    assert list(OfferUse.objects.values_list("owner", "coupon")) == [("order:1", coupon.pk)]


def test_take_offer_of_a_used_up_promotion_is_refused(world: World, member: Member) -> None:
    promotion = PromotionFactory.create(brand=world.brand, total_limit=1)
    request = basket(world, None)
    offer = queries.offer_for(request, now=NOON)
    take(request)

    with pytest.raises(services.CouponUsedUp), entry():
        services.take_offer(offer, request, owner="order:2", now=NOON)

    assert Promotion.objects.get(pk=promotion.pk).used_count == 1
    assert queries.offer_for(request, now=NOON).total_fen == 0


def test_take_offer_beyond_the_limit_per_member_is_refused(world: World, member: Member) -> None:
    PromotionFactory.create(brand=world.brand, per_member_limit=1)
    request = basket(world, member)
    offer = queries.offer_for(request, now=NOON)
    take(request)

    with pytest.raises(services.CouponUsedUp), entry():
        services.take_offer(offer, request, owner="order:2", now=NOON)

    assert OfferUse.objects.count() == 1


def test_take_offer_with_points_spent_elsewhere_is_refused(world: World, member: Member) -> None:
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 300)
    request = basket(world, member, points=200)
    offer = queries.offer_for(request, now=NOON)
    take(request)

    with pytest.raises(services.NotEnoughPoints), entry():
        services.take_offer(offer, request, owner="order:2", now=NOON)

    assert PointsAccount.objects.get(member=member).available == 100


def test_give_back_offer_restores_everything_once(world: World, member: Member) -> None:
    promotion = PromotionFactory.create(brand=world.brand, total_limit=10)
    coupon = coupon_of(member)
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 300)
    take(basket(world, member, COUPON, points=200))

    for _time in range(2):
        with entry():
            services.give_back_offer("order:1", now=NOON)

    coupon.refresh_from_db()
    promotion.refresh_from_db()
    account = PointsAccount.objects.get(member=member)
    assert (coupon.status, coupon.used_at, promotion.used_count) == (CouponStatus.ISSUED, None, 0)
    assert (account.available, account.spent) == (300, 0)
    assert OfferUse.objects.filter(given_back_at=None).count() == 0


def test_given_back_coupon_near_its_end_gets_extra_days(world: World, member: Member) -> None:
    coupon = coupon_of(member, expires_at=NOON + timedelta(hours=1), template__extra_days=7)
    take(basket(world, member, COUPON))

    with entry():
        services.give_back_offer("order:1", now=NOON + timedelta(hours=2))

    coupon.refresh_from_db()
    assert (coupon.status, coupon.expires_at) == (CouponStatus.ISSUED, NOON + timedelta(days=7, hours=2))


def test_given_back_coupon_that_lapses_has_expired(world: World, member: Member) -> None:
    coupon = coupon_of(member, template__restore_policy=RestorePolicy.LAPSE)
    take(basket(world, member, COUPON))

    with entry():
        services.give_back_offer("order:1", now=NOON)

    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.EXPIRED


def test_given_back_coupon_can_be_used_again(world: World, member: Member) -> None:
    coupon = coupon_of(member)
    take(basket(world, member, COUPON))
    with entry():
        services.give_back_offer("order:1", now=NOON)

    take(basket(world, member, COUPON), owner="order:2")

    coupon.refresh_from_db()
    assert coupon.status == CouponStatus.USED


@pytest.mark.parametrize(
    ("codes", "values", "error"),
    [
        (["CABCD-EFGHJ-KMNPR"], {}, "coupon_unknown"),
        ([COUPON], {"status": "used"}, "coupon_not_usable"),
        ([COUPON], {"status": "revoked"}, "coupon_not_usable"),
        ([COUPON], {"expires_at": NOON}, "coupon_not_usable"),
        ([COUPON], {"template__threshold_fen": 139901}, "coupon_not_usable"),
        ([COUPON], {"template__threshold_units": 4}, "coupon_not_usable"),
        ([COUPON], {"template__channels": ["counter"]}, "coupon_not_usable"),
        ([COUPON], {"template__store_ids": [1]}, "coupon_not_usable"),
        ([COUPON], {"template__product_ids": [0]}, "coupon_not_usable"),
    ],
)
def test_offer_with_a_coupon_that_cannot_be_used_is_refused_by_name(
    world: World, member: Member, codes: list[str], values: dict[str, object], error: str
) -> None:
    coupon_of(member, **values)

    with pytest.raises(InvalidInput) as refused:
        queries.offer_for(basket(world, member, *codes), now=NOON)

    assert (refused.value.code, refused.value.field) == (error, "coupon")


def test_coupon_code_typed_without_dashes_is_found(world: World, member: Member) -> None:
    coupon_of(member)

    offer = queries.offer_for(basket(world, member, " cabcdefghj kmnpq "), now=NOON)

    assert [view.is_used for view in offer.coupons] == [True]


def test_coupon_of_another_member_is_unknown(world: World, member: Member) -> None:
    CouponFactory.create(template__brand=world.brand, member__brand=world.brand, code=COUPON)

    with pytest.raises(queries.UnknownCoupon):
        queries.offer_for(basket(world, member, COUPON), now=NOON)


def test_two_coupons_of_one_group_are_refused(world: World, member: Member) -> None:
    coupon_of(member)
    other = CouponFactory.create(member=member, template__brand=member.brand)

    with pytest.raises(queries.CouponsDoNotStack):
        queries.offer_for(basket(world, member, COUPON, other.code), now=NOON)


def test_two_coupons_of_different_groups_are_both_used(world: World, member: Member) -> None:
    coupon_of(member)
    other = CouponFactory.create(member=member, template__brand=member.brand, template__group="gift")

    offer = queries.offer_for(basket(world, member, COUPON, other.code), now=NOON)

    assert offer.total_fen == 9800 + 5000 + 5000


def test_exclusive_coupon_stands_for_the_promotions_when_it_is_better(world: World, member: Member) -> None:
    PromotionFactory.create(brand=world.brand, amount_fen=3000)
    coupon_of(member, template__is_exclusive=True)

    offer = queries.offer_for(basket(world, member, COUPON), now=NOON)

    assert {item.kind for item in offer.adjustments} == {"member_price", "coupon"}
    assert offer.total_fen == 9800 + 5000


def test_exclusive_coupon_worse_than_the_promotions_is_refused(world: World, member: Member) -> None:
    PromotionFactory.create(brand=world.brand, amount_fen=6000)
    coupon_of(member, template__is_exclusive=True)

    with pytest.raises(queries.CouponNotUsable):
        queries.offer_for(basket(world, member, COUPON), now=NOON)


def test_category_scope_holds_the_children(world: World, member: Member) -> None:
    category = world.product.category
    PromotionFactory.create(brand=world.brand, category_ids=[category.parent_id or category.pk])
    PromotionFactory.create(brand=world.brand, category_ids=[0])

    offer = queries.offer_for(basket(world, None), now=NOON)

    assert offer.total_fen == 5000
