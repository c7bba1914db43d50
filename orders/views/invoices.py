"""The pages on which a shopper asks for the invoice of an order, and finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import InvoiceStatus, OrderStatus
from orders.forms import InvoiceForm
from orders.views.shop import MOST_ORDERS, shopper_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
def show_invoice(request: HttpRequest, number: str) -> HttpResponse:
    """Show the invoice of an order, or ask for its title; a valid form asks the provider for it."""
    actor = shopper_of(request)
    order = queries.get_order_for(actor, number)
    invoice = queries.find_invoice(order)
    form = InvoiceForm(request.POST if request.method == "POST" else None, initial={"title": order.contact_name})
    if form.is_valid():
        try:
            with entry():
                services.request_invoice(order.pk, **form.cleaned_data, actor=actor.label, now=clock.now())
        except DomainError as error:
            form.show_refusal(error)
        else:
            messages.success(request, _("Asked for. It is usually issued within minutes; you get a message."))
            return redirect("orders:invoice-new", number)
    can_ask = order.status == OrderStatus.COMPLETED and (invoice is None or invoice.status == InvoiceStatus.REFUSED)
    context = {"order": order, "invoice": invoice, "form": form, "can_ask": can_ask}
    return render(request, "shop/order_invoice.html", context, status=422 if form.is_bound else 200)


@require_safe
def list_invoices(request: HttpRequest) -> HttpResponse:
    """List the invoices of the orders that this browser, or the account, may see."""
    invoices = queries.invoices_visible_to(shopper_of(request), limit=MOST_ORDERS)
    return render(request, "shop/invoice_list.html", {"invoices": invoices})
