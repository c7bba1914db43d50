"""The kernel's own tables: events and deliveries, the transition log, idempotency records."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DeliveryState(models.TextChoices):
    """How far a delivery has come."""

    PENDING = "pending", _("Pending")
    PARKED = "parked", _("Parked")
    DONE = "done", _("Done")


class Event(models.Model):
    """Something that happened, written in the transaction in which it happened.

    `position` numbers the feed: whoever pages by it misses none, which paging by id would.
    """

    name = models.CharField(_("name"), max_length=100)
    entity = models.CharField(_("entity"), max_length=100)
    payload = models.JSONField(_("payload"))
    created_at = models.DateTimeField(_("created at"))
    position = models.BigIntegerField(_("position"), null=True, unique=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes: ClassVar = [
            models.Index(fields=["id"], name="kernel_event_unnumbered", condition=Q(position=None)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.entity}"


class EventDelivery(models.Model):
    """One subscriber's copy of an event: it runs once, in its own transaction, after earlier ones of its entity.

    `due_at` of a running attempt is its lease: should the worker die, the delivery is due again then.
    """

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries", verbose_name=_("event"))
    subscriber = models.CharField(_("subscriber"), max_length=100)
    entity = models.CharField(_("entity"), max_length=100)
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    error = models.TextField(_("error"), blank=True, default="")

    class Meta:
        verbose_name = _("event delivery")
        verbose_name_plural = _("event deliveries")
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], name="kernel_delivery_due", condition=Q(state="pending")),
            models.Index(
                fields=["subscriber", "entity", "id"],
                name="kernel_delivery_unfinished",
                condition=Q(state__in=["pending", "parked"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} {self.entity}"


class Transition(models.Model):
    """One change of a status, written by `omni.kernel.states.transition` with the change itself; append-only."""

    entity = models.CharField(_("entity"), max_length=100)
    entity_id = models.BigIntegerField(_("entity id"))
    from_status = models.CharField(_("from"), max_length=40)
    to_status = models.CharField(_("to"), max_length=40)
    actor = models.CharField(_("actor"), max_length=100)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        indexes: ClassVar = [models.Index(fields=["entity", "entity_id", "id"], name="kernel_transition_entity")]

    def __str__(self) -> str:
        return f"{self.entity}:{self.entity_id} {self.from_status} > {self.to_status}"


class IdempotencyRecord(models.Model):
    """What a request answered, so that its repetition gets the same answer; kept for a week."""

    client = models.CharField(_("client"), max_length=100)
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.CharField(_("fingerprint"), max_length=128)
    response = models.JSONField(_("response"))
    created_at = models.DateTimeField(_("created at"), db_index=True)

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "key"], name="kernel_idempotency_once"),
        ]

    def __str__(self) -> str:
        return f"{self.client} {self.key}"
