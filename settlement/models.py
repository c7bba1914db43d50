from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from settlement.choices import AccountType, CreditCase, CreditRole, RuleKind


class RuleVersion(models.Model):
    """A dated, approved version of a rule. CREDIT_SPLIT `params`: {case: {role: ppm}}, each case exactly 1,000,000.

    `brand` null: the default of every brand. A second person approves; approved versions never overlap or change.
    """

    brand = models.ForeignKey(
        "stores.Brand", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("brand")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=RuleKind.choices)
    valid = DateRangeField(_("valid"))
    params = models.JSONField(_("parameters"))
    drafted_by = models.CharField(_("drafted by"), max_length=60)
    approved_by = models.CharField(_("approved by"), max_length=60, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)

    class Meta:
        verbose_name = _("rule version")
        verbose_name_plural = _("rule versions")
        constraints = [
            ExclusionConstraint(
                name="settlement_rule_no_overlap",
                expressions=[
                    (Coalesce(F("brand"), 0), RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
                condition=Q(approved_at__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | ~Q(approved_by=F("drafted_by")),
                name="settlement_rule_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.valid}"

    @property
    def starts_on(self) -> date:
        """Return the first day on which it applies."""
        return self.valid.lower or date.min

    @property
    def ends_on(self) -> date:
        """Return the first day on which it no longer applies; the end of time while none is set."""
        return self.valid.upper or date.max


class CreditEntry(models.Model):
    """Performance credit of one role in one recognised sale; a KPI, never a payable. Append-only.

    A return takes back what each role was credited with (`reversal_of`), piece by piece. HANDLING is no share of a
    sale: a fixed amount for the store that received a piece, if a rule says so.
    """

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    recognition = models.ForeignKey(
        "orders.Recognition", models.PROTECT, related_name="+", verbose_name=_("recognised sale")
    )
    rule_version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="+", verbose_name=_("rule version"))
    case = models.CharField(_("case"), max_length=16, choices=CreditCase.choices)
    role = models.CharField(_("role"), max_length=12, choices=CreditRole.choices)
    store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("store")
    )
    guide = models.ForeignKey(
        "stores.Staff", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("guide")
    )
    share_ppm = models.PositiveIntegerField(_("share (ppm)"))
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    reversal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals", verbose_name=_("takes back")
    )
    business_on = models.DateField(_("business date"))
    booked_at = models.DateTimeField(_("booked at"))

    class Meta:
        verbose_name = _("sales credit")
        verbose_name_plural = _("sales credits")
        constraints = [
            models.UniqueConstraint(fields=["recognition", "role"], name="settlement_credit_unique"),
        ]
        indexes = [models.Index(fields=["store", "business_on"], name="settlement_credit_store_day")]

    def __str__(self) -> str:
        return f"{self.recognition_id} {self.role} {self.amount_fen}"


class Account(models.Model):
    """A ledger account of a brand, e.g. `prepayment`, `psp_transit:wechat`. It carries no balance."""

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    code = models.CharField(_("code"), max_length=60)
    type = models.CharField(_("type"), max_length=10, choices=AccountType.choices)

    class Meta:
        verbose_name = pgettext_lazy("ledger", "account")
        verbose_name_plural = pgettext_lazy("ledger", "accounts")
        constraints = [models.UniqueConstraint(fields=["brand", "code"], name="settlement_account_unique")]

    def __str__(self) -> str:
        return self.code


class JournalEntry(models.Model):
    """A balanced set of journal lines, append-only. `cause` is unique: an event is booked once.

    `reversal_of` is the sale that a return takes back, piece by piece.
    """

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    cause = models.CharField(_("cause"), max_length=60, unique=True)
    order = models.ForeignKey(
        "orders.Order", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("order")
    )
    business_on = models.DateField(_("business date"))
    booked_at = models.DateTimeField(_("booked at"))
    memo = models.CharField(_("memo"), max_length=120, blank=True)
    reversal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals", verbose_name=_("takes back")
    )

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")

    def __str__(self) -> str:
        return self.cause


class JournalLine(models.Model):
    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="lines", verbose_name=_("journal entry"))
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="lines", verbose_name=pgettext_lazy("ledger", "account")
    )
    debit_fen = models.PositiveBigIntegerField(_("debit (fen)"), default=0)
    credit_fen = models.PositiveBigIntegerField(_("credit (fen)"), default=0)

    class Meta:
        verbose_name = _("journal line")
        verbose_name_plural = _("journal lines")
        constraints = [
            models.CheckConstraint(
                condition=Q(debit_fen__gt=0, credit_fen=0) | Q(debit_fen=0, credit_fen__gt=0),
                name="settlement_line_one_side",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.debit_fen}/{self.credit_fen}"
