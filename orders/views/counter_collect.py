"""Paid orders at the counter: put into a new basket for the code that is shown, and partly given back at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from fulfillment import services as fulfillment_services
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterBasketStatus
from orders.forms.counter import DeclineForm
from orders.forms.desk import CodeForm
from orders.views.counter import basket_of, coded, store_of, to_basket

if TYPE_CHECKING:
    from orders.models import CounterBasket


@require_POST
@at_desk
@once
def collect_new(request: HttpRequest, store_id: int) -> HttpResponse:
    """Open a basket with the paid order that a shopper's code gives out."""
    actor, store = store_of(request, store_id)
    staff_id, form, now = actor.staff_id_in(store.pk), CodeForm(request.POST), clock.now()
    if staff_id is None:
        raise NotFound
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("orders:desk-try-ons", store.pk)
    try:
        code = form.cleaned_data["code"]
        [shown, *_others] = fulfillment_services.drive_find_by_code(store.pk, code, actor=actor.label, now=now)
        with entry():
            basket = services.open_counter_basket(store.pk, staff_id=staff_id, now=now)
            services.collect_at_counter(basket.pk, shown, now=now)
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("orders:desk-try-ons", store.pk)
    return to_basket(basket)


@require_http_methods(["GET", "POST"])
@at_desk
@once
def keep_some(request: HttpRequest, store_id: int, number: str, line_id: int) -> HttpResponse:
    """Say which pieces of a paid order the shopper does not keep, how each is, and why."""
    _actor, basket = basket_of(request, store_id, number)
    if basket.status != CounterBasketStatus.OPEN:
        return to_basket(basket)
    case = next((row for row in queries.collections_of(queries.counter_lines(basket)) if row.id == line_id), None)
    if case is None:
        raise NotFound
    form = DeclineForm(case.pieces, request.POST if request.method == "POST" else None, initial=_declined(basket, case))
    if request.method == "POST" and form.is_valid():
        declined = [services.DeclinedPiece(piece.key, condition, reason) for piece, condition, reason in form.chosen]
        try:
            with entry():
                services.decline_at_counter(basket.pk, line_id, declined, now=clock.now())
        except NotFound:
            raise
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, coded(error))
        else:
            return to_basket(basket)
    context = {"store": basket.store, "basket": basket, "case": case, "form": form}
    return render(request, "desk/counter_keep.html", context, status=422 if request.method == "POST" else 200)


def _declined(basket: CounterBasket, case: queries.CollectionLineView) -> dict[str, Any]:
    """Return what was said of the pieces before, as the form shows it."""
    said: dict[str, Any] = {}
    for line in basket.lines.filter(collection=case.id):
        field = queries.waiting_field(queries.PieceKey(line.share_line_id or 0, line.unit or 0))
        said.update({field: True, f"{field}-condition": line.condition, f"{field}-reason": line.reason})
    return said
