"""Reads of members, of what an account keeps for all brands, of offers and points."""

from members.queries.audit import audit_due_rows, audit_offers, audit_points
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
from members.queries.profile import (
    SIZE_FIELDS,
    ConsentView,
    MemberCode,
    TopicView,
    WishView,
    consents_of,
    get_member_by_code,
    get_wish_for,
    given_topics,
    has_consent,
    member_code_for,
    sizes_of_account,
    wishes_of,
)
from members.rules.offers import Adjustment, LineStep, OfferLine, explain

__all__ = [
    "SIZE_FIELDS",
    "AddressView",
    "Adjustment",
    "ConsentView",
    "CouponNotUsable",
    "CouponView",
    "CouponsDoNotStack",
    "LineStep",
    "MemberCode",
    "MembershipView",
    "Offer",
    "OfferLine",
    "OfferRequest",
    "TopicView",
    "UnknownCoupon",
    "WishView",
    "addresses_of",
    "audit_due_rows",
    "audit_offers",
    "audit_points",
    "consents_of",
    "explain",
    "get_address_for",
    "get_member_by_code",
    "get_wish_for",
    "given_topics",
    "has_consent",
    "member_code_for",
    "memberships_of",
    "offer_for",
    "points_available_at",
    "sizes_of_account",
    "spend_of",
    "tier_of",
    "tiers_of",
    "wishes_of",
]
