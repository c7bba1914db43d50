"""The desk's board of try-on bookings, and the one field for every code that a shopper shows in the store."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fulfillment import choices as fulfillment_choices
from fulfillment import queries as fulfillment_queries
from fulfillment import services as fulfillment_services
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry
from orders import queries, services
from orders.forms.desk import CodeForm, TriedForm
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orders.models import CounterBasket
    from stores.models import Store
    from stores.permissions import Actor


@require_GET
@at_desk
def show_board(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show a day's bookings of a store; with `seen`, the list alone, and nothing if it is still the same.

    With the number of a `task` that prepares a booking, lead to that.
    """
    now = clock.now()
    store = stores_queries.get_desk_store(_actor(request), store_id)
    booked = queries.find_appointment_number(request.GET.get("task", ""))
    if booked is not None:
        return redirect("orders:desk-try-on", booked)
    today = clock.business_date(now)
    day = _day(request.GET.get("day", "")) or today
    board = queries.appointment_board(store, day, now=now, late_after=services.NO_SHOW_AFTER)
    if request.GET.get("seen") == board.version:
        return HttpResponse(status=204)
    context = {
        "store": store,
        "board": board,
        "today": today,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "code": CodeForm(),
    }
    return render(request, "desk/_try_on_slots.html" if "seen" in request.GET else "desk/try_on_list.html", context)


@require_POST
@at_desk
def read_code(request: HttpRequest, store_id: int) -> HttpResponse:
    """Find what a shopper's code gives out: a paid order is shown with the name to check, a booking is checked in."""
    actor = _actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    form = CodeForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("orders:desk-try-ons", store.pk)
    code, now = form.cleaned_data["code"], clock.now()
    try:
        shown = fulfillment_services.drive_find_by_code(store.pk, code, actor=actor.label, now=now)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("orders:desk-try-ons", store.pk)
    scan = fulfillment_queries.read_pickup_text(code)
    digits = scan.digits if scan else code
    if len(shown) == 1:
        booked = queries.find_appointment_number(shown[0].number)
        if booked is not None:
            return _check_in(request, actor, booked, digits)
    return show_found(request, actor, store, [code.number for code in shown], digits=digits)


def show_found(
    request: HttpRequest,
    actor: Actor,
    store: Store,
    numbers: Sequence[str],
    *,
    digits: str,
    basket: CounterBasket | None = None,
) -> HttpResponse:
    """Show what a code gives out, with the name that the clerk checks; with a basket, to be put into that."""
    tasks = []
    for number in numbers:
        page = fulfillment_queries.load_task(actor, number)
        order = queries.order_of_demand(fulfillment_queries.get_task_for(actor, number).fulfillment_id)
        name = order.contact_name if order else ""
        tasks.append((page, name, fulfillment_queries.pickup_text(number, digits)))
    context = {"store": store, "tasks": tasks, "digits": digits, "basket": basket}
    return render(request, "desk/collect.html", context)


@require_POST
@at_desk
@once
def hand_over(request: HttpRequest, number: str) -> HttpResponse:
    """Give a paid order to the shopper whose code was shown; then ask what they do not keep."""
    actor = _actor(request)
    task, form = fulfillment_queries.get_task_for(actor, number), CodeForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("orders:desk-try-ons", task.store_id)
    try:
        services.drive_collect_order(task, code=form.cleaned_data["code"], actor=actor.label, now=clock.now())
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("orders:desk-try-ons", task.store_id)
    messages.success(request, _("Handed over. The goods have left your stock."))
    order = queries.order_of_demand(task.fulfillment_id)
    if order is None:
        return redirect("orders:desk-try-ons", task.store_id)
    return redirect(reverse("orders:desk-return-order", args=[task.store_id, order.number]) + "?collected=1")


@require_GET
@at_desk
def show_appointment(request: HttpRequest, number: str) -> HttpResponse:
    """Show a booking of one's own store, and what may be done to it."""
    return _show(request, number)


@require_POST
@at_desk
@once
def prepare(request: HttpRequest, number: str) -> HttpResponse:
    """Write that the pieces hang ready."""
    return _act(
        request,
        number,
        _("The pieces hang ready."),
        lambda booking, who: fulfillment_services.pack(booking.share_id, **who),
    )


