from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from omni.messages.choices import MESSAGE_TRANSITIONS, Channel, MessageStatus, Purpose


class Message(models.Model):
    """One message to one person. `cause` is unique: what happened once is told once.

    `number` is the id under which a gateway knows it, however often it is tried. The parameters of the template (a
    code, a link that opens an order) are encrypted, and forgotten once it is sent or too late.
    """

    TRANSITIONS = MESSAGE_TRANSITIONS

    number = models.CharField(_("number"), max_length=32, unique=True)
    cause = models.CharField(_("cause"), max_length=80, unique=True)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    recipient_sealed = models.CharField(_("recipient (encrypted)"), max_length=600)
    recipient_index = models.CharField(_("recipient (blind index)"), max_length=64, blank=True)
    template = models.CharField(_("template"), max_length=40)
    language = models.CharField(_("language"), max_length=10)
    parameters_sealed = models.TextField(_("parameters (encrypted)"), blank=True)
    purpose = models.CharField(_("purpose"), max_length=14, choices=Purpose.choices)
    status = models.CharField(_("status"), max_length=8, choices=MessageStatus.choices, default=MessageStatus.QUEUED)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("created at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="messaging_message_due"
            ),
            models.Index(fields=["recipient_index"], name="messaging_message_recipient"),
        ]

    def __str__(self) -> str:
        return self.number
