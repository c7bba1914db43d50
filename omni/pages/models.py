from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ExportStatus(models.TextChoices):
    REQUESTED = "requested", pgettext_lazy("export", "Being put together")
    READY = "ready", pgettext_lazy("export", "Ready")
    REMOVED = "removed", pgettext_lazy("export", "No longer kept")


class DataExport(models.Model):
    """A copy of what is kept of a person, for themselves. `next_attempt_at`: to be made, and later to be removed."""

    TRANSITIONS: ClassVar = {
        ExportStatus.REQUESTED: frozenset({ExportStatus.READY, ExportStatus.REMOVED}),
        ExportStatus.READY: frozenset({ExportStatus.REMOVED}),
        ExportStatus.REMOVED: frozenset(),
    }

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("account"))
    number = models.CharField(_("number"), max_length=32, unique=True)
    status = models.CharField(_("status"), max_length=10, choices=ExportStatus.choices, default=ExportStatus.REQUESTED)
    file_name = models.CharField(_("file"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    requested_at = models.DateTimeField(_("requested at"))
    ready_at = models.DateTimeField(_("ready at"), null=True, blank=True)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("copy of a person's data")
        verbose_name_plural = _("copies of persons' data")
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="pages_export_due"
            )
        ]

    def __str__(self) -> str:
        return self.number


class AuditMark(models.Model):
    """Up to which row of an append-only table everything was found to hold; the next audit goes on from there."""

    log = models.CharField(_("table"), max_length=40, unique=True)
    last_id = models.BigIntegerField(_("last row"))
    checked_at = models.DateTimeField(_("checked at"))

    class Meta:
        verbose_name = _("audit mark")
        verbose_name_plural = _("audit marks")

    def __str__(self) -> str:
        return f"{self.log} {self.last_id}"
