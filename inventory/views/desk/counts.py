"""The desk's counts: plan, count, look, approve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from inventory import permissions, queries, services
from inventory.choices import CountScope
from inventory.forms.desk import CountActForm, PieceForm, PlanForm
from inventory.services import CountPlan
from inventory.views.desk import add_refusal, at_store
from omni.kernel import bilingual, clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from inventory.models import Count, Variant
    from stores.models import Store
    from stores.permissions import Actor


@require_GET
@at_desk
def show_counts(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show the counts of a store, what waits to be counted, and the form to plan one."""
    _who, store = at_store(request, store_id)
    return _counts_page(request, store, PlanForm())


def _counts_page(request: HttpRequest, store: Store, form: PlanForm) -> HttpResponse:
    context = {
        "store": store,
        "rows": queries.counts_of(store),
        "tasks": queries.count_tasks(store),
        "form": form,
    }
    return render(request, "desk/count_list.html", context, status=422 if form.errors else 200)


@require_POST
@at_desk
@once
def plan_count(request: HttpRequest, store_id: int) -> HttpResponse:
    """Open a count, and go to it."""
    actor, store = at_store(request, store_id)
    form = PlanForm(request.POST)
    product_id = None
    if form.is_valid() and form.cleaned_data["scope"] == CountScope.STYLE:
        product_id = queries.find_style_id(store.brand_id, form.cleaned_data["style"])
        if product_id is None:
            form.add_error("style", _("The brand has no such style."))
    if not form.errors:
        scope, category = CountScope(form.cleaned_data["scope"]), form.cleaned_data["category"]
        category_id = category.pk if category and scope == CountScope.CATEGORY else None
        shelf = form.cleaned_data["shelf"] if scope == CountScope.SHELF else ""
        try:
            plan = CountPlan(store.pk, scope, category_id, product_id, services.read_bin(shelf))
            with entry():
                count = services.plan_count(plan, actor=actor, now=clock.now())
        except services.NoSuchBin as error:
            form.add_error("shelf", error.message)
        except DomainError as error:
            add_refusal(form, error)
        else:
            return redirect("inventory:desk-count", store.pk, count.number)
    return _counts_page(request, store, form)


@require_GET
@at_desk
def show_count(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Show a count: to count blind, to look at and approve, or what became of it."""
    actor, store = at_store(request, store_id)
    return _count_page(request, actor, store, number, PieceForm())


def _count_page(
    request: HttpRequest, actor: Actor, store: Store, number: str, form: PieceForm | CountActForm
) -> HttpResponse:
    page = queries.load_count(store, number, now=clock.now())
    context = {
        "store": store,
        "page": page,
        "form": form,
        "is_manager": permissions.is_manager(actor, store.pk),
        "is_mine": actor.label == page.count.planned_by,
    }
    return render(request, "desk/count_show.html", context, status=422 if form.errors else 200)


@require_POST
@at_desk
@once
def count_pieces(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Write down pieces that were scanned or typed."""
    actor, store = at_store(request, store_id)
    count = queries.get_count(store, number)
    form = PieceForm(request.POST)
    if form.is_valid():
        variant = queries.find_item(store.brand_id, form.cleaned_data["code"])
        if variant is None:
            form.add_error("code", _("The brand has no such SKU or barcode."))
        else:
            _count_piece(request, count, variant, form, actor)
    if form.errors:
        return _count_page(request, actor, store, number, form)
    return redirect("inventory:desk-count", store.pk, number)


def _count_piece(request: HttpRequest, count: Count, variant: Variant, form: PieceForm, actor: Actor) -> None:
    """Write pieces of a variant down, and say what was written."""
    units = form.cleaned_data["quantity"]
    try:
        with entry():
            line = services.count_pieces(count.pk, variant.pk, units, actor=actor, now=clock.now())
    except DomainError as error:
        add_refusal(form, error)
        return
    name = bilingual.name_of(variant.product)
    color = bilingual.pick(variant.color_zh, variant.color_en)
    said = {"name": name, "color": color, "size": variant.size, "units": f"{units:+d}" if units else "0"}
    messages.success(request, _("%(units)s · %(name)s · %(color)s · %(size)s") % said)
    if not line.is_planned:
        messages.info(request, _("It was not planned: it belongs to this count now."))


@require_POST
@at_desk
@once
def act_on_count(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Hand a count in, count again, approve it or give it up."""
    actor, store = at_store(request, store_id)
    count = queries.get_count(store, number)
    form = CountActForm(count.lines.values_list("level", flat=True), request.POST)
    if form.is_valid():
        try:
            with entry():
                said = _act(count, form, actor, clock.now())
        except NotFound:
            raise
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, said)
    if form.errors:
        return _count_page(request, actor, store, number, form)
    return redirect("inventory:desk-count", store.pk, number)


def _act(count: Count, form: CountActForm, actor: Actor, now: datetime) -> str:
    """Do what was touched, and say what was done."""
    act = form.cleaned_data["act"]
    if act == "submit":
        services.submit_count(count.pk, actor=actor, now=now)
        return _("Handed in. The manager looks at it now.")
    if act == "none":
        units = services.count_rest_as_none(count.pk, actor=actor, now=now)
        return ngettext("%(units)s size: none found.", "%(units)s sizes: none found.", units) % {"units": units}
    if act == "recount":
        services.recount(count.pk, form.cleaned_data["lines"], actor=actor, now=now)
        return _("Count the marked pieces again.")
    if act == "approve":
        units = services.approve_count(count.pk, actor=actor, now=now)
        done = ngettext("Approved: %(units)s size put right.", "Approved: %(units)s sizes put right.", units)
        return done % {"units": units}
    services.cancel_count(count.pk, actor=actor, now=now)
    return _("Given up. Nothing was changed.")
