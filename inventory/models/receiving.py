"""Goods on their way into a store, and what was received of them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.choices import (
    RECEIPT_TRANSITIONS,
    SHIPMENT_TRANSITIONS,
    DifferenceReason,
    ReceiptStatus,
    ShipmentKind,
    ShipmentStatus,
)
from inventory.models.catalogue import Variant


class Shipment(models.Model):
    """Goods for a store: announced by whoever delivers (ASN), or sent by another store of the brand (transfer).

    An ASN is known by its sender's `reference`. What a transfer has sent stands in the brand's place for goods on
    their way until it is received or written off; when it is not by `due_at`, `overdue_at` says that this was noticed.
    """

    TRANSITIONS = SHIPMENT_TRANSITIONS

    number = models.CharField(_("number"), max_length=32, unique=True)
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    kind = models.CharField(_("kind"), max_length=10, choices=ShipmentKind.choices)
    from_store = models.ForeignKey(
        "stores.Store",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("shipment", "from"),
    )
    to_store = models.ForeignKey(
        "stores.Store", models.PROTECT, related_name="+", verbose_name=pgettext_lazy("shipment", "to")
    )
    # Whose draft it is: the store that sends, or the one that asks.
    made_in = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("made in")
    )
    reference = models.CharField(_("the sender's number"), max_length=40, blank=True)
    sender = models.CharField(_("sender"), max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=ShipmentStatus.choices)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    created_by = models.CharField(_("made by"), max_length=60)
    created_at = models.DateTimeField(_("made at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    due_at = models.DateTimeField(_("to be received by"), null=True, blank=True)
    overdue_at = models.DateTimeField(_("noticed to be late at"), null=True, blank=True)
    close_reason = models.CharField(_("why it differs"), max_length=14, choices=DifferenceReason.choices, blank=True)
    close_note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "reference"], condition=Q(kind=ShipmentKind.ASN), name="inventory_asn_reference_unique"
            ),
            models.CheckConstraint(
                condition=Q(kind=ShipmentKind.ASN) & ~Q(reference="")
                | Q(kind=ShipmentKind.TRANSFER, from_store__isnull=False) & ~Q(from_store=F("to_store")),
                name="inventory_shipment_has_sender",
            ),
        ]
        indexes = [
            models.Index(fields=["to_store", "-created_at"], name="inventory_shipment_to"),
            models.Index(fields=["from_store", "-created_at"], name="inventory_shipment_from"),
            models.Index(fields=["due_at"], condition=Q(overdue_at__isnull=True), name="inventory_shipment_due"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class ShipmentLine(models.Model):
    """Units of a variant: announced or sent (0: it came and was not on the list), received, damaged among those."""

    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="lines", verbose_name=_("shipment"))
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+", verbose_name=_("variant"))
    quantity = models.PositiveIntegerField(_("quantity"))
    received = models.PositiveIntegerField(_("received"), default=0)
    damaged = models.PositiveIntegerField(_("damaged"), default=0)
    written_off = models.PositiveIntegerField(_("written off"), default=0)

    class Meta:
        verbose_name = _("shipment line")
        verbose_name_plural = _("shipment lines")
        constraints = [
            models.UniqueConstraint(fields=["shipment", "variant"], name="inventory_shipment_line_unique"),
            models.CheckConstraint(condition=Q(damaged__lte=F("received")), name="inventory_shipment_line_damaged"),
            models.CheckConstraint(
                condition=Q(written_off=0) | Q(quantity__gte=F("received") + F("written_off")),
                name="inventory_shipment_line_written_off",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shipment_id} {self.variant_id} {self.received}/{self.quantity}"

    @property
    def missing(self) -> int:
        """Return how many units are still on their way, or never came."""
        return max(0, self.quantity - self.received - self.written_off)

    @property
    def extra(self) -> int:
        """Return how many units came beyond the list."""
        return max(0, self.received - self.quantity)


class Receipt(models.Model):
    """One act of receiving: counted in by one clerk or several, then booked. A shipment has one open at a time."""

    TRANSITIONS = RECEIPT_TRANSITIONS

    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="receipts", verbose_name=_("shipment"))
    status = models.CharField(_("status"), max_length=10, choices=ReceiptStatus.choices, default=ReceiptStatus.OPEN)
    is_blind = models.BooleanField(_("without the list"), default=False)
    opened_by = models.CharField(_("opened by"), max_length=60)
    opened_at = models.DateTimeField(_("opened at"))
    booked_at = models.DateTimeField(_("booked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [
            models.UniqueConstraint(
                fields=["shipment"], condition=Q(status=ReceiptStatus.OPEN), name="inventory_receipt_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.shipment_id} {self.status}"


class ReceiptLine(models.Model):
    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="lines", verbose_name=_("receipt"))
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+", verbose_name=_("variant"))
    quantity = models.PositiveIntegerField(_("quantity"))
    damaged = models.PositiveIntegerField(_("damaged"), default=0)

    class Meta:
        verbose_name = _("receipt line")
        verbose_name_plural = _("receipt lines")
        constraints = [
            models.UniqueConstraint(fields=["receipt", "variant"], name="inventory_receipt_line_unique"),
            models.CheckConstraint(condition=Q(damaged__lte=F("quantity")), name="inventory_receipt_line_damaged"),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.variant_id} {self.quantity}"
