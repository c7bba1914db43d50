"""Members, what an account keeps for all brands, offers and points."""

from members.models.members import AccountAddress, Member, MemberAddress
from members.models.offers import Coupon, CouponTally, CouponTemplate, OfferTerms, OfferUse, Promotion
from members.models.points import PointsAccount, PointsEntry, PointsGrant, PointsProgram, Tier

__all__ = [
    "AccountAddress",
    "Coupon",
    "CouponTally",
    "CouponTemplate",
    "Member",
    "MemberAddress",
    "OfferTerms",
    "OfferUse",
    "PointsAccount",
    "PointsEntry",
    "PointsGrant",
    "PointsProgram",
    "Promotion",
    "Tier",
]
