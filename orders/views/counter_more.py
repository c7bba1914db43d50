"""What else is done with a counter's basket: pieces come back, it is sent home, parked, dropped, a colleague's sale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterBasketStatus
from orders.forms.counter import FindPiecesForm, ParkForm, PiecesForm, RecipientForm
from orders.views.counter import basket_of, coded, page_of, to_basket, with_approval
from orders.views.counter_pay import begin_to_pay
from stores import queries as stores_queries

if TYPE_CHECKING:
    from orders.models import CounterBasket


@require_http_methods(["GET", "POST"])
@at_desk
@once
def add_returns(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Find what somebody bought, by its order or by who they are, and put the pieces that come back into the basket."""
    actor, basket = basket_of(request, store_id, number)
    if basket.status != CounterBasketStatus.OPEN:
        return to_basket(basket)
    now = clock.now()
    find = FindPiecesForm(request.POST if request.method == "POST" else request.GET)
    text = find.cleaned_data["q"] if find.is_valid() else ""
    orders = queries.orders_to_bring_back(basket, text)
    form = PiecesForm(queries.held_pieces(orders, now=now), request.POST or None)
    if request.method == "POST" and form.is_valid():
        pieces = [
            services.CounterPiece(piece.key.sale_id, piece.key.unit, condition, reason)
            for piece, condition, reason in form.chosen
        ]

        def apply(approved_by: int | None) -> None:
            services.return_at_counter(basket.pk, pieces, allowed_by=approved_by, now=clock.now())

        if with_approval(request, actor, basket, form, apply):
            return to_basket(basket)
    context = {"store": basket.store, "basket": basket, "find": find, "text": text, "form": form, "orders": orders}
    context["approvers"] = stores_queries.approvers(basket.store_id)
    return render(request, "desk/counter_returns.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
@at_desk
@once
def send_home(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Say to whom and where is sent what is sent home; who comes from the endless aisle goes on to pay."""
    actor, basket = basket_of(request, store_id, number)
    known = queries.recipient_of_basket(basket)
    form = RecipientForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            with entry():
                services.name_recipient(basket.pk, **form.recipient, now=clock.now())
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, coded(error))
        else:
            wants_to_pay = request.POST.get("then") == "pay"
            return begin_to_pay(request, actor, basket) if wants_to_pay else to_basket(basket)
    context: dict[str, Any] = {"store": basket.store, "basket": basket, "form": form}
    if "pay" in {request.GET.get("then"), request.POST.get("then")}:
        context["net_fen"] = queries.load_counter(basket, now=clock.now()).quote.net_fen
    response = render(request, "desk/counter_send.html", context, status=422 if request.method == "POST" else 200)
    # A full phone and address stand on it: no browser keeps them.
    response["X-Desk-Keep"] = "no"
    return response


@require_POST
@at_desk
@once
def change_seller(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Say which colleague sold it."""
    _actor, basket = basket_of(request, store_id, number)
    text = request.POST.get("staff", "")
    staff_id = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    with told(request, _("Their sale now.")), entry():
        services.change_seller(basket.pk, staff_id, now=clock.now())
    return to_basket(basket)


@require_POST
@at_desk
@once
def move_basket(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Park a basket, take it up again, or drop it."""
    actor, basket = basket_of(request, store_id, number)
    to, now = request.POST.get("to", ""), clock.now()
    if to == "resume":
        with told(request, _("Here it is again.")), entry():
            services.resume_basket(basket.pk, actor=actor.label, now=now)
        return to_basket(basket)
    if to == "drop":
        with told(request, _("Dropped.")), entry():
            services.drop_basket(basket.pk, actor=actor.label, now=now)
        return redirect("orders:counter", store_id)
    if to != "park":
        raise NotFound
    return _park(request, basket, actor.label)


def _park(request: HttpRequest, basket: CounterBasket, actor: str) -> HttpResponse:
    form = ParkForm(request.POST)
    if not form.is_valid():
        return page_of(request, basket, park=form, is_refused=True)
    try:
        with entry():
            services.park_basket(basket.pk, note=form.cleaned_data["note"], actor=actor, now=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
        return to_basket(basket)
    messages.success(request, _("Parked."))
    return redirect("orders:counter", basket.store_id)
