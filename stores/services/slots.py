"""How many people try on in a store at a time: guarded, so that the last place of a half-hour goes once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict
from omni.kernel.transactions import step
from stores import sql

if TYPE_CHECKING:
    from datetime import datetime


class SlotFull(Conflict):
    """Nobody else can try on in that half-hour."""

    code = "slot_full"


class SlotNotTaken(Conflict):
    """A place was to be given back that is not taken: a mistake of the caller."""

    code = "slot_not_taken"


@step
def take_slot(store_id: int, starts_at: datetime) -> None:
    """Take a place of a store's half-hour in one guarded statement; locks the StoreSlot row.

    Whoever calls it has made sure that the store is open then.

    :raises SlotFull: with field "slot", when none is left.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.TAKE_SLOT, {"store_id": store_id, "starts_at": starts_at})
        if cursor.rowcount == 0:
            raise SlotFull(_("Somebody has just taken that time. Choose another one."), field="slot")


@step
def give_back_slot(store_id: int, starts_at: datetime) -> None:
    """Give a place back that was taken; locks the StoreSlot row.

    :raises SlotNotTaken: when none is taken.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.GIVE_BACK_SLOT, {"store_id": store_id, "starts_at": starts_at})
        if cursor.rowcount == 0:
            raise SlotNotTaken(_("This time was not taken."), store_id=store_id, starts_at=starts_at.isoformat())
