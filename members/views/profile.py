"""The pages on which a shopper says what brands may do, keeps sizes and wishes, and shows who they are to a store."""

from __future__ import annotations

import base64
import io

import qrcode
import qrcode.image.svg
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import queries, rules, services
from members.choices import REMEMBERED_WISH
from members.forms import SizeForm, WishForm
from members.views.shop import account_of, for_shoppers
from omni.kernel import clock
from omni.kernel.errors import NotFound
from omni.kernel.transactions import entry


@require_http_methods(["GET", "HEAD", "POST"])
@for_shoppers
def change_consent(request: HttpRequest) -> HttpResponse:
    """Show what each brand may do; a form says it anew for one brand."""
    user_id = account_of(request)
    if request.method == "POST":
        given = [topic.name for topic in rules.TOPICS if request.POST.get(topic.name)]
        with entry():
            services.record_consent_for(user_id, request.POST.get("brand", ""), given, now=clock.now())
        messages.success(request, _("Saved."))
        return redirect("members:consent")
    return render(request, "members/consent_change.html", {"consents": queries.consents_of(user_id)})


@require_http_methods(["GET", "HEAD", "POST"])
@for_shoppers
def change_sizes(request: HttpRequest) -> HttpResponse:
    """Show a person's measures; a valid form keeps them."""
    user_id = account_of(request)
    form = SizeForm(request.POST if request.method == "POST" else None, initial=queries.sizes_of_account(user_id))
    if form.is_valid():
        with entry():
            services.change_sizes(user_id, now=clock.now(), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("members:sizes")
    return render(request, "members/sizes_change.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
@for_shoppers
def list_wishes(request: HttpRequest) -> HttpResponse:
    """List what the account wishes for, at today's price and stock."""
    wishes = queries.wishes_of(account_of(request), now=clock.now())
    return render(request, "members/wish_list.html", {"wishes": wishes})


@require_POST
def add_wish(request: HttpRequest) -> HttpResponse:
    """Put a product on the wish list; who is not signed in does so first, and it is added then."""
    form = WishForm(request.POST)
    if not form.is_valid():
        raise NotFound
    wanted = form.cleaned_data
    if not request.user.is_authenticated:
        request.session[REMEMBERED_WISH] = wanted
        return redirect(f"{reverse('account_request_login_code')}?{urlencode({'next': reverse('members:wishes')})}")
    try:
        with entry():
            services.add_wish(account_of(request), wanted["brand"], wanted["code"], sku=wanted["sku"], now=clock.now())
    except services.TooManyWishes as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("It is on your wish list."))
    return redirect(_origin(request))


@require_POST
@for_shoppers
def remove_wish(request: HttpRequest, wish_id: int) -> HttpResponse:
    """Take a product off the wish list."""
    with entry():
        services.remove_wish(account_of(request), wish_id)
    return redirect("members:wishes")


@never_cache
@require_safe
@for_shoppers
def show_code(request: HttpRequest, brand_code: str) -> HttpResponse:
    """Show the code by which a store of the brand knows the member; htmx asks for the next one alone."""
    code = queries.member_code_for(account_of(request), brand_code, now=clock.now())
    drawing = io.BytesIO()
    qrcode.make(code.digits, image_factory=qrcode.image.svg.SvgPathFillImage, border=2).save(drawing)
    picture = "data:image/svg+xml;base64," + base64.b64encode(drawing.getvalue()).decode("ascii")
    template = "members/_code.html" if request.headers.get("HX-Request") else "members/code_show.html"
    return render(request, template, {"code": code, "picture": picture, "brand_code": brand_code})


def _origin(request: HttpRequest) -> str:
    """Return the page of this site that the shopper came from, or else the wish list."""
    origin = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(origin, {request.get_host()}, require_https=request.is_secure())
    return origin if is_ours else reverse("members:wishes")
