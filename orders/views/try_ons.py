"""The shopper's pages of booking goods to try on in a store."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from typing import TYPE_CHECKING, Any

import qrcode
import qrcode.image.svg
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfillment import queries as fulfillment_queries
from members import services as members_services
from omni.accounts import queries as accounts_queries
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import Idempotency, entry, run_once
from orders import queries, services
from orders.forms import TryOnForm
from orders.views.shop import STOP_POLLING, open_by_link, remember, shopper_of
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest


@require_http_methods(["GET", "HEAD", "POST"])
def new_try_on(request: HttpRequest) -> HttpResponse:
    """Show where and when pieces (?sku=, repeated) can be tried on; a valid form books."""
    place = stores_queries.find_place(request.get_signed_cookie("place", default="") or "")
    sent = request.POST if request.method == "POST" else request.GET
    store = sent.get("store", "")
    offer = queries.try_on_offer(
        sent.get("brand", ""),
        sent.getlist("sku"),
        place,
        store_id=int(store) if store.isascii() and store.isdigit() and len(store) < 19 else None,
        now=clock.now(),
    )
    form = TryOnForm(request.POST if request.method == "POST" else None, initial=_known_of(request))
    if form.is_valid():
        try:
            return _book(request, offer, form.cleaned_data)
        except DomainError as error:
            form.show_refusal(error)
            offer = dataclasses.replace(offer, days=queries.try_on_days(offer.chosen, now=clock.now()))
    context = {"offer": offer, "form": form, "place": place}
    return render(request, "shop/try_on_new.html", context, status=422 if form.is_bound else 200)


def _book(request: HttpRequest, offer: queries.TryOnOffer, values: dict[str, Any]) -> HttpResponse:
    """Book, once per form; then go on to the booking."""
    wanted = services.BookTryOn(
        brand_id=offer.brand.pk,
        store_id=values["store"],
        skus=offer.skus,
        starts_at=values["slot"],
        contact_name=values["contact_name"],
        phone=values["phone"],
        language=get_language(),
    )

    def work() -> dict[str, Any]:
        now = clock.now()
        mine = dataclasses.replace(wanted, member_id=_membership(request, wanted.brand_id, now))
        return {"number": services.book_try_on(mine, now=now)}

    fingerprint = hashlib.sha256(repr(wanted).encode()).hexdigest()
    who = hashlib.sha256(str(request.user.pk or request.META.get("CSRF_COOKIE", "")).encode()).hexdigest()[:32]
    answer, _is_replayed = run_once(Idempotency(f"try-on:{who}", values["key"], fingerprint), work)
    remember(request, answer["number"])
    return redirect("orders:try-on", answer["number"])


def _known_of(request: HttpRequest) -> dict[str, str]:
    """Return what the account knows of whom to ask for."""
    if request.user.pk is None:
        return {}
    identity = accounts_queries.get_identity(request.user.pk)
    return {"contact_name": identity.name, "phone": identity.phone}


def _membership(request: HttpRequest, brand_id: int, now: datetime) -> int | None:
    """Return the account's membership with a brand, which the first booking begins; None without a proven phone."""
    user_id = request.user.pk
    if user_id is None or accounts_queries.get_identity(user_id).phone_index is None:
        return None
    return members_services.enrol(user_id, brand_id, now=now)


@require_safe
def list_try_ons(request: HttpRequest) -> HttpResponse:
    """List the bookings that this browser, or the account, may see."""
    return render(request, "shop/try_on_list.html", {"try_ons": queries.try_on_rows(shopper_of(request))})


@require_safe
def show_try_on(request: HttpRequest, number: str) -> HttpResponse:
    """Show a booking with its code; a signed link opens it on another device. With `v`, what changes of it alone."""
    if request.GET.get("t"):
        return open_by_link(request, number, "orders:try-on")
    page = queries.try_on_page(queries.get_try_on_for(shopper_of(request), number), now=clock.now())
    if "v" not in request.GET:
        link = f"{reverse('orders:try-on', args=[page.number])}?t={queries.sign_order_token(page.number)}"
        return render(request, "shop/try_on_show.html", {"page": page, "link": request.build_absolute_uri(link)})
    if request.GET["v"] == page.version:
        return HttpResponse(status=204)
    return render(request, "shop/_try_on.html", {"page": page}, status=200 if page.is_held else STOP_POLLING)


@require_safe
def show_try_on_qr(request: HttpRequest, number: str) -> HttpResponse:
    """Draw the code of a booking, as the store's desk scans it."""
    page = queries.try_on_page(queries.get_try_on_for(shopper_of(request), number), now=clock.now())
    if not page.code:
        raise Http404
    drawing = io.BytesIO()
    text = fulfillment_queries.pickup_text(page.share_number, page.code)
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage, border=4).save(drawing)
    headers = {"Cache-Control": "private, no-store"}
    return HttpResponse(drawing.getvalue(), content_type="image/svg+xml", headers=headers)


@require_POST
def cancel_try_on(request: HttpRequest, number: str) -> HttpResponse:
    """Call a booking off."""
    actor = shopper_of(request)
    try_on = queries.get_try_on_for(actor, number)
    try:
        with entry():
            services.cancel_try_on(try_on.pk, actor=actor.label, now=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("orders:try-on", try_on.number)
