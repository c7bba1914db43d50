import smtplib
import socket
from contextlib import closing

import pytest
from django.core import mail
from pytest_django import Settings

from omni.messages import clients
from omni.messages.choices import Channel
from tests.sandbox.fixture import SandboxProcess

PHONE = "+8613812345678"


@pytest.fixture
def inbox(sandbox: SandboxProcess, settings: Settings) -> SandboxProcess:
    """Return the sandbox, empty, with its key in the settings."""
    sandbox.reset()
    settings.MESSAGES = sandbox.credentials["messages"]
    return sandbox


def deliver(channel: Channel = Channel.SMS, to: str = PHONE, number: str = "N-1") -> None:
    clients.deliver(channel, number=number, to=to, subject="主题", text="您好")


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WECHAT])
def test_deliver_sent_twice_under_one_number_arrives_once(inbox: SandboxProcess, channel: Channel) -> None:
    deliver(channel)
    deliver(channel)

    assert [(message["channel"], message["to"], message["text"]) for message in inbox.messages(PHONE)] == [
        (channel, PHONE, "您好")
    ]


def test_deliver_to_a_gateway_that_fails_leaves_it_open(inbox: SandboxProcess) -> None:
    inbox.fault("messages", http_500=1)
    with pytest.raises(clients.GatewayUnreachable, match="HTTP 500"):
        deliver()
    deliver()
    assert len(inbox.messages(PHONE)) == 1


def test_deliver_what_the_gateway_does_not_take_is_refused(inbox: SandboxProcess) -> None:
    with pytest.raises(clients.GatewayRefused, match="HTTP 400"):
        deliver(to="")


def test_deliver_with_a_wrong_key_may_be_put_right(inbox: SandboxProcess, settings: Settings) -> None:
    settings.MESSAGES = settings.MESSAGES | {"api_key": "wrong"}
    with pytest.raises(clients.GatewayUnreachable, match="HTTP 401"):
        deliver()


def test_deliver_with_nobody_there_names_no_recipient(settings: Settings) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    settings.MESSAGES = {"base_url": f"http://127.0.0.1:{port}", "api_key": "x"}
    with pytest.raises(clients.GatewayUnreachable, match=r"\AConnectionError\Z"):
        deliver()
    settings.MESSAGES = {"base_url": "", "api_key": ""}
    with pytest.raises(clients.GatewayUnreachable, match="no gateway"):
        deliver()


def test_deliver_an_e_mail_keeps_its_message_id(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://shop.example"

    deliver(Channel.EMAIL, "wang@example.com")

    (email,) = mail.outbox
    assert (email.to, email.subject, email.body) == (["wang@example.com"], "主题", "您好")
    assert email.extra_headers == {"Message-ID": "<N-1@shop.example>"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no such user")}), clients.GatewayRefused),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"later")}), clients.GatewayUnreachable),
        (smtplib.SMTPServerDisconnected(), clients.GatewayUnreachable),
        (TimeoutError(), clients.GatewayUnreachable),
        (ValueError("line break"), clients.GatewayRefused),
    ],
)
def test_deliver_an_e_mail_tells_refusal_from_silence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[Exception]
) -> None:
    def fail(self: mail.EmailMessage, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr(mail.EmailMessage, "send", fail)
    with pytest.raises(expected):
        deliver(Channel.EMAIL, "wang@example.com")
