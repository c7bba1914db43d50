from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fulfillment.choices import (
    COLLECTION_TRANSITIONS,
    FULFILLMENT_ORDER_TRANSITIONS,
    FULFILLMENT_TRANSITIONS,
    LIVE_COLLECTIONS,
    CollectionFailure,
    CollectionStatus,
    DecisionKind,
    DeclineReason,
    DeliveryState,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    PickupCodePurpose,
    PickupCodeStatus,
    RejectReason,
    RuleCode,
    Way,
)


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


class Fulfillment(models.Model):
    """A demand: goods for one destination in one way. It knows what goes where, not who paid.

    Goods to try on are held for a slot, and `kept_until` a while after it, never for more than 48 hours.
    `owner` names who asked (e.g. "orders.order"); those above point to it and learn of its fate by events.
    """

    TRANSITIONS = FULFILLMENT_TRANSITIONS

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    owner = models.CharField(_("owner"), max_length=40)
    way = models.CharField(_("way"), max_length=10, choices=Way.choices)
    status = models.CharField(
        _("status"), max_length=12, choices=FulfillmentStatus.choices, default=FulfillmentStatus.PLANNED
    )
    pickup_store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("pickup store")
    )
    recipient_name = models.CharField(_("recipient"), max_length=60, blank=True)
    recipient_phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200, blank=True)
    district = models.ForeignKey(
        "stores.District", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("district")
    )
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    lat = models.FloatField(_("latitude"))
    lng = models.FloatField(_("longitude"))
    promised_on = models.DateField(_("promised on"))
    slot_starts_at = models.DateTimeField(_("try-on starts at"), null=True, blank=True)
    slot_ends_at = models.DateTimeField(_("try-on ends at"), null=True, blank=True)
    kept_until = models.DateTimeField(_("kept until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("fulfillment")
        verbose_name_plural = _("fulfillments")
        constraints = [
            models.CheckConstraint(
                condition=~Q(way="try_on")
                | Q(slot_starts_at__lt=F("slot_ends_at"), kept_until__lte=F("created_at") + timedelta(hours=48)),
                name="fulfillment_try_on_within_two_days",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.way} {self.status}"


class FulfillmentLine(models.Model):
    fulfillment = models.ForeignKey(Fulfillment, models.PROTECT, related_name="lines", verbose_name=_("fulfillment"))
    variant = models.ForeignKey("inventory.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    quantity = models.PositiveIntegerField(_("quantity"))
    declared_value_fen = models.PositiveBigIntegerField(_("declared value of the line (fen)"))

    class Meta:
        verbose_name = _("fulfillment line")
        verbose_name_plural = _("fulfillment lines")
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="fulfillment_line_positive")]

    def __str__(self) -> str:
        return f"{self.variant_id} x {self.quantity}"


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
    """One of the parcels that a fulfillment order was packed into; `loaded_at`: scanned to go with the courier."""

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, models.PROTECT, related_name="parcels", verbose_name=_("fulfillment order")
    )
    number = models.CharField(_("number"), max_length=32, unique=True)
    position = models.PositiveSmallIntegerField(_("position"))
    weight_grams = models.PositiveIntegerField(_("weight (g)"), null=True, blank=True)
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


class Collection(models.Model):
    """Goods that a courier fetches at somebody's door and brings to a store. It knows what goes where, not why.

    `owner` names who asked (e.g. "orders.return"); those above point to it and learn of its fate by events. The sender
    tells the courier the code; the point is WGS-84.
    """

    TRANSITIONS = COLLECTION_TRANSITIONS

    number = models.CharField(_("number"), max_length=32, unique=True)
    owner = models.CharField(_("owner"), max_length=40)
    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    status = models.CharField(
        _("status"), max_length=12, choices=CollectionStatus.choices, default=CollectionStatus.REQUESTED
    )
    failure = models.CharField(_("why it failed"), max_length=12, choices=CollectionFailure.choices, blank=True)
    sender_name = models.CharField(_("sender"), max_length=60, blank=True)
    sender_phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200, blank=True)
    district = models.ForeignKey("stores.District", models.PROTECT, related_name="+", verbose_name=_("district"))
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    lat = models.FloatField(_("latitude"))
    lng = models.FloatField(_("longitude"))
    code_sealed = models.CharField(_("code (encrypted)"), max_length=120)
    created_at = models.DateTimeField(_("created at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("collection at the door")
        verbose_name_plural = _("collections at the door")
        constraints = [
            models.UniqueConstraint(
                fields=["owner"], condition=Q(status__in=LIVE_COLLECTIONS), name="fulfillment_collection_one_live"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class Delivery(models.Model):
    """A courier's run for one fulfillment order, or one collection: never both.

    `external_id` is our idempotent name for it at the courier.
    """

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deliveries",
        verbose_name=_("fulfillment order"),
    )
    collection = models.ForeignKey(
        Collection,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deliveries",
        verbose_name=_("collection at the door"),
    )
    external_id = models.CharField(_("our reference"), max_length=40, unique=True)
    provider = models.CharField(_("provider"), max_length=20)
    provider_id = models.CharField(_("courier's reference"), max_length=60, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    offer_id = models.CharField(_("courier's offer"), max_length=60, blank=True)
    pickup_code = models.ForeignKey(
        "PickupCode", models.PROTECT, null=True, related_name="+", verbose_name=_("code the courier was given")
    )
    state = models.CharField(_("state"), max_length=20, choices=DeliveryState.choices, default=DeliveryState.REQUESTED)
    assignment = models.PositiveSmallIntegerField(_("courier's assignment"), default=1)
    last_seq = models.PositiveIntegerField(_("last callback"), default=0)
    fee_fen = models.PositiveIntegerField(_("fee (fen)"), default=0)
    cancel_fee_fen = models.PositiveIntegerField(_("cancellation fee (fen)"), default=0)
    eta_at = models.DateTimeField(_("expected at"), null=True, blank=True)
    courier_name = models.CharField(_("courier"), max_length=40, blank=True)
    courier_phone_masked = models.CharField(_("courier's phone (masked)"), max_length=30, blank=True)
    courier_lat = models.FloatField(null=True, blank=True)
    courier_lng = models.FloatField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    wants_cancel = models.BooleanField(_("to be cancelled"), default=False)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="fulfillment_delivery_due"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(fulfillment_order__isnull=False, collection__isnull=True)
                | Q(fulfillment_order__isnull=True, collection__isnull=False),
                name="fulfillment_delivery_of_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.external_id} {self.state}"


class TrailPoint(models.Model):
    """Where a delivery was when it moved on: the state it reached, and the courier's point when that was known."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="trail", verbose_name=_("delivery"))
    state = models.CharField(_("state"), max_length=20, choices=DeliveryState.choices)
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    courier_name = models.CharField(_("courier"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    heard_at = models.DateTimeField(_("heard at"))

    class Meta:
        verbose_name = _("point of a trail")
        verbose_name_plural = _("points of trails")

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.state}"


class DeliveryCallback(models.Model):
    """Every authentic callback of a courier, stored before it is acted on; unique by the courier's message id."""

    provider = models.CharField(_("provider"), max_length=20)
    message_id = models.CharField(_("message id"), max_length=80)
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, null=True, related_name="callbacks", verbose_name=_("delivery")
    )
    body = models.JSONField(_("body"))
    received_at = models.DateTimeField(_("received at"))
    outcome = models.CharField(_("outcome"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("courier callback")
        verbose_name_plural = _("courier callbacks")
        constraints = [models.UniqueConstraint(fields=["provider", "message_id"], name="fulfillment_callback_unique")]

    def __str__(self) -> str:
        return f"{self.provider} {self.message_id}"


class PickupCode(models.Model):
    """Six digits bound to a fulfillment order and its store: five tries, dies on use."""

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, models.PROTECT, related_name="pickup_codes", verbose_name=_("fulfillment order")
    )
    purpose = models.CharField(_("purpose"), max_length=8, choices=PickupCodePurpose.choices)
    code_sealed = models.CharField(_("code (encrypted)"), max_length=120)
    code_index = models.CharField(_("code (blind index)"), max_length=64)
    tries_left = models.PositiveSmallIntegerField(_("tries left"), default=5)
    status = models.CharField(
        _("status"), max_length=8, choices=PickupCodeStatus.choices, default=PickupCodeStatus.ISSUED
    )
    issued_at = models.DateTimeField(_("issued at"))
    redeemed_at = models.DateTimeField(_("used at"), null=True, blank=True)
    redeemed_by = models.CharField(_("used by"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("pickup code")
        verbose_name_plural = _("pickup codes")
        constraints = [
            models.UniqueConstraint(
                fields=["fulfillment_order", "purpose"],
                condition=Q(status="issued"),
                name="fulfillment_pickup_code_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.fulfillment_order_id} {self.purpose} {self.status}"


class CodeTries(models.Model):
    """How many codes somebody may still look up in a store before they wait: guesses that name no order."""

    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    actor = models.CharField(_("who"), max_length=60)
    tries_left = models.PositiveSmallIntegerField(_("tries left"))
    renewed_at = models.DateTimeField(_("all tries again at"))

    class Meta:
        verbose_name = _("tries of codes")
        verbose_name_plural = _("tries of codes")
        constraints = [models.UniqueConstraint(fields=["store", "actor"], name="fulfillment_code_tries_unique")]

    def __str__(self) -> str:
        return f"{self.store_id} {self.actor} {self.tries_left}"


# What a courier carries one way or the other.
Consignment = FulfillmentOrder | Collection
