"""The endless aisle at the desk: who has what is not here, and having it sent home in three touches."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from omni.kernel import clock
from omni.kernel.errors import DomainError, InvalidInput, NotFound
from omni.kernel.touches import at_desk, once
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import CounterBasketStatus
from orders.forms.aisle import AisleForm
from orders.views.counter import coded, store_of, to_basket

if TYPE_CHECKING:
    from orders.models import CounterBasket
    from stores.models import Store
    from stores.permissions import Actor


@require_GET
@at_desk
def show_aisle(request: HttpRequest, store_id: int) -> HttpResponse:
    """Show who has the sizes of what was scanned, here and in other stores."""
    actor, store = store_of(request, store_id)
    basket = _named_basket(actor, store, request.GET.get("basket", ""))
    return _page(request, store, basket, AisleForm(request.GET if "q" in request.GET else None))


@require_POST
@at_desk
@once
def send_home(request: HttpRequest, store_id: int) -> HttpResponse:
    """Have a size sent home: into the basket that is named, or one of its own, and on to whom it goes or to paying."""
    actor, store = store_of(request, store_id)
    basket = _named_basket(actor, store, request.POST.get("basket", ""))
    staff_id = actor.staff_id_in(store.pk)
    if staff_id is None:
        raise NotFound
    asked = AisleForm({"q": request.POST.get("sku", "")})
    if not asked.is_valid():
        return _page(request, store, basket, asked)
    try:
        with entry():
            basket = services.send_from_aisle(
                store.pk,
                asked.cleaned_data["q"],
                basket_id=basket.pk if basket else None,
                staff_id=staff_id,
                now=clock.now(),
            )
    except InvalidInput as error:
        asked.add_error("q", coded(error))
        return _page(request, store, basket, asked)
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(_address(store, asked.cleaned_data["q"], basket))
    if basket.recipient_name:
        return to_basket(basket)
    return redirect(f"{reverse('orders:counter-send', args=[store.pk, basket.number])}?then=pay")


def _named_basket(actor: Actor, store: Store, number: str) -> CounterBasket | None:
    """Return the basket that a form or an address names; None when it names none.

    :raises NotFound: when the store has no such basket.
    """
    return queries.counter_basket_of(actor, store.pk, number) if number else None


def _address(store: Store, text: str, basket: CounterBasket | None) -> str:
    asked = {"q": text, **({"basket": basket.number} if basket else {})}
    return f"{reverse('orders:desk-aisle', args=[store.pk])}?{urlencode(asked)}"


def _page(request: HttpRequest, store: Store, basket: CounterBasket | None, form: AisleForm) -> HttpResponse:
    """Return the page; what was asked for and is not on sale is said beside its field."""
    page = None
    if form.is_bound and form.is_valid():
        variant, has_size = queries.find_in_aisle(store.brand_id, form.cleaned_data["q"])
        if variant is None:
            form.add_error("q", _("Nothing on sale has this code."))
        else:
            page = queries.load_aisle(store, variant, basket, has_size=has_size, now=clock.now())
    context = {
        "store": store,
        "basket": basket,
        "form": form,
        "page": page,
        "can_order": basket is None or basket.status == CounterBasketStatus.OPEN,
    }
    is_refused = request.method == "POST" and bool(form.errors)
    return render(request, "desk/aisle_show.html", context, status=422 if is_refused else 200)
