"""Opening hours."""

from datetime import UTC, date, datetime

import pytest

from omni.kernel.clock import BUSINESS_ZONE
from stores.rules import UnreadableHours, after_open_minutes, format_hours, opening_at, parse_hours

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
