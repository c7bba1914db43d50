"""A manager who stands beside the clerk and approves what staff may not do alone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from omni.accounts import services as accounts_services
from omni.kernel.errors import InvalidInput
from omni.kernel.transactions import drive, entry
from stores import queries as stores_queries
from stores import services as stores_services

if TYPE_CHECKING:
    from datetime import datetime

    from stores.permissions import Actor

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


@drive
def drive_approve_by_pin(store_id: int, *, staff_id: int, pin: str, asked_by: str, now: datetime) -> int:
    """Return the staff id of the store's manager whose PIN this is; every try is logged, never the PIN.

    :raises WrongPin: with field "pin", also when they are no manager of this store or have none.
    :raises PinLocked: with field "pin", after five wrong ones.
    """
    is_known = staff_id in dict(stores_queries.approvers(store_id))
    try:
        stores_services.drive_check_pin(staff_id if is_known else 0, pin, now=now)
    except (stores_services.WrongPin, stores_services.PinLocked):
        logger.warning("Approval at store %s for %s by PIN of staff:%s was refused", store_id, asked_by, staff_id)
        raise
    logger.info("Approval at store %s for %s by staff:%s with the PIN", store_id, asked_by, staff_id)
    return staff_id


@drive
def drive_set_pin(actor: Actor, staff_id: int, *, username: str, password: str, pin: str, now: datetime) -> None:
    """Give a manager a PIN who proves by their password that it is them.

    :raises NotTheManager: with field "password", when it is wrong.
    :raises TooManyCodes: when it was tried too often.
    :raises CannotCount: when tries cannot be counted now.
    :raises WeakPin: with field "pin".
    """
    if accounts_services.find_by_password(username, password) != actor.user_id:
        logger.warning("A PIN for staff:%s was refused to %s", staff_id, actor.label)
        raise NotTheManager(_("That is not your password."), field="password")
    with entry():
        stores_services.set_pin(staff_id, pin, now=now)
