from datetime import timedelta

import pytest

from omni.celery import app
from omni.kernel import clock
from omni.kernel.transactions import entry
from omni.messages import services, tasks
from omni.messages.choices import Channel, MessageStatus
from omni.messages.models import Message
from tests.messages.conftest import ScriptedGateway

pytestmark = pytest.mark.django_db


def test_tasks_send_what_is_due_by_hint_and_by_sweep(gateway: ScriptedGateway) -> None:
    now = clock.now() - timedelta(seconds=1)
    for cause in ("1", "2"):
        with entry():
            services.send_message(
                Channel.SMS, to="+8613812345678", template="sign_in", language="en", parameters={}, cause=cause, now=now
            )
    first, second = Message.objects.order_by("pk")

    tasks.drive_message(message_id=first.pk)
    assert [Message.objects.get(pk=pk).status for pk in (first.pk, second.pk)] == [
        MessageStatus.SENT, MessageStatus.QUEUED,
    ]  # fmt: skip
    assert tasks.sweep() == 1
    assert Message.objects.get(pk=second.pk).status == MessageStatus.SENT


def test_beat_sweeps_messages() -> None:
    assert app.conf.beat_schedule["messages.sweep"]["task"] == tasks.sweep.name
