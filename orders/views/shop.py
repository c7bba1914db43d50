"""The shopper's basket, checkout, payment and order pages."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import secrets
from typing import TYPE_CHECKING, Any

import qrcode
import qrcode.image.svg
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fulfillment import choices as fulfillment_choices
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.transactions import Idempotency, entry, run_once
from orders import queries, services
from orders.choices import OrderStatus, PaymentMethod
from orders.forms import AddToBasketForm, ChangeBasketForm, CheckoutForm
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from orders.models import Order
    from orders.queries import BasketView
    from stores.permissions import Actor

A_MONTH = 30 * 24 * 3600
# Fields of the service that stand under another name, or in no field, on the page.
PAGE_FIELDS = {"contact_name": "contact_name", "phone": "phone", "district_code": "district_code", "street": "street"}


def shopper_of(request: HttpRequest) -> Actor:
    """Return who is shopping: the account, if any, and the orders this browser placed or opened by a signed link."""
    actor = stores_queries.actor_for_user(request.user)
    return dataclasses.replace(actor, order_numbers=frozenset(request.session.get("orders", ())))


def basket_token(request: HttpRequest) -> str:
    """Return the token of this browser's baskets; empty when it has none yet."""
    return str(request.get_signed_cookie("basket", default=""))


@require_GET
def show_basket(request: HttpRequest) -> HttpResponse:
    """Show the baskets of this browser."""
    return render(
        request, "shop/basket_show.html", {"baskets": queries.baskets_of(basket_token(request), now=clock.now())}
    )


@require_POST
def add_to_basket(request: HttpRequest) -> HttpResponse:
    """Put one unit of a SKU into the basket."""
    form = AddToBasketForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect(request.headers.get("Referer") or "inventory:products")
    token = basket_token(request) or secrets.token_urlsafe(24)
    brand = stores_queries.get_brand(form.cleaned_data["brand"])
    with entry():
        services.add_to_basket(
            token, brand.pk, form.cleaned_data["sku"], quantity=form.cleaned_data["quantity"] or 1, now=clock.now()
        )
    response = redirect("orders:basket")
    response.set_signed_cookie("basket", token, max_age=A_MONTH, httponly=True, samesite="Lax")
    return response


@require_POST
def change_basket(request: HttpRequest) -> HttpResponse:
    """Set the quantity of a line; zero takes it out."""
    form = ChangeBasketForm(request.POST)
    if form.is_valid():
        with entry():
            services.change_basket_line(basket_token(request), form.cleaned_data["line"], form.cleaned_data["quantity"])
    return redirect("orders:basket")


@require_http_methods(["GET", "POST"])
def show_checkout(request: HttpRequest, brand_code: str) -> HttpResponse:
    """Show the one page of the checkout; a valid form places the order and goes on to the payment."""
    token = basket_token(request)
    basket = queries.find_basket(token, brand_code, now=clock.now())
    if basket is None:
        return redirect("orders:basket")
    place = stores_queries.find_place(str(request.get_signed_cookie("place", default="")))
    form = CheckoutForm(request.POST or None, initial=_place_fields(place))
    if form.is_bound and form.is_valid():
        try:
            return _place_order(request, token, basket, form)
        except DomainError as error:
            _show_error(form, error)
            with entry():
                services.accept_basket_prices(token, basket.brand.pk, now=clock.now())
    context = {
        "basket": basket,
        "form": form,
        "pickup_stores": _pickup_stores(basket, place),
        "unpaid_minutes": settings.ORDERS_UNPAID_MINUTES,
    }
    return render(request, "shop/checkout_show.html", context, status=422 if form.is_bound else 200)


def _place_fields(place: stores_queries.Place | None) -> dict[str, Any]:
    if place is None:
        return {}
    return {"district_code": place.district.pk} if place.district else {"lat": place.lat, "lng": place.lng}


def _pickup_stores(basket: BasketView, place: stores_queries.Place | None) -> list[Any]:
    if place is None:
        return []
    lines = [(line.variant.pk, line.quantity) for line in basket.lines]
    return list(queries.pickup_stores(basket.brand.pk, lines, place.lat, place.lng, now=clock.now()))


