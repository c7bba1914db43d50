"""The pages on which a shopper keeps their profile, addresses and memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import queries, services
from members.forms import AddressForm, ProfileForm
from omni.accounts import queries as accounts_queries
from omni.accounts import services as accounts_services
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

for_shoppers = login_required(login_url="account_request_login_code")


def account_of(request: HttpRequest) -> int:
    """Return the id of the account that is signed in."""
    return int(request.user.pk or 0)


@require_http_methods(["GET", "HEAD", "POST"])
@for_shoppers
def change_profile(request: HttpRequest) -> HttpResponse:
    """Show name and language; a valid form writes them, and the pages follow the language."""
    user_id = account_of(request)
    identity = accounts_queries.get_identity(user_id)
    initial = {"name": identity.name, "language": identity.language}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            with entry():
                accounts_services.change_profile(user_id, **form.cleaned_data)
                services.rename_member(user_id, **form.cleaned_data)
        except DomainError as error:
            form.show_refusal(error)
        else:
            return _in_language(redirect("pages:account"), form.cleaned_data["language"])
    return render(request, "members/profile_change.html", {"form": form}, status=422 if form.is_bound else 200)


def _in_language(response: HttpResponse, language: str) -> HttpResponse:
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, secure=settings.IS_HTTPS, samesite="Lax")
    return response


@require_safe
@for_shoppers
def list_addresses(request: HttpRequest) -> HttpResponse:
    """List the account's addresses, the default first."""
    return render(request, "members/address_list.html", {"addresses": queries.addresses_of(account_of(request))})


@require_http_methods(["GET", "HEAD", "POST"])
@for_shoppers
def add_address(request: HttpRequest) -> HttpResponse:
    """Ask for another address; a valid form keeps it."""
    initial = {"place": request.get_signed_cookie("place", default="")}
    form = AddressForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            with entry():
                services.add_address(
                    account_of(request), form.address, is_default=form.cleaned_data["is_default"], now=clock.now()
                )
            return redirect("members:addresses")
        except DomainError as error:
            form.show_refusal(error)
    return render(request, "members/address_change.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_shoppers
def change_address(request: HttpRequest, address_id: int) -> HttpResponse:
    """Show an address of the account; a valid form writes it anew."""
    user_id = account_of(request)
    address = queries.get_address_for(user_id, address_id)
    initial = {name: getattr(address, name) for name in AddressForm.base_fields}
    form = AddressForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        is_default = form.cleaned_data["is_default"]
        try:
            with entry():
                services.change_address(user_id, address_id, form.address, is_default=is_default, now=clock.now())
            return redirect("members:addresses")
        except DomainError as error:
            form.show_refusal(error)
    context = {"form": form, "address": address}
    return render(request, "members/address_change.html", context, status=422 if form.is_bound else 200)


@require_POST
@for_shoppers
def prefer_address(request: HttpRequest, address_id: int) -> HttpResponse:
    """Make an address the default."""
    with entry():
        services.prefer_address(account_of(request), address_id, now=clock.now())
    return redirect("members:addresses")


@require_POST
@for_shoppers
def delete_address(request: HttpRequest, address_id: int) -> HttpResponse:
    """Forget an address."""
    with entry():
        services.delete_address(account_of(request), address_id)
    return redirect("members:addresses")


@require_POST
@for_shoppers
def join_brand(request: HttpRequest, brand_code: str) -> HttpResponse:
    """Become a member of a brand."""
    brand = stores_queries.get_brand(brand_code)
    with entry():
        services.enrol(account_of(request), brand.pk, now=clock.now())
    messages.success(request, _("Welcome!"))
    return redirect("pages:account")
