"""Opening hours, and what is promised by them: when a store is open next, when it has brought something.

Times of a day are minutes after midnight.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from omni.kernel.clock import BUSINESS_ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

CLOSED = -1
DAY_MINUTES = 24 * 60
LATEST_CLOSING = 2 * DAY_MINUTES
LOOK_AHEAD_DAYS = 8
# A promise: how long it takes until a courier stands in the store, how much longer streets are than the way a bird
# flies, and how fast a courier rides through a city: 15 km/h.
COLLECTING_MINUTES = 20
DETOUR = 1.3
METRES_A_MINUTE = 250
PROMISE_STEP_MINUTES = 30
# How far an express parcel comes in so many days; the farthest takes one more.
EXPRESS_DAYS = ((300_000, 1), (1_000_000, 2), (2_000_000, 3))
# Stores that open later than this are not waited for; as long as routing waits unless a brand says otherwise.
LONGEST_WAIT = timedelta(hours=18)


SLOT_MINUTES = 30
DAY_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

_RANGE = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)
_PART = re.compile(r"(?:(Mo|Tu|We|Th|Fr|Sa|Su)(?:-(Mo|Tu|We|Th|Fr|Sa|Su))?\s+)?(\S.*)", re.IGNORECASE)


class UnreadableHours(ValueError):
    """A text is not opening hours."""


def opening_at(
    opens_minutes: Sequence[int],
    closes_minutes: Sequence[int],
    exceptions: Mapping[date, tuple[int, int] | None],
    now: datetime,
) -> datetime | None:
    """Return `now` when the store is open, else its next opening; None when there is none within eight days.

    The sequences hold seven values, Monday first, -1 for a closed day; a closing time above 1440 lies after midnight
    and belongs to the day on which the store opened. An exception replaces a whole day; None: closed.
    """
    today = now.astimezone(BUSINESS_ZONE).date()
    for offset in range(-1, LOOK_AHEAD_DAYS + 1):
        day = today + timedelta(days=offset)
        hours = hours_on(day, opens_minutes, closes_minutes, exceptions)
        if hours is None:
            continue
        midnight = datetime.combine(day, time(), BUSINESS_ZONE)
        if now < midnight + timedelta(minutes=hours[1]):
            return max(now, midnight + timedelta(minutes=hours[0]))
    return None


def closing_at(
    opens_minutes: Sequence[int],
    closes_minutes: Sequence[int],
    exceptions: Mapping[date, tuple[int, int] | None],
    now: datetime,
) -> datetime | None:
    """Return when a store that is open closes, None while it is closed; arguments as for `opening_at`."""
    today = now.astimezone(BUSINESS_ZONE).date()
    for day in (today - timedelta(days=1), today):
        hours = hours_on(day, opens_minutes, closes_minutes, exceptions)
        if hours is None:
            continue
        midnight = datetime.combine(day, time(), BUSINESS_ZONE)
        opening, closing = (midnight + timedelta(minutes=minutes) for minutes in hours)
        if opening <= now < closing:
            return closing
    return None


def after_open_minutes(
    opens_minutes: Sequence[int],
    closes_minutes: Sequence[int],
    exceptions: Mapping[date, tuple[int, int] | None],
    start: datetime,
    minutes: int,
) -> datetime:
    """Return the moment at which a store has been open for so many minutes since `start`; other arguments as above.

    Of a store that hardly opens within eight days, the clock's minutes count from where its hours end.
    """
    left, moment = timedelta(minutes=minutes), start
    while (opening := opening_at(opens_minutes, closes_minutes, exceptions, moment)) is not None:
        closing = closing_at(opens_minutes, closes_minutes, exceptions, opening)
        if closing is None or opening > start + timedelta(days=LOOK_AHEAD_DAYS):
            break
        if opening + left <= closing:
            return opening + left
        left, moment = left - (closing - opening), closing
    return moment + left


def travel_minutes(metres: float) -> int:
    """Return how long a courier rides for a great-circle distance: 1.3 times as far, at 15 km/h."""
    return math.ceil(metres * DETOUR / METRES_A_MINUTE)


def arrival_at(
    opens_minutes: Sequence[int],
    closes_minutes: Sequence[int],
    exceptions: Mapping[date, tuple[int, int] | None],
    now: datetime,
    *,
    preparation_minutes: int,
    metres: float,
) -> datetime | None:
    """Return when something ordered now has come from a store; None when the store does not open within 18 hours.

    The store begins at once when it is open, else when it opens; it prepares for the brand's minutes, and what it
    cannot finish before it closes it begins at the next opening. Then 20 minutes until the courier is there, and the
    ride (`travel_minutes`). The other arguments are those of `opening_at`.
    """
    hours = (opens_minutes, closes_minutes, exceptions)
    starts = opening_at(*hours, now)
    preparation = timedelta(minutes=preparation_minutes)
    if starts is not None:
        closes = closing_at(*hours, starts)
        if closes is not None and starts + preparation > closes:
            starts = opening_at(*hours, closes)
    if starts is None or starts - now > LONGEST_WAIT:
        return None
    return starts + preparation + timedelta(minutes=COLLECTING_MINUTES + travel_minutes(metres))


def express_days(metres: float) -> int:
    """Return how many days an express parcel travels for a great-circle distance, the van's day left out."""
    return next((days for reach, days in EXPRESS_DAYS if metres <= reach), EXPRESS_DAYS[-1][1] + 1)


