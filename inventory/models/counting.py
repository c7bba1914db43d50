"""Cycle counts: what is to be counted, what was counted when, and what the books said at that moment."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory.choices import COUNT_TRANSITIONS, CountScope, CountStatus
from inventory.models.catalogue import Category, Product
from inventory.models.stock import StockLevel


class Count(models.Model):
    """A count in one store, planned, counted blind, looked at, and approved by a manager."""

    TRANSITIONS = COUNT_TRANSITIONS

    number = models.CharField(_("number"), max_length=32, unique=True)
    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    scope = models.CharField(_("scope"), max_length=10, choices=CountScope.choices)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    shelf = models.CharField(_("shelf"), max_length=20, blank=True, default="", db_default="")
    status = models.CharField(_("status"), max_length=10, choices=CountStatus.choices, default=CountStatus.COUNTING)
    planned_by = models.CharField(_("planned by"), max_length=60)
    planned_at = models.DateTimeField(_("planned at"))
    closed_by = models.CharField(_("closed by"), max_length=60, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("count")
        verbose_name_plural = _("counts")
        indexes = [models.Index(fields=["store", "-planned_at"], name="inventory_count_of_store")]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class CountLine(models.Model):
    """A level of a count. No level is in two counts at once. The last three are written when it is approved."""

    count = models.ForeignKey(Count, models.PROTECT, related_name="lines", verbose_name=_("count"))
    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="+", verbose_name=_("stock level"))
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    is_planned = models.BooleanField(_("planned"), default=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    counted = models.IntegerField(_("counted"), null=True, blank=True)
    books = models.IntegerField(_("on the books when counted"), null=True, blank=True)

    class Meta:
        verbose_name = _("count line")
        verbose_name_plural = _("count lines")
        constraints = [
            models.UniqueConstraint(fields=["count", "level"], name="inventory_count_line_unique"),
            models.UniqueConstraint(
                fields=["level"], condition=Q(closed_at__isnull=True), name="inventory_count_line_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count_id} {self.level_id}"


class CountEntry(models.Model):
    """Pieces that somebody counted (or took back), append-only, with the books as they were at that moment.

    `seen_movement` is the last movement of the level before it: written under the level's lock, so that every other
    movement is either in `books` or has a greater id.
    """

    line = models.ForeignKey(CountLine, models.PROTECT, related_name="entries", verbose_name=_("count line"))
    round = models.PositiveSmallIntegerField(_("round"))
    quantity = models.IntegerField(_("quantity"))
    books = models.IntegerField(_("on the books"))
    seen_movement = models.BigIntegerField(_("last movement"))
    counted_by = models.CharField(_("counted by"), max_length=60)
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("count entry")
        verbose_name_plural = _("count entries")

    def __str__(self) -> str:
        return f"{self.line_id} {self.quantity:+d}"
