"""The shopper's basket, checkout, payment and order pages."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import secrets
from typing import TYPE_CHECKING, Any

import qrcode
import qrcode.image.svg
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from omni.kernel import bilingual, clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CancelReason, PaymentMethod
from orders.forms import AddToBasketForm, ChangeBasketForm
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.forms import Form

    from orders.models import Order
    from stores.permissions import Actor

A_MONTH = 30 * 24 * 3600
MOST_ORDERS = 50
MOST_PICKUP_STORES = 5
# Tells htmx that there is nothing more to ask for.
STOP_POLLING = 286


def shopper_of(request: HttpRequest) -> Actor:
    """Return who is shopping: the account, if any, and the orders this browser placed or opened by a signed link.

    Somebody's work gives no rights here: other people's orders are not "mine" to headquarters, which has its own pages.
    """
    actor = stores_queries.actor_for_user(request.user)
    return dataclasses.replace(actor, grants=(), order_numbers=frozenset(request.session.get("orders", ())))


def basket_token(request: HttpRequest) -> str:
    """Return the token of the account's baskets, or of this browser's; empty when a guest has none yet."""
    if request.user.pk is not None:
        return queries.token_of_account(request.user.pk)
    return str(request.get_signed_cookie("basket", default=""))


def with_basket(request: HttpRequest, response: HttpResponse, token: str) -> HttpResponse:
    """Let the browser remember a guest's baskets, and how many units they hold (for the script in the header).

    An account's may change on another device: `basket_shared` has the script ask again on every page.
    """
    if request.user.pk is None:
        if token:
            response.set_signed_cookie("basket", token, max_age=A_MONTH, httponly=True, samesite="Lax")
        response.delete_cookie("basket_shared")
    else:
        response.set_cookie("basket_shared", "1", max_age=A_MONTH, samesite="Lax")
    response.set_cookie("basket_count", str(queries.count_units(token)), max_age=A_MONTH, samesite="Lax")
    return response


@require_safe
def show_basket(request: HttpRequest) -> HttpResponse:
    """Show the baskets of this account or browser."""
    token = basket_token(request)
    response = render(request, "shop/basket_show.html", {"baskets": queries.baskets_of(token, now=clock.now())})
    return with_basket(request, response, token)


@require_safe
def show_basket_count(request: HttpRequest) -> HttpResponse:
    """Answer how many units the baskets hold now, and let the browser remember it for the header."""
    token = basket_token(request)
    headers = {"Cache-Control": "no-store"}
    response = HttpResponse(str(queries.count_units(token)), content_type="text/plain", headers=headers)
    return with_basket(request, response, token)


@require_POST
def add_to_basket(request: HttpRequest) -> HttpResponse:
    """Put units of a SKU into the basket."""
    form = AddToBasketForm(request.POST)
    if not form.is_valid():
        return _back(request, _first_error(form))
    values, token = form.cleaned_data, basket_token(request) or secrets.token_urlsafe(24)
    brand = stores_queries.get_brand(values["brand"])
    try:
        with entry():
            services.add_to_basket(token, brand.pk, values["sku"], quantity=values["quantity"] or 1, now=clock.now())
    except DomainError as error:
        return _back(request, error.message)
    return with_basket(request, redirect("orders:basket"), token)


def _first_error(form: Form) -> str:
    return str(next(iter(form.errors.values()))[0])


def _back(request: HttpRequest, message: str) -> HttpResponse:
    """Return to the page the shopper came from, with a message on it."""
    messages.error(request, message)
    origin = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(origin, {request.get_host()}, require_https=request.is_secure())
    return redirect(origin if is_ours else "inventory:products")


@require_POST
def change_basket(request: HttpRequest) -> HttpResponse:
    """Set the quantity of a line; zero takes it out."""
    form, token = ChangeBasketForm(request.POST), basket_token(request)
    if form.is_valid():
        with entry():
            services.change_basket_line(
                token, form.cleaned_data["line"], form.cleaned_data["quantity"], now=clock.now()
            )
    else:
        messages.error(request, _first_error(form))
    return with_basket(request, redirect("orders:basket"), token)


def remember(request: HttpRequest, number: str) -> None:
    """Let this browser see an order that it placed or opened by a signed link."""
    known = [*request.session.get("orders", ()), number]
    request.session["orders"] = list(dict.fromkeys(known))[-MOST_ORDERS:]


@require_safe
def list_orders(request: HttpRequest) -> HttpResponse:
    """List the orders that this browser, or the account, may see."""
    rows = queries.order_rows(shopper_of(request), limit=MOST_ORDERS)
    return render(request, "shop/order_list.html", {"orders": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def show_payment(request: HttpRequest, number: str) -> HttpResponse:
    """Show the QR code of an unpaid order; sending the page's form begins another payment when one came to nothing."""
    order = queries.get_order_for(shopper_of(request), number)
    if not queries.is_payable(order):
        return redirect("orders:track", order.number)
    if request.method == "POST":
        with entry():
            services.start_payment(order.pk, PaymentMethod.WECHAT_NATIVE, now=clock.now())
        return redirect("orders:pay", order.number)
    return render(request, "shop/order_pay.html", _payment_context(order) | {"lines": queries.lines_of(order)})


