"""Messages to look at: recipients are masked, texts are not shown; a parked one can be given a new start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from omni.kernel import clock, sealing
from omni.kernel.admin import ReadOnly
from omni.kernel.transactions import entry
from omni.messages import services
from omni.messages.choices import Channel, MessageStatus
from omni.messages.models import Message

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Message)
class MessageAdmin(ReadOnly, admin.ModelAdmin["Message"]):
    list_display = ["number", "template", "channel", "recipient", "status", "attempts", "last_error", "created_at"]
    fields = [
        "number", "cause", "template", "channel", "language", "purpose", "recipient", "status", "attempts",
        "last_error", "created_at", "next_attempt_at", "expires_at", "sent_at",
    ]  # fmt: skip
    list_filter = ["status", "channel", "template"]
    search_fields = ["number", "cause"]
    actions = ["retry"]
    show_full_result_count = False

    @admin.display(description=pgettext_lazy("message", "recipient"))
    def recipient(self, message: Message) -> str:
        """Show the recipient masked."""
        if not message.recipient_sealed:
            return "—"
        text = sealing.unseal(message.recipient_sealed)
        return sealing.mask_phone(text) if message.channel == Channel.SMS else f"{text[:2]}****"

    @admin.action(description=_("Try parked messages again"))
    def retry(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        """Give the chosen messages that are parked a new start."""
        parked = chosen.filter(status=MessageStatus.PARKED).order_by("pk").values_list("pk", flat=True)
        with entry():
            for message_id in list(parked):
                services.retry_message(message_id, actor=f"user:{request.user.pk}", now=clock.now())
        self.message_user(request, _("They are sent again now."), messages.SUCCESS)
