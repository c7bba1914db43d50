from datetime import UTC, datetime, timedelta

import pytest

from omni.messages import rules
from omni.messages.choices import Purpose

# Shanghai is eight hours ahead of UTC.
EVENING = datetime(2026, 3, 16, 13, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 17, 1, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (EVENING - MOMENT, EVENING - MOMENT),
        (EVENING, MORNING),
        (datetime(2026, 3, 16, 16, 0, tzinfo=UTC), MORNING),
        (MORNING - MOMENT, MORNING),
        (MORNING, MORNING),
    ],
)
def test_sending_at_of_marketing_leaves_out_the_night(at: datetime, expected: datetime) -> None:
    assert rules.sending_at(Purpose.MARKETING, at) == expected
    assert rules.sending_at(Purpose.TRANSACTIONAL, at) == at


def test_retry_at_grows_until_the_last_attempt() -> None:
    waits = [(rules.retry_at(attempts, EVENING) - EVENING).total_seconds() for attempts in range(1, 10)]

    assert waits == [10, 30, 120, 600, 1800, 3600, 7200, 14400, 14400]
    assert [rules.is_last(attempts) for attempts in (8, 9)] == [False, True]
