"""An outbox without the product's subscribers, no hints, and a moment that stands still."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from omni.kernel import outbox


@pytest.fixture
def now() -> datetime:
    """Noon of a Monday in Shanghai."""
    return datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_hints(settings: Settings) -> None:
    """Keep transactional tests from talking to the broker."""
    settings.OUTBOX_HINTS = False


@pytest.fixture(autouse=True)
def _no_subscribers() -> Iterator[None]:
    """Give each test a registry of its own."""
    registered = dict(outbox.SUBSCRIPTIONS)
    outbox.SUBSCRIPTIONS.clear()
    yield
    outbox.SUBSCRIPTIONS.clear()
    outbox.SUBSCRIPTIONS.update(registered)
