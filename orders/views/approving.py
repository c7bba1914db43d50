"""A manager's own PIN, with which they approve at the desk of their store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once
from orders import services
from orders.forms.counter import PinForm
from orders.views.counter import coded
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@at_desk
@once
def set_pin(request: HttpRequest, store_id: int) -> HttpResponse:
    """Let a manager of the store choose a PIN, after their password."""
    actor = stores_queries.actor_for_user(request.user)
    store = stores_queries.get_desk_store(actor, store_id)
    staff_id = actor.staff_id_in(store.pk)
    if staff_id is None or store.pk not in actor.store_ids(stores_choices.Role.MANAGER):
        raise NotFound
    form = PinForm(request.POST or None)
    if form.is_valid():
        username, password, pin = request.user.get_username(), form.cleaned_data["password"], form.cleaned_data["pin"]
        try:
            services.drive_set_pin(actor, staff_id, username=username, password=password, pin=pin, now=clock.now())
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, coded(error))
        else:
            messages.success(request, _("Your PIN is set."))
            return redirect("orders:desk-pin", store.pk)
    has_pin = staff_id in dict(stores_queries.approvers(store.pk))
    context = {"store": store, "form": form, "has_pin": has_pin}
    response = render(request, "desk/pin_set.html", context, status=422 if form.is_bound else 200)
    response["X-Desk-Keep"] = "no"
    return response
