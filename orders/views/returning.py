"""The shopper's pages of a return: choose what and how, see what comes back, follow it, call it off."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import qrcode
import qrcode.image.svg
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import Idempotency, entry, run_once
from orders import queries, services
from orders.forms import new_key
from orders.forms.returns import ReturnForm
from orders.views.shop import MOST_ORDERS, STOP_POLLING, remember, shopper_of

if TYPE_CHECKING:
    from orders.models import Order


@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_return(request: HttpRequest, number: str) -> HttpResponse:
    """Show what of an order may come back, and what for; a valid form agrees on the return.

    The preview is the answer to the form sent by GET, by htmx or by its button.
    """
    order, now = queries.get_order_for(shopper_of(request), number), clock.now()
    lines = queries.returnable_lines(order, now=now)
    choices = queries.swap_choices(order, lines, now=now)
    sent = request.POST if request.method == "POST" else (request.GET or None)
    form = ReturnForm(lines, choices, sent)
    quote = exchange = None
    if sent is not None and form.is_valid():
        try:
            quote = queries.quote_return(
                order, form.wanted, reason=form.cleaned_data["reason"], way=form.cleaned_data["way"], now=now
            )
            if form.is_exchange:
                exchange = queries.quote_exchange(order, quote, form.swaps, choices, now=now)
            if request.method == "POST":
                return _go_on(request, _agree(request, order, form))
        except DomainError as error:
            form.show_refusal(error)
            quote = None
    place = order.fulfillment
    context: dict[str, Any] = {
        "order": order,
        "form": form,
        "lines": form.rows,
        "key": new_key(),
        "quote": quote,
        "exchange": exchange,
        "policy": queries.return_policy(order.brand_id),
        "stores": queries.stores_that_take_returns(order.brand.code, place.lat, place.lng, now=now),
    }
    return render(request, "shop/return_new.html", context, status=422 if request.method == "POST" else 200)


def _agree(request: HttpRequest, order: Order, form: ReturnForm) -> str:
    """Agree on the return, once per form; return its number."""
    wanted = services.RequestReturn(
        lines=form.wanted,
        reason=form.cleaned_data["reason"],
        way=form.cleaned_data["way"],
        seen_refund_fen=form.cleaned_data["seen"],
    )
    actor = shopper_of(request)

    exchange = services.RequestExchange(wanted, form.swaps, form.cleaned_data["total"]) if form.is_exchange else None

    def work() -> dict[str, Any]:
        if exchange is not None:
            case = services.request_exchange(order.pk, exchange, actor=actor.label, now=clock.now())
        else:
            case = services.request_return(order.pk, wanted, actor=actor.label, now=clock.now())
        return {"number": case.number}

    fingerprint = hashlib.sha256(repr((order.pk, wanted, exchange)).encode()).hexdigest()
    answer, _is_replayed = run_once(Idempotency(f"return:{order.pk}", form.cleaned_data["key"], fingerprint), work)
    return str(answer["number"])


def _go_on(request: HttpRequest, number: str) -> HttpResponse:
    """Go on to the payment of an exchange's difference, else to the return."""
    case = queries.get_return_for(shopper_of(request), number)
    if case.replacement is not None:
        remember(request, case.replacement.number)
        if queries.is_payable(case.replacement):
            return redirect("orders:pay", case.replacement.number)
    return redirect("orders:return", number)


@require_safe
def list_returns(request: HttpRequest) -> HttpResponse:
    """List the returns that this browser, or the account, may see."""
    rows = queries.return_rows(shopper_of(request), limit=MOST_ORDERS)
    return render(request, "shop/return_list.html", {"returns": rows})


@require_safe
def show_return(request: HttpRequest, number: str) -> HttpResponse:
    """Show a return and follow it; who may see it may see both orders of an exchange."""
    case = queries.get_return_for(shopper_of(request), number)
    if case.replacement is not None:
        remember(request, case.order.number)
        remember(request, case.replacement.number)
    place = case.order.fulfillment
    stores = queries.stores_that_take_returns(case.brand.code, place.lat, place.lng, now=clock.now())
    context = {"page": queries.return_page(case), "stores": stores}
    return render(request, "shop/return_show.html", context)


@require_safe
def show_return_status(request: HttpRequest, number: str) -> HttpResponse:
    """Answer the return page's question what has changed."""
    page = queries.return_page(queries.get_return_for(shopper_of(request), number))
    if request.GET.get("v") == page.version:
        return HttpResponse(status=204)
    return render(request, "shop/_return_live.html", {"page": page}, status=STOP_POLLING if page.is_final else 200)


@require_safe
def show_return_qr(request: HttpRequest, number: str) -> HttpResponse:
    """Draw the return's number as a QR code for the store's scanner."""
    case = queries.get_return_for(shopper_of(request), number)
    drawing = io.BytesIO()
    qrcode.make(case.number, image_factory=qrcode.image.svg.SvgPathFillImage, border=2).save(drawing)
    return HttpResponse(
        drawing.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )


@require_POST
def cancel_return(request: HttpRequest, number: str) -> HttpResponse:
    """Call a return off that has not begun its way."""
    actor = shopper_of(request)
    case = queries.get_return_for(actor, number)
    try:
        with entry():
            services.cancel_return(case.pk, actor=actor.label, now=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("orders:return", case.number)
