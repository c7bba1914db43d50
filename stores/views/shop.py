"""The shopper's place: chosen once, remembered in a signed cookie."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from stores import queries
from stores.forms import PlaceForm

A_YEAR = 365 * 24 * 3600
LONGEST_QUERY = 40


class Option(NamedTuple):
    """A district to choose."""

    code: str
    label: str
    city_label: str


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
    query = _query(request)
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
    query = _query(request)
    return render(request, "shop/_place_options.html", {"query": query, "districts": _options(query)})


def _query(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]


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