def _place_order(request: HttpRequest, token: str, basket: BasketView, form: CheckoutForm) -> HttpResponse:
    """Place the order and begin its payment, once per form; then show the payment page."""
    wanted = _order_of(basket, form.cleaned_data)
    fingerprint = hashlib.sha256(repr(wanted).encode()).hexdigest()

    def work() -> dict[str, Any]:
        now = clock.now()
        placed = services.place_order(wanted, now=now)
        services.start_payment(placed.order_id, PaymentMethod.WECHAT_NATIVE, now=now)
        services.empty_basket(token, basket.brand.pk)
        return {"number": placed.number}

    response, _replayed = run_once(Idempotency(f"basket:{token}", form.cleaned_data["key"], fingerprint), work)
    _remember(request, response["number"])
    return redirect("orders:pay", response["number"])


def _order_of(basket: BasketView, values: dict[str, Any]) -> services.PlaceOrder:
    is_pickup = values["way"] == fulfillment_choices.Way.PICKUP
    return services.PlaceOrder(
        brand_id=basket.brand.pk,
        channel=stores_choices.Channel.WEB,
        lines=tuple(services.WantedLine(line.variant.sku, line.quantity, line.seen_price_fen) for line in basket.lines),
        way=fulfillment_choices.Way(values["way"]),
        contact_name=values["contact_name"],
        phone=values["phone"],
        district_code=values["district_code"] or None,
        street="" if is_pickup else values["street"],
        lat=values["lat"],
        lng=values["lng"],
        pickup_store_id=values["pickup_store"] if is_pickup else None,
        language=get_language() or "zh-hans",
    )


def _show_error(form: CheckoutForm, error: DomainError) -> None:
    """Put a refusal beside the field it names."""
    form.add_error(PAGE_FIELDS.get(error.field or ""), error.message)


def _remember(request: HttpRequest, number: str) -> None:
    known = [*request.session.get("orders", ()), number]
    request.session["orders"] = list(dict.fromkeys(known))[-50:]


@require_GET
def show_payment(request: HttpRequest, number: str) -> HttpResponse:
    """Show the QR code of an unpaid order; the code appears as soon as the provider has given it."""
    order = queries.get_order_for(shopper_of(request), number)
    if order.status != OrderStatus.PLACED:
        return redirect("orders:track", number)
    context = {"order": order, **_payment_context(order)}
    return render(request, "shop/order_pay.html", context)


@require_GET
def show_payment_status(request: HttpRequest, number: str) -> HttpResponse:
    """Answer the payment page's question whether it is paid; if so, send it to the order."""
    order = queries.get_order_for(shopper_of(request), number)
    if order.status != OrderStatus.PLACED:
        return HttpResponse(headers={"HX-Redirect": reverse("orders:track", args=[number])})
    return render(request, "shop/_order_payment.html", {"order": order, **_payment_context(order)})


def _payment_context(order: Order) -> dict[str, Any]:
    code_url = queries.payment_link(order.pk)
    return {
        "code_url": code_url,
        "qr_url": reverse("orders:qr", args=[order.number]) if code_url else "",
        "status_url": reverse("orders:payment", args=[order.number]),
        "track_url": reverse("orders:track", args=[order.number]),
    }


@require_GET
def show_qr(request: HttpRequest, number: str) -> HttpResponse:
    """Draw the payment link as a QR code."""
    order = queries.get_order_for(shopper_of(request), number)
    code_url = queries.payment_link(order.pk)
    if not code_url:
        raise Http404
    drawing = io.BytesIO()
    qrcode.make(code_url, image_factory=qrcode.image.svg.SvgPathFillImage, border=2).save(drawing)
    return HttpResponse(
        drawing.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )


@require_GET
def show_order(request: HttpRequest, number: str) -> HttpResponse:
    """Show an order and follow it; a signed link opens it on another device."""
    token = request.GET.get("t", "")
    if token:
        if queries.read_order_token(token) != number:
            raise NotFound
        _remember(request, number)
        return redirect("orders:track", number)
    view = queries.order_page(queries.get_order_for(shopper_of(request), number))
    return render(request, "shop/order_track.html", {"page": view})


@require_GET
def show_order_status(request: HttpRequest, number: str) -> HttpResponse:
    """Answer the order page's question what has changed."""
    view = queries.order_page(queries.get_order_for(shopper_of(request), number))
    # 286 tells htmx that there is nothing more to ask for.
    return render(request, "shop/_order_track.html", {"page": view}, status=286 if view.is_final else 200)


@require_POST
def cancel_order(request: HttpRequest, number: str) -> HttpResponse:
    """Cancel an order as far as that is still possible."""
    actor = shopper_of(request)
    order = queries.get_order_for(actor, number)
    with entry():
        services.cancel_order(order.pk, actor=actor.label, now=clock.now())
    return HttpResponseRedirect(reverse("orders:track", args=[number]))
