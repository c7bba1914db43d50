"""The desk's goods that come and go: receiving, transfers, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory import permissions, queries, services
from inventory.choices import DifferenceReason, ShipmentKind
from inventory.forms import read_query
from inventory.forms.desk import CloseForm, NewTransferForm, PieceForm, ReceivedForm, ShipmentActForm
from inventory.queries import ShipmentStep, ShipmentTab
from inventory.views.desk import add_refusal, at_store
from omni.kernel import bilingual, clock
from omni.kernel.errors import DomainError, InvalidInput, NotFound
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django import forms
    from django.http import HttpRequest, HttpResponse
    from django_stubs_ext import StrOrPromise

    from inventory.models import Shipment, Variant
    from stores.models import Store
    from stores.permissions import Actor

STORES_SHOWN = 12


@require_GET
@at_desk
def show_shipments(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show one heap of what comes and goes."""
    _who, store = at_store(request, store_id)
    wanted = request.GET.get("tab", "")
    tab = ShipmentTab(wanted) if wanted in ShipmentTab.values else ShipmentTab.IN
    return render(request, "desk/shipment_list.html", {"store": store, "page": queries.list_shipments(store, tab)})


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
@once
def new_transfer(request: HttpRequest, store_id: int) -> HttpResponse:
    """Choose the other store and which way the goods go, and begin to put them together."""
    actor, store = at_store(request, store_id)
    form = NewTransferForm(request.POST) if request.method == "POST" else NewTransferForm()
    if form.is_bound and form.is_valid():
        try:
            with entry():
                number = _begin(form.cleaned_data, actor, store, clock.now())
        except DomainError as error:
            add_refusal(form, error)
        else:
            return redirect("inventory:desk-shipment", store.pk, number)
    text = read_query(request.GET)
    context = {
        "store": store,
        "form": form,
        "text": text,
        "sisters": stores_queries.sister_stores(store, text, limit=STORES_SHOWN),
    }
    return render(request, "desk/shipment_new.html", context, status=422 if form.errors else 200)


def _begin(values: dict[str, str | int], actor: Actor, store: Store, now: datetime) -> str:
    """Begin a transfer with the piece it was asked for, if one was, and return its number."""
    other = stores_queries.get_sister(store, int(values["store"]))
    source, target = (store, other) if values["way"] == "send" else (other, store)
    shipment = services.draft_transfer(source=source, target=target, made_in_id=store.pk, actor=actor.label, now=now)
    if values["code"]:
        variant = queries.find_item(store.brand_id, str(values["code"]))
        if variant is None:
            raise InvalidInput(_("The brand has no such SKU or barcode."), field="code")
        services.add_to_transfer(shipment.pk, variant.pk, 1, store_id=store.pk)
    return shipment.number


