"""Who acts, and what they may do: predicates over roles, without a query."""

from __future__ import annotations

from dataclasses import dataclass

from stores.choices import Role

STORE_ROLES = frozenset({Role.CLERK, Role.GUIDE, Role.MANAGER})
BRAND_ROLES = frozenset({Role.REGION, Role.HQ})


@dataclass(frozen=True, slots=True)
class Grant:
    """One active row of Staff. `brand_id` of a store role is the store's brand."""

    role: Role
    staff_id: int
    brand_id: int | None = None
    store_id: int | None = None
    counterparty_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """A user with roles, an API key (`api_brand_id`, `scopes`), or a guest who holds signed order tokens.

    `label` goes into logs and rows ("user:12", "key:3", "guest") and holds no personal data.
    """

    label: str
    user_id: int | None = None
    grants: tuple[Grant, ...] = ()
    api_brand_id: int | None = None
    scopes: frozenset[str] = frozenset()
    order_numbers: frozenset[str] = frozenset()

    def store_ids(self, *roles: Role) -> frozenset[int]:
        """Return the stores where the actor has one of the roles (none named: clerk, guide or manager)."""
        wanted = roles or STORE_ROLES
        return frozenset(grant.store_id for grant in self.grants if grant.role in wanted and grant.store_id is not None)

    def brand_ids(self, *roles: Role) -> frozenset[int]:
        """Return the brands for which the actor has one of the roles (none named: region or headquarters)."""
        wanted = roles or BRAND_ROLES
        return frozenset(grant.brand_id for grant in self.grants if grant.role in wanted and grant.brand_id is not None)

    def counterparty_ids(self) -> frozenset[int]:
        """Return the malls whose statements the actor may see."""
        return frozenset(
            grant.counterparty_id
            for grant in self.grants
            if grant.role == Role.MALL_FINANCE and grant.counterparty_id is not None
        )

    def staff_id_in(self, store_id: int) -> int | None:
        """Return the actor's Staff row in a store, the most powerful role first, or None."""
        for role in (Role.MANAGER, Role.CLERK, Role.GUIDE):
            for grant in self.grants:
                if grant.role == role and grant.store_id == store_id:
                    return grant.staff_id
        return None

    def has_scope(self, scope: str) -> bool:
        """Tell whether an API key carries a scope; a person carries none."""
        return scope in self.scopes


GUEST = Actor(label="guest")
