"""Scan to pay: a counter's basket on the shopper's phone, and the code that leads there on the tablet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import qrcode
import qrcode.image.svg
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from members import queries as members_queries
from members import services as members_services
from omni.accounts import queries as accounts_queries
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterBasketStatus
from orders.forms.scan_to_pay import PhonePaymentForm
from orders.views.counter import basket_of
from orders.views.shop import STOP_POLLING, remember, shopper_of

if TYPE_CHECKING:
    from orders.models import CounterBasket

# Of which baskets this browser has begun to pay, so that it alone is shown their orders.
BEGUN = "scanned"
MOST_BEGUN = 20
ACTOR = "shopper"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def show_scanned(request: HttpRequest, token: str) -> HttpResponse:
    """Show a basket to whoever scanned its code: what is in it, how to get it, paying it, and what became of it."""
    basket = queries.get_scanned_basket(token)
    if request.method == "POST":
        return _pay(request, basket)
    if basket.status == CounterBasketStatus.OPEN:
        return _choose(request, basket, _form(request, basket))
    return _state(request, basket, "shop/scan_pay.html")


@require_safe
@never_cache
def show_scanned_status(request: HttpRequest, token: str) -> HttpResponse:
    """Answer the payment page's question what has changed."""
    basket = queries.get_scanned_basket(token)
    if basket.status != CounterBasketStatus.PAYING:
        return HttpResponse(status=STOP_POLLING, headers={"HX-Redirect": _address(basket)})
    if request.GET.get("v") == queries.load_counter_payment(basket).version:
        return HttpResponse(status=204)
    return _state(request, basket, "shop/_scan_payment.html")


@require_GET
@at_desk
def show_code(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Show the code that the shopper scans; once they pay, the page goes on to the payment."""
    _actor, basket = basket_of(request, store_id, number)
    if basket.status != CounterBasketStatus.OPEN:
        return _follow(request, basket)
    if request.GET.get("seen") == basket.status:
        return HttpResponse(status=204)
    page = queries.load_counter(basket, now=clock.now())
    context = {"store": basket.store, "basket": basket, "page": page, "link": _link(request, basket)}
    return render(request, "desk/counter_code.html", context)


@require_GET
@at_desk
def show_code_picture(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Draw the address of a basket as a QR code."""
    _actor, basket = basket_of(request, store_id, number)
    drawing = io.BytesIO()
    qrcode.make(_link(request, basket), image_factory=qrcode.image.svg.SvgPathFillImage, border=4).save(drawing)
    return HttpResponse(
        drawing.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )


def _form(request: HttpRequest, basket: CounterBasket) -> PhonePaymentForm:
    """Return the form with what is known of the shopper."""
    initial: dict[str, Any] = {"place": str(request.get_signed_cookie("place", default="") or "")}
    if request.user.pk is not None:
        identity = accounts_queries.get_identity(request.user.pk)
        initial |= {"contact_name": identity.name, "phone": identity.phone}
        for address in members_queries.addresses_of(request.user.pk)[:1]:
            initial |= {
                "contact_name": address.recipient,
                "phone": address.phone,
                "place": address.place,
                "street": address.street,
            }
    if basket.recipient_name:
        initial |= {name: value for name, value in queries.recipient_of_basket(basket).items() if name == "place"}
    return PhonePaymentForm(initial=initial)


def _choose(request: HttpRequest, basket: CounterBasket, form: PhonePaymentForm) -> HttpResponse:
    """Show an open basket by the way chosen; a form that was refused stands on it with what is wrong."""
    way = str(form.data.get("way", "") if form.is_bound else request.GET.get("way", ""))
    place = form.chosen_place
    page = queries.load_scanned(
        basket,
        way,
        member_id=_member(request, basket),
        district_code=place.district.pk if place else None,
        now=clock.now(),
    )
    context = {
        "basket": basket,
        "scanned": page,
        "form": form,
        "ways": [(way.value, way.label, way == page.way) for way in page.ways],
        "address": _address(basket),
    }
    return render(request, "shop/scan_basket.html", context, status=422 if form.is_bound else 200)


def _pay(request: HttpRequest, basket: CounterBasket) -> HttpResponse:
    """Begin the payment, open it anew when it came to nothing, or give it up."""
    if basket.status == CounterBasketStatus.PAYING:
        return _pay_on(request, basket)
    if basket.status != CounterBasketStatus.OPEN:
        return redirect(_address(basket))
    form = PhonePaymentForm(request.POST)
    way = str(request.POST.get("way", ""))
    form.is_sent = queries.load_scanned(basket, way, member_id=None, now=clock.now()).is_sent
    if not form.is_valid():
        return _choose(request, queries.get_scanned_basket(basket.token), form)
    try:
        intent_id = _begin(request, basket, form)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields and error.field != "seen" else None, error.message)
        return _choose(request, queries.get_scanned_basket(basket.token), form)
    services.drive_intent(intent_id, now=clock.now())
    return redirect(_address(basket))