@require_GET
@at_desk
def show_shipment(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Show a shipment: to put together, to receive, to close, or what became of it."""
    actor, store = at_store(request, store_id)
    return _shipment_page(request, actor, store, number, {})


def _shipment_page(
    request: HttpRequest, actor: Actor, store: Store, number: str, forms_sent: dict[str, forms.Form]
) -> HttpResponse:
    page = queries.load_shipment(store, number)
    context = {
        "store": store,
        "page": page,
        "receipts": queries.receipts_of(page.shipment, store.brand_id),
        "is_manager": permissions.is_manager(actor, store.pk),
        "piece_form": PieceForm(),
        "close_form": CloseForm(),
        "act_form": ShipmentActForm(),
        **forms_sent,
    }
    status = 422 if any(form.errors for form in forms_sent.values()) else 200
    return render(request, "desk/shipment_show.html", context, status=status)


@require_POST
@at_desk
@once
def move_piece(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Put a scanned or typed piece into a transfer, or count it in."""
    actor, store = at_store(request, store_id)
    shipment = queries.get_shipment(store, number)

    def move(variant: Variant, form: forms.Form) -> None:
        units, now = form.cleaned_data["quantity"], clock.now()
        if queries.step_of(shipment, store) == ShipmentStep.PACK:
            services.add_to_transfer(shipment.pk, variant.pk, units, store_id=store.pk)
        else:
            services.count_in(shipment.pk, variant.pk, units, store_id=store.pk, actor=actor.label, now=now)
        messages.success(request, f"{units:+d} · {_title(variant)}")

    return _with_variant(request, actor, store, number, PieceForm(request.POST), move)


@require_POST
@at_desk
@once
def change_piece(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Write how many pieces of a variant came, and how many are damaged."""
    actor, store = at_store(request, store_id)
    shipment = queries.get_shipment(store, number)

    def change(variant: Variant, form: forms.Form) -> None:
        services.change_receipt(
            shipment.pk,
            variant.pk,
            quantity=form.cleaned_data["quantity"],
            damaged=form.cleaned_data["damaged"],
            store_id=store.pk,
            actor=actor.label,
            now=clock.now(),
        )

    return _with_variant(request, actor, store, number, ReceivedForm(request.POST), change)


def _with_variant(  # noqa: PLR0917  where, what, and what to do
    request: HttpRequest,
    actor: Actor,
    store: Store,
    number: str,
    form: forms.Form,
    act: Callable[[Variant, forms.Form], None],
) -> HttpResponse:
    """Do something with the variant whose code was sent, and say beside the field what was wrong."""
    if form.is_valid():
        variant = queries.find_item(store.brand_id, form.cleaned_data["code"])
        if variant is None:
            form.add_error("code", _("The brand has no such SKU or barcode."))
        else:
            try:
                with entry():
                    act(variant, form)
            except NotFound:
                raise
            except DomainError as error:
                add_refusal(form, error)
    if form.errors:
        return _shipment_page(request, actor, store, number, {"piece_form": form})
    return redirect("inventory:desk-shipment", store.pk, number)


def _title(variant: Variant) -> str:
    name, color = bilingual.name_of(variant.product), bilingual.pick(variant.color_zh, variant.color_en)
    return f"{name} · {color} · {variant.size}"


@require_POST
@at_desk
@once
def act_on_shipment(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Send, ask for, decline, call off; take all as announced, book in, end."""
    actor, store = at_store(request, store_id)
    shipment = queries.get_shipment(store, number)
    form = ShipmentActForm(request.POST)
    if form.is_valid():
        try:
            with entry():
                said = _act(shipment, form, store, actor.label)
        except NotFound:
            raise
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, said)
    if form.errors:
        return _shipment_page(request, actor, store, number, {"act_form": form})
    return redirect("inventory:desk-shipment", store.pk, number)


class _Act(Protocol):
    """A step that needs no more than to know where, who and when."""

    def __call__(self, shipment_id: int, /, *, store_id: int, actor: str, now: datetime) -> object: ...


# What is touched, what is done, and what is said then.
ACTS: dict[str, tuple[_Act, StrOrPromise]] = {
    "all": (services.count_in_all, _lazy("All counted in, as announced. Book it in.")),
    "drop": (services.drop_receipt, _lazy("Given up. Nothing was booked in.")),
    "request": (services.request_transfer, _lazy("Asked for. The other store sees it now.")),
    "send": (services.send_transfer, _lazy("Sent. The goods have left your stock.")),
    "cancel": (services.cancel_transfer, _lazy("Called off.")),
}


def _act(shipment: Shipment, form: ShipmentActForm, store: Store, actor: str) -> str:
    """Do what was touched, and say what was done."""
    act, here, now = form.cleaned_data["act"], store.pk, clock.now()
    if act in {"book", "finish"}:
        return _book(shipment, act, store, actor, now)
    if act == "blind":
        services.open_receipt(shipment.pk, store_id=here, is_blind=True, actor=actor, now=now)
        return _("Scan what is there: the list is hidden.")
    if act == "decline":
        reason = form.cleaned_data["reason"]
        services.decline_transfer(shipment.pk, store_id=here, reason=reason, actor=actor, now=now)
        return _("Declined. The other store sees it.")
    do, said = ACTS[act]
    do(shipment.pk, store_id=here, actor=actor, now=now)
    return str(said)


def _book(shipment: Shipment, act: str, store: Store, actor: str, now: datetime) -> str:
    """Book in what was counted; "finish" says that no more comes."""
    if act == "book" or queries.has_open_receipt(shipment):
        shipment = services.book_receipt(shipment.pk, store_id=store.pk, actor=actor, now=now)
    if act == "finish" and shipment.status not in {"received", "different"}:
        shipment = services.finish_receiving(shipment.pk, store_id=store.pk, actor=actor, now=now)
    if shipment.status == "received":
        return _("Booked in. Everything is there.")
    if shipment.status == "different":
        return _("Booked in. It differs: see below.")
    return _("Booked in. The rest is still to come.")


@require_POST
@at_desk
@once
def close_shipment(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Close a shipment that differs, with the reason."""
    actor, store = at_store(request, store_id)
    shipment = queries.get_shipment(store, number)
    form = CloseForm(request.POST)
    if form.is_valid():
        reason = DifferenceReason(form.cleaned_data["reason"])
        try:
            with entry():
                units = services.close_differences(
                    shipment.pk,
                    store_id=store.pk,
                    reason=reason,
                    note=form.cleaned_data["note"],
                    actor=actor,
                    now=clock.now(),
                )
        except NotFound:
            raise
        except DomainError as error:
            add_refusal(form, error)
        else:
            is_lost = units and shipment.kind == ShipmentKind.TRANSFER
            said = _("Closed, %(units)s written off.") % {"units": units} if is_lost else _("Closed.")
            messages.success(request, said)
    if form.errors:
        return _shipment_page(request, actor, store, number, {"close_form": form})
    return redirect("inventory:desk-shipment", store.pk, number)
