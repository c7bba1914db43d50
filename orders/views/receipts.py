"""Receipts: printed at the desk, sent to the phone, and opened there."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import qrcode
import qrcode.image.svg
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry
from orders import queries, services
from orders.forms.till import SendForm
from orders.views.shop import open_by_link, shopper_of
from stores import queries as stores_queries

if TYPE_CHECKING:
    from orders.models import Order


@require_GET
@at_desk
def show_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Show a receipt as it is printed, and where it may be sent."""
    order = queries.get_receipt_order(stores_queries.actor_for_user(request.user), number)
    return _show(request, order, SendForm(initial={"language": order.language}))


@require_POST
@at_desk
@once
def send_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Send the receipt's link to a phone."""
    order = queries.get_receipt_order(stores_queries.actor_for_user(request.user), number)
    form = SendForm(request.POST)
    if not form.is_valid():
        return _show(request, order, form)
    try:
        with entry():
            services.send_receipt(order, **form.cleaned_data, now=clock.now())
    except DomainError as error:
        form.put_error(error)
        return _show(request, order, form)
    messages.success(request, _("The receipt is on its way to the phone."))
    return redirect("orders:receipt", order.number)


@require_safe
@at_desk
def show_receipt_qr(request: HttpRequest, number: str) -> HttpResponse:
    """Draw the code on the receipt: it opens the order on any phone, and the desk finds the order by it."""
    return _draw(queries.get_receipt_order(stores_queries.actor_for_user(request.user), number))


@require_safe
def show_own_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Show a shopper the receipt of their order; a signed link opens it on any phone."""
    if request.GET.get("t"):
        return open_by_link(request, number, "orders:receipt-mine")
    order = queries.get_order_for(shopper_of(request), number)
    return render(request, "shop/order_receipt.html", {"receipt": queries.receipt_of(order)})


@require_safe
def show_own_receipt_qr(request: HttpRequest, number: str) -> HttpResponse:
    """Draw the code of a shopper's own receipt."""
    return _draw(queries.get_order_for(shopper_of(request), number))


def _show(request: HttpRequest, order: Order, form: SendForm) -> HttpResponse:
    receipt = queries.receipt_of(order)
    context = {"receipt": receipt, "store": receipt.store, "form": form}
    return render(request, "desk/receipt_show.html", context, status=422 if form.errors else 200)


def _draw(order: Order) -> HttpResponse:
    token = queries.sign_order_token(order.number)
    text = f"{settings.PUBLIC_URL}{reverse('orders:track', args=[order.number])}?t={token}"
    drawing = io.BytesIO()
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage, border=4).save(drawing)
    return HttpResponse(
        drawing.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )
