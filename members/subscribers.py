"""Handlers of lower apps' events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from members import services
from omni.accounts import choices as accounts_choices
from omni.accounts import events as accounts_events
from omni.accounts import services as accounts_services
from omni.kernel.outbox import subscribe

if TYPE_CHECKING:
    from datetime import datetime

ERASE = "members.erase"


@subscribe(accounts_events.ErasureRequested, name=ERASE)
def erase(event: accounts_events.ErasureRequested, *, now: datetime) -> None:
    """Forget the person; the record of consent stays as proof."""
    services.erase_person(event.user_id, now=now)
    accounts_services.answer_erasure(event, ERASE, kept=accounts_choices.KeptReason.CONSENT, now=now)
