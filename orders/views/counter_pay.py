"""Paying a counter's basket at the desk: its net amount, the tenders that bring it, and how it was settled."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import qrcode
import qrcode.image.svg
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omni.kernel import clock
from omni.kernel.errors import DomainError, InvalidInput, NotFound
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterBasketStatus, CounterLineKind, PaymentMethod
from orders.forms.counter import BeginForm, CardForm, TenderForm
from orders.views.counter import basket_of, coded, to_basket

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import CounterBasket, PaymentIntent
    from stores.permissions import Actor

# Which till a person works at, as long as they are signed in.
DRAWER_KEY = "drawer"
LIVE = frozenset({CounterBasketStatus.PAYING, CounterBasketStatus.SETTLED})


def to_payment(basket: CounterBasket) -> HttpResponse:
    """Lead back to the payment of a basket."""
    return redirect("orders:counter-pay", basket.store_id, basket.number)


@require_POST
@at_desk
@once
def begin(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Place the basket's orders, and settle it at once when nothing is to be paid."""
    actor, basket = basket_of(request, store_id, number)
    return begin_to_pay(request, actor, basket)


def begin_to_pay(request: HttpRequest, actor: Actor, basket: CounterBasket) -> HttpResponse:
    """Place a basket's orders at the net that was seen and lead to its payment, or back to it when that cannot be."""
    form, now = BeginForm(request.POST), clock.now()
    if not form.is_valid():
        messages.error(request, _("Look at the amount again, then take it."))
        return to_basket(basket)
    try:
        with entry():
            services.begin_payment(basket.pk, seen_net_fen=form.cleaned_data["seen"], actor=actor.label, now=now)
            services.settle_basket(basket.pk, actor=actor.label, now=now)
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.message)
        return to_basket(basket)
    return to_payment(basket)


@require_GET
@at_desk
def show_payment(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Show how the payment stands; with `seen`, what changes of it alone, and nothing if it is still the same."""
    _actor, basket = basket_of(request, store_id, number)
    if basket.status not in LIVE:
        return _leave(request, basket)
    return payment_of(request, basket)


def _leave(request: HttpRequest, basket: CounterBasket) -> HttpResponse:
    """Lead to the basket; a fragment has the page go there."""
    if "seen" not in request.GET:
        return to_basket(basket)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = to_basket(basket)["Location"]
    return response


def payment_of(request: HttpRequest, basket: CounterBasket, **changes: Any) -> HttpResponse:  # noqa: ANN401  context
    """Return the page of a payment; a form that was refused stands on it with what is wrong."""
    page = queries.load_counter_payment(basket)
    if request.GET.get("seen") == page.version:
        return HttpResponse(status=204)
    drawers = queries.open_drawers(basket.store_id)
    mine = request.session.get(DRAWER_KEY)
    context: dict[str, Any] = {
        "store": basket.store,
        "basket": basket,
        "page": page,
        "drawers": drawers,
        "drawer": next((row for row in drawers if row.pk == mine), drawers[0] if drawers else None),
        "is_mall": queries.is_mall_collected(basket),
        "today": clock.business_date(clock.now()),
        "tender": TenderForm(),
        "card": CardForm(),
        "kinds": CounterLineKind,
        **changes,
    }
    template = "desk/_counter_payment.html" if "seen" in request.GET else "desk/counter_pay.html"
    return render(request, template, context, status=422 if changes.get("is_refused") else 200)


@require_POST
@at_desk
@once
def take_tender(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Take cash or a mall's receipt, or begin a payment by card or WeChat; settle the basket if that covers it."""
    actor, basket = basket_of(request, store_id, number)
    form = TenderForm(request.POST)
    if form.is_valid():
        drawer = form.cleaned_data["drawer"]
        if drawer is not None and not any(row.pk == drawer for row in queries.open_drawers(basket.store_id)):
            raise NotFound
        request.session[DRAWER_KEY] = drawer
        try:
            intent = _take(basket, form.cleaned_data, actor, clock.now())
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, coded(error))
        except NotFound:
            raise
        except DomainError as error:
            messages.error(request, error.message)
            return to_payment(basket)
        else:
            if intent.method == PaymentMethod.WECHAT_NATIVE:
                services.drive_intent(intent.pk, now=clock.now())
            return to_payment(basket)
    return payment_of(request, basket, tender=form, is_refused=True)


