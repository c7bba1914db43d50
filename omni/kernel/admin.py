"""What the kernel keeps, to look at; a parked delivery can be given a new start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _

from omni.kernel import clock, outbox
from omni.kernel.models import DeliveryState, Event, EventDelivery, Transition
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class ReadOnly:
    """Rows that are looked at in the admin and never changed there."""

    def has_add_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        """Nobody deletes."""
        return False


@admin.register(EventDelivery)
class EventDeliveryAdmin(ReadOnly, admin.ModelAdmin["EventDelivery"]):
    list_display = ["subscriber", "entity", "state", "attempts", "due_at", "error"]
    list_filter = ["state", "subscriber"]
    search_fields = ["entity"]
    actions = ["unpark"]
    show_full_result_count = False

    @admin.action(description=_("Give parked deliveries a new start"))
    def unpark(self, request: HttpRequest, chosen: QuerySet[EventDelivery]) -> None:
        """Unpark the chosen deliveries that are parked."""
        parked = chosen.filter(state=DeliveryState.PARKED).order_by("pk").values_list("pk", flat=True)
        with entry():
            for delivery_id in list(parked):
                outbox.unpark(delivery_id, now=clock.now())
        self.message_user(request, _("They run again now."), messages.SUCCESS)


@admin.register(Event)
class EventAdmin(ReadOnly, admin.ModelAdmin["Event"]):
    list_display = ["position", "name", "entity", "created_at"]
    list_filter = ["name"]
    search_fields = ["entity"]
    show_full_result_count = False


@admin.register(Transition)
class TransitionAdmin(ReadOnly, admin.ModelAdmin["Transition"]):
    list_display = ["entity", "entity_id", "from_status", "to_status", "actor", "reason", "at"]
    list_filter = ["entity"]
    search_fields = ["entity_id"]
    show_full_result_count = False
