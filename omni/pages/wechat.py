"""Signing in with WeChat: allauth's provider, with the rule that an account is a phone.

Who comes from WeChat for the first time proves a phone once; then the two are linked. Of what WeChat tells, only the
ids and the nickname are kept.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.weixin.views import WeixinOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from omni.accounts import services as accounts_services
from omni.kernel.errors import Conflict, NotFound
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

PROVIDER = "weixin"
LOGIN, CONNECT = "login", "connect"
# How long somebody who came from WeChat has to prove a phone.
WAITING_SECONDS = 900
_KEY = "wechat"
KEPT = ("openid", "unionid", "nickname")


class LinkedElsewhere(Conflict):
    """One WeChat opens one account."""

    code = "linked_elsewhere"


class WeChatAdapter(WeixinOAuth2Adapter):  # type: ignore[misc]  # allauth has no types
    """Where WeChat is, by the settings, and how it answers: JSON under text/plain, errors with status 200."""

    access_token_method = "GET"  # noqa: S105  how WeChat wants it

    @property
    def access_token_url(self) -> str:
        """Return where a code becomes a token."""
        return f"{settings.WECHAT_LOGIN['base_url']}/sns/oauth2/access_token"

    @property
    def profile_url(self) -> str:
        """Return where a token tells who it is."""
        return f"{settings.WECHAT_LOGIN['base_url']}/sns/userinfo"

    def complete_login(self, request: HttpRequest, app: object, token: Any, **kwargs: Any) -> SocialLogin:  # noqa: ANN401
        """Ask who it is, and keep only what is needed."""
        answered = kwargs["response"]
        query = {"access_token": token.token, "openid": answered.get("openid", "")}
        with DefaultSocialAccountAdapter(request).get_requests_session() as session:
            answer = session.get(self.profile_url, params=query)
        answer.raise_for_status()
        who = json.loads(answer.content)
        if not isinstance(who, dict) or not who.get("openid"):
            raise OAuth2Error("WeChat did not say who it is.")
        provider = self.get_provider()
        return provider.sociallogin_from_response(request, {name: who.get(name, "") for name in KEPT})


class WeChatAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """What becomes of somebody whom WeChat has named."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Link an account that asked for it; let nobody in whose account is closed; send newcomers to their phone."""
        following = sociallogin.get_redirect_url(request) or reverse("pages:account")
        if sociallogin.state.get("process") == CONNECT:
            raise ImmediateHttpResponse(_connect(request, sociallogin, following))
        if sociallogin.is_existing:
            try:
                accounts_services.refuse_closed(sociallogin.user)
            except accounts_services.AccountClosed as error:
                messages.error(request, error.message)
                raise ImmediateHttpResponse(_to_sign_in(following)) from error
            return
        account = sociallogin.account
        request.session[_KEY] = {"uid": account.uid, "said": account.extra_data, "at": time.time()}
        messages.success(request, _("WeChat knows you. Prove your phone once, and it opens your account from then on."))
        raise ImmediateHttpResponse(_to_sign_in(following))

    def on_authentication_error(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        """Return to the sign-in, and say so."""
        messages.error(request, _("WeChat did not say who you are. Try again, or take a code."))
        raise ImmediateHttpResponse(_to_sign_in(reverse("pages:account")))


class _Callback(OAuth2CallbackView):  # type: ignore[misc]  # allauth has no types
    """What WeChat sends the browser back to."""


come_back = _Callback.adapter_view(WeChatAdapter)


def is_configured() -> bool:
    """Tell whether this installation is registered at WeChat's open platform."""
    return bool(settings.WECHAT_LOGIN["app_id"])


def go(request: HttpRequest, *, process: str, following: str) -> HttpResponse:
    """Send the browser to WeChat, to sign in or to link it to the account that is signed in.

    :raises NotFound: WeChat is not configured.
    """
    if not is_configured():
        raise NotFound
    provider = WeChatAccountAdapter(request).get_provider(request, PROVIDER)
    answer: HttpResponse = provider.redirect(request, process, next_url=following)
    return answer


def link_waiting(request: HttpRequest, user: AbstractBaseUser) -> None:
    """Link the WeChat that somebody came from before they proved their phone in this browser."""
    waiting = request.session.pop(_KEY, None)
    if waiting is None or time.time() - waiting["at"] > WAITING_SECONDS:
        return
    try:
        _link(int(user.pk), waiting["uid"], waiting["said"])
    except LinkedElsewhere as error:
        messages.error(request, error.message)


def links_of(user_id: int) -> QuerySet[Any]:
    """Return the WeChats that open an account."""
    found: QuerySet[Any] = SocialAccount.objects.filter(user=user_id, provider=PROVIDER)
    return found.order_by("pk")


def unlink(user_id: int, link_id: int) -> None:
    """Let a WeChat open the account no more.

    :raises NotFound: it does not, or it is somebody else's.
    """
    with entry():
        deleted, _by_model = links_of(user_id).filter(pk=link_id).delete()
    if not deleted:
        raise NotFound


def _connect(request: HttpRequest, sociallogin: SocialLogin, following: str) -> HttpResponse:
    if not request.user.is_authenticated:
        return _to_sign_in(following)
    try:
        _link(int(request.user.pk), sociallogin.account.uid, sociallogin.account.extra_data)
        messages.success(request, _("WeChat opens your account from now on."))
    except LinkedElsewhere as error:
        messages.error(request, error.message)
    return redirect(following)


def _link(user_id: int, uid: str, said: dict[str, str]) -> None:
    """Link a WeChat to an account.

    :raises LinkedElsewhere: it opens another one.
    """
    with entry():
        link, _is_new = SocialAccount.objects.get_or_create(
            provider=PROVIDER, uid=uid, defaults={"user_id": user_id, "extra_data": said}
        )
        if link.user_id != user_id:
            raise LinkedElsewhere(_("This WeChat opens another account already."))


def _to_sign_in(following: str) -> HttpResponse:
    return redirect(f"{reverse('account_request_login_code')}?{urlencode({'next': following})}")
