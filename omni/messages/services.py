"""Writing messages down in the caller's transaction, and sending those that are due."""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection
from django.template.loader import get_template, render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from omni.kernel import numbers, sealing
from omni.kernel.errors import Conflict
from omni.kernel.outbox import hint
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from omni.messages import clients, rules, sql
from omni.messages.choices import Channel, MessageStatus, Purpose
from omni.messages.models import Message

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

logger = logging.getLogger(__name__)

ACTOR = "system:messages"
SWEEPING_LOCK = 7_305_041
BATCH = 200
# A round ends after this long, or once a gateway has not answered so many times: the next one goes on.
ROUND_SECONDS = 20.0
SILENCES = 3


class NoConsent(Conflict):
    """Marketing is sent only to those who agreed to it."""

    code = "no_consent"


@step
def send_message(
    channel: Channel,
    *,
    to: str,
    template: str,
    language: str,
    parameters: Mapping[str, str | int],
    cause: str,
    now: datetime,
    purpose: Purpose = Purpose.TRANSACTIONAL,
    has_consent: bool = False,
    expires_at: datetime | None = None,
) -> int | None:
    """Write a message to be sent once this transaction has committed; None when its cause was told already.

    `to` is a phone in E.164, a WeChat open id or an e-mail address. The texts are `messages/<template>-sms.txt` (for
    WeChat too), `-subject.txt` and `-body.txt` (of an e-mail). Marketing waits for the end of the quiet hours. After
    `expires_at` it is not sent any more.

    :raises NoConsent: marketing without consent, which the caller knows of.
    :raises TemplateDoesNotExist: there is no such template.
    """
    if purpose == Purpose.MARKETING and not has_consent:
        raise NoConsent(_("This person has not agreed to marketing."))
    for name in _template_names(channel, template):
        get_template(name)
    message, is_new = Message.objects.get_or_create(
        cause=cause,
        defaults={
            "number": numbers.public_number("N"),
            "channel": channel,
            "recipient_sealed": sealing.seal(to),
            "recipient_index": sealing.blind_index(to),
            "template": template,
            "language": language,
            "parameters_sealed": sealing.seal(json.dumps(dict(parameters), ensure_ascii=False)),
            "purpose": purpose,
            "next_attempt_at": rules.sending_at(purpose, now),
            "expires_at": expires_at,
            "created_at": now,
        },
    )
    if not is_new:
        return None
    hint("messages.drive", message_id=message.pk)
    return message.pk


@step
def retry_message(message_id: int, *, actor: str, now: datetime) -> None:
    """Give a parked message a new start.

    :raises StateConflict: it is not parked.
    """
    message = Message.objects.get(pk=message_id)
    transition(message, to=MessageStatus.QUEUED, actor=actor, now=now)
    message.next_attempt_at, message.attempts = rules.sending_at(message.purpose, now), 0
    message.save(update_fields=["next_attempt_at", "attempts"])
    hint("messages.drive", message_id=message_id)


@step
def forget_recipients(recipient_indexes: Collection[str], *, now: datetime) -> int:
    """Forget to whom messages went and what they said, by blind indexes of recipients; return how many.

    What was still to be sent is not sent any more.
    """
    found = Message.objects.filter(recipient_index__in=[index for index in recipient_indexes if index])
    for message in found.filter(status__in=[MessageStatus.QUEUED, MessageStatus.PARKED]).order_by("pk"):
        if message.status == MessageStatus.PARKED:
            transition(message, to=MessageStatus.QUEUED, actor=ACTOR, now=now)
        _finish(message, MessageStatus.EXPIRED, now=now)
    return found.update(recipient_sealed="", recipient_index="", parameters_sealed="")


@drive
def drive_message(message_id: int, *, now: datetime) -> bool:
    """Send a message if it is due; False when its gateway could not be reached.

    Three steps: the attempt is committed before, with the next one already written; the gateway is called; what came
    of it is written. A message that dies on the way is sent again under the same number.
    """
    with entry():
        message = _claim(message_id, now)
    if message is None:
        return True
    try:
        subject, text = _texts(message)
        to = sealing.unseal(message.recipient_sealed)
        clients.deliver(message.channel, number=message.number, to=to, subject=subject, text=text)
    except clients.GatewayUnreachable as error:
        with entry():
            _record_silence(message, str(error), now=now)
        return False
    except clients.GatewayRefused as error:
        with entry():
            _finish(message, MessageStatus.PARKED, now=now, error=str(error))
        return True
    with entry():
        _finish(message, MessageStatus.SENT, now=now)
    return True


@drive
def drive_due_messages(*, now: datetime) -> int:
    """Send every message that is due, each alone; return how many were tried.

    Only one sweep runs at a time (advisory lock): a gateway that hangs must not hold every worker.
    """
    tried, silences, end = 0, 0, time.monotonic() + ROUND_SECONDS
    with _alone() as is_mine:
        due = (
            Message.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
            if is_mine
            else Message.objects.none()
        )
        for message_id in list(due.values_list("pk", flat=True)[:BATCH]):
            if silences >= SILENCES or time.monotonic() > end:
                break
            tried += 1
            try:
                silences += not drive_message(message_id, now=now)
            except Exception as error:  # noqa: BLE001  its claim has put it off already, longer every time
                # Not the traceback: it could show whom the message is for, and what it says.
                logger.error("Message %s could not be sent: %s", message_id, type(error).__name__)  # noqa: TRY400
    return tried


def _claim(message_id: int, now: datetime) -> Message | None:
    """Count an attempt and write the next one, so that whoever dies is followed; None when it is not due."""
    message = Message.objects.filter(pk=message_id, status=MessageStatus.QUEUED, next_attempt_at__lte=now).first()
    if message is None:
        return None
    allowed_at = rules.sending_at(message.purpose, now)
    attempts = message.attempts + (allowed_at == now)
    next_attempt_at = rules.retry_at(attempts, now) if allowed_at == now else allowed_at
    mine = Message.objects.filter(pk=message_id, attempts=message.attempts, next_attempt_at=message.next_attempt_at)
    if not mine.update(attempts=attempts, next_attempt_at=next_attempt_at) or allowed_at != now:
        return None
    message.attempts, message.next_attempt_at = attempts, next_attempt_at
    if message.expires_at is not None and message.expires_at <= now:
        _finish(message, MessageStatus.EXPIRED, now=now)
        return None
    if rules.is_last(attempts - 1):
        _finish(message, MessageStatus.PARKED, now=now, error=message.last_error or "it failed too often")
        return None
    return message


def _record_silence(message: Message, error: str, *, now: datetime) -> None:
    """Write why an attempt came to nothing; the last one parks the message."""
    if rules.is_last(message.attempts):
        _finish(message, MessageStatus.PARKED, now=now, error=error)
    else:
        Message.objects.filter(pk=message.pk).update(last_error=error[:120])


def _finish(message: Message, status: MessageStatus, *, now: datetime, error: str = "") -> None:
    """Write what became of a message; what it said is kept only while it may still be sent."""
    transition(message, to=status, actor=ACTOR, now=now, reason=error[:120])
    message.next_attempt_at, message.last_error = None, error[:120]
    message.sent_at = now if status == MessageStatus.SENT else None
    if status != MessageStatus.PARKED:
        message.parameters_sealed = ""
    else:
        logger.error("Message %s is parked: %s", message.number, error)
    message.save(update_fields=["next_attempt_at", "last_error", "sent_at", "parameters_sealed"])


def _template_names(channel: str, template: str) -> tuple[str, ...]:
    parts = ("subject", "body") if channel == Channel.EMAIL else ("sms",)
    return tuple(f"messages/{template}-{part}.txt" for part in parts)


def _texts(message: Message) -> tuple[str, str]:
    """Return subject (empty but for e-mail) and text, in the message's language."""
    parameters = json.loads(sealing.unseal(message.parameters_sealed))
    with translation.override(message.language):
        texts = [
            render_to_string(name, parameters).strip() for name in _template_names(message.channel, message.template)
        ]
    *subject, text = texts
    return "".join(subject), text


@contextmanager
def _alone() -> Iterator[bool]:
    """Hold the sweepers' lock; False when another has it."""
    with connection.cursor() as cursor:
        cursor.execute(sql.TRY_SWEEPING, {"key": SWEEPING_LOCK})
        is_mine = cursor.fetchone() == (True,)
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute(sql.END_SWEEPING, {"key": SWEEPING_LOCK})
