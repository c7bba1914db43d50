"""The desk's pages that several apps make together: scanning anything, and one's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from omni.kernel import clock
from omni.kernel.touches import at_desk
from omni.pages import figures, scanning
from stores import queries as stores_queries

if TYPE_CHECKING:
    from stores.permissions import Actor


def desk_actor(request: HttpRequest) -> Actor:
    """Return who stands at the desk."""
    return stores_queries.actor_for_user(request.user)


@require_GET
@at_desk
def scan_anything(request: HttpRequest, store_id: int) -> HttpResponse:
    """Say what a code is, and lead to where one goes with it."""
    actor = desk_actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    text = request.GET.get("code", "")
    found = scanning.understand(scanning.Scan(actor, store, clock.now()), text)
    if found is not None and found.goes_at_once and found.ways:
        return redirect(found.ways[0].href)
    context = {"store": store, "text": text[: scanning.MOST_CHARACTERS], "found": found}
    return render(request, "desk/scan_show.html", context)


@require_GET
@at_desk
def show_numbers(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show what the person and the store have sold and done today, or this month."""
    actor = desk_actor(request)
    store = stores_queries.get_desk_store(actor, store_id)
    is_today = request.GET.get("period") != "month"
    numbers = figures.read(store.pk, actor.staff_id_in(store.pk), is_today=is_today, now=clock.now())
    return render(request, "desk/numbers_show.html", {"store": store, "numbers": numbers})
