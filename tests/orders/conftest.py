"""A merchant of test keys, hints switched off, a scripted provider, and the real sandbox for those who ask."""

import pytest
from pytest_django import Settings

from tests.orders.provider import ScriptedProvider
from tests.orders.wechat import Provider
from tests.sandbox.fixture import sandbox

__all__ = ["sandbox"]


@pytest.fixture(autouse=True)
def _merchant(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> ScriptedProvider:
    """Return a provider that answers as it is told."""
    scripted = ScriptedProvider()
    monkeypatch.setattr("orders.clients.wechat_pay", lambda: scripted)
    return scripted
