from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.choices import TRY_ON_TRANSITIONS, TryOnStatus


class TryOn(models.Model):
    """A booking of goods to try on in a store. The goods are held by its fulfillment, which knows until when.

    Nothing is paid or sold by it. `due_at` is when the sweeper reminds the shopper, then when it ends the booking;
    null: it is over, and nothing is held for it any more.
    """

    TRANSITIONS = TRY_ON_TRANSITIONS

    number = models.CharField(_("number"), max_length=32, unique=True)
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    fulfillment = models.OneToOneField(
        "fulfillment.Fulfillment", models.PROTECT, related_name="+", verbose_name=_("fulfillment")
    )
    status = models.CharField(_("status"), max_length=12, choices=TryOnStatus.choices, default=TryOnStatus.REQUESTED)
    contact_name = models.CharField(_("contact"), max_length=60)
    contact_phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200)
    contact_phone_index = models.CharField(_("phone (blind index)"), max_length=64)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    booked_at = models.DateTimeField(_("booked at"))
    is_reminded = models.BooleanField(_("reminded"), default=False)
    due_at = models.DateTimeField(_("to be looked at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("try-on")
        verbose_name_plural = _("try-ons")
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="orders_try_on_slot"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False) | Q(due_at__isnull=False), name="orders_try_on_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="orders_try_on_due"),
            models.Index(fields=["contact_phone_index"], name="orders_try_on_phone"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class TryOnLine(models.Model):
    """One piece to try on; `is_kept` is null until somebody has tried it on."""

    try_on = models.ForeignKey(TryOn, models.PROTECT, related_name="lines", verbose_name=_("try-on"))
    fulfillment_line = models.OneToOneField(
        "fulfillment.FulfillmentLine", models.PROTECT, related_name="+", verbose_name=_("fulfillment line")
    )
    variant = models.ForeignKey("inventory.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    sku = models.CharField(_("SKU"), max_length=40)
    is_kept = models.BooleanField(pgettext_lazy("try-on", "kept"), null=True, blank=True)

    class Meta:
        verbose_name = _("piece to try on")
        verbose_name_plural = _("pieces to try on")

    def __str__(self) -> str:
        return self.sku
