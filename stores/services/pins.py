"""The PIN by which a manager approves at a store's desk: set by its owner, hashed, locked after five wrong tries."""

from __future__ import annotations

import logging
import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from omni.kernel.clock import BUSINESS_ZONE
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.transactions import drive, entry, step
from stores.models import ApprovalPin

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

DIGITS = 6
TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
# What anybody tries first: steps of one, up and down.
ROWS = ("012345678901234", "098765432109876")


class WeakPin(InvalidInput):
    """Not six digits, or six that anybody would try first."""

    code = "weak_pin"


class WrongPin(InvalidInput):
    """Not the PIN of this manager; params name the tries left."""

    code = "wrong_pin"


class PinLocked(Conflict):
    """Too many wrong tries; params say until when."""

    code = "pin_locked"


@step
def set_pin(staff_id: int, pin: str, *, now: datetime) -> None:
    """Give a manager a PIN, or another one, with all tries; whoever calls it has proven to be them.

    :raises WeakPin: with field "pin".
    """
    digits = _read(pin)
    if len(digits) != DIGITS or len(set(digits)) < 3 or any(digits in row for row in ROWS):
        raise WeakPin(_("Choose six digits that nobody guesses: no row such as 123456, no 112112."), field="pin")
    ApprovalPin.objects.update_or_create(
        staff_id=staff_id,
        defaults={"hashed": make_password(digits), "tries_left": TRIES, "renewed_at": None, "set_at": now},
    )
    logger.info("A PIN for approvals was set by staff:%s", staff_id)


@drive
def drive_check_pin(staff_id: int, pin: str, *, now: datetime) -> None:
    """Check a manager's PIN. A try is counted and committed before it is looked at, hence a drive.

    :raises WrongPin: with field "pin", also when the manager has none.
    :raises PinLocked: with field "pin", after five wrong tries, for a quarter of an hour.
    """
    with entry():
        tries = _take_try(staff_id, now)
    hashed = ApprovalPin.objects.values_list("hashed", flat=True).filter(staff=staff_id).first()
    if hashed is None or not check_password(_read(pin), hashed):
        raise WrongPin(_("That is not the PIN. %(tries)s tries left."), field="pin", tries=tries)
    with entry():
        ApprovalPin.objects.filter(staff=staff_id).update(tries_left=TRIES, renewed_at=None)


@step
def _take_try(staff_id: int, now: datetime) -> int:
    """Count a try; return how many are left. The guarded update serialises those that come at once."""
    mine = ApprovalPin.objects.filter(staff=staff_id)
    mine.filter(renewed_at__lte=now).update(tries_left=TRIES, renewed_at=None)
    if mine.filter(tries_left__gt=0).update(tries_left=F("tries_left") - 1, renewed_at=now + LOCKED_FOR):
        return mine.values_list("tries_left", flat=True).get()
    until = mine.values_list("renewed_at", flat=True).first()
    if until is None:
        return 0  # there is no PIN to be wrong
    raise PinLocked(
        _("The PIN was wrong five times. Wait until %(at)s, or use the password."),
        field="pin",
        at=f"{until.astimezone(BUSINESS_ZONE):%H:%M}",
    )


def _read(pin: str) -> str:
    """Return the digits as they are kept; "" for what holds anything else, or is far too long."""
    digits = unicodedata.normalize("NFKC", pin[: 4 * DIGITS]).strip()
    return digits if digits.isascii() and digits.isdigit() else ""
