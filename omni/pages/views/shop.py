"""Signing in with a phone, and the account's own page."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from members import queries as members_queries
from omni.accounts import queries as accounts_queries
from omni.kernel import sealing
from omni.kernel.errors import DomainError
from omni.pages import sign_in, wechat
from omni.pages.forms import CodeForm, PhoneForm
from orders import queries as orders_queries
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

NEWEST_ORDERS = 5


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def request_code(request: HttpRequest) -> HttpResponse:
    """Ask for a phone, and send a code to it; whether it has an account makes no difference."""
    following = following_of(request)
    if request.user.is_authenticated:
        return redirect(following)
    form = PhoneForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            sign_in.begin(request, form.cleaned_data["phone"])
        except DomainError as error:
            form.add_error("phone", error.message)
        else:
            return redirect(with_next("account_confirm_login_code", following))
    context = {"form": form, "next": following, "has_wechat": wechat.is_configured()}
    return render(request, "account/request_login_code.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code; the right one signs in, the fifth wrong one ends this sign-in."""
    following, under_way = following_of(request), sign_in.find(request)
    if under_way is None:
        return redirect(with_next("account_request_login_code", following))
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            if under_way.is_right(form.cleaned_data["code"]):
                return under_way.complete(redirect_url=following)
        except DomainError as error:
            under_way.abort()
            messages.error(request, error.message)
            return redirect(with_next("account_request_login_code", following))
        form.add_error("code", _("This code is not right. Look at the newest message."))
    context = {"form": form, "next": following, "phone": sealing.mask_phone(under_way.phone)}
    return render(request, "account/confirm_login_code.html", context, status=422 if form.is_bound else 200)


@require_safe
@login_required(login_url="account_request_login_code")
def show_account(request: HttpRequest) -> HttpResponse:
    """Show who is signed in, their newest orders from every channel, and memberships."""
    user_id = int(request.user.pk or 0)
    identity = accounts_queries.get_identity(user_id)
    # Somebody's work gives no rights here: these are their own orders.
    shopper = dataclasses.replace(
        stores_queries.actor_for_user(request.user),
        grants=(),
        order_numbers=frozenset(request.session.get("orders", ())),
    )
    context = {
        "name": identity.name,
        "phone": sealing.mask_phone(identity.phone) if identity.phone else "",
        "orders": orders_queries.order_rows(shopper, limit=NEWEST_ORDERS),
        "memberships": members_queries.memberships_of(user_id),
    }
    return render(request, "members/account_show.html", context)


def following_of(request: HttpRequest) -> str:
    """Return where to go afterwards: only addresses of this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("pages:account")


def with_next(name: str, following: str) -> str:
    """Return the address of a page that leads on to another."""
    return f"{reverse(name)}?{urlencode({'next': following})}"
