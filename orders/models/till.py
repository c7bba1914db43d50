from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.choices import DRAWER_TRANSITIONS, DrawerStatus, MovementKind
from orders.models.order import PaymentIntent, Refund


class DrawerSession(models.Model):
    """A till from its opening to its count; all tenders taken there are its own, cash or not.

    Expected is the float and all movements; it is fixed by the count, which is made blind. `counts` holds the pieces of
    each denomination, {fen: pieces}. A difference above the limit waits for the manager.
    """

    TRANSITIONS = DRAWER_TRANSITIONS

    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    till = models.CharField(_("till"), max_length=20)
    status = models.CharField(_("status"), max_length=10, choices=DrawerStatus.choices, default=DrawerStatus.OPEN)
    float_fen = models.PositiveBigIntegerField(_("float (fen)"))
    counts = models.JSONField(_("counted pieces"), default=dict, db_default={})
    counted_fen = models.PositiveBigIntegerField(_("counted (fen)"), null=True, blank=True)
    expected_fen = models.BigIntegerField(_("expected (fen)"), null=True, blank=True)
    difference_fen = models.BigIntegerField(_("difference (fen)"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=120, blank=True)
    opened_by = models.CharField(_("opened by"), max_length=60)
    opened_at = models.DateTimeField(_("opened at"))
    counted_by = models.CharField(_("counted by"), max_length=60, blank=True)
    counted_at = models.DateTimeField(_("counted at"), null=True, blank=True)
    confirmed_by = models.CharField(_("confirmed by"), max_length=60, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("till session")
        verbose_name_plural = _("till sessions")
        constraints = [
            models.UniqueConstraint(
                fields=["store", "till"], condition=Q(status=DrawerStatus.OPEN), name="orders_drawer_one_open"
            ),
            models.CheckConstraint(
                condition=Q(status=DrawerStatus.OPEN, counted_fen__isnull=True, expected_fen__isnull=True)
                | Q(difference_fen=F("counted_fen") - F("expected_fen")),
                name="orders_drawer_difference_adds_up",
            ),
        ]
        indexes = [models.Index(fields=["store", "-opened_at"], name="orders_drawer_newest")]

    def __str__(self) -> str:
        return f"{self.store_id} {self.till} {self.status}"


class DrawerMovement(models.Model):
    """Cash that went into a drawer (above zero) or out of it. Append-only; `cause` is unique, so each happens once."""

    session = models.ForeignKey(DrawerSession, models.PROTECT, related_name="movements", verbose_name=_("till session"))
    kind = models.CharField(_("kind"), max_length=10, choices=MovementKind.choices)
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    intent = models.OneToOneField(
        PaymentIntent, models.PROTECT, null=True, blank=True, related_name="movement", verbose_name=_("payment")
    )
    refund = models.OneToOneField(
        Refund, models.PROTECT, null=True, blank=True, related_name="movement", verbose_name=_("refund")
    )
    cause = models.CharField(_("cause"), max_length=60, unique=True)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    actor = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("movement of cash")
        verbose_name_plural = _("movements of cash")
        constraints = [models.CheckConstraint(condition=~Q(amount_fen=0), name="orders_movement_moves")]

    def __str__(self) -> str:
        return f"{self.cause} {self.amount_fen}"


class TillSlip(models.Model):
    """What the paper says of a tender that was taken at a till, or given back there. Append-only.

    Cash: what was given (the change is the rest). Card: terminal, batch and trace number, unique together. The mall's
    till: its receipt number, unique per mall and day; `receipt_on` is the day on the receipt.
    """

    intent = models.OneToOneField(
        PaymentIntent, models.PROTECT, null=True, blank=True, related_name="slip", verbose_name=_("payment")
    )
    refund = models.OneToOneField(
        Refund, models.PROTECT, null=True, blank=True, related_name="slip", verbose_name=_("refund")
    )
    given_fen = models.PositiveBigIntegerField(_("given (fen)"), null=True, blank=True)
    terminal = models.CharField(_("terminal"), max_length=20, blank=True)
    batch = models.CharField(_("batch"), max_length=12, blank=True)
    trace = models.CharField(_("trace number"), max_length=12, blank=True)
    mall = models.ForeignKey(
        "stores.Counterparty", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("mall")
    )
    receipt_number = models.CharField(_("receipt number"), max_length=40, blank=True)
    receipt_on = models.DateField(_("date of the receipt"), null=True, blank=True)
    actor = models.CharField(_("by"), max_length=60)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("slip of a till")
        verbose_name_plural = _("slips of tills")
        constraints = [
            models.CheckConstraint(
                condition=Q(intent__isnull=False, refund__isnull=True) | Q(intent__isnull=True, refund__isnull=False),
                name="orders_slip_payment_or_refund",
            ),
            models.UniqueConstraint(
                fields=["terminal", "batch", "trace"], condition=~Q(terminal=""), name="orders_slip_card_unique"
            ),
            models.UniqueConstraint(
                fields=["mall", "receipt_on", "receipt_number"],
                condition=Q(mall__isnull=False),
                name="orders_slip_mall_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent_id or self.refund_id} {self.trace or self.receipt_number}"
