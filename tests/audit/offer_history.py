"""A member of the small world with a promotion, coupons and points in every state that the audit looks at."""

from datetime import timedelta

from members import queries, services
from members.models import Member
from members.queries import OfferLine, OfferRequest
from omni.kernel.transactions import entry
from orders.models import Order
from tests.cast import NOON, World
from tests.factories.members import MemberFactory
from tests.factories.offers import CouponTemplateFactory, PointsProgramFactory, PromotionFactory


def use_offers(world: World, order: Order) -> Member:
    """Earn points, let some become available, and use all kinds of offers for an order."""
    member = MemberFactory.create(brand=world.brand)
    PointsProgramFactory.create(brand=world.brand)
    PromotionFactory.create(brand=world.brand, total_limit=10)
    template = CouponTemplateFactory.create(brand=world.brand, per_member_limit=2)
    with entry():
        first = services.issue_coupon(template.pk, member.pk, now=NOON)
        services.issue_coupon(template.pk, member.pk, now=NOON)
        for cause, days in (("sale:1", -1), ("sale:2", 7)):
            available_at = NOON + timedelta(days=days)
            services.earn_points(member.pk, cause=cause, amount_fen=50000, available_at=available_at, now=NOON)
    services.drive_due_rows(now=NOON)
    line = OfferLine(world.variants["S"].pk, world.product.pk, world.product.category_id, 1, 49900)
    code = member.coupons.get(pk=first).code
    request = OfferRequest(world.brand.pk, member.pk, "web", None, (line,), (code,), 300)
    with entry():
        offer = queries.offer_for(request, now=NOON)
        services.take_offer(offer, request, owner=f"order:{order.pk}", now=NOON)
    return member
