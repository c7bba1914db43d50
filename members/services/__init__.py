"""The use cases of members."""

from members.services.members import (
    MAX_NAME_LENGTH,
    MAX_STREET_LENGTH,
    MOST_ADDRESSES,
    NewAddress,
    NoProvenPhone,
    TooManyAddresses,
    add_address,
    change_address,
    claim_memberships,
    delete_address,
    enrol,
    prefer_address,
    rename_member,
)
from members.services.offers import CouponUsed, CouponUsedUp, give_back_offer, take_offer
from members.services.points import (
    NotEnoughPoints,
    PointsAlreadyReversed,
    earn_points,
    give_back_points,
    mature_points,
    reverse_points,
)

__all__ = [
    "MAX_NAME_LENGTH",
    "MAX_STREET_LENGTH",
    "MOST_ADDRESSES",
    "CouponUsed",
    "CouponUsedUp",
    "NewAddress",
    "NoProvenPhone",
    "NotEnoughPoints",
    "PointsAlreadyReversed",
    "TooManyAddresses",
    "add_address",
    "change_address",
    "claim_memberships",
    "delete_address",
    "earn_points",
    "enrol",
    "give_back_offer",
    "give_back_points",
    "mature_points",
    "prefer_address",
    "rename_member",
    "reverse_points",
    "take_offer",
]
