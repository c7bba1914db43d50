"""A store's share of a demand, and what it is picked and packed into."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fulfillment.choices import FULFILLMENT_ORDER_TRANSITIONS, DeclineReason, FulfillmentOrderStatus, RejectReason
from fulfillment.models.demand import Fulfillment, FulfillmentLine


class PickWave(models.Model):
    """Several orders that a store fetches from its shelves in one round.

    It is under way as long as one of its orders is being picked: nothing has to be closed, nothing can be forgotten.
    """

    number = models.CharField(_("number"), max_length=32, unique=True)
    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    started_by = models.CharField(_("started by"), max_length=60)
    started_at = models.DateTimeField(_("started at"))

    class Meta:
        verbose_name = _("picking wave")
        verbose_name_plural = _("picking waves")
        indexes = [models.Index(fields=["store", "-id"], name="fulfillment_wave_store")]

    def __str__(self) -> str:
        return self.number


class FulfillmentOrder(models.Model):
    """One store's share of a demand. After a rejection a new one (attempt + 1, no store yet) takes its lines over.

    `deadline_at` is when the silence of the store, or of the shopper, has a consequence; `held_deadline_at` is the one
    that a wish to cancel has put off. `overdue_at` is since when somebody above the store should look at it;
    `late_at` remembers for ever that the store did not prepare it in time.
    A step that is due and fails (or whose worker dies) counts in `failures` and is put off for longer each time.
    Rejections before `round_started_at` no longer exclude a store: headquarters had the order routed afresh.
    `wanted_store` is the one that somebody chose for it by hand: asked first when it is routed.
    """

    TRANSITIONS = FULFILLMENT_ORDER_TRANSITIONS

    fulfillment = models.ForeignKey(Fulfillment, models.PROTECT, related_name="orders", verbose_name=_("fulfillment"))
    number = models.CharField(_("number"), max_length=32, unique=True)
    store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("store")
    )
    status = models.CharField(
        _("status"), max_length=20, choices=FulfillmentOrderStatus.choices, default=FulfillmentOrderStatus.PLANNED
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    capacity_on = models.DateField(_("capacity taken on"), null=True, blank=True)
    route_due_at = models.DateTimeField(_("to be routed at"), null=True, blank=True)
    failures = models.PositiveSmallIntegerField(_("failed attempts"), default=0)
    round_started_at = models.DateTimeField(_("routed afresh at"), null=True, blank=True)
    offered_at = models.DateTimeField(_("offered at"), null=True, blank=True)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    held_deadline_at = models.DateTimeField(_("deadline before the cancellation request"), null=True, blank=True)
    overdue_at = models.DateTimeField(_("overdue since"), null=True, blank=True)
    late_at = models.DateTimeField(_("not prepared in time at"), null=True, blank=True)
    parked_at = models.DateTimeField(_("parked since"), null=True, blank=True)
    accepted_by = models.CharField(_("accepted by"), max_length=60, blank=True)
    wave = models.ForeignKey(
        PickWave, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("picking wave")
    )
    wanted_store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("store chosen by hand")
    )
    reject_reason = models.CharField(_("reason of rejection"), max_length=12, choices=RejectReason.choices, blank=True)
    held_status = models.CharField(_("status before the cancellation request"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("created at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("fulfillment order")
        verbose_name_plural = _("fulfillment orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(store__isnull=False) | Q(status__in=["pending_routing", "unfillable", "cancelled"]),
                name="fulfillment_order_has_store",
            ),
            models.CheckConstraint(
                condition=~Q(status="pending_routing") | Q(route_due_at__isnull=False),
                name="fulfillment_order_pending_is_due",
            ),
            models.CheckConstraint(
                condition=~Q(status="offered") | Q(deadline_at__isnull=False),
                name="fulfillment_order_offer_has_deadline",
            ),
        ]
        indexes = [
            models.Index(
                fields=["route_due_at"], condition=Q(status="pending_routing"), name="fulfillment_order_to_route"
            ),
            models.Index(
                fields=["deadline_at"], condition=Q(deadline_at__isnull=False), name="fulfillment_order_deadline"
            ),
            models.Index(fields=["store", "status", "finished_at"], name="fulfillment_order_desk"),
            models.Index(
                fields=["overdue_at"], condition=Q(overdue_at__isnull=False), name="fulfillment_order_overdue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class FulfillmentOrderLine(models.Model):
    """Units of a demand line in one store's share; `reservation` is null while no store has been found."""

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, models.PROTECT, related_name="lines", verbose_name=_("fulfillment order")
    )
    fulfillment_line = models.ForeignKey(
        FulfillmentLine, models.PROTECT, related_name="shares", verbose_name=_("fulfillment line")
    )
    reservation = models.ForeignKey(
        "inventory.Reservation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reservation")
    )
    quantity = models.PositiveIntegerField(_("quantity"))
    picked = models.PositiveIntegerField(_("units scanned off the shelf"), default=0, db_default=0)
    is_kept = models.BooleanField(_("kept after trying on"), null=True, blank=True)
    decline_reason = models.CharField(
        _("why it is not kept"), max_length=10, choices=DeclineReason.choices, blank=True, db_default=""
    )

    class Meta:
        verbose_name = _("fulfillment order line")
        verbose_name_plural = _("fulfillment order lines")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="fulfillment_order_line_positive"),
            models.CheckConstraint(condition=Q(picked__lte=F("quantity")), name="fulfillment_order_line_picked_within"),
        ]

    def __str__(self) -> str:
        return f"{self.fulfillment_line_id} x {self.quantity}"


