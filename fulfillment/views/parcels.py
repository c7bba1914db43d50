"""The parcels of an order at a store's desk: their labels, and scanning each as the courier or the van takes it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fulfillment import queries, services
from omni.kernel import clock
from omni.kernel.errors import NotFound
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry
from stores import queries as stores_queries


@require_GET
@at_desk
def show_label(request: HttpRequest, number: str) -> HttpResponse:
    """Show the labels of an order's parcels to be printed: 100 by 150 millimetres each, by express 76 by 130."""
    actor = stores_queries.actor_for_user(request.user)
    page, share = queries.load_task(actor, number), queries.get_task_for(actor, number)
    context = {"page": page, "store": page.store, "labels": queries.load_labels(share)}
    return render(request, "desk/label_print.html", context)


@require_POST
@at_desk
@once
def scan_parcel(request: HttpRequest, number: str) -> HttpResponse:
    """Write that a parcel of this order goes with the courier."""
    actor = stores_queries.actor_for_user(request.user)
    task = queries.get_task_for(actor, number)
    try:
        parcel = queries.get_parcel_for(actor, request.POST.get("parcel", ""))
    except NotFound:
        parcel = None
    if parcel is None:
        messages.error(request, _("That is no parcel of this store. Scan the code on its label."))
    elif parcel.fulfillment_order_id != task.pk:
        other = parcel.fulfillment_order.number
        messages.error(request, _("This parcel belongs to another order: %(number)s.") % {"number": other})
    else:
        with told(request, _("Parcel %(position)s scanned.") % {"position": parcel.position}), entry():
            services.scan_parcel(parcel, actor=actor.label, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_GET
@at_desk
def show_van(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show the parcels that wait for the express van, and the field to scan each as it goes."""
    store = stores_queries.get_desk_store(stores_queries.actor_for_user(request.user), store_id)
    context = {"store": store, "parcels": queries.waiting_parcels(store.pk)}
    return render(request, "desk/van_show.html", context)


@require_POST
@at_desk
@once
def hand_to_van(request: HttpRequest, store_id: int) -> HttpResponse:
    """Give the parcel whose label was scanned to the express van."""
    actor = stores_queries.actor_for_user(request.user)
    store = stores_queries.get_desk_store(actor, store_id)
    try:
        parcel = queries.get_parcel_for(actor, request.POST.get("waybill", ""))
    except NotFound:
        messages.error(request, _("No parcel of this store has that waybill. Scan the bar code on its label."))
        return redirect("fulfillment:desk-van", store.pk)
    words = _("%(waybill)s goes with the van.") % {"waybill": parcel.waybill}
    with told(request, words), entry():
        services.hand_over_parcel(parcel, actor=actor.label, now=clock.now())
    task = parcel.fulfillment_order.number
    if request.POST.get("task") == task:
        return redirect("fulfillment:desk-task", task)
    return redirect("fulfillment:desk-van", store.pk)
