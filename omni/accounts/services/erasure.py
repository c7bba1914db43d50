"""Forgetting a person: asked for, waited for, answered by every app, and done here last."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_lazy as _

from omni.accounts import locks
from omni.accounts.choices import OPEN_ERASURES, ErasureStatus, HoldReason, KeptReason
from omni.accounts.events import ErasureRequested
from omni.accounts.models import Erasure, ErasureAnswer, User
from omni.kernel.errors import Conflict
from omni.kernel.outbox import SUBSCRIPTIONS, publish
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step

if TYPE_CHECKING:
    from datetime import datetime

ACTOR = "system:accounts"
# How long to wait before everybody is asked again when somebody had to hold it.
HELD_FOR = timedelta(days=1)
BATCH = 50


class NothingToWithdraw(Conflict):
    """There is no erasure that could still be withdrawn."""

    code = "nothing_to_withdraw"


@step
def request_erasure(user_id: int, *, now: datetime) -> int:
    """Write that a person wants to be forgotten; they may change their mind for some days. Return the erasure's id.

    Asking again changes nothing.
    """
    due_at = now + timedelta(days=settings.ERASURE_WAIT_DAYS)
    erasure, _is_new = Erasure.objects.get_or_create(
        user_id=user_id, status__in=OPEN_ERASURES, defaults={"requested_at": now, "due_at": due_at}
    )
    return erasure.pk


@step
def withdraw_erasure(user_id: int, *, now: datetime) -> None:
    """Let an account live on; what was erased while others held it stays erased.

    :raises NothingToWithdraw: nothing was asked for, or it is under way.
    """
    waiting = (ErasureStatus.REQUESTED, ErasureStatus.HELD)
    erasure = Erasure.objects.filter(user=user_id, status__in=waiting).first()
    if erasure is None:
        raise NothingToWithdraw(_("There is nothing to withdraw."))
    transition(erasure, to=ErasureStatus.CANCELLED, actor=f"user:{user_id}", now=now)
    Erasure.objects.filter(pk=erasure.pk).update(due_at=None, finished_at=now)


@drive
def drive_due_erasures(*, now: datetime) -> int:
    """Begin a round of every erasure that is due, each alone; return how many were."""
    waiting = (ErasureStatus.REQUESTED, ErasureStatus.HELD)
    due = (
        Erasure.objects.filter(due_at__lte=now, status__in=waiting)
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)
    )
    begun = list(due[:BATCH])
    for erasure_id in begun:
        with entry():
            _begin_round(erasure_id, now)
    return len(begun)


def _begin_round(erasure_id: int, now: datetime) -> None:
    """Close the account, note who owes an answer, and ask. Publishes ErasureRequested."""
    erasure = locks.lock_erasure(erasure_id)
    if erasure.status not in {ErasureStatus.REQUESTED, ErasureStatus.HELD}:
        return
    transition(erasure, to=ErasureStatus.RUNNING, actor=ACTOR, now=now)
    erasure.round, erasure.due_at = erasure.round + 1, now
    erasure.save(update_fields=["round", "due_at"])
    User.objects.filter(pk=erasure.user_id).update(is_active=False)
    parts = [name for name, wanted, _handler in SUBSCRIPTIONS.values() if wanted is ErasureRequested]
    ErasureAnswer.objects.bulk_create(
        [ErasureAnswer(erasure=erasure, part=part, round=erasure.round) for part in parts],
        update_conflicts=True,
        unique_fields=["erasure", "part"],
        update_fields=["round", "held_for", "kept", "answered_at"],
    )
    publish(ErasureRequested(erasure_id=erasure.pk, user_id=erasure.user_id, round=erasure.round), now=now)
    _finish_round(erasure, now)


@step
def answer_erasure(
    event: ErasureRequested,
    part: str,
    *,
    held_for: HoldReason | None = None,
    kept: KeptReason | None = None,
    now: datetime,
) -> None:
    """Note that a part (a subscriber's name) has erased what it knew, or why it could not yet; the last one ends it.

    Locks the Erasure, after whatever the part has locked.
    """
    erasure = locks.lock_erasure(event.erasure_id)
    ErasureAnswer.objects.filter(erasure=erasure, part=part, round=event.round).update(
        held_for=held_for or "", kept=kept or "", answered_at=now
    )
    if erasure.round == event.round and erasure.status == ErasureStatus.RUNNING:
        _finish_round(erasure, now)


def _finish_round(erasure: Erasure, now: datetime) -> None:
    """End a round that everybody has answered: done, or held until tomorrow."""
    answers = list(erasure.answers.filter(round=erasure.round))
    if any(answer.answered_at is None for answer in answers):
        return
    if any(answer.held_for for answer in answers):
        transition(erasure, to=ErasureStatus.HELD, actor=ACTOR, now=now)
        User.objects.filter(pk=erasure.user_id).update(is_active=True)
        erasure.due_at = now + HELD_FOR
    else:
        transition(erasure, to=ErasureStatus.DONE, actor=ACTOR, now=now)
        _erase_account(erasure.user_id)
        erasure.due_at, erasure.finished_at = None, now
    erasure.save(update_fields=["due_at", "finished_at"])


def _erase_account(user_id: int) -> None:
    """Forget who an account was and how they signed in; another password hash ends every session."""
    EmailAddress.objects.filter(user=user_id).delete()
    Authenticator.objects.filter(user=user_id).delete()
    SocialAccount.objects.filter(user=user_id).delete()
    User.objects.filter(pk=user_id).update(
        password=make_password(None), first_name="", last_name="", email="", phone_sealed="", phone_index=None
    )
