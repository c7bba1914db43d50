"""Proving again that one is the account's owner, before its security or its data are touched: by a fresh code."""

from __future__ import annotations

import functools
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from omni.accounts import queries as accounts_queries
from omni.accounts import services as accounts_services
from omni.kernel import numbers, sealing
from omni.kernel.errors import Conflict
from omni.pages.sign_in import AccountAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
# What counts as proof: not a session that another provider opened.
PROOFS = frozenset({"code", "mfa", "password"})
_KEY = "again"


class NoPhone(Conflict):
    """An account without a phone is proven in another way."""

    code = "no_phone"


def is_recent(request: HttpRequest) -> bool:
    """Tell whether the owner has proven themselves in this browser within the last minutes."""
    records = get_authentication_records(request, request.user)
    newest = max((record["at"] for record in records if record.get("method") in PROOFS), default=0.0)
    return bool(time.time() - newest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


def for_the_owner(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let a view be reached only by who is signed in and has just proven it; others go and do so first."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not is_recent(request):
            following = request.path if request.method in {"GET", "HEAD"} else _page_of(request)
            return redirect(f"{reverse('pages:again')}?{urlencode({'next': following})}")
        return view(request, *args, **kwargs)

    signed_in: Callable[Concatenate[HttpRequest, P], HttpResponseBase] = login_required(
        guarded, login_url="account_request_login_code"
    )
    return signed_in


def _page_of(request: HttpRequest) -> str:
    """Return the page that a form belongs to: each form's address lies below its page's."""
    return reverse("pages:data") if request.path.startswith(reverse("pages:data")) else reverse("pages:security")


def begin(request: HttpRequest) -> None:
    """Send a fresh code to the account's phone; an earlier one is forgotten.

    :raises NoPhone: there is none to send it to.
    :raises TooManyCodes: the phone, the address or everybody together has asked too often.
    :raises CannotCount: the counters are away.
    """
    adapter = AccountAdapter(request)
    phone = accounts_queries.get_identity(int(request.user.pk or 0)).phone
    if not phone:
        raise NoPhone(_("This account has no phone. Sign out, sign in again, and come back."))
    accounts_services.count_code_request(phone, adapter.get_client_ip(request))
    code, flow = numbers.secret_digits(settings.ACCOUNT_LOGIN_BY_CODE_FORMAT["length"]), secrets.token_urlsafe(16)
    adapter.send_verification_code_sms(None, phone, code)
    request.session[_KEY] = {"flow": flow, "code": _hash(flow, code), "at": time.time()}


def is_under_way(request: HttpRequest) -> bool:
    """Tell whether a code was sent and is still good."""
    state = request.session.get(_KEY)
    return state is not None and time.time() - state["at"] < settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT


def is_right(request: HttpRequest, code: str) -> bool:
    """Count a try at the code that was sent, and note that the owner proved themselves when it is right.

    :raises TooManyCodes: it has had all its tries.
    :raises CannotCount: tries cannot be counted now.
    """
    state = request.session[_KEY]
    accounts_services.count_try(state["flow"])
    if not hmac.compare_digest(state["code"], _hash(state["flow"], code)):
        return False
    del request.session[_KEY]
    record_authentication(request, request.user, method="code", reauthenticated=True)
    return True


def forget(request: HttpRequest) -> None:
    """Forget a code that was sent."""
    request.session.pop(_KEY, None)


def _hash(flow: str, code: str) -> str:
    return sealing.blind_index(f"again:{flow}:{code}")
