"""When a message may be sent, and when it is tried again: pure arithmetic."""

from __future__ import annotations

from datetime import datetime, timedelta

from omni.kernel.clock import BUSINESS_ZONE
from omni.messages.choices import Purpose

# Nobody is sent marketing from nine in the evening until nine in the morning, Shanghai time.
QUIET_FROM_HOUR = 21
QUIET_UNTIL_HOUR = 9
# Before the second, third, ... attempt; after the last one the message is parked.
RETRY_SECONDS = (10, 30, 120, 600, 1800, 3600, 7200, 14400)


def sending_at(purpose: str, at: datetime) -> datetime:
    """Return the moment itself, or for marketing in the quiet hours the morning after them."""
    local = at.astimezone(BUSINESS_ZONE)
    if purpose != Purpose.MARKETING or QUIET_UNTIL_HOUR <= local.hour < QUIET_FROM_HOUR:
        return at
    morning = local.replace(hour=QUIET_UNTIL_HOUR, minute=0, second=0, microsecond=0)
    return morning if local.hour < QUIET_UNTIL_HOUR else morning + timedelta(days=1)


def retry_at(attempts: int, at: datetime) -> datetime:
    """Return when to try again after so many attempts (one or more)."""
    return at + timedelta(seconds=RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1])


def is_last(attempts: int) -> bool:
    """Tell whether an attempt is not followed by another."""
    return attempts > len(RETRY_SECONDS)
