"""Messages in the admin."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from omni.kernel.transactions import entry
from omni.messages import services
from omni.messages.choices import Channel, MessageStatus
from omni.messages.clients import GatewayRefused
from omni.messages.models import Message
from tests.factories.accounts import UserFactory
from tests.messages.conftest import ScriptedGateway

pytestmark = pytest.mark.django_db


def test_admin_masks_recipients_and_retries_what_is_parked(
    client: Client, now: datetime, gateway: ScriptedGateway
) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    gateway.error = GatewayRefused("HTTP 422")
    for channel, to in ((Channel.SMS, "+8613812345678"), (Channel.WECHAT, "open-id-of-wang")):
        with entry():
            message_id = services.send_message(
                channel, to=to, template="sign_in", language="en", parameters={"code": "271828"}, cause=channel, now=now
            )
        services.drive_message(message_id or 0, now=now)
    address = reverse("admin:messaging_message_changelist")

    page = client.get(address).content.decode()
    detail = client.get(reverse("admin:messaging_message_change", args=[Message.objects.latest("pk").pk]))
    client.post(address, {"action": "retry", "_selected_action": list(Message.objects.values_list("pk", flat=True))})

    assert "138****5678" in page
    assert "op****" in page
    assert not any(secret in page + detail.content.decode() for secret in ("13812345678", "open-id", "271828"))
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.QUEUED}
