"""A merchant of test keys, and orders in every state."""

import pytest
from pytest_django import Settings

from tests.audit.history import History, live_through
from tests.cast import World
from tests.orders.wechat import Provider


@pytest.fixture(autouse=True)
def _merchant(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


@pytest.fixture
def history(world: World) -> History:
    """Return orders in every state."""
    return live_through(world)
