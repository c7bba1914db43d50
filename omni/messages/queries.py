"""Reads of messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from omni.kernel import sealing
from omni.messages.models import Message

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

COLUMNS = ("number", "channel", "template", "purpose", "status", "created_at", "sent_at")


def export_messages(recipient: str) -> dict[str, list[dict[str, object]]]:
    """Return what is kept of the messages to a phone, open id or address, by table; what they said is not kept."""
    rows = Message.objects.filter(recipient_index=sealing.blind_index(recipient)).order_by("pk")
    return {"messages": [dict(row) for row in rows.values(*COLUMNS)]}


@dataclass(frozen=True, slots=True)
class SentMessage:
    """That somebody was told something; `sent_at` is None while it is on its way."""

    cause: str
    channel_label: str
    status_label: str
    sent_at: datetime | None


def messages_of_causes(beginnings: Iterable[str]) -> list[SentMessage]:
    """Return the messages whose cause begins with one of these, the oldest first."""
    wanted = Q()
    for beginning in beginnings:
        wanted |= Q(cause__startswith=beginning)
    if not wanted:
        return []
    return [
        SentMessage(row.cause, row.get_channel_display(), row.get_status_display(), row.sent_at)
        for row in Message.objects.filter(wanted).order_by("pk")
    ]
