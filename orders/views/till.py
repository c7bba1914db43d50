"""The desk's pages of tills: open one, cash in and out, count and close it, give back, match cards, close the day."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import MovementKind, PaymentMethod
from orders.forms.till import ConfirmForm, CountForm, DeskForm, MoveForm, OpenForm, RefundForm, SlipFields
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.models import DrawerSession
    from stores.permissions import Actor

T = TypeVar("T")
# A refused form is shown again with this.
REFUSED = 422


@require_GET
@at_desk
def show_till(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show a store's tills, and what waits to be dealt with there."""
    return _show_till(request, store_id, OpenForm())


@require_POST
@at_desk
@once
def open_till(request: HttpRequest, store_id: int) -> HttpResponse:
    """Open a till with its float."""
    actor, form = _actor(request), OpenForm(request.POST)
    store = stores_queries.get_desk_store(actor, store_id)

    def work() -> DrawerSession:
        values = form.cleaned_data
        return services.open_drawer(
            store.pk, till=values["till"], float_fen=values["float"], actor=actor.label, now=clock.now()
        )

    drawer = _attempt(form, work)
    if drawer is None:
        return _show_till(request, store_id, form)
    messages.success(request, _("The till is open."))
    return redirect("orders:till-drawer", store_id, drawer.pk)


