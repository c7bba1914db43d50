"""The desk of a store: its queue of orders, one order, and what is done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fulfillment import queries, services
from fulfillment.forms import AnswerForm, CodeForm, PackForm, RejectForm
from fulfillment.queries import Tab
from omni.kernel import clock
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django import forms

    from fulfillment.models import FulfillmentOrder
    from stores.permissions import Actor


@require_GET
@at_desk
def show_start(request: HttpRequest) -> HttpResponse:
    """Go to the person's store, or let somebody with several (or none) see them."""
    stores = list(stores_queries.desk_stores(_actor(request)))
    if len(stores) == 1:
        return redirect("fulfillment:desk-queue", stores[0].pk)
    return render(request, "desk/store_choose.html", {"stores": stores})


@require_GET
@at_desk
def show_queue(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show one tab of a store's queue; with `seen`, the list alone, and nothing if it is still the same."""
    actor, wanted = _actor(request), request.GET.get("tab", "")
    store = stores_queries.get_desk_store(actor, store_id)
    queue = queries.load_queue(store.pk, Tab(wanted) if wanted in Tab.values else Tab.ANSWER, now=clock.now())
    if request.GET.get("seen") == queue.version:
        return HttpResponse(status=204)
    is_manager = store.pk in actor.store_ids(stores_choices.Role.MANAGER)
    context = {"store": store, "queue": queue, "is_manager": is_manager}
    return render(request, "desk/_task_list.html" if "seen" in request.GET else "desk/task_list.html", context)


@require_GET
@at_desk
def show_task(request: HttpRequest, number: str) -> HttpResponse:
    """Show one order; with `seen`, what changes of it alone, and nothing if it is still the same."""
    page = queries.load_task(_actor(request), number)
    if request.GET.get("seen") == page.version:
        return HttpResponse(status=204)
    context = {"page": page, "store": page.store}
    return render(request, "desk/_task_live.html" if "seen" in request.GET else "desk/task_show.html", context)


@require_POST
@at_desk
@once
def accept_task(request: HttpRequest, number: str) -> HttpResponse:
    """Take an offered order."""
    task, actor = _task(request, number)
    with told(request, _("Accepted. It is yours now.")), entry():
        services.accept_offer(task.pk, actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def reject_task(request: HttpRequest, number: str) -> HttpResponse:
    """Give an order back, with the reason."""
    task, actor = _task(request, number)
    form = RejectForm(queries.load_task(_actor(request), number).card.lines, request.POST)
    if not form.is_valid():
        return _refuse(request, number, form)
    with told(request, _("Given back. Another store is being found.")), entry():
        services.reject_task(task.pk, **form.cleaned_data, actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def start_picking(request: HttpRequest, number: str) -> HttpResponse:
    """Write that somebody fetches the goods."""
    task, actor = _task(request, number)
    with told(request, _("Picking has begun.")), entry():
        services.start_picking(task.pk, actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def pack_task(request: HttpRequest, number: str) -> HttpResponse:
    """Write that the goods are packed, into one parcel or several."""
    task, actor = _task(request, number)
    form = PackForm(request.POST)
    if not form.is_valid():
        return _refuse(request, number, form)
    with told(request, _("Packed.")), entry():
        services.pack(task.pk, actor=actor, now=clock.now(), weights_grams=form.weights_grams)
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def hand_over_task(request: HttpRequest, number: str) -> HttpResponse:
    """Give the goods to the courier who shows the code."""
    task, actor = _task(request, number)
    form = CodeForm(task.number, request.POST)
    if not form.is_valid():
        return _refuse(request, number, form)
    with told(request, _("Handed over. The goods have left your stock.")):
        services.drive_hand_over(task.pk, code=form.cleaned_data["code"], actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def collect_task(request: HttpRequest, number: str) -> HttpResponse:
    """Give the goods to the shopper who shows the code."""
    task, actor = _task(request, number)
    form = CodeForm(task.number, request.POST)
    if not form.is_valid():
        return _refuse(request, number, form)
    with told(request, _("Collected. The goods have left your stock.")):
        services.drive_collect(task.pk, code=form.cleaned_data["code"], actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def answer_cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Agree to a cancellation, or refuse it."""
    task, actor = _task(request, number)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _refuse(request, number, form)
    with told(request, _("Your answer was passed on.")), entry():
        is_agreed = form.cleaned_data["answer"] == "accept"
        services.answer_cancel(task.pk, accept=is_agreed, actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def confirm_return(request: HttpRequest, number: str) -> HttpResponse:
    """Write that goods which could not be delivered are back."""
    task, actor = _task(request, number)
    with told(request, _("The goods are in your stock again.")), entry():
        services.confirm_return(task.pk, actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def report_lost(request: HttpRequest, number: str) -> HttpResponse:
    """Write that goods on the road are lost."""
    task, actor = _task(request, number)
    with told(request, _("Reported as lost.")), entry():
        services.report_lost(task.pk, actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def confirm_arrival(request: HttpRequest, number: str) -> HttpResponse:
    """Write that a parcel has arrived, although the express company does not say so."""
    task, actor = _task(request, number)
    with told(request, _("Written down: the parcel has arrived.")), entry():
        services.confirm_arrival(task.pk, actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


@require_POST
@at_desk
@once
def restock_task(request: HttpRequest, number: str) -> HttpResponse:
    """Write that goods nobody collected are on the shelf again."""
    task, actor = _task(request, number)
    with told(request, _("The goods are on sale again.")), entry():
        services.restock(task.pk, actor=actor, now=clock.now())
    return redirect("fulfillment:desk-task", number)


def _actor(request: HttpRequest) -> Actor:
    """Return who stands at the desk."""
    return stores_queries.actor_for_user(request.user)


def _task(request: HttpRequest, number: str) -> tuple[FulfillmentOrder, str]:
    """Return a task of the person's own store, and the label they act under.

    :raises NotFound: when there is none, or it is another store's.
    """
    actor = _actor(request)
    return queries.get_task_for(actor, number), actor.label


def _refuse(request: HttpRequest, number: str, form: forms.Form) -> HttpResponse:
    """Say on the task's page what is wrong with what was sent."""
    messages.error(request, str(next(iter(form.errors.values()))[0]))
    return redirect("fulfillment:desk-task", number)
