"""Callbacks signed per Standard Webhooks, as the courier and the express company send them."""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from standardwebhooks import Webhook

from omni.sandbox.callbacks import Callback, Channel
from omni.sandbox.faults import WEBHOOK_FAULTS
from omni.sandbox.world import World

MINUTE, HOUR = 60.0, 3600.0
LADDER = (
    5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
)  # fmt: skip
OLD = timedelta(hours=1)


@dataclass(frozen=True)
class News:
    """What the merchant is to be told of one delivery: `subjects` are its names, the first ours."""

    subjects: Sequence[str]
    url: str
    facts: Mapping[str, Any]
    occurred_at: str


class Webhooks:
    """Writes and signs the callbacks of one company."""

    def __init__(self, world: World, service: str, message_type: str, secret: str) -> None:
        self._world = world
        self._service = service
        self._type = message_type
        self._secret = secret
        self._wrong_secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        world.callbacks.open_channel(service, Channel(self._sign, LADDER, gone_stops=True))

    def announce(self, news: News) -> None:
        """Tell the merchant."""
        taken = {name: self._world.faults.take(self._service, name, news.subjects) for name in WEBHOOK_FAULTS}
        content = {
            "type": self._type,
            "timestamp": news.occurred_at,
            "data": {**news.facts, "occurred_at": news.occurred_at},
        }
        self._world.callbacks.enqueue(
            service=self._service,
            subject=news.subjects[0],
            event_id=f"msg_{secrets.token_hex(12)}",
            url=news.url,
            body=json.dumps(content, ensure_ascii=False),
            faults={name: value for name, value in taken.items() if value},
        )

    def _sign(self, callback: Callback) -> dict[str, str]:
        moment = self._world.clock.wall() - (OLD if "old_timestamp" in callback.faults else timedelta())
        secret = self._wrong_secret if "bad_signature" in callback.faults else self._secret
        return {
            "webhook-id": callback.event_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(callback.event_id, moment, callback.body),
        }