class Parcel(models.Model):
    """One of the parcels that a fulfillment order was packed into; `loaded_at`: scanned to go with the courier.

    What goes by express has a waybill of its own on its label.
    """

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, models.PROTECT, related_name="parcels", verbose_name=_("fulfillment order")
    )
    number = models.CharField(_("number"), max_length=32, unique=True)
    position = models.PositiveSmallIntegerField(_("position"))
    weight_grams = models.PositiveIntegerField(_("weight (g)"), null=True, blank=True)
    waybill = models.CharField(_("waybill"), max_length=40, blank=True, db_default="")
    packed_by = models.CharField(_("packed by"), max_length=60)
    packed_at = models.DateTimeField(_("packed at"))
    loaded_by = models.CharField(_("handed over by"), max_length=60, blank=True)
    loaded_at = models.DateTimeField(_("scanned to be handed over at"), null=True, blank=True)

    class Meta:
        verbose_name = _("parcel")
        verbose_name_plural = _("parcels")
        constraints = [
            models.UniqueConstraint(fields=["fulfillment_order", "position"], name="fulfillment_parcel_place_unique"),
            models.CheckConstraint(
                condition=Q(weight_grams__isnull=True) | Q(weight_grams__gt=0), name="fulfillment_parcel_has_weight"
            ),
        ]
        # Not unique: express companies use their numbers again after some months.
        indexes = [models.Index(fields=["waybill"], condition=~Q(waybill=""), name="fulfillment_parcel_waybill")]

    def __str__(self) -> str:
        return self.number


class Escalation(models.Model):
    """That a store let an order lie, or no courier comes for it: whoever is above the store is told. Append-only."""

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, models.PROTECT, related_name="escalations", verbose_name=_("fulfillment order")
    )
    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    status = models.CharField(_("status then"), max_length=20, choices=FulfillmentOrderStatus.choices)
    raised_at = models.DateTimeField(_("raised at"))

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        indexes = [models.Index(fields=["store", "-raised_at"], name="fulfillment_escalation_store")]

    def __str__(self) -> str:
        return f"{self.fulfillment_order_id} {self.raised_at:%Y-%m-%d %H:%M}"
