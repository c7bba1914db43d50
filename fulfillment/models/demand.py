"""What goes where: a demand and its goods."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fulfillment.choices import FULFILLMENT_TRANSITIONS, FulfillmentStatus, Way


class Fulfillment(models.Model):
    """A demand: goods for one destination in one way. It knows what goes where, not who paid.

    Goods to try on are held for a slot, and `kept_until` a while after it, never for more than 48 hours.
    `owner` names who asked (e.g. "orders.order"); those above point to it and learn of its fate by events.
    """

    TRANSITIONS = FULFILLMENT_TRANSITIONS

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    owner = models.CharField(_("owner"), max_length=40)
    way = models.CharField(_("way"), max_length=10, choices=Way.choices)
    status = models.CharField(
        _("status"), max_length=12, choices=FulfillmentStatus.choices, default=FulfillmentStatus.PLANNED
    )
    pickup_store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("pickup store")
    )
    recipient_name = models.CharField(_("recipient"), max_length=60, blank=True)
    recipient_phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200, blank=True)
    district = models.ForeignKey(
        "stores.District", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("district")
    )
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    lat = models.FloatField(_("latitude"))
    lng = models.FloatField(_("longitude"))
    promised_on = models.DateField(_("promised on"))
    slot_starts_at = models.DateTimeField(_("try-on starts at"), null=True, blank=True)
    slot_ends_at = models.DateTimeField(_("try-on ends at"), null=True, blank=True)
    kept_until = models.DateTimeField(_("kept until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("fulfillment")
        verbose_name_plural = _("fulfillments")
        constraints = [
            models.CheckConstraint(
                condition=~Q(way="try_on")
                | Q(slot_starts_at__lt=F("slot_ends_at"), kept_until__lte=F("created_at") + timedelta(hours=48)),
                name="fulfillment_try_on_within_two_days",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.way} {self.status}"


class FulfillmentLine(models.Model):
    fulfillment = models.ForeignKey(Fulfillment, models.PROTECT, related_name="lines", verbose_name=_("fulfillment"))
    variant = models.ForeignKey("inventory.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    quantity = models.PositiveIntegerField(_("quantity"))
    declared_value_fen = models.PositiveBigIntegerField(_("declared value of the line (fen)"))

    class Meta:
        verbose_name = _("fulfillment line")
        verbose_name_plural = _("fulfillment lines")
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="fulfillment_line_positive")]

    def __str__(self) -> str:
        return f"{self.variant_id} x {self.quantity}"
