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
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import queries as members_queries
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.transactions import Idempotency, entry, run_once
from orders import queries, services
from orders.choices import ReturnWay
from orders.forms import NEW_ADDRESS, new_key
from orders.forms.returns import ORDER_ADDRESS, ReturnDoorForm, ReturnForm
from orders.views.shop import MOST_ORDERS, STOP_POLLING, remember, shopper_of
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    form, doors = ReturnForm(lines, choices, sent), _door_choices(request, order)
    is_collected = form["way"].value() == ReturnWay.COLLECT
    door = _door_form(request, doors) if is_collected else None
    quote = exchange = None
    if sent is not None and form.is_valid():
        try:
            quote = queries.quote_return(
                order, form.wanted, reason=form.cleaned_data["reason"], way=form.cleaned_data["way"], now=now
            )
            if form.is_exchange:
                exchange = queries.quote_exchange(order, quote, form.swaps, choices, now=now)
            if request.method == "POST" and (door is None or door.is_valid()):
                return _go_on(request, _agree(request, order, form, _chosen_door(door, doors)))
        except DomainError as error:
            if door is None or not door.show_refusal(error):
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
        "offers": queries.quote_offers(order, quote.pieces, now=now) if quote else None,
        "door": door,
        "doors": [(value, label) for value, (label, _door) in doors.items()],
        "new_address": NEW_ADDRESS,
        "policy": queries.return_policy(order.brand_id),
        "stores": queries.stores_that_take_returns(order.brand.code, place.lat, place.lng, now=now),
    }
    return render(request, "shop/return_new.html", context, status=422 if request.method == "POST" else 200)


def _door_choices(request: HttpRequest, order: Order) -> dict[str, tuple[str, queries.Door]]:
    """Return the doors that the shopper need not type: where the order went to, and the account's addresses."""
    choices: dict[str, tuple[str, queries.Door]] = {}
    delivered = queries.find_order_door(order)
    if delivered is not None:
        choices[ORDER_ADDRESS] = (delivered.label, delivered.door)
    for address in members_queries.addresses_of(request.user.pk) if request.user.pk is not None else []:
        label = f"{address.recipient} · {address.phone_masked} · {address.district_label}, {address.street}"
        door = _typed_door(address.recipient, address.phone, stores_queries.find_place(address.place), address.street)
        choices[str(address.id)] = (label, door)
    return choices


def _door_form(request: HttpRequest, choices: Mapping[str, object]) -> ReturnDoorForm:
    """Return the form as it was sent, or with what is likely."""
    if request.method == "POST":
        return ReturnDoorForm(request.POST)
    place = str(request.get_signed_cookie("place", default="") or "")
    return ReturnDoorForm(initial={"address": next(iter(choices), NEW_ADDRESS), "place": place})


def _chosen_door(door: ReturnDoorForm | None, choices: Mapping[str, tuple[str, queries.Door]]) -> queries.Door | None:
    """Return where the courier fetches it; None when the shopper brings it.

    :raises NotFound: the address is none of those there are.
    """
    if door is None:
        return None
    if door.chosen_address:
        if door.chosen_address not in choices:
            raise NotFound(_("Choose one of these addresses."), field="address")
        return choices[door.chosen_address][1]
    values = door.cleaned_data
    return _typed_door(values["contact_name"], values["phone"], door.chosen_place, values["street"])


def _typed_door(name: str, phone: str, place: stores_queries.Place | None, street: str) -> queries.Door:
    point = place if place and place.is_position else None
    code = place.district.pk if place else ""
    return queries.Door(name, phone, code, street, point.lat if point else None, point.lng if point else None)


def _agree(request: HttpRequest, order: Order, form: ReturnForm, door: queries.Door | None) -> str:
    """Agree on the return, once per form; return its number."""
    wanted = services.RequestReturn(
        lines=form.wanted,
        reason=form.cleaned_data["reason"],
        way=form.cleaned_data["way"],
        seen_refund_fen=form.cleaned_data["seen"],
        door=door,
    )
    actor = shopper_of(request)

    exchange = services.RequestExchange(wanted, form.swaps, form.cleaned_data["total"]) if form.is_exchange else None

    def work() -> dict[str, Any]:
        if exchange is not None:
            case = services.request_exchange(order.pk, exchange, actor=actor.label, now=clock.now())
        else:
            case = services.request_return(order.pk, wanted, actor=actor.label, now=clock.now())
        return {"number": case.number}

    sent = repr((order.pk, wanted, exchange, door and (door.contact_name, door.phone, door.street)))
    fingerprint = hashlib.sha256(sent.encode()).hexdigest()
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
    place, now = case.order.fulfillment, clock.now()
    stores = queries.stores_that_take_returns(case.brand.code, place.lat, place.lng, now=now)
    offers = queries.offers_of_return(case, now=now)
    context = {"page": queries.return_page(case), "stores": stores, "offers": offers}
    return render(request, "shop/return_show.html", context)


@require_safe
def show_return_status(request: HttpRequest, number: str) -> HttpResponse:
    """Answer the return page's question what has changed."""
    case = queries.get_return_for(shopper_of(request), number)
    page = queries.return_page(case)
    if request.GET.get("v") == page.version:
        return HttpResponse(status=204)
    context = {"page": page, "offers": queries.offers_of_return(case, now=clock.now())}
    return render(request, "shop/_return_live.html", context, status=STOP_POLLING if page.is_final else 200)


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
