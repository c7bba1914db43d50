"""Members, what an account keeps for all brands, offers and points."""

from members.models.arrivals import ArrivalNotice
from members.models.care import (
    FollowUp,
    GuideChange,
    MemberNote,
    PhoneReveal,
)
from members.models.feedback import FeedbackTicket, OrderFeedback, Review, ReviewPhoto
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
    "ArrivalNotice",
    "ConsentChange",
    "Coupon",
    "CouponTally",
    "CouponTemplate",
    "FeedbackTicket",
    "FollowUp",
    "GuideChange",
    "Member",
    "MemberNote",
    "OfferTerms",
    "OfferUse",
    "OrderFeedback",
    "PhoneReveal",
    "PointsAccount",
    "PointsEntry",
    "PointsGrant",
    "PointsProgram",
    "Promotion",
    "Review",
    "ReviewPhoto",
    "SizeProfile",
    "Tier",
    "Wish",
]
