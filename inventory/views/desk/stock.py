"""The desk's stock: finding pieces here and around, one piece with its history, putting it right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inventory import permissions, queries, services
from inventory.choices import AdjustmentReason
from inventory.forms import read_query
from inventory.forms.desk import AdjustForm
from inventory.queries import ShipmentTab
from inventory.views.desk import add_refusal, at_store
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.touches import at_desk, once, told
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from stores.models import Store
    from stores.permissions import Actor

SHOWN = 3


@require_GET
@at_desk
def show_stock(request: HttpRequest, store_id: int) -> HttpResponse:
    """Find pieces by words, or go to the one that was scanned; without a question, say what waits."""
    _who, store = at_store(request, store_id)
    text, now = read_query(request.GET), clock.now()
    item = queries.find_item(store.brand_id, request.GET.get("q", ""))
    if item is not None:
        return redirect("inventory:desk-stock-item", store.pk, item.pk)
    context = {
        "store": store,
        "text": text,
        "styles": queries.find_styles(store, text, now=now),
        "arriving": queries.list_shipments(store, ShipmentTab.IN),
        "counts": [row for row in queries.counts_of(store) if row.count.closed_at is None],
        "tasks": queries.count_tasks(store).count(),
    }
    return render(request, "desk/stock_list.html", context)


@require_GET
@at_desk
def show_style(request: HttpRequest, store_id: int, code: str) -> HttpResponse:
    """Show all sizes of a product here, and those of a colour in the stores around."""
    _who, store = at_store(request, store_id)
    color = f"#{request.GET.get('color', '')[:6]}"
    page = queries.load_style(store, code, color, now=clock.now())
    return render(request, "desk/stock_style.html", {"store": store, "page": page})


@require_GET
@at_desk
def show_item(request: HttpRequest, store_id: int, variant_id: int) -> HttpResponse:
    """Show one piece: its figures, promises and history, and the stores around that have it."""
    actor, store = at_store(request, store_id)
    return _item_page(request, actor, store, variant_id, AdjustForm())


def _item_page(request: HttpRequest, actor: Actor, store: Store, variant_id: int, form: AdjustForm) -> HttpResponse:
    before = request.GET.get("before", "")
    older_than = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else 0
    page = queries.load_item(store, variant_id, before=older_than, now=clock.now())
    context = {
        "store": store,
        "page": page,
        "form": form,
        "is_manager": permissions.is_manager(actor, store.pk),
        "is_older": older_than > 0,
    }
    return render(request, "desk/stock_item.html", context, status=422 if form.errors else 200)


@require_POST
@at_desk
@once
def adjust_item(request: HttpRequest, store_id: int, variant_id: int) -> HttpResponse:
    """Put the books right by hand."""
    actor, store = at_store(request, store_id)
    variant = queries.get_item(store, variant_id)
    form = AdjustForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            with entry():
                services.adjust_stock(
                    store.pk,
                    variant.pk,
                    reason=AdjustmentReason(values["reason"]),
                    units=values["units"],
                    note=values["note"],
                    actor=actor,
                    now=clock.now(),
                )
        except NotFound:
            raise
        except DomainError as error:
            add_refusal(form, error)
    if form.errors:
        return _item_page(request, actor, store, variant.pk, form)
    with told(request, _("Written. The books are right again.")):
        return redirect("inventory:desk-stock-item", store.pk, variant.pk)
