"""Reads of members, of what an account keeps for all brands, of offers and points."""

from members.queries.members import AddressView, MembershipView, addresses_of, get_address_for, memberships_of
from members.queries.offers import (
    CouponNotUsable,
    CouponsDoNotStack,
    CouponView,
    Offer,
    OfferRequest,
    UnknownCoupon,
    offer_for,
)
from members.queries.points import points_available_at, spend_of, tier_of, tiers_of
from members.rules.offers import Adjustment, LineStep, OfferLine, explain

__all__ = [
    "AddressView",
    "Adjustment",
    "CouponNotUsable",
    "CouponView",
    "CouponsDoNotStack",
    "LineStep",
    "MembershipView",
    "Offer",
    "OfferLine",
    "OfferRequest",
    "UnknownCoupon",
    "addresses_of",
    "explain",
    "get_address_for",
    "memberships_of",
    "offer_for",
    "points_available_at",
    "spend_of",
    "tier_of",
    "tiers_of",
]
