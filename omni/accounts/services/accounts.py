"""Accounts of shoppers: one per phone, made when the phone is proven; and the limits of proving it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.core.cache import caches
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from omni.accounts import rules
from omni.accounts.models import User
from omni.kernel import numbers, sealing
from omni.kernel.errors import DomainError, InvalidInput
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAME_LENGTH = 60


class TooManyCodes(DomainError):
    """Codes were asked for, or tried, too often."""

    code = "too_many_codes"
    status = 429


class CannotCount(DomainError):
    """The counters cannot be reached: nothing that they guard is done."""

    code = "cannot_count"
    status = 503


class AccountClosed(DomainError):
    """The account does not sign in with a phone."""

    code = "account_closed"
    status = 403


def count_code_request(phone: str, address: str) -> None:
    """Count that a code is asked for, for a phone (E.164) from an address.

    :raises TooManyCodes: the phone, the address or everybody together has asked too often.
    :raises CannotCount: the counters are away, so none is sent.
    """
    _count(
        rules.code_limits(
            sealing.blind_index(phone),
            address,
            per_address=settings.SIGN_IN_CODES_PER_ADDRESS,
            in_total=settings.SIGN_IN_CODES_IN_TOTAL,
        )
    )


def count_try(flow: str) -> None:
    """Count a try at the code of a sign-in; also tries that come at once are counted one by one.

    :raises TooManyCodes: it is one more than are allowed.
    :raises CannotCount: the counters are away, so no try counts.
    """
    most, seconds = settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS, 2 * settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT
    _count([rules.Limit(f"try:{flow}", most, seconds)])


def forget_tries(flow: str) -> None:
    """Let a flow that was proven have all its tries again."""
    with contextlib.suppress(RedisError):
        caches["limits"].delete(f"try:{flow}")


def find_by_password(username: str, password: str) -> int | None:
    """Return the id of an active account by its user name and password; None when they do not fit. Takes its time.

    Each try counts, until one is right.

    :raises TooManyCodes: it is one more than are allowed.
    :raises CannotCount: the counters are away, so no try counts.
    """
    flow = f"password:{sealing.blind_index(username)[:16]}"
    count_try(flow)
    user = ModelBackend().authenticate(None, username=username, password=password)
    if user is None:
        return None
    forget_tries(flow)
    return user.pk


@step
def join(phone: str, *, language: str) -> User:
    """Return the account of a proven phone (E.164), a new one if it has none.

    :raises AccountClosed: it was closed, or belongs to staff who sign in with a password.
    """
    user, _is_new = User.objects.get_or_create(
        phone_index=sealing.blind_index(phone),
        defaults={
            "username": numbers.public_number("U"),
            "password": make_password(None),
            "phone_sealed": sealing.seal(phone),
            "language": language,
        },
    )
    refuse_closed(user)
    return user


def refuse_closed(user: User) -> None:
    """Refuse an account that shoppers' ways to sign in are not open to.

    :raises AccountClosed: it was closed, or belongs to staff who sign in with a password.
    """
    if not user.is_active or user.is_staff or user.is_superuser:
        raise AccountClosed(_("This account cannot be used here."))


@step
def change_profile(user_id: int, *, name: str, language: str) -> None:
    """Write how a person is addressed, and in which language.

    :raises InvalidInput: with field "name" or "language".
    """
    if len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidInput(_("Enter a name of at most 60 characters."), field="name")
    if language not in dict(settings.LANGUAGES):
        raise InvalidInput(_("This language is not spoken here."), field="language")
    User.objects.filter(pk=user_id).update(first_name=name, language=language)


def _count(limits: Iterable[rules.Limit]) -> None:
    """Count one more in each, up to the first that is full."""
    counters = caches["limits"]
    try:
        for limit in limits:
            counters.add(limit.name, 0, timeout=limit.seconds)
            if counters.incr(limit.name) > limit.most:
                raise TooManyCodes(_("That was too often. Please wait a while and try again."))
    # ValueError: a counter ran out between the two commands.
    except (RedisError, ValueError) as error:
        raise CannotCount(_("Codes cannot be sent at the moment. Please try again later.")) from error