@require_POST
@at_desk
@once
def check_in(request: HttpRequest, number: str) -> HttpResponse:
    """Let the shopper in who shows the code of this booking."""
    actor, form = _actor(request), CodeForm(request.POST)
    _store, booking = _get(actor, number)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("orders:desk-try-on", number)
    scan = fulfillment_queries.read_pickup_text(form.cleaned_data["code"])
    if scan is not None and scan.number != booking.share_number:
        messages.error(request, _("This code belongs to another order: %(number)s.") % {"number": scan.number})
        return redirect("orders:desk-try-on", number)
    return _check_in(request, actor, number, scan.digits if scan else form.cleaned_data["code"])


@require_POST
@at_desk
@once
def enter_room(request: HttpRequest, number: str) -> HttpResponse:
    """Write that the shopper is in the fitting room."""
    return _act(
        request,
        number,
        _("In the fitting room."),
        lambda booking, who: fulfillment_services.enter_room(booking.share_id, **who),
    )


@require_POST
@at_desk
@once
def record_outcome(request: HttpRequest, number: str) -> HttpResponse:
    """Write which pieces are kept, and why the others are not; those are on sale again."""
    actor = _actor(request)
    _store, booking = _get(actor, number)
    form = TriedForm(booking.pieces, request.POST)
    if not form.is_valid():
        return _show(request, number, form)
    with told(request, _("Written. What is not kept is on sale again.")), entry():
        fulfillment_services.record_outcome(
            booking.share_id,
            kept_line_ids=form.kept_ids,
            reasons=form.reasons,
            actor=actor.label,
            now=clock.now(),
        )
    return redirect("orders:desk-try-on", number)


@require_POST
@at_desk
@once
def end_no_show(request: HttpRequest, number: str) -> HttpResponse:
    """Write that nobody came: the goods are on sale again."""
    return _act(
        request,
        number,
        _("Written. The pieces are on sale again."),
        lambda booking, who: services.end_no_show(booking.id, **who),
    )


@require_POST
@at_desk
@once
def sell(request: HttpRequest, number: str) -> HttpResponse:
    """Put what is kept into a basket of the counter, to be paid there."""
    actor = _actor(request)
    store, booking = _get(actor, number)
    now = clock.now()
    try:
        with entry():
            basket = services.open_counter_basket(store.pk, staff_id=actor.staff_id_in(store.pk) or 0, now=now)
            services.sell_kept(basket.pk, booking.id, now=now)
    except NotFound:
        messages.error(request, _("Nothing is set aside for this booking any more."))
        return redirect("orders:desk-try-on", number)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("orders:desk-try-on", number)
    return redirect("orders:counter-basket", store.pk, basket.number)


@require_POST
@at_desk
@once
def put_back(request: HttpRequest, number: str) -> HttpResponse:
    """Write that what was kept is not bought after all: it is on sale again."""
    return _act(
        request,
        number,
        _("The goods are on sale again."),
        lambda booking, who: services.release_kept(booking.id, **who),
    )


def _actor(request: HttpRequest) -> Actor:
    return stores_queries.actor_for_user(request.user)


def _get(actor: Actor, number: str) -> tuple[Store, queries.Appointment]:
    """Return a booking of somebody's own store.

    :raises NotFound: when there is none, or it is another store's.
    """
    return queries.get_appointment(actor, number, now=clock.now(), late_after=services.NO_SHOW_AFTER)


def _act(request: HttpRequest, number: str, said: str, act: Callable[[queries.Appointment, Any], None]) -> HttpResponse:
    """Do something to a booking of somebody's own store, with who does it and when, and lead back to it."""
    actor = _actor(request)
    _store, booking = _get(actor, number)
    with told(request, said), entry():
        act(booking, {"actor": actor.label, "now": clock.now()})
    return redirect("orders:desk-try-on", number)


def _check_in(request: HttpRequest, actor: Actor, number: str, digits: str) -> HttpResponse:
    """Let a shopper in by the digits of their code."""
    _store, booking = _get(actor, number)
    with told(request, _("Welcome %(name)s, and bring the pieces.") % {"name": booking.name}):
        fulfillment_services.drive_check_in(booking.share_id, code=digits, actor=actor.label, now=clock.now())
    return redirect("orders:desk-try-on", number)


def _show(request: HttpRequest, number: str, form: TriedForm | None = None) -> HttpResponse:
    """Show a booking; an outcome that was refused stands on it with what is wrong."""
    store, booking = _get(_actor(request), number)
    context = {
        "store": store,
        "booking": booking,
        "tried": form or TriedForm(booking.pieces),
        "code": CodeForm(),
        "reasons": fulfillment_choices.DeclineReason.choices,
    }
    return render(request, "desk/try_on_show.html", context, status=422 if form else 200)


def _day(text: str) -> date | None:
    """Read a day as it stands in a link; None when it is none."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None
