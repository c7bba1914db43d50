"""How many web orders a store takes a day: guarded, so that the last place goes once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict
from omni.kernel.statements import execute_prepared
from omni.kernel.transactions import step
from stores import sql

if TYPE_CHECKING:
    from datetime import date


class CapacityFull(Conflict):
    """The store takes no more web orders that day."""

    code = "capacity_full"


class CapacityNotTaken(Conflict):
    """More was to be given back than is taken: a mistake of the caller."""

    code = "capacity_not_taken"


@step
def take_capacity(store_id: int, on_date: date, *, units: int = 1) -> None:
    """Take places of a store's day in one guarded statement; call it for several stores in the order of their ids.

    Locks the StoreCapacity row.

    :raises CapacityFull: when fewer places are left (or there is no such store).
    :raises ValueError: when `units` is not positive.
    """
    if units < 1:
        raise ValueError("At least one place is taken.")
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.TAKE_CAPACITY, {"store_id": store_id, "on_date": on_date, "units": units})
        if cursor.rowcount == 0:
            raise CapacityFull(
                _("This store takes no more orders for that day."), store_id=store_id, on_date=on_date.isoformat()
            )


@step
def give_back_capacity(store_id: int, on_date: date, *, units: int = 1) -> None:
    """Give places back that were taken; locks the StoreCapacity row.

    :raises CapacityNotTaken: when fewer are taken.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.GIVE_BACK_CAPACITY, {"store_id": store_id, "on_date": on_date, "units": units})
        if cursor.rowcount == 0:
            raise CapacityNotTaken(_("These places were not taken."), store_id=store_id, on_date=on_date.isoformat())
