"""A test may ask for the audit: `audited` checks after its body that everything still holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from omni.kernel import clock
from omni.pages import audit
from omni.pages.audit import Finding


@dataclass
class Audited:
    """What the audit takes for the present: tests that live in a time of their own say when it is."""

    now: datetime | None = None


def broken_claims(now: datetime) -> dict[str, Finding]:
    """Run a full audit and return what does not hold, by claim."""
    return {finding.claim: finding for finding in audit.drive_audit(now=now, is_full=True) if finding.wrong}


@pytest.fixture
def audited(db: None) -> Iterator[Audited]:
    """Run the audit after the test's body, at `audited.now` or at the clock's time, and expect it to hold."""
    asked = Audited()
    yield asked
    assert broken_claims(asked.now or clock.now()) == {}
