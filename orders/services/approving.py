"""A manager who stands beside the clerk and approves what staff may not do alone."""

from __future__ import annotations

import logging

from django.utils.translation import gettext_lazy as _

from omni.accounts import services as accounts_services
from omni.kernel.errors import InvalidInput
from stores import queries as stores_queries

logger = logging.getLogger(__name__)


class NotTheManager(InvalidInput):
    """The user name and password are nobody's who manages this store."""

    code = "not_the_manager"


def approve_as_manager(store_id: int, *, username: str, password: str, asked_by: str) -> int:
    """Return the staff id of the store's manager whose user name and password these are; every try is logged.

    :raises NotTheManager: with field "password".
    :raises TooManyCodes: when it was tried too often.
    :raises CannotCount: when tries cannot be counted now.
    """
    user_id = accounts_services.find_by_password(username, password)
    staff_id = stores_queries.find_manager(store_id, user_id) if user_id is not None else None
    if staff_id is None:
        logger.warning("Approval at store %s for %s was refused", store_id, asked_by)
        raise NotTheManager(_("That is no manager of this store."), field="password")
    logger.info("Approval at store %s for %s by staff:%s", store_id, asked_by, staff_id)
    return staff_id
