"""Callbacks of the courier, signed per Standard Webhooks."""

import base64
import json
import secrets
from datetime import timedelta

from standardwebhooks import Webhook

from omni.sandbox.callbacks import Callback, Channel
from omni.sandbox.courier.deliveries import Deliveries, Delivery
from omni.sandbox.world import World

MINUTE, HOUR = 60.0, 3600.0
LADDER = (
    5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
)  # fmt: skip
OLD = timedelta(hours=1)
FAULTS = ("drop", "duplicate", "delay", "reorder", "bad_signature", "old_timestamp")


class Webhooks:
    """Writes and signs callbacks."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world = world
        self._deliveries = deliveries
        self._secret = world.credentials.courier_webhook_secret
        self._wrong_secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        world.callbacks.open_channel("courier", Channel(self._sign, LADDER, gone_stops=True))

    def announce(self, delivery: Delivery, occurred_at: str) -> None:
        """Tell the merchant where a delivery stands."""
        taken = {name: self._world.faults.take("courier", name, delivery.subjects) for name in FAULTS}
        content = {
            "type": "delivery.updated",
            "timestamp": occurred_at,
            "data": self._deliveries.facts(delivery) | {"occurred_at": occurred_at},
        }
        self._world.callbacks.enqueue(
            service="courier",
            subject=delivery.id,
            event_id=f"msg_{secrets.token_hex(12)}",
            url=delivery.callback_url,
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
