"""The small world at noon, for journeys in which the clock stands still and only the test carries orders on."""

from datetime import datetime

import pytest
from django.conf import LazySettings

from omni.kernel import clock
from tests.cast import World, build_world
from tests.orders.wechat import Provider


@pytest.fixture
def world(transactional_db: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, now: datetime) -> World:
    """Return the small world, committed, at noon."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: now)
    return build_world()
