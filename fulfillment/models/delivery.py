"""What couriers fetch and bring, and what they tell of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fulfillment.choices import (
    COLLECTION_TRANSITIONS,
    LIVE_COLLECTIONS,
    CollectionFailure,
    CollectionStatus,
    DeliveryState,
)
from fulfillment.models.order import FulfillmentOrder


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
    """What a courier or an express company carries for one fulfillment order, or one collection: never both.

    `external_id` is our idempotent name for it at the company, `provider` which kind of company it is. An express
    company (`carrier`, as it calls itself) gives a waybill and the code by which its depots sort the parcel.
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
    carrier = models.CharField(_("express company"), max_length=40, blank=True, db_default="")
    waybill = models.CharField(_("waybill"), max_length=40, blank=True, db_default="")
    sort_code = models.CharField(_("sort code"), max_length=30, blank=True, db_default="")
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
    """Where a delivery was when it moved on: the state it reached, and the courier's point when that was known.

    An express company tells each step in `words`, and when it happened.
    """

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="trail", verbose_name=_("delivery"))
    state = models.CharField(_("state"), max_length=20, choices=DeliveryState.choices)
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    courier_name = models.CharField(_("courier"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    words = models.CharField(_("what the company wrote"), max_length=200, blank=True, db_default="")
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


# What a courier carries one way or the other.
Consignment = FulfillmentOrder | Collection
