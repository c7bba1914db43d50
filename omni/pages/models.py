from django.db import models
from django.utils.translation import gettext_lazy as _


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
