"""How a message leaves the house: the gateways for SMS and WeChat over HTTP, e-mail through Django's backend.

`GatewayRefused` means that it was not sent and will not be; `GatewayUnreachable` that nobody knows, so it is sent
again under the same number, by which the gateway sends it once. Errors carry no text and no recipient.
"""

from __future__ import annotations

import smtplib
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.mail import EmailMessage

from omni.messages.choices import Channel

# Seconds to connect, and to wait for an answer.
TIMEOUT = (3.0, 7.0)
# What says that this very message cannot be sent. Anything else (a key, a limit, a fault) may be put right.
REFUSALS = frozenset({400, 404, 410, 413, 422})


class GatewayUnreachable(Exception):
    """No usable answer: it may or may not have been sent."""


class GatewayRefused(Exception):
    """It was not sent, and trying again will not help."""


def deliver(channel: str, *, number: str, to: str, subject: str, text: str) -> None:
    """Send one message; the same number is the same message, however often it is sent.

    :raises GatewayUnreachable: it may or may not have been sent.
    :raises GatewayRefused: it was not, and will not be.
    """
    if channel == Channel.EMAIL:
        _send_email(number, to, subject, text)
    else:
        _post(channel, number, to, text)


def _post(channel: str, number: str, to: str, text: str) -> None:
    """Hand a message to the gateway of its channel."""
    base_url = str(settings.MESSAGES["base_url"]).rstrip("/")
    if not base_url:
        raise GatewayUnreachable("no gateway is configured")
    try:
        answer = requests.post(
            f"{base_url}/{channel}",
            json={"to": to, "text": text},
            headers={"Authorization": f"Bearer {settings.MESSAGES['api_key']}", "Idempotency-Key": number},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise GatewayUnreachable(type(error).__name__) from error
    if answer.status_code in REFUSALS:
        raise GatewayRefused(f"HTTP {answer.status_code}")
    if not 200 <= answer.status_code < 300:
        raise GatewayUnreachable(f"HTTP {answer.status_code}")


def _send_email(number: str, to: str, subject: str, text: str) -> None:
    """Hand an e-mail to the mail server, under a Message-ID that stays the same."""
    host = urlsplit(settings.PUBLIC_URL).hostname
    email = EmailMessage(subject, text, to=[to], headers={"Message-ID": f"<{number}@{host}>"})
    try:
        email.send()
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= 500 for code, _text in error.recipients.values()):
            raise GatewayRefused("the mail server refused the recipient") from error
        raise GatewayUnreachable(type(error).__name__) from error
    except (smtplib.SMTPException, OSError) as error:
        raise GatewayUnreachable(type(error).__name__) from error
    except ValueError as error:  # a line break in the address or the subject
        raise GatewayRefused("the e-mail has a bad header") from error
