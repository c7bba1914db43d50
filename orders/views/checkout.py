"""The one page of the checkout: what it costs follows every choice, and what changed is shown before it is placed."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from fulfillment import choices as fulfillment_choices
from members import queries as members_queries
from members import services as members_services
from omni.accounts import queries as accounts_queries
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.transactions import Idempotency, entry, run_once
from orders import queries, services
from orders.forms import NEW_ADDRESS, CheckoutForm
from orders.views import sharing
from orders.views.shop import basket_token, remember, with_basket
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence


@require_http_methods(["GET", "HEAD", "POST"])
def show_checkout(request: HttpRequest, brand_code: str) -> HttpResponse:
    """Show the one page of the checkout; a valid form places the order and goes on to the payment.

    The button that only updates shows the page again with what was chosen, for browsers without scripts.
    """
    addresses = _addresses(request)
    form = _form(request, addresses)
    is_update = "update" in request.POST
    if form.is_bound and not is_update and form.is_valid():
        try:
            return _place_order(request, brand_code, form, addresses)
        except DomainError as error:
            form.show_refusal(error)
    context = _context(request, brand_code, form, addresses)
    if context is None:
        for message in form.non_field_errors() if form.is_bound and not is_update else ():
            messages.error(request, str(message))
        return redirect("orders:basket")
    is_refused = form.is_bound and not is_update
    return render(request, "shop/checkout_show.html", context, status=422 if is_refused else 200)


@require_POST
def show_bill(request: HttpRequest, brand_code: str) -> HttpResponse:
    """Answer what the order costs with what is chosen now, which offers fit, and who would send it."""
    addresses = _addresses(request)
    context = _context(request, brand_code, _form(request, addresses), addresses)
    if context is None:
        raise NotFound
    return render(request, "shop/_checkout_update.html", context)


def _form(request: HttpRequest, addresses: Sequence[members_queries.AddressView]) -> CheckoutForm:
    """Return the form as it was sent, or with what is known of the shopper."""
    if request.method == "POST":
        return CheckoutForm(request.POST)
    place = str(request.get_signed_cookie("place", default="") or "")
    initial = {"place": place or (addresses[0].place if addresses else "")}
    if addresses:
        # A place that was chosen for looking around is where it goes, unless an address is there.
        fitting = next((address for address in addresses if place in {"", address.place}), None)
        initial["address"] = str(fitting.id) if fitting else NEW_ADDRESS
        initial |= {"contact_name": addresses[0].recipient, "phone": addresses[0].phone}
    elif request.user.pk is not None:
        identity = accounts_queries.get_identity(request.user.pk)
        initial |= {"contact_name": identity.name, "phone": identity.phone}
    return CheckoutForm(initial=initial)


def _addresses(request: HttpRequest) -> list[members_queries.AddressView]:
    """Return the addresses of the account that shops; none of a guest."""
    return members_queries.addresses_of(request.user.pk) if request.user.pk is not None else []


def _context(
    request: HttpRequest, brand_code: str, form: CheckoutForm, addresses: Sequence[members_queries.AddressView]
) -> dict[str, Any] | None:
    """Return what the page shows; None when there is nothing in the basket."""
    now = clock.now()
    seen = queries.read_seen_page(
        queries.read_seen(form.data.get("seen", "")), form.data.get("seen_total", ""), form.data.get("seen_promise", "")
    )
    choice = _choice(request, brand_code, form, addresses)
    page = queries.find_checkout(basket_token(request), brand_code, choice, seen=seen.lines, now=now)
    if page is None:
        return None
    is_sent = form.is_bound and "update" not in request.POST and not request.headers.get("HX-Request")
    if is_sent and page.coupon_problem and not form.has_error("coupon_code"):
        form.add_error("coupon_code", page.coupon_problem)
    return {
        "page": page,
        "basket": page.basket,
        "lines": [(line, form.line_errors.get(position)) for position, line in enumerate(page.lines)],
        "differences": queries.differences(page, seen) if is_sent else [],
        "form": form,
        "is_sent": is_sent,
        "first_mistake": form.point_at_mistake() if is_sent else "",
        "addresses": addresses,
        "chosen_address": _chosen_address(form, addresses),
        "new_address": NEW_ADDRESS,
        "chosen_coupon": next((view.code for view in page.offer.coupons if view.is_used), "") if page.offer else "",
        "unpaid_minutes": settings.ORDERS_UNPAID_MINUTES,
        "seller": sharing.followed(request, brand_code),
    }


def _choice(
    request: HttpRequest, brand_code: str, form: CheckoutForm, addresses: Sequence[members_queries.AddressView]
) -> queries.Choice:
    """Return what the form shows as chosen."""
    address = _chosen_address(form, addresses)
    is_pickup = form.chosen_way == fulfillment_choices.Way.PICKUP
    place = form.chosen_place if is_pickup or address is None else stores_queries.find_place(address.place)
    return queries.Choice(
        way=form.chosen_way,
        place=place,
        pickup_store_id=form.chosen_store,
        member_id=_member_of(request.user.pk, brand_code),
        coupon_codes=form.chosen_coupons,
        points=form.chosen_points,
    )


def _chosen_address(
    form: CheckoutForm, addresses: Sequence[members_queries.AddressView]
) -> members_queries.AddressView | None:
    return next((address for address in addresses if str(address.id) == form.chosen_address), None)


def _member_of(user_id: int | None, brand_code: str) -> int | None:
    """Return the account's membership with a brand, if it has one."""
    return None if user_id is None else members_queries.find_membership(user_id, brand_code)