def _begin(request: HttpRequest, basket: CounterBasket, form: PhonePaymentForm) -> int:
    """Place the orders and open the payment, all or nothing; return its id."""
    values, place = form.cleaned_data, form.chosen_place
    member_id = _enrolled(request, basket)
    wanted = services.PhonePayment(
        way=values["way"],
        member_id=member_id,
        seen_net_fen=values["seen"],
        contact_name=values["contact_name"] if form.is_sent else "",
        phone=values["phone"] if form.is_sent else "",
        district_code=place.district.pk if place and form.is_sent else "",
        street=values["street"] if form.is_sent else "",
    )
    with entry():
        intent = services.begin_on_phone(basket.pk, wanted, actor=ACTOR, now=clock.now())
    begun = [*request.session.get(BEGUN, ()), basket.number]
    request.session[BEGUN] = begun[-MOST_BEGUN:]
    return intent.pk


def _pay_on(request: HttpRequest, basket: CounterBasket) -> HttpResponse:
    """Open a payment that came to nothing anew, or give it up for whoever began it."""
    gives_up = "back" in request.POST
    if gives_up and basket.number not in request.session.get(BEGUN, ()):
        raise NotFound
    try:
        if gives_up:
            with entry():
                services.give_up_payment(basket.pk, actor=ACTOR, now=clock.now())
        else:
            with entry():
                intent = services.open_on_phone(basket.pk, actor=ACTOR, now=clock.now())
            services.drive_intent(intent.pk, now=clock.now())
    except NotFound:
        raise
    except DomainError as error:
        return _state(request, queries.get_scanned_basket(basket.token), "shop/scan_pay.html", problem=error.message)
    return redirect(_address(basket))


def _state(request: HttpRequest, basket: CounterBasket, template: str, problem: str = "") -> HttpResponse:
    """Show how a basket stands that is being paid, or was, or is none any more."""
    page = queries.load_counter_payment(basket)
    is_mine = basket.number in request.session.get(BEGUN, ())
    numbers = queries.orders_of_basket(basket) if is_mine else []
    for number in numbers:
        if number not in shopper_of(request).order_numbers:
            remember(request, number)
    context = {
        "basket": basket,
        "page": page,
        "code_url": queries.wechat_link(basket),
        "is_mine": is_mine,
        "numbers": numbers,
        "problem": problem,
        "address": _address(basket),
    }
    return render(request, template, context, status=422 if problem else 200)


def _member(request: HttpRequest, basket: CounterBasket) -> int | None:
    """Return the membership of whoever is signed in."""
    return members_queries.find_membership(request.user.pk, basket.brand.code) if request.user.pk is not None else None


def _enrolled(request: HttpRequest, basket: CounterBasket) -> int | None:
    """Return the membership of whoever is signed in, begun if need be; it stays, as its prices do."""
    user_id = request.user.pk
    if user_id is None or accounts_queries.get_identity(user_id).phone_index is None:
        return _member(request, basket)
    with entry():
        return members_services.enrol(user_id, basket.brand_id, now=clock.now())


def _follow(request: HttpRequest, basket: CounterBasket) -> HttpResponse:
    """Lead the tablet to where the basket stands now; a fragment has the page go there."""
    where = reverse("orders:counter-basket", args=[basket.store_id, basket.number])
    if "seen" not in request.GET:
        return redirect(where)
    return HttpResponse(status=204, headers={"HX-Redirect": where})


def _address(basket: CounterBasket) -> str:
    return reverse("orders:scan-to-pay", args=[basket.token])


def _link(request: HttpRequest, basket: CounterBasket) -> str:
    return request.build_absolute_uri(_address(basket))
