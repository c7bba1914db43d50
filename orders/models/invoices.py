from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.choices import INVOICE_TRANSITIONS, InvoiceKind, InvoiceStatus, TitleKind


class Invoice(models.Model):
    """The electronic invoice of an order: one, for what was sold and not returned.

    `lines` are frozen when it is asked for ([name, units, amount in fen, rate in ppm, VAT in fen] each). After a return
    the whole is taken back by a red invoice, and what is left is invoiced in another `round`.
    """

    TRANSITIONS = INVOICE_TRANSITIONS

    order = models.OneToOneField("orders.Order", models.PROTECT, related_name="invoice", verbose_name=_("order"))
    number = models.CharField(_("number"), max_length=32, unique=True)
    title_kind = models.CharField(_("kind of title"), max_length=8, choices=TitleKind.choices)
    title = models.CharField(_("title"), max_length=100)
    tax_number = models.CharField(_("tax number"), max_length=18, blank=True)
    email_sealed = models.CharField(_("e-mail (encrypted)"), max_length=600, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=InvoiceStatus.choices, default=InvoiceStatus.REQUESTED
    )
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    tax_fen = models.PositiveBigIntegerField(_("VAT in it (fen)"))
    lines = models.JSONField(_("lines"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    requested_at = models.DateTimeField(_("requested at"))
    issued_at = models.DateTimeField(_("issued at"), null=True, blank=True)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="orders_invoice_positive"),
            models.CheckConstraint(
                condition=~Q(title_kind="company") | ~Q(tax_number=""), name="orders_invoice_company_has_number"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="orders_invoice_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class InvoiceDocument(models.Model):
    """What the provider issued: a blue invoice, or the red one that takes it back (below zero). Append-only."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="documents", verbose_name=_("invoice"))
    kind = models.CharField(_("kind"), max_length=4, choices=InvoiceKind.choices)
    serial = models.CharField(_("our serial"), max_length=40, unique=True)
    number = models.CharField(_("invoice number"), max_length=40)
    pdf_url = models.CharField(_("link"), max_length=300)
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    tax_fen = models.BigIntegerField(_("VAT in it (fen)"))
    issued_at = models.DateTimeField(_("issued at"))

    class Meta:
        verbose_name = _("issued invoice")
        verbose_name_plural = _("issued invoices")

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.amount_fen}"
