"""Who works on a store's stock, and who may do what only a manager may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import DomainError
from stores import choices as stores_choices

if TYPE_CHECKING:
    from stores.permissions import Actor

STOCK_ROLES = (stores_choices.Role.CLERK, stores_choices.Role.GUIDE, stores_choices.Role.MANAGER)


class ManagerNeeded(DomainError):
    """Only a manager of the store may do this."""

    code = "manager_needed"
    status = 403

    def __init__(self, *, field: str | None = None) -> None:
        super().__init__(_("Only the manager of the store may do this."), field=field)


def stock_store_ids(actor: Actor) -> frozenset[int]:
    """Return the stores on whose stock an actor works."""
    return actor.store_ids(*STOCK_ROLES)


def is_manager(actor: Actor, store_id: int) -> bool:
    """Tell whether an actor manages a store."""
    return store_id in actor.store_ids(stores_choices.Role.MANAGER)


def require_manager(actor: Actor, store_id: int) -> None:
    """Refuse whoever does not manage the store.

    :raises ManagerNeeded: when the actor is somebody else.
    """
    if not is_manager(actor, store_id):
        raise ManagerNeeded
