"""The desk's pages of pieces that somebody brings without having asked: found, chosen, looked at, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.money import format_fen
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry
from orders import queries, services
from orders.forms.returns import FindForm, TakeBackForm
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orders.models import Order, Return
    from stores.models import Store
    from stores.permissions import Actor

# The button that puts the pieces into a basket instead of giving the money back.
EXCHANGE = "exchange"


@require_POST
@at_desk
def find(request: HttpRequest, store_id: int) -> HttpResponse:
    """Go to what was scanned or typed: a return, an order, or what somebody has bought; no phone gets into a link."""
    store = stores_queries.get_desk_store(_actor(request), store_id)
    form = FindForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("orders:desk-returns", store.pk)
    found = queries.find_to_take_back(store, form.cleaned_data["text"], now=clock.now())
    if found is None:
        messages.error(request, _("Nothing of your brand has this number, code or phone."))
        return redirect("orders:desk-returns", store.pk)
    if found.return_number:
        return redirect("orders:desk-return", found.return_number)
    if found.order_number:
        return redirect("orders:desk-return-order", store.pk, found.order_number)
    return redirect("orders:desk-return-person", store.pk, found.history)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
@once
def of_order(request: HttpRequest, store_id: int, number: str) -> HttpResponse:
    """Show which pieces of an order may come back here, and what for; a form that was sent takes them back."""
    actor = _actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    order = queries.get_order_at_desk(store, number)
    more = {"order": order, "returns": queries.returns_of_order(order), "is_collected": "collected" in request.GET}
    return _page(request, actor, store, [order], more)


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
@once
def of_person(request: HttpRequest, store_id: int, token: str) -> HttpResponse:
    """Show which pieces somebody has who brings no receipt, of every channel and store of the brand."""
    actor = _actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    response = _page(request, actor, store, queries.history_of(store, token), {})
    response["X-Desk-Keep"] = "no"  # what somebody has bought stays on no tablet
    return response


def _actor(request: HttpRequest) -> Actor:
    return stores_queries.actor_for_user(request.user)


def _page(
    request: HttpRequest, actor: Actor, store: Store, orders: Sequence[Order], more: dict[str, Any]
) -> HttpResponse:
    """Show pieces with what comes back for those that are chosen; take them back when that was seen and sent."""
    now = clock.now()
    can_allow = store.pk in actor.store_ids(stores_choices.Role.MANAGER)
    sent = request.POST if request.method == "POST" else (request.GET if "reason" in request.GET else None)
    form, quote, is_late = TakeBackForm(queries.held_pieces(orders, now=now), sent), None, False
    if form.is_valid():
        try:
            quote = queries.quote_brought(orders, form.conditions, reason=form.cleaned_data["reason"])
            is_late = form.late(clock.business_date(now))
            if request.method == "POST":
                allowed_by = actor.staff_id_in(store.pk) if can_allow and form.cleaned_data["allow"] else None
                if form.cleaned_data["act"] == EXCHANGE:
                    return _exchange(actor, store, form, allowed_by)
                return _go_on(request, _take_back(actor, store, form, allowed_by))
        except DomainError as error:
            form.show_refusal(error)
            quote = None
    context = {"store": store, "form": form, "quote": quote, "is_late": is_late, "can_allow": can_allow, **more}
    return render(request, "desk/take_back.html", context, status=422 if request.method == "POST" else 200)


def _pieces(form: TakeBackForm) -> tuple[services.CounterPiece, ...]:
    """Return what comes back, as it was found."""
    reason = form.cleaned_data["reason"]
    return tuple(
        services.CounterPiece(key.sale_id, key.unit, condition, reason) for key, condition in form.conditions.items()
    )


def _take_back(actor: Actor, store: Store, form: TakeBackForm, allowed_by: int | None) -> list[Return]:
    """Take the chosen pieces back; their money is owed back at once."""
    wanted = services.CounterReturn(
        store_id=store.pk,
        pieces=_pieces(form),
        allowed_by=allowed_by,
        seen_refund_fen=form.cleaned_data["seen"] or 0,
    )
    with entry():
        return services.take_back_here(wanted, actor=actor.label, now=clock.now())


def _exchange(actor: Actor, store: Store, form: TakeBackForm, allowed_by: int | None) -> HttpResponse:
    """Put the chosen pieces into a basket of the counter: what they are worth pays for something else there."""
    now = clock.now()
    if form.late(clock.business_date(now)) and allowed_by is None:
        raise queries.NotReturnable(_("The time to return this for that reason has passed."), field="reason")
    with entry():
        basket = services.open_counter_basket(store.pk, staff_id=actor.staff_id_in(store.pk) or 0, now=now)
        services.return_at_counter(basket.pk, _pieces(form), allowed_by=allowed_by, now=now)
    return redirect("orders:counter-basket", store.pk, basket.number)


def _go_on(request: HttpRequest, cases: Sequence[Return]) -> HttpResponse:
    """Say what was done, and show the return, or the last of several."""
    amount = format_fen(sum(case.refund_fen for case in cases))
    messages.success(request, _("Taken back. %(amount)s goes back the way it was paid.") % {"amount": amount})
    return redirect("orders:desk-return", cases[-1].number)
