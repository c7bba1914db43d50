"""Signing in with a phone and a one-time code: allauth's login by code, for known and unknown phones alike.

An unknown phone joins when its code is right, so both get the same answer until then. The session keeps the phone
sealed and of the code only a keyed hash, bound to this one sign-in.
"""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStageController
from django.conf import settings
from django.utils.translation import get_language, gettext

from members import choices as members_choices
from members import services as members_services
from omni.accounts import queries as accounts_queries
from omni.accounts import services as accounts_services
from omni.kernel import clock, numbers, sealing
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from omni.messages import choices as messages_choices
from omni.messages import services as messages_services
from omni.pages import wechat
from orders import services as orders_services

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest, HttpResponse


A_MONTH = 30 * 24 * 3600


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """How allauth finds phones and sends codes. Phones are E.164; all that are stored are proven."""

    def get_user_by_phone(self, phone: str) -> AbstractBaseUser | None:
        """Return the account of a phone, or None."""
        return accounts_queries.find_by_phone(phone)

    def get_phone(self, user: AbstractBaseUser) -> tuple[str, bool] | None:
        """Return the phone of an account and that it is proven, or None."""
        phone = accounts_queries.get_identity(user.pk).phone
        return (phone, True) if phone else None

    def get_login_stages(self) -> list[str]:
        """Return what a sign-in goes through: a passkey stands for itself, and is never asked for after a code."""
        return [stage for stage in super().get_login_stages() if "mfa" not in stage]

    def set_phone(self, user: AbstractBaseUser, phone: str, verified: bool) -> None:  # noqa: FBT001  allauth's signature
        """Refuse: a phone makes an account by its code, and is not changed."""
        raise PermissionError("a phone makes an account by its code, and is not changed")

    def set_phone_verified(self, user: AbstractBaseUser, phone: str) -> None:
        """Do nothing: a phone that is stored is proven."""

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **how: Any) -> HttpResponse:  # noqa: ANN401
        """Go on after any sign-in; what the guest put into the basket, or wished for, joins the account's."""
        answer: HttpResponse = super().post_login(request, user, **how)
        add_remembered_wish(request, user)
        wechat.link_waiting(request, user)
        with entry():
            orders_services.join_baskets(
                str(request.get_signed_cookie("basket", default="")), int(user.pk), now=clock.now()
            )
        answer.delete_cookie("basket")
        answer.set_cookie("basket_shared", "1", max_age=A_MONTH, samesite="Lax")
        return answer

    def send_verification_code_sms(
        self, user: AbstractBaseUser | None, phone: str, code: str, **kwargs: object
    ) -> None:
        """Write an SMS with a code, which is worth nothing once the code has expired."""
        now = clock.now()
        with entry():
            messages_services.send_message(
                messages_choices.Channel.SMS,
                to=phone,
                template="sign_in",
                language=get_language() or settings.LANGUAGE_CODE,
                parameters={"shop": gettext("Corner Wardrobe"), "code": code},
                cause=f"sign_in:{secrets.token_hex(16)}",
                now=now,
                expires_at=now + timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT),
            )


class SignIn(LoginCodeVerificationProcess):  # type: ignore[misc]  # allauth has no types
    """One sign-in under way, kept in the session."""

    @property
    def phone(self) -> str:
        """Return the phone that is being proven, in E.164."""
        return sealing.unseal(self.state["phone"])

    def generate_code(self) -> str:
        """Return a new code, and keep its hash."""
        code = numbers.secret_digits(settings.ACCOUNT_LOGIN_BY_CODE_FORMAT["length"])
        self.state["code"] = self._hash(code)
        return code

    def send(self, skip_enumeration_mails: bool = False) -> None:  # noqa: FBT001, FBT002  allauth's signature
        """Send a code, whether or not the phone has an account yet."""
        AccountAdapter(self.request).send_verification_code_sms(None, self.phone, self.generate_code())

    def is_right(self, code: str) -> bool:
        """Count a try, and tell whether the code is the one that was sent.

        :raises TooManyCodes: this sign-in has had all its tries.
        :raises CannotCount: tries cannot be counted now.
        """
        accounts_services.count_try(self.state["flow"])
        return hmac.compare_digest(self.code, self._hash(code))

    def complete(self, *, redirect_url: str) -> HttpResponse:
        """Sign the phone's account in; a new phone joins, and memberships that a store began become the account's.

        :raises AccountClosed: the account does not sign in this way.
        """
        with entry():
            user = accounts_services.join(self.phone, language=get_language() or settings.LANGUAGE_CODE)
            members_services.claim_memberships(user.pk)
        record_authentication(self.request, user, method="code")
        answer: HttpResponse = perform_login(self.request, Login(user=user, redirect_url=redirect_url))
        return answer

    def _hash(self, code: str) -> str:
        return sealing.blind_index(f"{self.state['flow']}:{code}")


def begin(request: HttpRequest, phone: str) -> None:
    """Send a code to a phone (E.164) and remember the sign-in in the session; an earlier one is forgotten.

    :raises TooManyCodes: the phone, the address or everybody together has asked too often.
    :raises CannotCount: the counters are away.
    """
    accounts_services.count_code_request(phone, AccountAdapter(request).get_client_ip(request))
    login = Login(state={"stages": {"current": LoginByCodeStage.key}})
    stage = LoginByCodeStage(LoginStageController(request, login), request, login)
    stage.state.update(SignIn.initial_state(user=None, phone=sealing.seal(phone)), flow=secrets.token_urlsafe(16))
    sign_in = SignIn(stage)
    sign_in.send()
    sign_in.persist()


def find(request: HttpRequest) -> SignIn | None:
    """Return the sign-in that this browser has begun, or None when there is none or its five minutes are over."""
    stage = LoginStageController.enter(request, LoginByCodeStage.key)
    found: SignIn | None = SignIn(stage).abort_if_invalid() if stage and "flow" in stage.state else None
    return found


def add_remembered_wish(request: HttpRequest, user: AbstractBaseUser) -> None:
    """Add what somebody wished for before they signed in; what is no longer there is forgotten."""
    wanted = request.session.pop(members_choices.REMEMBERED_WISH, None)
    if wanted is None:
        return
    with suppress(DomainError), entry():
        members_services.add_wish(user.pk, wanted["brand"], wanted["code"], sku=wanted["sku"], now=clock.now())
