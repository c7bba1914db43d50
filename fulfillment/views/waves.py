"""Picking in waves at a store's desk: choosing the orders, and the list along the shelves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fulfillment import queries, services
from fulfillment.forms import LineForm, WaveForm
from inventory import services as inventory_services
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry
from stores import queries as stores_queries

if TYPE_CHECKING:
    from fulfillment.models import PickWave


@require_http_methods(["GET", "POST"])
@at_desk
@once
def choose_tasks(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show what may be picked together and which waves are under way; begin one."""
    actor = stores_queries.actor_for_user(request.user)
    store = stores_queries.get_desk_store(actor, store_id)
    cards = queries.load_pickable(store.pk)
    form = WaveForm([card.number for card in cards], request.POST if request.method == "POST" else None)
    if form.is_valid():
        ids = [queries.get_task_for(actor, number).pk for number in form.cleaned_data["tasks"]]
        try:
            with entry():
                wave = services.start_wave(store.pk, ids, actor=actor.label, now=clock.now())
            return redirect("fulfillment:desk-wave-list", wave.number)
        except DomainError as error:
            form.add_error("tasks", error.message)
            cards = queries.load_pickable(store.pk)
    context = {"store": store, "cards": cards, "waves": queries.open_waves(store.pk), "form": form}
    return render(request, "desk/wave_choose.html", context, status=422 if form.is_bound else 200)


@require_GET
@at_desk
def show_wave(request: HttpRequest, number: str) -> HttpResponse:
    """Show the list of a wave; with `seen`, what changes of it alone, and nothing if it is still the same."""
    wave = _wave(request, number)
    page = queries.load_wave(wave)
    if request.GET.get("seen") == page.version:
        return HttpResponse(status=204)
    context = {"store": wave.store, "wave": page}
    return render(request, "desk/_wave_live.html" if "seen" in request.GET else "desk/wave_show.html", context)


@require_POST
@at_desk
@once
def scan_unit(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm a unit by what was scanned, and say into which basket it goes."""
    wave = _wave(request, number)
    try:
        with entry():
            picked = services.pick_unit(wave, request.POST.get("code", ""))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        page = queries.load_wave(wave)
        basket = next((task.basket for task in page.tasks if task.number == picked.number), 0)
        row = next((row for row in page.rows if row.sku == picked.sku), None)
        piece = " · ".join([row.name, row.color, row.size, row.sku] if row else [picked.sku])
        left = _("Still to fetch of it: %(left)s.") % {"left": picked.left} if picked.left else _("All of it is here.")
        done = _("%(sku)s: into basket %(basket)s.") % {"sku": piece, "basket": basket}
        messages.success(request, f"{done} {left}")
    return redirect("fulfillment:desk-wave-list", number)


@require_POST
@at_desk
@once
def pick_by_hand(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm a unit that has no label to scan."""
    wave, line_id = _wave(request, number), _line_id(request)
    with told(request, _("Picked without a scan.")), entry():
        services.pick_by_hand(wave, line_id)
    return redirect("fulfillment:desk-wave-list", number)


@require_POST
@at_desk
@once
def put_back_unit(request: HttpRequest, number: str) -> HttpResponse:
    """Take the confirmation of a unit back."""
    wave, line_id = _wave(request, number), _line_id(request)
    with told(request, _("One unit is to be fetched again.")), entry():
        services.put_back_unit(wave, line_id)
    return redirect("fulfillment:desk-wave-list", number)


@require_POST
@at_desk
@once
def move_bin(request: HttpRequest, number: str) -> HttpResponse:
    """Write where goods of the list lie in this store."""
    wave = _wave(request, number)
    variant_id = queries.variant_of_line(wave, _line_id(request))
    if variant_id is None:
        raise NotFound
    with told(request, _("The place is written down.")), entry():
        inventory_services.put_in_bin(wave.store_id, variant_id, request.POST.get("bin", ""))
    return redirect("fulfillment:desk-wave-list", number)


@require_POST
@at_desk
@once
def finish_wave(request: HttpRequest, number: str) -> HttpResponse:
    """Pack what is complete; the rest goes on alone."""
    wave = _wave(request, number)
    with entry():
        packed, left = services.finish_wave(wave, actor=_label(request), now=clock.now())
    done = ngettext("%(count)s order packed.", "%(count)s orders packed.", packed) % {"count": packed}
    rest = ngettext("%(count)s goes on alone.", "%(count)s go on alone.", left) % {"count": left}
    messages.success(request, f"{done} {rest if left else ''}".strip())
    return redirect("fulfillment:desk-queue", wave.store_id)


def _wave(request: HttpRequest, number: str) -> PickWave:
    """Return a wave of the person's own store.

    :raises NotFound: when there is none, or it is another store's.
    """
    return queries.get_wave_for(stores_queries.actor_for_user(request.user), number)


def _label(request: HttpRequest) -> str:
    return stores_queries.actor_for_user(request.user).label


def _line_id(request: HttpRequest) -> int:
    """Return the line that a button of the list means; 0, which none is, when it is no number."""
    form = LineForm(request.POST)
    return form.cleaned_data["line"] if form.is_valid() else 0
