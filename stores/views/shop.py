"""The shopper's place, chosen once and remembered in a signed cookie; and the stores near it."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from omni.kernel import bilingual, clock
from stores import queries
from stores.choices import Service
from stores.forms import PAGES_MOST, FinderAddress, PlaceForm, read_query
from stores.queries import StoreWish
from stores.views import facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from stores.queries import FoundStore, Place

A_YEAR = 365 * 24 * 3600
PAGE_SIZE = queries.NEAREST_MOST // PAGES_MOST


class Option(NamedTuple):
    """A district to choose."""

    code: str
    label: str
    city_label: str


class Link(NamedTuple):
    """A choice that is a link."""

    label: str
    url: str
    is_current: bool


@require_http_methods(["GET", "HEAD", "POST"])
def choose_place(request: HttpRequest) -> HttpResponse:
    """Search districts, or take the browser's position; remember the choice and go back."""
    form = PlaceForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        place = queries.find_place(form.text)
        if place is not None:
            response = HttpResponseRedirect(_following(request))
            response.set_signed_cookie("place", place.text, max_age=A_YEAR, httponly=True, samesite="Lax")
            return response
        form.add_error(None, _("There is no such district."))
    query = read_query(request.GET)
    context = {
        "form": form,
        "query": query,
        "next": _following(request),
        "districts": _options(query),
        "cities": [] if query else [queries.city_name(district) for district, _count in queries.store_cities()],
    }
    return render(request, "shop/place_choose.html", context, status=422 if form.is_bound else 200)


@require_safe
def list_districts(request: HttpRequest) -> HttpResponse:
    """List the districts that a search finds, as choices for a form that stands on another page."""
    query = read_query(request.GET)
    return render(request, "shop/_place_options.html", {"query": query, "districts": _options(query)})


def _options(query: str) -> list[Option]:
    """Return the districts that a query finds; none without one."""
    return [
        Option(district.pk, queries.district_name(district), queries.city_name(district))
        for district in (queries.search_districts(query) if query else ())
    ]


def _following(request: HttpRequest) -> str:
    """Return where to go afterwards: only addresses of this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("inventory:home")


@require_safe
def find_stores(request: HttpRequest) -> HttpResponse:
    """List stores, those nearest to the shopper's place first, or by city; the filters are links."""
    address = FinderAddress.of(request.GET)
    place, now = _place(request), clock.now()
    found, following = _part(address, place, now)
    first = (address.page - 1) * PAGE_SIZE + 1
    context = {
        "address": address,
        "here": request.get_full_path(),
        "rows": [facts.shown(store, now, first + index) for index, store in enumerate(found)],
        "map": facts.map_of(found, place),
        "filters": _filters(address, place),
        "cities": []
        if place or address.query or address.after
        else [queries.city_name(city) for city, _n in queries.store_cities()],
        "next_url": following.text if following else "",
    }
    return render(request, "shop/store_list.html", context)


@require_safe
def show_store(request: HttpRequest, brand_code: str, store_code: str) -> HttpResponse:
    """Show a store: where it is, when it is open, and what one can do there."""
    if not store_code.isprintable():
        raise Http404
    place, now = _place(request), clock.now()
    found = queries.get_shop(brand_code, store_code, place, now=now)
    context = {
        "row": facts.shown(found, now),
        "days": facts.coming_days(found, now),
        "later": facts.later_exceptions(found, now),
        "map": facts.map_of([found], place),
    }
    return render(request, "shop/store_show.html", context)


def _place(request: HttpRequest) -> Place | None:
    """Return the place that the shopper chose."""
    return queries.find_place(str(request.get_signed_cookie("place", default="")))


def _part(
    address: FinderAddress, place: Place | None, now: datetime
) -> tuple[Sequence[FoundStore], FinderAddress | None]:
    """Return the stores of a page, and the address of the next page if there is one."""
    wish = StoreWish(address.brand, address.query, address.services, address.is_open_now)
    if place is None or address.is_by_city:
        found = queries.stores_by_city(wish, place, now=now, after=address.after, limit=PAGE_SIZE + 1)
        following = (
            replace(address, page=1, after=queries.city_key(found[PAGE_SIZE - 1].store)) if found[PAGE_SIZE:] else None
        )
    else:
        start = (address.page - 1) * PAGE_SIZE
        found = queries.nearest_stores(wish, place, now=now, start=start, limit=PAGE_SIZE + 1)
        following = replace(address, page=address.page + 1, after=None) if found[PAGE_SIZE:] else None
    return found[:PAGE_SIZE], following


def _filters(address: FinderAddress, place: Place | None) -> dict[str, list[Link]]:
    """Return the filters as links, each to the first page of another list."""

    def link(label: str, wanted: FinderAddress, *, is_current: bool) -> Link:
        return Link(label, wanted.text or reverse("stores:finder"), is_current)

    first = functools.partial(replace, address.first_page)
    brands = [link(_("All brands"), first(brand=""), is_current=not address.brand)]
    brands += [
        link(bilingual.name_of(row), first(brand=row.code), is_current=row.code == address.brand)
        for row in queries.active_brands()
    ]
    wants = [link(_("Open now"), first(is_open_now=not address.is_open_now), is_current=address.is_open_now)]
    wants += [link(str(one.label), address.toggled(one), is_current=one in address.services) for one in Service]
    orders = [
        link(_("Nearest first"), first(is_by_city=False), is_current=not address.is_by_city),
        link(_("By city"), first(is_by_city=True), is_current=address.is_by_city),
    ]
    return {"brands": brands, "wants": wants, "orders": orders if place else []}
