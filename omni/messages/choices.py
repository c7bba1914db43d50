"""The words of messages, and how a message's status may change."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Channel(models.TextChoices):
    SMS = "sms", _("SMS")
    WECHAT = "wechat", _("WeChat")
    EMAIL = "email", _("E-mail")


class Purpose(models.TextChoices):
    TRANSACTIONAL = "transactional", _("Part of a service")
    MARKETING = "marketing", _("Marketing")


class MessageStatus(models.TextChoices):
    QUEUED = "queued", pgettext_lazy("message", "Waiting")
    SENT = "sent", _("Sent")
    EXPIRED = "expired", _("Too late to send")
    PARKED = "parked", _("Needs attention")


MESSAGE_TRANSITIONS: dict[str, frozenset[str]] = {
    MessageStatus.QUEUED: frozenset({MessageStatus.SENT, MessageStatus.EXPIRED, MessageStatus.PARKED}),
    MessageStatus.PARKED: frozenset({MessageStatus.QUEUED}),
    MessageStatus.SENT: frozenset(),
    MessageStatus.EXPIRED: frozenset(),
}
