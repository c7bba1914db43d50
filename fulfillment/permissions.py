"""Who works at a store's desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stores import choices as stores_choices

if TYPE_CHECKING:
    from stores.permissions import Actor

DESK_ROLES = (stores_choices.Role.CLERK, stores_choices.Role.GUIDE, stores_choices.Role.MANAGER)


def desk_store_ids(actor: Actor) -> frozenset[int]:
    """Return the stores whose orders an actor may see and work on; regional and head offices only look on elsewhere."""
    return actor.store_ids(*DESK_ROLES)
