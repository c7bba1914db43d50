"""The clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from omni.kernel import clock


def test_now_is_aware_and_in_utc() -> None:
    moment = clock.now()
    assert moment.utcoffset() == timedelta(0)


def test_business_date_turns_at_midnight_in_shanghai() -> None:
    midnight = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)
    assert clock.business_date(midnight - timedelta(microseconds=1)) == date(2026, 11, 1)
    assert clock.business_date(midnight) == date(2026, 11, 2)


def test_business_date_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        clock.business_date(datetime(2026, 11, 1))  # noqa: DTZ001  that is the point
