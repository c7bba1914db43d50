"""What a store has: levels, movements, promises, and what must be counted."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inventory.choices import (
    LIVE_RESERVATIONS,
    RESERVATION_TRANSITIONS,
    AdjustmentReason,
    MovementKind,
    ReservationStatus,
)
from inventory.models.catalogue import Variant


class StockLevel(models.Model):
    """What one store has of one variant. Sellable = on_hand - held - allocated - unsellable - safety.

    No quantity is in any index, so that every stock update stays a heap-only one. `bin`: where in the store it lies.
    """

    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+", verbose_name=_("variant"), db_index=False)
    on_hand = models.IntegerField(_("on hand"), default=0)
    held = models.IntegerField(_("held"), default=0)
    allocated = models.IntegerField(_("allocated"), default=0)
    unsellable = models.IntegerField(_("unsellable"), default=0)
    safety = models.IntegerField(_("safety stock"), default=0)
    counted_on = models.DateField(_("counted on"), null=True, blank=True)
    bin = models.CharField(_("place on the shelf"), max_length=20, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        constraints = [
            models.UniqueConstraint(fields=["variant", "store"], name="inventory_stock_level_unique"),
            models.CheckConstraint(
                condition=Q(on_hand__gte=0, held__gte=0, allocated__gte=0, unsellable__gte=0, safety__gte=0),
                name="inventory_stock_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(on_hand__gte=F("held") + F("allocated") + F("unsellable")),
                name="inventory_stock_not_oversold",
            ),
        ]
        indexes = [
            # Where a plan can begin. A hold leaves it as it is: only goods that come and go are written to it.
            models.Index(fields=["variant", "store"], condition=Q(on_hand__gt=0), name="inventory_stock_level_on_hand"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}@{self.store_id}: {self.on_hand}"

    @property
    def sellable(self) -> int:
        """How many units may still be promised."""
        return max(0, self.on_hand - self.held - self.allocated - self.unsellable - self.safety)


class StockMovement(models.Model):
    """Every change of on_hand, append-only. `cause` is unique: the same cause never moves stock twice."""

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="movements", verbose_name=_("stock level"))
    kind = models.CharField(_("kind"), max_length=12, choices=MovementKind.choices)
    quantity = models.IntegerField(_("quantity"))
    cause = models.CharField(_("cause"), max_length=80, unique=True)
    actor = models.CharField(_("actor"), max_length=60)
    moved_at = models.DateTimeField(_("moved at"))

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="inventory_movement_not_zero")]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity:+d}"


class Reservation(models.Model):
    """Units promised to an owner above ("fulfillment_order:12"), counted in the level's held or allocated."""

    TRANSITIONS = RESERVATION_TRANSITIONS

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="reservations", verbose_name=_("stock level"))
    quantity = models.PositiveIntegerField(_("quantity"))
    status = models.CharField(_("status"), max_length=10, choices=ReservationStatus.choices)
    owner = models.CharField(_("owner"), max_length=60)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_reservation_positive")]
        indexes = [
            models.Index(fields=["owner"], name="inventory_reservation_owner"),
            models.Index(
                fields=["level"], condition=Q(status__in=LIVE_RESERVATIONS), name="inventory_reservation_live"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.quantity} {self.status}"


class CountTask(models.Model):
    """A stock level that somebody must count: opened by "not found" and by found goods."""

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="count_tasks", verbose_name=_("stock level"))
    reason = models.CharField(_("reason"), max_length=40)
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("count task")
        verbose_name_plural = _("count tasks")
        constraints = [
            models.UniqueConstraint(
                fields=["level"], condition=Q(closed_at__isnull=True), name="inventory_count_task_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.level_id} {self.reason}"


class StockAdjustment(models.Model):
    """What somebody put right by hand and why, append-only; units to the books and to those set aside."""

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="adjustments", verbose_name=_("stock level"))
    reason = models.CharField(_("reason"), max_length=12, choices=AdjustmentReason.choices)
    on_hand = models.IntegerField(_("change of on hand"))
    unsellable = models.IntegerField(_("change of unsellable"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    actor = models.CharField(_("actor"), max_length=60)
    adjusted_at = models.DateTimeField(_("adjusted at"))

    class Meta:
        verbose_name = _("stock adjustment")
        verbose_name_plural = _("stock adjustments")
        constraints = [
            models.CheckConstraint(condition=~Q(on_hand=0, unsellable=0), name="inventory_adjustment_not_zero")
        ]

    def __str__(self) -> str:
        return f"{self.level_id} {self.reason} {self.on_hand:+d}/{self.unsellable:+d}"
