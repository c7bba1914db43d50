"""Members, what an account keeps for all brands, offers and points."""

from members.models.members import (
    AccountAddress,
    Member,
)
from members.models.offers import (
    Coupon,
    CouponTally,
    CouponTemplate,
    OfferTerms,
    OfferUse,
    Promotion,
)
from members.models.points import (
    PointsAccount,
    PointsEntry,
    PointsGrant,
    PointsProgram,
    Tier,
)
from members.models.profile import (
    ConsentChange,
    SizeProfile,
    Wish,
)

__all__ = [
    "AccountAddress",
    "ConsentChange",
    "Coupon",
    "CouponTally",
    "CouponTemplate",
    "Member",
    "OfferTerms",
    "OfferUse",
    "PointsAccount",
    "PointsEntry",
    "PointsGrant",
    "PointsProgram",
    "Promotion",
    "SizeProfile",
    "Tier",
    "Wish",
]
