"""Opening hours, and promises by them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from omni.kernel.clock import BUSINESS_ZONE
from stores.rules import (
    UnreadableHours,
    after_open_minutes,
    arrival_at,
    format_hours,
    half_hour_slots,
    half_hours,
    opening_at,
    parse_hours,
    rounded_up,
    travel_minutes,
)

TEN_TO_TEN = ([600] * 7, [1320] * 7)
NIGHTS = ([1320] * 7, [1560] * 7)


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment in March 2026 by the clock of Shanghai; the 16th is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=BUSINESS_ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (shanghai(16, 12), shanghai(16, 12)),
        (shanghai(16, 10), shanghai(16, 10)),
        (shanghai(16, 9, 59), shanghai(16, 10)),
        (shanghai(16, 21, 59), shanghai(16, 21, 59)),
        (shanghai(16, 22), shanghai(17, 10)),
        (shanghai(16, 0), shanghai(16, 10)),
    ],
)
def test_opening_at_with_daily_hours_is_now_or_the_next_opening(now: datetime, expected: datetime) -> None:
    assert opening_at(*TEN_TO_TEN, {}, now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (shanghai(16, 1, 59), shanghai(16, 1, 59)),
        (shanghai(16, 2), shanghai(16, 22)),
        (shanghai(16, 23), shanghai(16, 23)),
    ],
)
def test_opening_at_past_midnight_belongs_to_the_day_before(now: datetime, expected: datetime) -> None:
    assert opening_at(*NIGHTS, {}, now) == expected


def test_opening_at_skips_closed_days_and_takes_exceptions_for_the_whole_day() -> None:
    opens, closes = parse_hours("Tu-Su 10:00-22:00")
    exceptions = {date(2026, 3, 17): None, date(2026, 3, 18): (720, 780)}

    assert opening_at(opens, closes, exceptions, shanghai(16, 12)) == shanghai(18, 12)
    assert opening_at(opens, closes, exceptions, shanghai(18, 13)) == shanghai(19, 10)


def test_opening_at_of_a_store_that_never_opens_is_none() -> None:
    assert opening_at([-1] * 7, [-1] * 7, {}, shanghai(16, 12)) is None


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        (shanghai(16, 12), 60, shanghai(16, 13)),
        (shanghai(16, 21), 60, shanghai(16, 22)),
        (shanghai(16, 21, 30), 60, shanghai(17, 10, 30)),
        (shanghai(16, 3), 60, shanghai(16, 11)),
        (shanghai(16, 12), 0, shanghai(16, 12)),
        (shanghai(16, 12), 24 * 60, shanghai(18, 12)),
    ],
)
def test_after_open_minutes_counts_while_the_store_is_open(start: datetime, minutes: int, expected: datetime) -> None:
    assert after_open_minutes(*TEN_TO_TEN, {}, start, minutes) == expected


def test_after_open_minutes_skips_closed_days() -> None:
    exceptions = {date(2026, 3, 17): None}

    assert after_open_minutes(*TEN_TO_TEN, exceptions, shanghai(16, 21, 30), 60) == shanghai(18, 10, 30)


def test_after_open_minutes_of_a_store_that_never_opens_counts_by_the_clock() -> None:
    assert after_open_minutes([-1] * 7, [-1] * 7, {}, shanghai(16, 12), 60) == shanghai(16, 13)


def test_opening_at_beyond_eight_days_is_none() -> None:
    closed = {date(2026, 3, day): None for day in range(16, 25)}

    assert opening_at(*TEN_TO_TEN, closed, shanghai(16, 12)) is None
    del closed[date(2026, 3, 24)]
    assert opening_at(*TEN_TO_TEN, closed, shanghai(16, 12)) == shanghai(24, 10)


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("10:00-22:00", [600] * 7, [1320] * 7),
        (" 9:30 - 21:00 ", [570] * 7, [1260] * 7),
        ("Mo-Fr 10:00-21:00; Sa-Su 10:00-22:00", [600] * 7, [1260] * 5 + [1320] * 2),
        ("10:00-22:00；we closed", [600, 600, -1, 600, 600, 600, 600], [1320, 1320, -1, 1320, 1320, 1320, 1320]),
        ("Sa-Mo 11:00-20:00", [660, -1, -1, -1, -1, 660, 660], [1200, -1, -1, -1, -1, 1200, 1200]),
        ("22:00-02:00", [1320] * 7, [1560] * 7),
        ("00:00-24:00", [0] * 7, [1440] * 7),
    ],
)
def test_parse_hours_of_a_readable_text_gives_minutes(text: str, opens: list[int], closes: list[int]) -> None:
    assert parse_hours(text) == (opens, closes)


@pytest.mark.parametrize(
    "text", ["", "10-22", "25:00-26:00", "10:60-22:00", "Xx 10:00-22:00", "10:00-22:00;", "Mo", "1:00-49:00"]
)
def test_parse_hours_of_another_text_is_refused(text: str) -> None:
    with pytest.raises(UnreadableHours):
        parse_hours(text)


@pytest.mark.parametrize(
    "text",
    ["10:00-22:00", "Mo-Fr 10:00-21:00; Sa-Su 10:00-22:00", "Mo closed; Tu-Su 22:00-02:00", "00:00-24:00"],
)
def test_format_hours_is_what_parse_hours_reads(text: str) -> None:
    assert format_hours(*parse_hours(text)) == text


# Promises


@pytest.mark.parametrize(("metres", "minutes"), [(0, 0), (1, 1), (2300, 12), (10_000, 52)])
def test_travel_takes_a_detour_at_fifteen_kilometres_an_hour(metres: float, minutes: int) -> None:
    assert travel_minutes(metres) == minutes


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # Open: 60 minutes to prepare, 20 to collect, 12 to ride 2.3 km.
        (shanghai(16, 12), shanghai(16, 13, 32)),
        # Closed: from the opening on.
        (shanghai(16, 8), shanghai(16, 11, 32)),
        # What is not ready when the store closes is begun the next morning.
        (shanghai(16, 21), shanghai(16, 22, 32)),
        (shanghai(16, 21, 1), shanghai(17, 11, 32)),
        (shanghai(16, 23), shanghai(17, 11, 32)),
    ],
)
def test_arrival_counts_from_when_the_store_can_begin(now: datetime, expected: datetime) -> None:
    assert arrival_at(*TEN_TO_TEN, {}, now, preparation_minutes=60, metres=2300) == expected


def test_arrival_from_a_store_that_stays_closed_is_none() -> None:
    closed: dict[date, tuple[int, int] | None] = {date(2026, 3, 17): None}
    night = shanghai(16, 23)
    assert arrival_at(*TEN_TO_TEN, closed, night, preparation_minutes=60, metres=100) is None
    assert arrival_at([-1] * 7, [-1] * 7, {}, night, preparation_minutes=60, metres=100) is None


@pytest.mark.parametrize(("minutes", "hours"), [(0, 0.5), (30, 0.5), (31, 1.0), (92, 2.0), (180, 3.0)])
def test_half_hours_are_rounded_up(minutes: int, hours: float) -> None:
    assert half_hours(timedelta(minutes=minutes)) == hours


def test_rounded_up_is_the_next_half_hour_by_the_clock() -> None:
    moments = [shanghai(16, *time).astimezone(BUSINESS_ZONE) for time in ((11, 30), (11, 31), (23, 31))]
    assert [f"{rounded_up(moment):%d %H:%M}" for moment in moments] == ["16 11:30", "16 12:00", "17 00:00"]


def test_half_hour_slots_lie_within_the_hours_and_the_window() -> None:
    assert half_hour_slots(*TEN_TO_TEN, {}, shanghai(16, 20, 10), shanghai(17, 11)) == [
        shanghai(16, 20, 30),
        shanghai(16, 21),
        shanghai(16, 21, 30),
        shanghai(17, 10),
        shanghai(17, 10, 30),
    ]


def test_half_hour_slots_of_odd_hours_begin_on_the_half_hour() -> None:
    opens, closes = parse_hours("10:10-11:50")

    assert half_hour_slots(opens, closes, {}, shanghai(16, 0), shanghai(16, 23)) == [
        shanghai(16, 10, 30),
        shanghai(16, 11),
    ]


def test_half_hour_slots_past_midnight_and_of_a_closed_day() -> None:
    exceptions = {date(2026, 3, 16): None, date(2026, 3, 17): (600, 660)}

    assert half_hour_slots(*NIGHTS, exceptions, shanghai(16, 0), shanghai(18, 0)) == [
        shanghai(16, 0),
        shanghai(16, 0, 30),
        shanghai(16, 1),
        shanghai(16, 1, 30),
        shanghai(17, 10),
        shanghai(17, 10, 30),
    ]
