"""What an actor may do with orders: predicates, without a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stores.permissions import Actor

READ_SCOPE = "orders:read"
WRITE_SCOPE = "orders:write"


def may_read_by_key(actor: Actor) -> bool:
    """Tell whether an API key may read its brand's orders."""
    return actor.api_brand_id is not None and actor.has_scope(READ_SCOPE)


def may_write_by_key(actor: Actor) -> bool:
    """Tell whether an API key may place and cancel its brand's orders."""
    return actor.api_brand_id is not None and actor.has_scope(WRITE_SCOPE)
