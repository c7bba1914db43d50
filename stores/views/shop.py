"""The shopper's place: chosen once, remembered in a signed cookie."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from stores import queries
from stores.forms import PlaceForm
from stores.models import District

A_YEAR = 365 * 24 * 3600


@require_http_methods(["GET", "POST"])
def choose_place(request: HttpRequest) -> HttpResponse:
    """Search districts, or take the browser's position; remember the choice and go back."""
    following = _following(request)
    form = PlaceForm(request.POST or None)
    if form.is_bound and form.is_valid() and queries.find_place(form.text) is not None:
        response = HttpResponseRedirect(following)
        response.set_signed_cookie("place", form.text, max_age=A_YEAR, httponly=True, samesite="Lax")
        return response
    query = request.GET.get("q", "").strip()[:40]
    context = {
        "query": query,
        "next": following,
        "districts": [_option(district) for district in queries.search_districts(query)] if query else [],
        "cities": [] if query else [_city(district) for district, _count in queries.store_cities()],
        "error": _first_error(form),
    }
    return render(request, "shop/place_choose.html", context, status=422 if form.is_bound else 200)


def _following(request: HttpRequest) -> str:
    """Return where to go afterwards: only addresses of this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("inventory:home")


def _option(district: District) -> dict[str, str]:
    return {
        "code": district.pk,
        "label": queries.district_name(district),
        "city_label": queries.city_name(district),
    }


def _city(district: District) -> dict[str, str]:
    name = queries.city_name(district)
    return {"label": name, "query": name}


def _first_error(form: PlaceForm) -> str:
    if not form.is_bound:
        return ""
    errors = [str(error) for messages in form.errors.values() for error in messages]
    return errors[0] if errors else _("There is no such district.")
