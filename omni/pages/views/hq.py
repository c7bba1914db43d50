"""Headquarters: orders with the reasons for their routing, their money and credit; the network on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fulfillment import queries as fulfillment_queries
from omni.kernel import clock
from omni.kernel.errors import NotFound
from omni.kernel.transactions import entry
from omni.pages import network
from orders import choices as orders_choices
from orders import queries as orders_queries
from orders import services as orders_services
from settlement import queries as settlement_queries
from stores import queries as stores_queries

if TYPE_CHECKING:
    from stores.permissions import Actor

PAGE_SIZE = 30


class Link(NamedTuple):
    """A choice that is a link."""

    label: str
    url: str
    is_current: bool


def hq_actor(request: HttpRequest) -> Actor:
    """Return the actor of a person who works for a brand's headquarters or region.

    :raises NotFound: for anybody else.
    """
    actor = stores_queries.actor_for_user(request.user)
    if not actor.brand_ids():
        raise NotFound
    return actor


@require_GET
@login_required
def list_orders(request: HttpRequest) -> HttpResponse:
    """List the orders of one's brands, the newest first, by status or number."""
    actor = hq_actor(request)
    status, query = request.GET.get("status", ""), request.GET.get("q", "").strip().upper()
    before = request.GET.get("before", "")
    rows = orders_queries.order_rows(
        actor,
        status=status if status in {*orders_choices.OrderStatus.values, orders_queries.OVERDUE} else "",
        number=query,
        before_id=int(before) if before.isdigit() and len(before) < 19 else None,
        limit=PAGE_SIZE + 1,
    )
    next_url = "?" + urlencode({"status": status, "before": rows[PAGE_SIZE - 1].id}) if len(rows) > PAGE_SIZE else ""
    links = [Link(_("All"), reverse("pages:hq-orders"), not status)]
    links += [Link(_("Overdue"), f"?status={orders_queries.OVERDUE}", status == orders_queries.OVERDUE)]
    links += [
        Link(str(label), f"?status={value}", value == status) for value, label in orders_choices.OrderStatus.choices
    ]
    context = {
        "section": "orders",
        "orders": rows[:PAGE_SIZE],
        "status_links": links,
        "query": query,
        "next_url": next_url,
    }
    return render(request, "hq/order_list.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def show_order(request: HttpRequest, number: str) -> HttpResponse:
    """Show an order with everything headquarters asks about it; act on it."""
    actor = hq_actor(request)
    order = orders_queries.get_order_for(actor, number)
    if request.method == "POST":
        _act(request.POST, order.pk, actor)
        return redirect("pages:hq-order", number)
    context: dict[str, Any] = {
        "section": "orders",
        "page": orders_queries.order_page(order, now=clock.now()),
        "decisions": fulfillment_queries.explain_decisions(order.fulfillment_id),
        "others": fulfillment_queries.reassignable(order.fulfillment_id, now=clock.now()),
        "credits": settlement_queries.credit_of_order(order.pk),
    }
    return render(request, "hq/order_show.html", context)


def _act(sent: QueryDict, order_id: int, actor: Actor) -> None:
    """Do what a button of the page asks for; an unknown one does nothing."""
    act, store = sent.get("act", ""), sent.get("store", "")
    acts = {
        "cancel": orders_services.cancel_order,
        "retry": orders_services.retry_parked,
        "refund": orders_services.cancel_unfillable,
    }
    if act == "give":
        store_id = int(store) if store.isdecimal() and len(store) < 19 else None
        with entry():
            orders_services.give_to_store(
                order_id, sent.get("parcel", ""), store_id=store_id, actor=actor.label, now=clock.now()
            )
    elif act in acts:
        with entry():
            acts[act](order_id, actor=actor.label, now=clock.now())


@require_GET
@login_required
def show_network(request: HttpRequest) -> HttpResponse:
    """Show the stores of one's brands, by city, with their stock and open tasks."""
    view = network.read(hq_actor(request), now=clock.now())
    return render(request, "hq/network_show.html", {"section": "network", "network": view})
