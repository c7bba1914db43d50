from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.choices import (
    FINAL_RETURNS,
    RETURN_TRANSITIONS,
    Condition,
    ReturnKind,
    ReturnReason,
    ReturnStatus,
    ReturnWay,
)
from orders.models.order import Checkout, Order, OrderLine, Recognition, Refund


class ReturnPolicy(models.Model):
    """What a brand promises about returns. No row for a brand: the defaults of these columns.

    Days count from the day after the goods arrived. The shopper pays the collection unless the fault is ours, or the
    fee is nothing. A parcel that nobody looks at in time is refunded as if it were to be repaired.
    """

    brand = models.OneToOneField("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    days = models.PositiveSmallIntegerField(_("days to change one's mind"), default=7)
    fault_days = models.PositiveSmallIntegerField(_("days to report a fault"), default=30)
    arrive_days = models.PositiveSmallIntegerField(_("days to bring it"), default=10)
    inspect_hours = models.PositiveSmallIntegerField(_("hours to look at it"), default=48)
    difference_hours = models.PositiveSmallIntegerField(_("hours to pay the difference of an exchange"), default=24)
    collection_fee_fen = models.PositiveIntegerField(_("collection (fen)"), default=1200)

    class Meta:
        verbose_name = _("return policy")
        verbose_name_plural = _("return policies")

    def __str__(self) -> str:
        return f"{self.brand_id}: {self.days}/{self.fault_days}"


class Return(models.Model):
    """Pieces of an order on their way back, to any store of the brand. An exchange has a replacement beside it.

    The amounts are frozen when it is agreed: goods + delivery - collection = refund. `due_at` is when the sweeper gives
    it up (it never arrived), takes it back unseen (nobody looked), or ends the wait for the difference of an exchange.
    `credit_fen` is the part of the refund that pays for the replacement. `collection` is the courier who was asked to
    fetch it; when none brings it, it may be brought, and the fee is nobody's. `cancel_asked_at`: the shopper called it
    off, and the courier company has still to confirm. `allowed_by` has let pieces come back out of their time.
    """

    TRANSITIONS = RETURN_TRANSITIONS

    number = models.CharField(_("number"), max_length=32, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="returns", verbose_name=_("order"))
    checkout = models.ForeignKey(Checkout, models.PROTECT, related_name="returns", verbose_name=_("checkout"))
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    kind = models.CharField(_("kind"), max_length=10, choices=ReturnKind.choices)
    way = models.CharField(_("way"), max_length=10, choices=ReturnWay.choices)
    status = models.CharField(_("status"), max_length=20, choices=ReturnStatus.choices, default=ReturnStatus.REQUESTED)
    reason = models.CharField(_("reason"), max_length=20, choices=ReturnReason.choices)
    goods_fen = models.PositiveBigIntegerField(_("goods (fen)"))
    delivery_fen = models.PositiveBigIntegerField(_("delivery given back (fen)"), default=0)
    collection_fen = models.PositiveBigIntegerField(_("collection (fen)"), default=0)
    credit_fen = models.PositiveBigIntegerField(_("used for the replacement (fen)"), default=0)
    replacement = models.OneToOneField(
        Order, models.PROTECT, null=True, blank=True, related_name="replaces", verbose_name=_("replacement")
    )
    refund = models.OneToOneField(
        Refund, models.PROTECT, null=True, blank=True, related_name="goods_return", verbose_name=_("refund")
    )
    receiving_store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("receiving store")
    )
    collection = models.OneToOneField(
        "fulfillment.Collection",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("collection at the door"),
    )
    cancel_asked_at = models.DateTimeField(_("to be called off since"), null=True, blank=True)
    received_by = models.CharField(_("received by"), max_length=60, blank=True)
    allowed_by = models.ForeignKey(
        "stores.Staff",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("allowed out of time by"),
    )
    refuse_reason = models.CharField(_("reason of the refusal"), max_length=120, blank=True)
    requested_at = models.DateTimeField(_("requested at"))
    received_at = models.DateTimeField(_("received at"), null=True, blank=True)
    inspected_at = models.DateTimeField(_("looked at on"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    due_at = models.DateTimeField(_("to be looked at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        constraints = [
            models.CheckConstraint(
                condition=Q(collection_fen__lte=models.F("goods_fen") + models.F("delivery_fen")),
                name="orders_return_collection_within_goods",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="orders_return_due"),
            models.Index(
                fields=["receiving_store", "status"],
                condition=~Q(status__in=FINAL_RETURNS),
                name="orders_return_desk",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"

    @property
    def refund_fen(self) -> int:
        """What goes back to the shopper in all, as credit or as money."""
        return self.goods_fen + self.delivery_fen - self.collection_fen


class ReturnLine(models.Model):
    """One piece of a return: one unit of one sale, at its place among the sale's units, so that parts sum to the fen.

    `is_live` ends when the piece stays with the shopper after all; it may then be returned anew.
    """

    case = models.ForeignKey(Return, models.PROTECT, related_name="lines", verbose_name=_("return"))
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="return_lines", verbose_name=_("order line"))
    sale = models.ForeignKey(Recognition, models.PROTECT, related_name="+", verbose_name=_("recognised sale"))
    unit = models.PositiveIntegerField(_("unit of the sale"))
    refund_fen = models.PositiveBigIntegerField(_("refund (fen)"))
    condition = models.CharField(_("condition"), max_length=12, choices=Condition.choices, blank=True)
    is_live = models.BooleanField(_("live"), default=True)
    mirror = models.OneToOneField(
        Recognition, models.PROTECT, null=True, blank=True, related_name="return_line", verbose_name=_("reversal")
    )

    class Meta:
        verbose_name = _("returned piece")
        verbose_name_plural = _("returned pieces")
        constraints = [
            models.UniqueConstraint(fields=["sale", "unit"], condition=Q(is_live=True), name="orders_return_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id} #{self.unit} {self.condition}"
