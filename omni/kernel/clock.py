"""The clock. Only edges (views, tasks, commands, the relay) read it; services are given `now`."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def business_date(at: datetime) -> date:
    """Return the date of a moment in Asia/Shanghai.

    :raises ValueError: when the moment has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("A business date needs an aware moment.")
    return at.astimezone(BUSINESS_ZONE).date()
