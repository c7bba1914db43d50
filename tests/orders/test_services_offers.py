"""Orders with offers: they stand on the lines, are used once, come back, and are booked to those who bear them."""

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from inventory.models import Price, Reservation
from members.models import Coupon, Member, OfferUse, PointsAccount, PointsGrant
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from orders import services
from orders.models import LineAdjustment, Order, Recognition, ReturnPolicy
from settlement import queries as settlement_queries
from settlement.models import CreditEntry
from tests.cast import World
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.offers import CouponFactory, PointsProgramFactory, PromotionFactory, give_points
from tests.factories.orders import paid_order, placed_order, run_deliveries, shares_of, wish
from tests.factories.returns import delivered_order

pytestmark = pytest.mark.django_db

COUPON = "CABCD-EFGHJ-KMNPQ"


@pytest.fixture
def coupon(member: Member) -> Coupon:
    """Return a coupon of fifty yuan, half of which the platform bears."""
    template = {"template__brand": member.brand, "template__brand_ppm": 500_000, "template__platform_ppm": 500_000}
    return CouponFactory.create(member=member, code=COUPON, **template)


def member_wish(world: World, member: Member, **changes: Any) -> services.PlaceOrder:  # noqa: ANN401  any field
    return dataclasses.replace(wish(world, ("S", 1), ("M", 2)), member_id=member.pk, **changes)


def adjustments(order: Order) -> list[tuple[str, str, int, list[list[Any]]]]:
    rows = LineAdjustment.objects.filter(order_line__order=order).order_by("pk")
    return list(rows.values_list("order_line__sku", "kind", "amount_fen", "funders"))


def test_order_with_offers_writes_them_line_by_line_with_who_bears_them(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 300)
    Price.objects.filter(variant=world.variants["M"]).update(member_fen=45000)

    with entry():
        placed = services.place_order(member_wish(world, member, coupon_codes=(COUPON,), points=300), now=now)

    order = Order.objects.get(pk=placed.order_id)
    assert adjustments(order) == [
        ("SHIRT-M", "member_price", 9800, [["brand", 9800]]),
        ("SHIRT-S", "coupon", 1783, [["brand", 892], ["platform", 891]]),
        ("SHIRT-M", "coupon", 3217, [["brand", 1608], ["platform", 1609]]),
        ("SHIRT-S", "points", 107, [["brand", 107]]),
        ("SHIRT-M", "points", 193, [["brand", 193]]),
    ]
    small, medium = order.lines.order_by("pk")
    assert (small.unit_price_fen, small.discount_fen, small.total_fen) == (49900, 1890, 48010)
    assert (medium.unit_price_fen, medium.discount_fen, medium.total_fen) == (49900, 13210, 86590)
    assert (order.goods_fen, order.total_fen, placed.total_fen) == (134600, 134600, 134600)
    assert [line.fulfillment_line.declared_value_fen for line in (small, medium)] == [48010, 86590]
    assert set(OfferUse.objects.values_list("owner", flat=True)) == {f"order:{order.pk}"}
    coupon.refresh_from_db()
    assert coupon.status == "used"


