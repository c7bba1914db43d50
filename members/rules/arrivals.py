"""Who is told that a size is back: pure arithmetic."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from omni.kernel import geo

if TYPE_CHECKING:
    from collections.abc import Sequence

LIFE = timedelta(days=90)
LOOK_AGAIN = timedelta(minutes=1)
REACH_METRES = 30_000
# So many are told for each garment that is there: not everybody comes, and who comes late should still find one.
TOLD_PER_UNIT = 2
# Those who were told less than this ago may still be on their way to the same garments.
PATIENCE = timedelta(days=1)
MOST_WAITING = 20


class Stand(NamedTuple):
    """A store and how many units it could sell; WGS-84."""

    lat: float
    lng: float
    units: int


class Waiting(NamedTuple):
    """Somebody who waits, and where."""

    notice_id: int
    lat: float
    lng: float


def choose_told(stands: Sequence[Stand], told: Sequence[Waiting], waiting: Sequence[Waiting]) -> list[int]:
    """Return who of those who wait (the first come first) is told now, by id.

    Each takes a place at the nearest store within reach that has one left; a store has two for every unit. Those who
    were told lately (`told`) hold theirs.
    """
    places = [stand.units * TOLD_PER_UNIT for stand in stands]
    for one in told:
        _take_place(stands, places, one)
    return [one.notice_id for one in waiting if _take_place(stands, places, one)]


def _take_place(stands: Sequence[Stand], places: list[int], one: Waiting) -> bool:
    metres = [geo.great_circle_metres(one.lat, one.lng, stand.lat, stand.lng) for stand in stands]
    for index in sorted(range(len(stands)), key=lambda index: (metres[index], index)):
        if metres[index] > REACH_METRES:
            return False
        if places[index] > 0:
            places[index] -= 1
            return True
    return False