def _place_order(
    request: HttpRequest, brand_code: str, form: CheckoutForm, addresses: Sequence[members_queries.AddressView]
) -> HttpResponse:
    """Place the order and begin its payment, once per form; then go on to the payment page."""
    values, token = form.cleaned_data, basket_token(request)
    wanted = _wanted(stores_queries.get_brand(brand_code).pk, form, _chosen_address(form, addresses))
    wanted = dataclasses.replace(wanted, selling=sharing.selling_by_link(request, brand_code))
    _enrol(request, wanted.brand_id)
    member_id = _member_of(request.user.pk, brand_code)
    fingerprint = hashlib.sha256(repr((wanted, values["seen"])).encode()).hexdigest()

    def work() -> dict[str, Any]:
        mine = dataclasses.replace(wanted, member_id=member_id)
        placed = services.order_basket(token, mine, seen=queries.read_seen(values["seen"]), now=clock.now())
        return {"number": placed.number}

    answer, _is_replayed = run_once(Idempotency(f"basket:{token}", values["key"], fingerprint), work)
    remember(request, answer["number"])
    return with_basket(request, redirect("orders:pay", answer["number"]), token)


def _enrol(request: HttpRequest, brand_id: int) -> None:
    """Begin the account's membership with its first order there; it stays if the order is refused, as its prices do."""
    if request.user.pk is None or accounts_queries.get_identity(request.user.pk).phone_index is None:
        return
    if not queries.count_units(basket_token(request)):
        return  # nothing to order begins nothing
    with entry():
        members_services.enrol(request.user.pk, brand_id, now=clock.now())


def _wanted(brand_id: int, form: CheckoutForm, address: members_queries.AddressView | None) -> services.PlaceOrder:
    """Turn the form into a wish, still without lines.

    :raises NotFound: the address is none of the account's.
    """
    values, way, place = form.cleaned_data, form.chosen_way, form.chosen_place
    is_pickup = way == fulfillment_choices.Way.PICKUP
    if form.chosen_address and not is_pickup:
        if address is None:
            raise NotFound(field="address")
        place = stores_queries.find_place(address.place)
        values = values | {"contact_name": address.recipient, "phone": address.phone, "street": address.street}
    point = place if place and place.is_position else None
    seen = queries.read_seen_page((), values["seen_total"], values["seen_promise"])
    choice = seen.shown(queries.Choice(way, place, values["pickup_store"]))
    way = fulfillment_choices.Way(choice.way)
    return services.PlaceOrder(
        brand_id=brand_id,
        channel=stores_choices.Channel.WEB,
        lines=(),
        way=way,
        contact_name=values["contact_name"],
        phone=values["phone"],
        district_code=place.district.pk if place else None,
        street="" if is_pickup else values["street"],
        lat=point.lat if point else None,
        lng=point.lng if point else None,
        pickup_store_id=values["pickup_store"] if is_pickup else None,
        language=get_language(),
        coupon_codes=form.chosen_coupons,
        points=values["points"] or 0,
        seen_total_fen=seen.total_fen(way),
        seen_promised_on=seen.promise_for(choice.destination),
    )
