"""Codes that are told at the counter or the door."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fulfillment.choices import PickupCodePurpose, PickupCodeStatus
from fulfillment.models.order import FulfillmentOrder


class PickupCode(models.Model):
    """Six digits bound to a fulfillment order and its store: five tries, dies on use."""

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, models.PROTECT, related_name="pickup_codes", verbose_name=_("fulfillment order")
    )
    purpose = models.CharField(_("purpose"), max_length=8, choices=PickupCodePurpose.choices)
    code_sealed = models.CharField(_("code (encrypted)"), max_length=120)
    code_index = models.CharField(_("code (blind index)"), max_length=64)
    tries_left = models.PositiveSmallIntegerField(_("tries left"), default=5)
    status = models.CharField(
        _("status"), max_length=8, choices=PickupCodeStatus.choices, default=PickupCodeStatus.ISSUED
    )
    issued_at = models.DateTimeField(_("issued at"))
    redeemed_at = models.DateTimeField(_("used at"), null=True, blank=True)
    redeemed_by = models.CharField(_("used by"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("pickup code")
        verbose_name_plural = _("pickup codes")
        constraints = [
            models.UniqueConstraint(
                fields=["fulfillment_order", "purpose"],
                condition=Q(status="issued"),
                name="fulfillment_pickup_code_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.fulfillment_order_id} {self.purpose} {self.status}"


class CodeTries(models.Model):
    """How many codes somebody may still look up in a store before they wait: guesses that name no order."""

    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    actor = models.CharField(_("who"), max_length=60)
    tries_left = models.PositiveSmallIntegerField(_("tries left"))
    renewed_at = models.DateTimeField(_("all tries again at"))

    class Meta:
        verbose_name = _("tries of codes")
        verbose_name_plural = _("tries of codes")
        constraints = [models.UniqueConstraint(fields=["store", "actor"], name="fulfillment_code_tries_unique")]

    def __str__(self) -> str:
        return f"{self.store_id} {self.actor} {self.tries_left}"
