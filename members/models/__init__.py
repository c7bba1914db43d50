"""Members, and what an account keeps for all brands."""

from members.models.members import AccountAddress, Member, MemberAddress

__all__ = ["AccountAddress", "Member", "MemberAddress"]
