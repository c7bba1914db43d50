"""Handlers of lower apps' events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.accounts import choices as accounts_choices
from omni.accounts import events as accounts_events
from omni.accounts import services as accounts_services
from omni.kernel.outbox import subscribe
from stores import services

if TYPE_CHECKING:
    from datetime import datetime

ERASE = "stores.erase"


@subscribe(accounts_events.ErasureRequested, name=ERASE)
def erase(event: accounts_events.ErasureRequested, *, now: datetime) -> None:
    """Forget the name of who worked here once, or hold the erasure of who still does."""
    is_gone = services.erase_former_staff(event.user_id)
    held_for = None if is_gone else accounts_choices.HoldReason.WORKS_HERE
    accounts_services.answer_erasure(event, ERASE, held_for=held_for, now=now)
