"""Giving goods of an order back at a store's desk, and giving an order to another store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fulfillment import queries, services
from fulfillment.choices import GOODS_REASONS, STORE_REJECT_REASONS
from fulfillment.forms import GiveBackForm, ReassignForm
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from fulfillment.queries import TaskPage

WHOLE_REASONS = [(reason.value, reason.label) for reason in STORE_REJECT_REASONS if reason not in GOODS_REASONS]


@require_http_methods(["GET", "POST"])
@at_desk
@once
def give_back(request: HttpRequest, number: str) -> HttpResponse:
    """Ask which pieces cannot be had here and why, and give them back; the rest stays, if it may."""
    actor = stores_queries.actor_for_user(request.user)
    page = queries.load_task(actor, number)
    missing = request.GET.get("line", "")
    form = GiveBackForm(
        page.card.lines,
        request.POST if request.method == "POST" else None,
        missing=int(missing) if missing.isdecimal() and len(missing) < 19 else 0,
    )
    why_whole = ""
    if form.is_valid():
        why_whole = _give_back(request, page, form, actor.label)
        if not why_whole and not form.errors:
            wave = page.card.wave_number
            return redirect("fulfillment:desk-wave-list", wave) if wave else redirect("fulfillment:desk-task", number)
    context = {"page": page, "store": page.store, "form": form, "why_whole": why_whole, "reasons": WHOLE_REASONS}
    return render(request, "desk/task_give_back.html", context, status=422 if form.is_bound else 200)


def _give_back(request: HttpRequest, page: TaskPage, form: GiveBackForm, actor: str) -> str:
    """Do what the pressed button means; return why only the whole order can be given back, "" when it was done."""
    task = queries.get_task_for(stores_queries.actor_for_user(request.user), page.card.number)
    acts: dict[str, tuple[Callable[..., object], str]] = {
        "accept": (services.accept_rest, _("Accepted without them. Another store is being found for the rest.")),
        "whole": (services.give_back_whole, _("Given back. Another store is being found.")),
    }
    part = (services.give_back_lines, _("Given back. Another store is being found for these pieces."))
    act, done = acts.get(request.POST.get("act", ""), part)
    try:
        with entry():
            act(task.pk, form.given, actor=actor, now=clock.now())
    except services.CannotSplit as refusal:
        return refusal.message
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return ""
    messages.success(request, done)
    return ""


@require_http_methods(["GET", "POST"])
@at_desk
@once
def reassign(request: HttpRequest, number: str) -> HttpResponse:
    """Let the manager choose another store for an order, or leave the choice to routing."""
    actor = stores_queries.actor_for_user(request.user)
    task = queries.get_managed_task(actor, number)
    form = ReassignForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            with entry():
                store_id = form.cleaned_data["store"]
                services.reassign(task.pk, to_store_id=store_id, actor=actor.label, now=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("Taken away from here. The other store is being asked."))
            return redirect("fulfillment:desk-escalations", task.store_id)
    page = queries.load_task(actor, number)
    others = queries.other_stores(task, now=clock.now()) if page.can_reject else []
    context = {"page": page, "store": page.store, "form": form, "others": others}
    return render(request, "desk/task_reassign.html", context, status=422 if form.is_bound else 200)


@require_GET
@at_desk
def show_escalations(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show a manager what the store let lie, who was told, and what became of it."""
    store = queries.get_managed_store(stores_queries.actor_for_user(request.user), store_id)
    escalations = queries.load_escalations(store.pk, now=clock.now())
    return render(request, "desk/escalation_list.html", {"store": store, "escalations": escalations})