def test_adjustments_never_change(world: World, member: Member, coupon: Coupon, now: datetime) -> None:
    placed_order(world, member_id=member.pk, coupon_codes=(COUPON,))
    with pytest.raises(IntegrityError), transaction.atomic():
        LineAdjustment.objects.update(amount_fen=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        LineAdjustment.objects.all().delete()


def test_promotion_is_a_guests_too_and_delivery_is_free_from_what_is_left(world: World, now: datetime) -> None:
    brand = world.brand
    brand.delivery_fee_fen, brand.free_delivery_from_fen = 1200, 49900
    brand.save()
    assert placed_order(world).charges_fen == 0
    PromotionFactory.create(brand=brand, amount_fen=1)

    order = placed_order(world)

    assert (order.goods_fen, order.charges_fen, order.total_fen) == (49899, 1200, 51099)


REFUSED: dict[str, tuple[dict[str, Any], str, str, int]] = {
    "an unknown coupon": ({"coupon_codes": ("NO-SUCH",)}, "coupon_unknown", "coupon", 400),
    "a guest's coupon": ({"member_id": None}, "coupon_not_usable", "coupon", 400),
    "less than no points": ({"points": -1}, "invalid", "points", 400),
    "another total": ({"seen_total_fen": 149700}, "total_changed", "total_fen", 409),
    "a later promise": ({"seen_promised_on": date(2026, 3, 15)}, "promise_changed", "promised_on", 409),
    "too few": ({"lines": (services.WantedLine("SHIRT-L", 90),)}, "cannot_reserve_stock", "lines.0", 409),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_order_uses_nothing_up(world: World, coupon: Coupon, now: datetime, case: str) -> None:
    changes, code, field, status = REFUSED[case]
    wanted = member_wish(world, coupon.member, coupon_codes=(COUPON,))

    with pytest.raises(DomainError) as caught, entry():
        services.place_order(dataclasses.replace(wanted, **changes), now=now)

    assert (caught.value.code, caught.value.field, caught.value.status) == (code, field, status)
    coupon.refresh_from_db()
    assert coupon.status == "issued"
    assert (Order.objects.count(), Reservation.objects.count(), OfferUse.objects.count()) == (0, 0, 0)


def test_order_as_it_was_seen_is_placed(world: World, member: Member, coupon: Coupon, now: datetime) -> None:
    seen = {"seen_total_fen": 144700, "seen_promised_on": now.date()}
    with entry():
        placed = services.place_order(member_wish(world, member, coupon_codes=(COUPON,), **seen), now=now)
    assert placed.total_fen == 144700


def test_coupon_and_points_come_back_when_the_order_expires(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 300)
    order = placed_order(world, member_id=member.pk, coupon_codes=(COUPON,), points=300)
    assert PointsAccount.objects.get().available == 0

    with entry():
        services.expire_order(order.pk, now=order.expires_at)

    coupon.refresh_from_db()
    assert (coupon.status, PointsAccount.objects.get().available) == ("issued", 300)


def test_coupon_comes_back_when_an_unpaid_order_is_cancelled(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    order = placed_order(world, member_id=member.pk, coupon_codes=(COUPON,))
    with entry():
        services.cancel_order(order.pk, actor="guest", now=now)
    coupon.refresh_from_db()
    assert coupon.status == "issued"


def test_coupon_comes_back_when_a_paid_order_is_cancelled_as_a_whole(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    order = paid_order(world, ("S", 1), ("M", 1), member_id=member.pk, coupon_codes=(COUPON,))
    with entry():
        services.cancel_order(order.pk, actor="guest", now=now)
    run_deliveries(now)
    order.refresh_from_db()
    coupon.refresh_from_db()
    assert (order.status, coupon.status) == ("cancelled", "issued")
    assert sum(refund.amount_fen for refund in order.refunds.all()) == order.total_fen == 94800


def test_coupon_stays_used_when_only_a_part_is_cancelled(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    order = delivered_order(world, ("S", 1), member_id=member.pk, coupon_codes=(COUPON,))
    order.refresh_from_db()
    coupon.refresh_from_db()
    assert (order.status, coupon.status) == ("completed", "used")


def test_points_that_paid_for_cancelled_units_come_back(world: World, member: Member, now: datetime) -> None:
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 300)
    for store, size in (("A", "S"), ("C", "S"), ("B", "M"), ("C", "M")):
        level = world.level(store, size)
        level.on_hand = 0
        level.save()
    order = paid_order(world, ("S", 1), ("M", 2), member_id=member.pk, points=300)
    parts = shares_of(order)
    assert len(parts) == 2
    small = next(share for share in parts if share.store == world.stores["B"])

    with entry():
        services.refund_cancelled(order.fulfillment_id, small.pk, reason="requested", cancelled_at=now, now=now)

    account = PointsAccount.objects.get()
    assert (account.available, account.spent) == (100, 200)
    with entry():
        services.cancel_order(order.pk, actor="guest", now=now)
    run_deliveries(now)
    account.refresh_from_db()
    assert (account.available, account.spent) == (300, 0)


def test_line_that_cost_nothing_is_cancelled_without_a_refund(world: World, member: Member, now: datetime) -> None:
    cap = VariantFactory.create(product__brand=world.brand, sku="CAP", price__list_fen=5000)
    StockLevelFactory.create(store=world.stores["B"], variant=cap)
    CouponFactory.create(
        member=member, code=COUPON, template__brand=world.brand, template__product_ids=[cap.product_id]
    )
    lines = (services.WantedLine("SHIRT-S", 1), services.WantedLine("CAP", 1))
    for store in ("B", "C"):
        level = world.level(store, "S")
        level.on_hand = 0
        level.save()
    order = paid_order(world, lines=lines, member_id=member.pk, coupon_codes=(COUPON,))
    assert list(order.lines.order_by("pk").values_list("total_fen", flat=True)) == [49900, 0]
    share = next(share for share in shares_of(order) if share.store == world.stores["B"])

    with entry():
        services.refund_cancelled(order.fulfillment_id, share.pk, reason="requested", cancelled_at=now, now=now)

    assert list(order.lines.order_by("pk").values_list("cancelled_quantity", flat=True)) == [0, 1]
    assert not order.refunds.exists()


def test_what_others_bear_is_frozen_with_each_sale_and_booked(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    order = delivered_order(world, ("S", 1), ("M", 2), member_id=member.pk, coupon_codes=(COUPON,))

    sales = list(Recognition.objects.filter(order=order).order_by("pk"))
    assert [(sale.amount_fen, sale.funding) for sale in sales] == [
        (48233, {"platform": 833}),
        (96467, {"platform": 1667}),
    ]
    journal = settlement_queries.journal_of_order(order.pk)
    booked = [(line.account, line.debit_fen, line.credit_fen) for line in journal if "recognition" in line.cause]
    assert booked == [
        ("prepayment", 48233, 0),
        ("funder_receivable:platform", 833, 0),
        ("sales", 0, 49066),
        ("prepayment", 96467, 0),
        ("funder_receivable:platform", 1667, 0),
        ("sales", 0, 98134),
    ]
    assert sum(CreditEntry.objects.values_list("amount_fen", flat=True)) == 49066 + 98134


def test_member_earns_points_of_what_was_paid_pending_until_it_cannot_be_returned(
    world: World, member: Member, coupon: Coupon, now: datetime
) -> None:
    PointsProgramFactory.create(brand=world.brand)
    order = delivered_order(world, ("S", 1), member_id=member.pk, coupon_codes=(COUPON,))

    sale = Recognition.objects.get(order=order)
    (grant,) = PointsGrant.objects.all()
    assert (grant.cause, grant.amount_fen, grant.points) == (f"recognition:{sale.pk}", 44900, 449)
    assert grant.available_at == sale.recognised_at + timedelta(days=7)


def test_points_become_available_when_the_brands_own_days_to_return_are_over(
    world: World, member: Member, now: datetime
) -> None:
    PointsProgramFactory.create(brand=world.brand)
    ReturnPolicy.objects.create(brand=world.brand, days=14)
    delivered_order(world, ("S", 1), member_id=member.pk)

    assert PointsGrant.objects.get().available_at == Recognition.objects.get().recognised_at + timedelta(days=14)


def test_guest_earns_nothing(world: World, now: datetime) -> None:
    PointsProgramFactory.create(brand=world.brand)
    delivered_order(world, ("S", 1))
    assert not PointsGrant.objects.exists()
