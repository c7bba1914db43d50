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

__all__ = [
    "MAX_NAME_LENGTH",
    "MAX_STREET_LENGTH",
    "MOST_ADDRESSES",
    "NewAddress",
    "NoProvenPhone",
    "TooManyAddresses",
    "add_address",
    "change_address",
    "claim_memberships",
    "delete_address",
    "enrol",
    "prefer_address",
    "rename_member",
]