def rounded_up(moment: datetime) -> datetime:
    """Return the next half hour, for what is promised by the clock."""
    step = timedelta(minutes=PROMISE_STEP_MINUTES)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + math.ceil((moment - midnight) / step) * step


def half_hours(duration: timedelta) -> float:
    """Return a duration in hours, up to the next half, at least one half."""
    return max(1, math.ceil(duration / timedelta(minutes=PROMISE_STEP_MINUTES))) / 2


def half_hour_slots(
    opens_minutes: Sequence[int],
    closes_minutes: Sequence[int],
    exceptions: Mapping[date, tuple[int, int] | None],
    start: datetime,
    end: datetime,
) -> list[datetime]:
    """Return where the half-hours begin that lie whole within a store's hours, and within `start` and `end`.

    They begin on the hour and half past, Shanghai's time; other arguments as above.
    """
    found: list[datetime] = []
    day = start.astimezone(BUSINESS_ZONE).date() - timedelta(days=1)
    while day <= end.astimezone(BUSINESS_ZONE).date():
        opening, closing = hours_on(day, opens_minutes, closes_minutes, exceptions) or (0, 0)
        midnight = datetime.combine(day, time(), BUSINESS_ZONE)
        for minute in range(-(-opening // SLOT_MINUTES) * SLOT_MINUTES, closing - SLOT_MINUTES + 1, SLOT_MINUTES):
            begins = (midnight + timedelta(minutes=minute)).astimezone(UTC)
            if start <= begins and begins + timedelta(minutes=SLOT_MINUTES) <= end:
                found.append(begins)
        day += timedelta(days=1)
    return found


def hours_on(
    day: date,
    opens_minutes: Sequence[int],
    closes_minutes: Sequence[int],
    exceptions: Mapping[date, tuple[int, int] | None],
) -> tuple[int, int] | None:
    """Return the opening and closing minute of a date, None when closed; arguments as for `opening_at`."""
    if day in exceptions:
        return exceptions[day]
    opens, closes = opens_minutes[day.weekday()], closes_minutes[day.weekday()]
    return None if opens == CLOSED else (opens, closes)


def parse_hours(text: str) -> tuple[list[int], list[int]]:
    """Read "10:00-22:00" or "Mo-Fr 10:00-21:00; Sa-Su 10:00-22:00; We closed" as seven openings and closings.

    A later part replaces an earlier one; days that no part names are closed. "22:00-02:00" closes after midnight.

    :raises UnreadableHours: when a part cannot be read.
    """
    opens, closes = [CLOSED] * 7, [CLOSED] * 7
    for part in text.replace("；", ";").split(";"):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise UnreadableHours(text)
        first, last, hours = match.groups()
        opening, closing = _parse_range(hours.strip())
        for day in _days(first, last):
            opens[day], closes[day] = opening, closing
    return opens, closes


def _parse_range(text: str) -> tuple[int, int]:
    """Read "10:00-22:00" or "closed"."""
    if text.lower() == "closed":
        return CLOSED, CLOSED
    match = _RANGE.fullmatch(text)
    if match is None:
        raise UnreadableHours(text)
    opens_hour, opens_minute, closes_hour, closes_minute = map(int, match.groups())
    opening, closing = opens_hour * 60 + opens_minute, closes_hour * 60 + closes_minute
    if opening >= DAY_MINUTES or closing > LATEST_CLOSING or max(opens_minute, closes_minute) > 59:
        raise UnreadableHours(text)
    if closing <= opening:
        closing += DAY_MINUTES
    return opening, closing


def _days(first: str | None, last: str | None) -> list[int]:
    """Return the days of "Mo", "Mo-Fr", "Sa-Mo" (over the week's end) or of no name: all seven."""
    if first is None:
        return list(range(7))
    start = DAY_NAMES.index(first.capitalize())
    end = DAY_NAMES.index((last or first).capitalize())
    return [(start + offset) % 7 for offset in range((end - start) % 7 + 1)]


def format_hours(opens_minutes: Sequence[int], closes_minutes: Sequence[int]) -> str:
    """Write seven openings and closings the way `parse_hours` reads them, equal neighbours joined."""
    spans = week_spans(opens_minutes, closes_minutes)
    if len(spans) == 1:
        return spans[0][2]
    return "; ".join(
        f"{DAY_NAMES[first]} {hours}" if first == last else f"{DAY_NAMES[first]}-{DAY_NAMES[last]} {hours}"
        for first, last, hours in spans
    )


def week_spans(opens_minutes: Sequence[int], closes_minutes: Sequence[int]) -> list[tuple[int, int, str]]:
    """Return neighbouring days with equal hours as (first day, last day, "10:00-22:00" or "closed"), Monday is 0."""
    ranges = [format_range(*hours) for hours in zip(opens_minutes, closes_minutes, strict=True)]
    starts = [day for day in range(7) if day == 0 or ranges[day] != ranges[day - 1]]
    return [(first, after - 1, ranges[first]) for first, after in zip(starts, [*starts[1:], 7], strict=True)]


def format_range(opening: int, closing: int) -> str:
    """Write one day's hours; a closing time after midnight is written as the clock shows it."""
    if opening == CLOSED:
        return "closed"
    shown = closing if closing <= DAY_MINUTES else closing - DAY_MINUTES
    return f"{opening // 60:02d}:{opening % 60:02d}-{shown // 60:02d}:{shown % 60:02d}"
