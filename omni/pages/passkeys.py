"""Passkeys: allauth's WebAuthn, with what people see of it and the rules of this platform.

The challenge is kept in the session. A passkey proves the person by itself (user verification is required), so it
signs in without a code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omni.accounts import queries as accounts_queries
from omni.accounts import services as accounts_services
from omni.kernel import sealing
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

MOST_PASSKEYS = 10
MAX_NAME_LENGTH = 40
# What a broken or foreign answer of a browser makes the library raise.
BROKEN = (ValidationError, ValueError, TypeError, KeyError, AttributeError)


class TooManyPasskeys(Conflict):
    """An account keeps only so many passkeys."""

    code = "too_many_passkeys"


class PasskeyRefused(InvalidInput):
    """What the device answered proves nothing."""

    code = "passkey_refused"


class PasskeyAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """What a device shows beside a passkey: the shop, and the masked phone of the account."""

    def _get_site_name(self) -> str:
        return gettext("Corner Wardrobe")

    def get_public_key_credential_user_entity(self, user: AbstractBaseUser) -> dict[str, object]:
        """Return how a device names the account; the handle is its key, and no personal data."""
        identity = accounts_queries.get_identity(int(user.pk))
        name = sealing.mask_phone(identity.phone) if identity.phone else user.get_username()
        return {"id": user_pk_to_url_str(user).encode(), "name": name, "display_name": identity.name or name}


def passkeys_of(user_id: int) -> QuerySet[Any]:
    """Return the passkeys of an account, the oldest first."""
    found: QuerySet[Any] = Authenticator.objects.filter(user=user_id, type=Authenticator.Type.WEBAUTHN)
    return found.order_by("pk")


def begin_adding(request: HttpRequest) -> dict[str, Any]:
    """Return what the browser's `navigator.credentials.create` takes."""
    options: dict[str, Any] = auth.begin_registration(request.user, True)  # noqa: FBT003  allauth's signature
    return options


def add(request: HttpRequest, credential: object, name: str) -> None:
    """Keep a new passkey of the account.

    :raises PasskeyRefused: the device's answer is not one to our question.
    :raises TooManyPasskeys: there are ten already.
    """
    try:
        auth.parse_registration_response(credential)
        binding = auth.complete_registration(credential)
    except BROKEN as error:
        raise PasskeyRefused(_("This device could not be added. Please try again.")) from error
    if not binding.is_user_verified():
        raise PasskeyRefused(_("This device did not ask who you are, so it cannot stand for you."))
    with entry():
        if passkeys_of(int(request.user.pk or 0)).count() >= MOST_PASSKEYS:
            raise TooManyPasskeys(_("You have as many passkeys as we keep. Remove one first."))
        auth.WebAuthn.add(request.user, clean_name(name) or gettext("Passkey"), credential)


def clean_name(name: str) -> str:
    """Return the name of a passkey without the spaces around it.

    :raises InvalidInput: with field "name", when it is too long or cannot be printed.
    """
    cleaned = " ".join(name.split())
    if len(cleaned) > MAX_NAME_LENGTH or not cleaned.isprintable():
        raise InvalidInput(_("Enter a name of at most 40 characters."), field="name")
    return cleaned


def rename(user_id: int, passkey_id: int, name: str) -> None:
    """Name a passkey of the account.

    :raises InvalidInput: with field "name".
    :raises NotFound: there is none, or it is somebody else's.
    """
    cleaned = clean_name(name)
    if not cleaned:
        raise InvalidInput(_("Enter a name of at most 40 characters."), field="name")
    with entry():
        passkey = passkeys_of(user_id).filter(pk=passkey_id).first()
        if passkey is None:
            raise NotFound
        passkey.data["name"] = cleaned
        passkey.save(update_fields=["data"])


def remove(user_id: int, passkey_id: int) -> None:
    """Forget a passkey of the account.

    :raises NotFound: there is none, or it is somebody else's.
    """
    with entry():
        deleted, _by_model = passkeys_of(user_id).filter(pk=passkey_id).delete()
    if not deleted:
        raise NotFound


def begin_signing_in() -> dict[str, Any]:
    """Return what the browser's `navigator.credentials.get` takes; which accounts there are it does not tell."""
    options: dict[str, Any] = auth.begin_authentication()
    return options


def sign_in(request: HttpRequest, credential: object, *, redirect_url: str) -> HttpResponse:
    """Sign the owner of a passkey in.

    :raises PasskeyRefused: it proves nothing, or its account cannot be used.
    """
    passkey = _proven(credential, None)
    post_authentication(request, passkey, passwordless=True)
    answer: HttpResponse = perform_login(request, Login(user=passkey.user, redirect_url=redirect_url))
    return answer


def prove_again(request: HttpRequest, credential: object) -> None:
    """Note that the account's owner proved themselves by a passkey.

    :raises PasskeyRefused: it proves nothing, or is another account's.
    """
    post_authentication(request, _proven(credential, request.user), reauthenticated=True)


def _proven(credential: object, user: object) -> Any:  # noqa: ANN401  allauth has no types
    """Return the passkey whose owner answered our question."""
    refusal = PasskeyRefused(_("This passkey is not known here. Sign in with a code instead."))
    try:
        auth.parse_authentication_response(credential)
        owner = user or auth.extract_user_from_response(credential)
        passkey = auth.complete_authentication(owner, credential)
    except BROKEN as error:
        raise refusal from error
    try:
        accounts_services.refuse_closed(passkey.user)
    except accounts_services.AccountClosed as error:
        raise refusal from error
    return passkey