@require_safe
def show_payment_status(request: HttpRequest, number: str) -> HttpResponse:
    """Answer the payment page's question whether it is paid; if so, send it to the order."""
    order = queries.get_order_for(shopper_of(request), number)
    if not queries.is_payable(order):
        return HttpResponse(status=STOP_POLLING, headers={"HX-Redirect": reverse("orders:track", args=[order.number])})
    context = _payment_context(order)
    if request.GET.get("v") == context["version"]:
        return HttpResponse(status=204)
    return render(request, "shop/_order_payment.html", context)


def _payment_context(order: Order) -> dict[str, Any]:
    """Return what the payment page shows; `version` changes with it."""
    payment = queries.find_payment(order)
    code_url = payment.code_url if payment else ""
    return {
        "order": order,
        "left_fen": queries.left_to_pay_fen(order),
        "brand_name": bilingual.name_of(order.brand),
        "is_waiting": payment is not None,
        "code_url": code_url,
        "version": hashlib.sha256(f"{payment and payment.pk} {code_url}".encode()).hexdigest()[:12],
    }


@require_safe
def show_qr(request: HttpRequest, number: str) -> HttpResponse:
    """Draw the payment link as a QR code."""
    payment = queries.find_payment(queries.get_order_for(shopper_of(request), number))
    if payment is None or not payment.code_url:
        raise Http404
    drawing = io.BytesIO()
    qrcode.make(payment.code_url, image_factory=qrcode.image.svg.SvgPathFillImage, border=2).save(drawing)
    return HttpResponse(
        drawing.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )


def open_by_link(request: HttpRequest, number: str, page: str) -> HttpResponse:
    """Let this browser see an order whose signed link it has, and go on to one of its pages.

    :raises NotFound: the link was not signed here.
    """
    if queries.read_order_token(request.GET["t"]) != number:
        raise NotFound
    remember(request, number)
    return redirect(page, number)


@require_safe
def show_order(request: HttpRequest, number: str) -> HttpResponse:
    """Show an order and follow it; a signed link opens it on another device."""
    if request.GET.get("t"):
        return open_by_link(request, number, "orders:track")
    order = queries.get_order_for(shopper_of(request), number)
    link = f"{reverse('orders:track', args=[order.number])}?t={queries.sign_order_token(order.number)}"
    context = {**_track_context(order), "link": request.build_absolute_uri(link)}
    return render(request, "shop/order_track.html", context)


def _track_context(order: Order) -> dict[str, Any]:
    """Return what both the order's page and its part that changes show."""
    return {"page": queries.order_page(order, now=clock.now()), "cancel_reasons": CancelReason.choices}


@require_safe
def show_order_status(request: HttpRequest, number: str) -> HttpResponse:
    """Answer the order page's question what has changed."""
    context = _track_context(queries.get_order_for(shopper_of(request), number))
    if request.GET.get("v") == context["page"].version:
        return HttpResponse(status=204)
    status = STOP_POLLING if context["page"].is_final else 200
    return render(request, "shop/_order_track.html", context, status=status)


@require_POST
def cancel_order(request: HttpRequest, number: str) -> HttpResponse:
    """Cancel an order as far as that is still possible."""
    actor = shopper_of(request)
    order = queries.get_order_for(actor, number)
    try:
        with entry():
            reason = request.POST.get("reason", "")
            reason = reason if reason in CancelReason else ""
            services.cancel_order(order.pk, actor=actor.label, now=clock.now(), reason=reason)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("orders:track", order.number)
