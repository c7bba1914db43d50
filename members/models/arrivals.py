from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.choices import ARRIVAL_TRANSITIONS, ArrivalStatus


class ArrivalNotice(models.Model):
    """Somebody wants to be told once when a size can be had near a district again; the point is the district's.

    A phone waits once for a variant. `due_at` is when the sweeper looks again whether there is stock.
    """

    TRANSITIONS = ARRIVAL_TRANSITIONS

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    variant = models.ForeignKey("inventory.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    district = models.ForeignKey("stores.District", models.PROTECT, related_name="+", verbose_name=_("district"))
    lat = models.FloatField(_("latitude"))
    lng = models.FloatField(_("longitude"))
    phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200)
    phone_index = models.CharField(_("phone (blind index)"), max_length=64)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    status = models.CharField(_("status"), max_length=10, choices=ArrivalStatus.choices, default=ArrivalStatus.WAITING)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    due_at = models.DateTimeField(_("to be looked at"), null=True, blank=True)
    notified_at = models.DateTimeField(_("told at"), null=True, blank=True)

    class Meta:
        verbose_name = _("arrival notice")
        verbose_name_plural = _("arrival notices")
        constraints = [
            models.UniqueConstraint(
                fields=["variant", "phone_index"], condition=Q(status="waiting"), name="members_arrival_once"
            ),
            models.CheckConstraint(
                condition=~Q(status="waiting") | Q(due_at__isnull=False), name="members_arrival_waiting_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="waiting"), name="members_arrival_due"),
            models.Index(fields=["variant", "notified_at"], name="members_arrival_told"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.status}"
