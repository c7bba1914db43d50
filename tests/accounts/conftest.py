"""Empty counters, and hints switched off."""

import pytest
from django.core.cache import caches
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _counters(settings: Settings) -> None:
    settings.OUTBOX_HINTS = False
    caches["limits"].clear()
