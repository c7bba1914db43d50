"""Proving oneself again, passkeys, and the accounts elsewhere that open this one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from omni.accounts import queries as accounts_queries
from omni.kernel import sealing
from omni.kernel.errors import DomainError, InvalidInput
from omni.pages import passkeys, reauthentication, wechat
from omni.pages.forms import CodeForm
from omni.pages.reauthentication import for_the_owner
from omni.pages.views.account import account_of, for_shoppers
from omni.pages.views.shop import following_of, with_next

if TYPE_CHECKING:
    from django.http import HttpRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_shoppers
def ask_again(request: HttpRequest) -> HttpResponse:
    """Offer to prove oneself again; a form sends a fresh code."""
    following, problem = following_of(request), ""
    user_id = account_of(request)
    if request.method == "POST":
        try:
            reauthentication.begin(request)
            return redirect(with_next("pages:again-code", following))
        except DomainError as error:
            problem = error.message
    phone = accounts_queries.get_identity(user_id).phone
    context = {
        "next": following,
        "phone": sealing.mask_phone(phone) if phone else "",
        "has_passkeys": passkeys.passkeys_of(user_id).exists(),
        "problem": problem,
    }
    return render(request, "account/prove_again.html", context, status=422 if problem else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_shoppers
def confirm_again(request: HttpRequest) -> HttpResponse:
    """Ask for the fresh code; the right one leads on, the fifth wrong one ends it."""
    following = following_of(request)
    if not reauthentication.is_under_way(request):
        return redirect(with_next("pages:again", following))
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            if reauthentication.is_right(request, form.cleaned_data["code"]):
                return redirect(following)
        except DomainError as error:
            reauthentication.forget(request)
            messages.error(request, error.message)
            return redirect(with_next("pages:again", following))
        form.add_error("code", _("This code is not right. Look at the newest message."))
    phone = sealing.mask_phone(accounts_queries.get_identity(account_of(request)).phone)
    context = {"form": form, "next": following, "phone": phone}
    return render(request, "account/confirm_again.html", context, status=422 if form.is_bound else 200)


@require_POST
@for_shoppers
def prove_by_passkey(request: HttpRequest) -> HttpResponse:
    """Take a device's answer as the proof."""
    try:
        passkeys.prove_again(request, _credential(request))
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(with_next("pages:again", following_of(request)))
    return redirect(following_of(request))


@require_POST
def begin_passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Return what a browser asks its owner's passkeys; the same for everybody."""
    return JsonResponse(passkeys.begin_signing_in())


@require_POST
def sign_in_by_passkey(request: HttpRequest) -> HttpResponse:
    """Sign in with a device's answer."""
    following = following_of(request)
    if request.user.is_authenticated:
        return redirect(following)
    try:
        return passkeys.sign_in(request, _credential(request), redirect_url=following)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(with_next("account_request_login_code", following))


@never_cache
@require_safe
@for_the_owner
def show_security(request: HttpRequest) -> HttpResponse:
    """Show how one can sign in, and what can be changed of it."""
    user_id = account_of(request)
    phone = accounts_queries.get_identity(user_id).phone
    context: dict[str, Any] = {
        "phone": sealing.mask_phone(phone) if phone else "",
        "passkeys": [(passkey, passkey.wrap().name) for passkey in passkeys.passkeys_of(user_id)],
        "most": passkeys.MOST_PASSKEYS,
        "has_wechat": wechat.is_configured(),
        "links": [(link.pk, link.extra_data.get("nickname") or "WeChat") for link in wechat.links_of(user_id)],
        "max_name_length": passkeys.MAX_NAME_LENGTH,
    }
    return render(request, "account/security_show.html", context)


@require_POST
@for_the_owner
def begin_adding_passkey(request: HttpRequest) -> HttpResponse:
    """Return what a browser makes a passkey from."""
    return JsonResponse(passkeys.begin_adding(request))


@require_POST
@for_the_owner
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Keep the passkey that a device has made."""
    try:
        passkeys.add(request, _credential(request), request.POST.get("name", ""))
        messages.success(request, _("The passkey was added. You can sign in with it from now on."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("pages:security")


@require_POST
@for_the_owner
def rename_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Name a passkey."""
    try:
        passkeys.rename(account_of(request), passkey_id, request.POST.get("name", ""))
    except InvalidInput as error:
        messages.error(request, error.message)
    return redirect("pages:security")


@require_POST
@for_the_owner
def remove_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Forget a passkey."""
    passkeys.remove(account_of(request), passkey_id)
    messages.success(request, _("The passkey was removed. Delete it on the device as well."))
    return redirect("pages:security")


@require_POST
def sign_in_by_wechat(request: HttpRequest) -> HttpResponse:
    """Go to WeChat to sign in."""
    following = following_of(request)
    if request.user.is_authenticated:
        return redirect(following)
    return wechat.go(request, process=wechat.LOGIN, following=following)


@require_POST
@for_the_owner
def link_wechat(request: HttpRequest) -> HttpResponse:
    """Go to WeChat to link it to the account."""
    return wechat.go(request, process=wechat.CONNECT, following=reverse("pages:security"))


@require_POST
@for_the_owner
def unlink_wechat(request: HttpRequest, link_id: int) -> HttpResponse:
    """Let a WeChat open the account no more."""
    wechat.unlink(account_of(request), link_id)
    messages.success(request, _("WeChat opens your account no more."))
    return redirect("pages:security")


def _credential(request: HttpRequest) -> object:
    """Return what the device answered; what is no JSON is nothing."""
    try:
        return json.loads(request.POST.get("credential", ""))
    except ValueError:
        return {}
