"""Reads of messages."""

from __future__ import annotations

from omni.kernel import sealing
from omni.messages.models import Message

COLUMNS = ("number", "channel", "template", "purpose", "status", "created_at", "sent_at")


def export_messages(recipient: str) -> dict[str, list[dict[str, object]]]:
    """Return what is kept of the messages to a phone, open id or address, by table; what they said is not kept."""
    rows = Message.objects.filter(recipient_index=sealing.blind_index(recipient)).order_by("pk")
    return {"messages": [dict(row) for row in rows.values(*COLUMNS)]}
