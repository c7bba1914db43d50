"""The desk's pages of returns: find one, receive it here, look at each piece, refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fulfillment import permissions as fulfillment_permissions
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import FINAL_RETURNS, ReturnStatus
from orders.forms.returns import FindForm, InspectForm, ReceiveForm, RefuseForm
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django import forms

    from stores.models import Store
    from stores.permissions import Actor


def _clerk(request: HttpRequest) -> Actor:
    """Return who stands at the desk.

    :raises NotFound: for somebody who works in no store.
    """
    actor = stores_queries.actor_for_user(request.user)
    if not fulfillment_permissions.desk_store_ids(actor):
        raise NotFound
    return actor


def _store(actor: Actor, store_id: int | None) -> Store | None:
    """Return the store of a page, or the first at whose desk somebody works.

    :raises NotFound: when it is named, and they do not work there.
    """
    if store_id is not None:
        return stores_queries.get_desk_store(actor, store_id)
    return stores_queries.desk_stores(actor).first()


@require_GET
@at_desk
def list_returns(request: HttpRequest, store_id: int | None = None) -> HttpResponse:
    """Show the returns that wait here, or what the number is that was scanned or typed; one return opens at once.

    Without a store it is the first at whose desk the person works.
    """
    actor, text = _clerk(request), request.GET.get("q", "").strip()[:40]
    store = _store(actor, store_id)
    rows = queries.desk_returns(actor, text)
    if text and len(rows) == 1 and rows[0].status not in FINAL_RETURNS:
        return redirect("orders:desk-return", rows[0].number)
    found = queries.find_to_take_back(store, text, now=clock.now()) if store and text else None
    if store and found and found.order_number:
        return redirect("orders:desk-return-order", store.pk, found.order_number)
    context = {"returns": rows, "text": text, "store": store, "find": FindForm()}
    return render(request, "desk/return_list.html", context)


@require_GET
@at_desk
def show_return(request: HttpRequest, number: str) -> HttpResponse:
    """Show a return of one's brand, and what may be done to it here."""
    return _show(request, number)


@require_POST
@at_desk
@once
def receive_return(request: HttpRequest, number: str) -> HttpResponse:
    """Write that the goods are at one of the clerk's stores."""
    actor = _clerk(request)
    case = queries.get_desk_return(actor, number)
    form = ReceiveForm(queries.receiving_stores(actor, case.brand_id), request.POST)
    if not form.is_valid():
        return _show(request, number, receive=form)
    try:
        with entry():
            services.receive_return(case.pk, form.cleaned_data["store"], actor=actor.label, now=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("orders:desk-return", case.number)


@require_POST
@at_desk
@once
def inspect_return(request: HttpRequest, number: str) -> HttpResponse:
    """Take the pieces back as they were found."""
    actor = _clerk(request)
    case = _case_here(actor, number)
    form = InspectForm(queries.return_page(case).pieces, request.POST)
    if not form.is_valid():
        return _show(request, number, inspect=form)
    try:
        with entry():
            services.inspect_return(case.pk, form.conditions, actor=actor.label, now=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        is_exchange = case.replacement_id is not None
        done = _("Done. What the shopper wanted instead is sent now, or the money goes back.")
        messages.success(request, done if is_exchange else _("Done. The money is on its way to the shopper."))
    return redirect("orders:desk-return", case.number)


@require_POST
@at_desk
@once
def refuse_return(request: HttpRequest, number: str) -> HttpResponse:
    """Give the goods back to the shopper, and say why."""
    actor = _clerk(request)
    case = _case_here(actor, number)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        return _show(request, number, refuse=form)
    try:
        with entry():
            services.reject_return(case.pk, reason=form.cleaned_data["reason"], actor=actor.label, now=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("orders:desk-return", case.number)


def _case_here(actor: Actor, number: str) -> Any:  # noqa: ANN401  a model row
    """Return a return that lies in one of the actor's stores.

    :raises NotFound: when it lies elsewhere.
    """
    case = queries.get_desk_return(actor, number)
    if case.receiving_store_id not in fulfillment_permissions.desk_store_ids(actor):
        raise NotFound
    return case


def _show(request: HttpRequest, number: str, **bound: forms.Form) -> HttpResponse:
    """Show a return; a form that was refused stands on it with what is wrong."""
    actor = _clerk(request)
    case = queries.get_desk_return(actor, number)
    page = queries.return_page(case)
    is_here = case.receiving_store_id in fulfillment_permissions.desk_store_ids(actor)
    context: dict[str, Any] = {
        "page": page,
        "store": case.receiving_store if is_here else _store(actor, None),
        "refunds": queries.refund_parts(case),
        "can_receive": case.status in {ReturnStatus.APPROVED, ReturnStatus.IN_TRANSIT},
        "can_inspect": case.status == ReturnStatus.RECEIVED and is_here,
        "receive": bound.get("receive") or ReceiveForm(queries.receiving_stores(actor, case.brand_id)),
        "inspect": bound.get("inspect") or InspectForm(page.pieces),
        "refuse": bound.get("refuse") or RefuseForm(),
    }
    return render(request, "desk/return_show.html", context, status=422 if bound else 200)
