"""How a brand chooses stores, why it chose these, and how they answered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fulfillment.choices import DecisionKind, RuleCode
from fulfillment.models.demand import Fulfillment


class RoutingRule(models.Model):
    """How a brand chooses stores. No row for a brand: the defaults of these columns."""

    brand = models.OneToOneField("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    order = ArrayField(
        models.CharField(max_length=20, choices=RuleCode.choices), default=list, blank=True, verbose_name=_("rules")
    )
    offer_minutes = models.PositiveIntegerField(_("minutes to answer an offer"), default=30)
    max_attempts = models.PositiveSmallIntegerField(_("offers before parking"), default=5)
    courier_reach_metres = models.PositiveIntegerField(_("courier reach (metres)"), default=60_000)
    opening_wait_minutes = models.PositiveIntegerField(_("longest wait for a store to open (minutes)"), default=1080)
    max_stores = models.PositiveSmallIntegerField(_("most stores for an order"), default=3)
    min_split_value_fen = models.PositiveIntegerField(_("least value of a split share (fen)"), default=0)
    count_max_age_days = models.PositiveIntegerField(_("oldest stock count (days)"), null=True, blank=True)
    pickup_keep_hours = models.PositiveIntegerField(_("hours a collection is kept"), default=72)
    preparation_minutes = models.PositiveIntegerField(_("opening minutes to pick and pack"), default=60, db_default=60)
    overdue_minutes = models.PositiveIntegerField(
        _("opening minutes until an overdue order is taken away"), default=60, db_default=60
    )
    cancel_answer_minutes = models.PositiveIntegerField(
        _("minutes to answer a cancellation"), default=30, db_default=30
    )

    class Meta:
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")

    def __str__(self) -> str:
        return f"{self.brand_id}: {', '.join(self.order) or 'nearest'}"


class RoutingDecision(models.Model):
    """Why these stores: one compact row a decision. `record` is described in `fulfillment.rules`."""

    fulfillment = models.ForeignKey(
        Fulfillment, models.PROTECT, related_name="decisions", verbose_name=_("fulfillment")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=DecisionKind.choices)
    decided_at = models.DateTimeField(_("decided at"))
    record = models.JSONField(_("record"))

    class Meta:
        verbose_name = _("routing decision")
        verbose_name_plural = _("routing decisions")

    def __str__(self) -> str:
        return f"{self.fulfillment_id} {self.kind}"


class AcceptanceRecord(models.Model):
    """How a store answered the offers of the last 30 days; counted anew now and then by the sweeper."""

    store = models.OneToOneField("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    offers = models.PositiveIntegerField(_("offers answered or missed"))
    accepted = models.PositiveIntegerField(_("accepted"))
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("acceptance record")
        verbose_name_plural = _("acceptance records")
        constraints = [
            models.CheckConstraint(condition=Q(accepted__lte=F("offers")), name="fulfillment_acceptance_within_offers")
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.accepted}/{self.offers}"