@require_GET
@at_desk
def list_sessions(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show the manager the sessions of a store's tills, the newest first."""
    actor = _actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    if not queries.is_manager_of(actor, store.pk):
        raise NotFound
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    rows = queries.drawer_rows(store, before=before)
    return render(
        request, "desk/till_sessions.html", {"store": store, "rows": rows, "has_more": len(rows) == queries.PAGE}
    )


@require_GET
@at_desk
def show_drawer(request: HttpRequest, store_id: int, drawer_id: int) -> HttpResponse:
    """Show a till's session: what came in by each tender, and what may be done with it now."""
    return _show_drawer(request, store_id, drawer_id)


@require_POST
@at_desk
@once
def move_cash(request: HttpRequest, store_id: int, drawer_id: int) -> HttpResponse:
    """Pay cash in or out."""
    actor, form = _actor(request), MoveForm(request.POST)
    drawer = queries.get_drawer_for(actor, store_id, drawer_id)

    def work() -> object:
        values = form.cleaned_data
        return services.move_cash(
            drawer.pk,
            MovementKind(values["kind"]),
            amount_fen=values["amount"],
            reason=values["reason"],
            once=request.POST.get("once") or str(uuid.uuid4()),
            actor=actor.label,
            now=clock.now(),
        )

    if _attempt(form, work) is None:
        return _show_drawer(request, store_id, drawer_id, move=form)
    messages.success(request, _("Written down."))
    return redirect("orders:till-drawer", store_id, drawer.pk)


@require_http_methods(["GET", "POST"])
@at_desk
@once
def count_drawer(request: HttpRequest, store_id: int, drawer_id: int) -> HttpResponse:
    """Count a till, without being told what should be there, and close it."""
    actor = _actor(request)
    drawer = queries.get_drawer_for(actor, store_id, drawer_id)
    form = CountForm(request.POST or None)

    def work() -> object:
        note = form.cleaned_data["note"]
        return services.count_drawer(drawer.pk, form.counts, note=note, actor=actor.label, now=clock.now())

    if request.method == "POST" and _attempt(form, work) is not None:
        messages.success(request, _("The till is counted."))
        return redirect("orders:till-drawer", store_id, drawer.pk)
    store = stores_queries.get_desk_store(actor, store_id)
    context = {"store": store, "page": queries.drawer_page(drawer), "form": form}
    return render(request, "desk/till_count.html", context, status=REFUSED if form.errors else 200)


@require_POST
@at_desk
@once
def confirm_difference(request: HttpRequest, store_id: int, drawer_id: int) -> HttpResponse:
    """Let the manager confirm a large difference."""
    actor, form = _actor(request), ConfirmForm(request.POST)
    drawer = queries.get_drawer_for(actor, store_id, drawer_id)
    if not queries.is_manager_of(actor, store_id):
        raise NotFound

    def work() -> object:
        note = form.cleaned_data["note"]
        return services.confirm_difference(drawer.pk, note=note, actor=actor.label, now=clock.now())

    if _attempt(form, work) is None:
        return _show_drawer(request, store_id, drawer_id, confirm=form)
    messages.success(request, _("Confirmed: the till is closed."))
    return redirect("orders:till-drawer", store_id, drawer.pk)


@require_GET
@at_desk
def show_report(request: HttpRequest, store_id: int, drawer_id: int) -> HttpResponse:
    """Show the day close of a counted till, to be printed and signed."""
    actor = _actor(request)
    drawer = queries.get_drawer_for(actor, store_id, drawer_id)
    page = queries.drawer_page(drawer)
    if page.is_open:
        return redirect("orders:till-drawer", store_id, drawer.pk)
    store = stores_queries.get_desk_store(actor, store_id)
    return render(request, "desk/till_report.html", {"store": store, "page": page})


@require_http_methods(["GET", "POST"])
@at_desk
@once
def give_back(request: HttpRequest, store_id: int, refund_id: int) -> HttpResponse:
    """Give a refund back: in cash, at the card terminal, or at the mall's till."""
    actor = _actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    row = queries.get_refund_for(actor, store_id, refund_id)
    form = RefundForm(row.method, queries.open_drawers(store.pk), request.POST or None)
    if request.method == "POST" and _attempt(form, lambda: _give_back(row, form.cleaned_data, actor)) is not None:
        messages.success(request, _("The money is back with the shopper."))
        return redirect("orders:till", store_id)
    context = {"store": store, "row": row, "form": form}
    return render(request, "desk/till_refund.html", context, status=REFUSED if form.errors else 200)


@require_http_methods(["GET", "POST"])
@at_desk
@once
def match_card(request: HttpRequest, store_id: int, intent_id: int) -> HttpResponse:
    """Say what became of a card payment: charged, with its slip, or declined."""
    actor = _actor(request)
    row = queries.get_card_for(actor, store_id, intent_id)
    outcome = request.POST.get("outcome")
    if request.method == "POST" and outcome not in {"charged", "declined"}:
        raise NotFound(field="outcome")
    is_declined = outcome == "declined"
    form = DeskForm(request.POST) if is_declined else SlipFields(request.POST or None)

    def work() -> object:
        if is_declined:
            services.record_card_declined(row.intent.pk, actor=actor.label, now=clock.now())
            return True
        slip = services.CardSlip(**{name: form.cleaned_data[name].strip() for name in ("terminal", "batch", "trace")})
        services.record_card(row.intent.pk, slip, actor=actor.label, now=clock.now())
        return True

    if request.method == "POST" and _attempt(form, work) is not None:
        messages.success(
            request, _("Noted: the card was not charged.") if is_declined else _("The payment is matched.")
        )
        return redirect("orders:till", store_id)
    context = {"store": stores_queries.get_desk_store(actor, store_id), "row": row, "form": form}
    return render(request, "desk/till_card.html", context, status=REFUSED if form.errors else 200)


def _give_back(row: queries.RefundRow, values: dict[str, Any], actor: Actor) -> object:
    """Call the service of the tender that the refund goes back to."""
    key, drawer_id, now = row.refund.pk, values["drawer"], clock.now()
    if row.method == PaymentMethod.CARD:
        slip = services.CardSlip(*(values[name].strip() for name in ("terminal", "batch", "trace")))
        return services.record_card_refund(key, drawer_id, slip, actor=actor.label, now=now)
    if row.method == PaymentMethod.MALL_TILL:
        number, receipt_on = values["receipt"].strip(), values["receipt_on"]
        return services.record_mall_refund(
            key, drawer_id, number=number, receipt_on=receipt_on, actor=actor.label, now=now
        )
    return services.pay_out_refund(key, drawer_id, actor=actor.label, now=now)


def _actor(request: HttpRequest) -> Actor:
    return stores_queries.actor_for_user(request.user)


def _attempt(form: DeskForm, work: Callable[[], T]) -> T | None:
    """Do what a valid form asks for; None when it is not valid, or was refused: then the form says why."""
    if not form.is_valid():
        return None
    try:
        with entry():
            return work()
    except NotFound:
        raise
    except DomainError as error:
        form.put_error(error)
        return None


def _show_till(request: HttpRequest, store_id: int, form: OpenForm) -> HttpResponse:
    actor = _actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    page = queries.till_page(store, is_manager=queries.is_manager_of(actor, store.pk))
    context = {"store": store, "page": page, "form": form}
    return render(request, "desk/till_show.html", context, status=REFUSED if form.errors else 200)


def _show_drawer(
    request: HttpRequest,
    store_id: int,
    drawer_id: int,
    *,
    move: MoveForm | None = None,
    confirm: ConfirmForm | None = None,
) -> HttpResponse:
    actor = _actor(request)
    drawer = queries.get_drawer_for(actor, store_id, drawer_id)
    context = {
        "store": stores_queries.get_desk_store(actor, store_id),
        "page": queries.drawer_page(drawer),
        "is_manager": queries.is_manager_of(actor, store_id),
        "move": move or MoveForm(initial={"kind": MovementKind.PAID_OUT}),
        "confirm": confirm or ConfirmForm(),
    }
    return render(request, "desk/till_drawer.html", context, status=REFUSED if move or confirm else 200)
