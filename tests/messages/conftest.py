"""Hints switched off, a scripted gateway, and the real sandbox for those who ask."""

from dataclasses import dataclass, field

import pytest
from pytest_django import Settings

from tests.sandbox.fixture import sandbox

__all__ = ["sandbox"]


@dataclass
class ScriptedGateway:
    """Takes every message, or raises `error`."""

    error: Exception | None = None
    sent: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def deliver(self, channel: str, *, number: str, to: str, subject: str, text: str) -> None:
        """Answer as `clients.deliver` does."""
        self.sent.append((channel, number, to, subject, text))
        if self.error is not None:
            raise self.error


@pytest.fixture(autouse=True)
def _hints(settings: Settings) -> None:
    settings.OUTBOX_HINTS = False


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> ScriptedGateway:
    """Return a gateway that answers as it is told."""
    scripted = ScriptedGateway()
    monkeypatch.setattr("omni.messages.clients.deliver", scripted.deliver)
    return scripted