def _take(basket: CounterBasket, values: dict[str, Any], actor: Actor, now: datetime) -> PaymentIntent:
    """Take a tender and settle the basket, all or nothing."""
    who: dict[str, Any] = {"actor": actor.label, "now": now}
    method, drawer, amount_fen = values["method"], values["drawer"], values["amount"]
    if method != "wechat" and drawer is None:
        raise InvalidInput(_("Open a till first."), field="drawer")
    with entry():
        checkout_id = services.lock_paying(basket.pk, amount_fen=amount_fen).checkout_id or 0
        if method == "cash":
            given_fen = values["given"] or amount_fen
            intent = services.take_cash(
                checkout_id,
                drawer,
                amount_fen=amount_fen,
                given_fen=given_fen,
                once=str(values["once"]),
                **who,
            )
        elif method == "mall":
            receipt_on = values["receipt_on"] or clock.business_date(now)
            intent = services.take_mall_receipt(
                checkout_id, drawer, amount_fen=amount_fen, number=values["receipt"], receipt_on=receipt_on, **who
            )
        elif method == "card":
            intent = services.start_card(checkout_id, drawer, amount_fen=amount_fen, **who)
        else:
            intent = services.start_wechat(checkout_id, amount_fen=amount_fen, drawer_id=drawer, **who)
        services.settle_basket(basket.pk, **who)
    return intent


@require_POST
@at_desk
@once
def record_card(request: HttpRequest, store_id: int, number: str, intent_id: int) -> HttpResponse:
    """Write what the card terminal said: its slip, that the card was declined, or nothing."""
    actor, basket = basket_of(request, store_id, number)
    if not any(row.intent_id == intent_id for row in queries.load_counter_payment(basket).tenders):
        raise NotFound
    form = CardForm(request.POST)
    if form.is_valid():
        try:
            with entry():
                _write_card(basket, intent_id, form.cleaned_data, actor, clock.now())
        except NotFound:
            raise
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, coded(error))
        else:
            return to_payment(basket)
    return payment_of(request, basket, card=form, is_refused=True)


def _write_card(basket: CounterBasket, intent_id: int, values: dict[str, Any], actor: Actor, now: datetime) -> None:
    who: dict[str, Any] = {"actor": actor.label, "now": now}
    services.hold_basket(basket.pk)
    if values["outcome"] == "declined":
        services.record_card_declined(intent_id, **who)
    elif values["outcome"] == "unknown":
        services.record_card_unknown(intent_id, **who)
    else:
        slip = services.CardSlip(values["terminal"], values["batch"], values["trace"])
        services.record_card(intent_id, slip, **who)
        services.settle_basket(basket.pk, **who)


@require_POST
@at_desk
@once
def give_up(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Give the payment up: everything goes back, and the basket is open again."""
    actor, basket = basket_of(request, store_id, number)
    with told(request, _("The payment is given up.")), entry():
        services.give_up_payment(basket.pk, actor=actor.label, now=clock.now())
    return to_payment(basket)


@require_POST
@at_desk
@once
def leave_return_out(request: HttpRequest, store_id: int, number: str, line_id: int) -> HttpResponse:
    """Leave a piece out that cannot be taken back after all: more is to be paid."""
    _actor, basket = basket_of(request, store_id, number)
    with told(request, _("Left out. The amount has changed.")), entry():
        services.leave_line_out(basket.pk, line_id, now=clock.now())
    return to_payment(basket)


@require_GET
@at_desk
def show_qr(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Draw the open WeChat payment of a basket as a QR code."""
    _actor, basket = basket_of(request, store_id, number)
    link = queries.wechat_link(basket)
    if not link:
        raise Http404
    drawing = io.BytesIO()
    qrcode.make(link, image_factory=qrcode.image.svg.SvgPathFillImage, border=2).save(drawing)
    return HttpResponse(
        drawing.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )
