import json
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.template import TemplateDoesNotExist

from omni.kernel import sealing
from omni.kernel.models import Transition
from omni.kernel.states import StateConflict
from omni.kernel.transactions import DriveInsideTransaction, StepOutsideTransaction, entry
from omni.messages import services
from omni.messages.choices import Channel, MessageStatus, Purpose
from omni.messages.clients import GatewayRefused, GatewayUnreachable
from omni.messages.models import Message
from omni.messages.rules import RETRY_SECONDS
from tests.messages.conftest import ScriptedGateway

pytestmark = pytest.mark.django_db

PHONE = "+8613812345678"
CODE = {"shop": "壹号", "code": "271828"}


def write(now: datetime, **changes: Any) -> int | None:  # noqa: ANN401  any parameter
    """Write a message with a code in Chinese."""
    wanted: dict[str, Any] = {
        "to": PHONE, "template": "sign_in", "language": "zh-hans", "parameters": CODE, "cause": "sign_in:1", "now": now,
    }  # fmt: skip
    with entry():
        return services.send_message(changes.pop("channel", Channel.SMS), **(wanted | changes))


def written(now: datetime, **changes: Any) -> int:  # noqa: ANN401  any parameter
    """Write a message that is new."""
    message_id = write(now, **changes)
    assert message_id is not None
    return message_id


def state_of(message_id: int) -> tuple[str, int, datetime | None, str]:
    message = Message.objects.get(pk=message_id)
    return message.status, message.attempts, message.next_attempt_at, message.last_error


def test_send_message_keeps_recipient_and_text_encrypted(now: datetime) -> None:
    message = Message.objects.get(pk=written(now))

    assert (message.channel, message.status, message.next_attempt_at) == (Channel.SMS, MessageStatus.QUEUED, now)
    assert sealing.unseal(message.recipient_sealed) == PHONE
    assert json.loads(sealing.unseal(message.parameters_sealed)) == CODE
    assert not any("13812345678" in str(value) or "271828" in str(value) for value in vars(message).values())


def test_send_message_of_a_cause_told_already_writes_nothing(now: datetime) -> None:
    written(now)

    assert write(now, template="order_paid") is None
    assert list(Message.objects.values_list("template", flat=True)) == ["sign_in"]


def test_send_message_without_a_transaction_or_template_is_a_mistake(now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction):
        services.send_message(
            Channel.SMS, to=PHONE, template="sign_in", language="en", parameters={}, cause="x", now=now
        )
    with pytest.raises(TemplateDoesNotExist):
        write(now, template="nowhere")
    with pytest.raises(TemplateDoesNotExist):
        write(now, channel=Channel.EMAIL)
    assert not Message.objects.exists()


def test_send_message_rolled_back_with_its_cause_is_gone(now: datetime) -> None:
    def fail() -> None:
        with entry():
            services.send_message(
                Channel.SMS, to=PHONE, template="sign_in", language="en", parameters=CODE, cause="x", now=now
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not Message.objects.exists()


def test_marketing_without_consent_is_refused(now: datetime) -> None:
    with pytest.raises(services.NoConsent):
        write(now, purpose=Purpose.MARKETING)
    assert not Message.objects.exists()


def test_marketing_waits_for_the_morning_also_when_it_is_tried_again(now: datetime, gateway: ScriptedGateway) -> None:
    evening, morning = now + timedelta(hours=9), now + timedelta(hours=21)
    at_night = written(evening, purpose=Purpose.MARKETING, has_consent=True)
    by_day = written(now, purpose=Purpose.MARKETING, has_consent=True, cause="2")

    services.drive_due_messages(now=evening)

    assert gateway.sent == []
    assert state_of(at_night) == (MessageStatus.QUEUED, 0, morning, "")
    assert state_of(by_day) == (MessageStatus.QUEUED, 0, morning, "")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-hans", "【壹号】您的登录验证码是 271828，5 分钟内有效，请勿告诉任何人。"),
        ("en", "[壹号] Your code to sign in is 271828. It is good for 5 minutes. Tell it to nobody."),
    ],
)
def test_drive_message_sends_the_text_in_its_language_and_forgets_it(
    now: datetime, gateway: ScriptedGateway, language: str, text: str
) -> None:
    message_id = written(now, language=language)

    assert services.drive_message(message_id, now=now)

    message = Message.objects.get(pk=message_id)
    assert gateway.sent == [("sms", message.number, PHONE, "", text)]
    assert (message.status, message.sent_at, message.parameters_sealed) == (MessageStatus.SENT, now, "")
    assert Transition.objects.get(entity="messaging.message", entity_id=message_id).to_status == MessageStatus.SENT


def test_drive_message_twice_or_too_early_sends_once(now: datetime, gateway: ScriptedGateway) -> None:
    message_id = written(now)

    services.drive_message(message_id, now=now - timedelta(seconds=1))
    services.drive_message(message_id, now=now)
    services.drive_message(message_id, now=now + timedelta(days=1))

    assert len(gateway.sent) == 1


def test_drive_message_with_a_silent_gateway_tries_again_under_the_same_number(
    now: datetime, gateway: ScriptedGateway
) -> None:
    gateway.error = GatewayUnreachable("ReadTimeout")
    message_id = written(now)

    assert not services.drive_message(message_id, now=now)
    assert state_of(message_id) == (MessageStatus.QUEUED, 1, now + timedelta(seconds=10), "ReadTimeout")
    gateway.error = None
    services.drive_message(message_id, now=now + timedelta(seconds=10))

    assert [number for _channel, number, *_rest in gateway.sent] == [Message.objects.get().number] * 2
    assert state_of(message_id) == (MessageStatus.SENT, 2, None, "")


def test_drive_message_that_never_gets_through_is_parked_and_can_be_retried(
    now: datetime, gateway: ScriptedGateway
) -> None:
    gateway.error = GatewayUnreachable("HTTP 503")
    message_id, at = written(now), now
    for _attempt in range(len(RETRY_SECONDS) + 1):
        services.drive_message(message_id, now=at)
        at = Message.objects.get().next_attempt_at or at

    assert state_of(message_id) == (MessageStatus.PARKED, 9, None, "HTTP 503")
    gateway.error = None
    with entry():
        services.retry_message(message_id, actor="user:1", now=at)
    services.drive_message(message_id, now=at)
    assert state_of(message_id) == (MessageStatus.SENT, 1, None, "")


def test_drive_message_refused_is_parked_at_once(now: datetime, gateway: ScriptedGateway) -> None:
    gateway.error = GatewayRefused("HTTP 422")
    message_id = written(now)

    services.drive_message(message_id, now=now)

    assert state_of(message_id) == (MessageStatus.PARKED, 1, None, "HTTP 422")


def test_drive_message_after_its_time_sends_nothing(now: datetime, gateway: ScriptedGateway) -> None:
    message_id = written(now, expires_at=now + timedelta(minutes=5))

    services.drive_message(message_id, now=now + timedelta(minutes=5))

    assert gateway.sent == []
    assert state_of(message_id)[0] == MessageStatus.EXPIRED
    assert Message.objects.get().parameters_sealed == ""


def test_drive_message_inside_a_transaction_is_a_mistake(now: datetime) -> None:
    with entry(), pytest.raises(DriveInsideTransaction):
        services.drive_message(1, now=now)


def test_retry_message_that_is_not_parked_is_refused(now: datetime) -> None:
    message_id = written(now)
    with pytest.raises(StateConflict), entry():
        services.retry_message(message_id, actor="user:1", now=now)
    assert state_of(message_id) == (MessageStatus.QUEUED, 0, now, "")


def test_drive_due_messages_sends_others_past_one_that_cannot_be_read(
    now: datetime, gateway: ScriptedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = written(now), written(now, cause="2")
    Message.objects.filter(pk=broken).update(parameters_sealed="lost:key")

    with caplog.at_level(logging.DEBUG):
        assert services.drive_due_messages(now=now) == 2

    assert state_of(fine)[0] == MessageStatus.SENT
    assert state_of(broken) == (MessageStatus.QUEUED, 1, now + timedelta(seconds=10), "")
    assert f"Message {broken} could not be sent: CannotUnseal" in caplog.text


def test_drive_due_messages_due_at_one_time_go_in_the_order_they_were_written(
    now: datetime, gateway: ScriptedGateway
) -> None:
    first, second, third = (written(now, cause=cause) for cause in "abc")
    # Rows that were written again lie behind the others in the table.
    for message_id in (second, first):
        Message.objects.filter(pk=message_id).update(last_error="written again")

    services.drive_due_messages(now=now)

    numbers = dict(Message.objects.values_list("pk", "number"))
    assert [sent[1] for sent in gateway.sent] == [numbers[first], numbers[second], numbers[third]]


def test_drive_due_messages_ends_its_round_when_the_gateway_is_silent(now: datetime, gateway: ScriptedGateway) -> None:
    gateway.error = GatewayUnreachable("ConnectTimeout")
    for cause in range(5):
        written(now, cause=str(cause))

    assert services.drive_due_messages(now=now) == 3
    assert services.drive_due_messages(now=now) == 2


def test_no_log_line_tells_whom_or_what(
    now: datetime, gateway: ScriptedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for cause, error in enumerate(
            (None, GatewayUnreachable("x"), GatewayRefused("y"), ValueError(PHONE + "271828"))
        ):
            gateway.error = error
            written(now, cause=str(cause))
            services.drive_due_messages(now=now)

    assert "13812345678" not in caplog.text
    assert "271828" not in caplog.text
