"""The desk's pages that several apps make together: scanning anything, one's numbers, what moved stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from fulfillment import queries as fulfillment_queries
from omni.kernel import clock
from omni.kernel.errors import NotFound
from omni.kernel.touches import at_desk
from omni.pages import figures, scanning
from orders import queries as orders_queries
from stores import choices as stores_choices
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
    is_manager = store.pk in actor.store_ids(stores_choices.Role.MANAGER)
    return render(request, "desk/numbers_show.html", {"store": store, "numbers": numbers, "is_manager": is_manager})


@require_GET
@at_desk
def show_cause(request: HttpRequest, store_id: int, cause: str) -> HttpResponse:
    """Lead to the task or return that moved or promised stock ("fulfillment_order:12").

    :raises NotFound: when there is none, or not at this person's desks.
    """
    actor = desk_actor(request)
    stores_queries.get_desk_store(actor, store_id)
    kind, _colon, key = cause.partition(":")
    row_id = int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else 0
    if kind == "fulfillment_order":
        number = fulfillment_queries.tasks_visible_to(actor).filter(pk=row_id).values_list("number", flat=True).first()
        name = "fulfillment:desk-task"
    else:
        number = orders_queries.find_return_of_line(actor, row_id) if kind == "return_line" else None
        name = "orders:desk-return"
    if number is None:
        raise NotFound
    return redirect(name, number)
