"""Reads of members, and of what an account keeps for all brands."""

from members.queries.members import AddressView, MembershipView, addresses_of, get_address_for, memberships_of

__all__ = ["AddressView", "MembershipView", "addresses_of", "get_address_for", "memberships_of"]
