"""The gateways for SMS and WeChat messages: they deliver into an inbox that anybody can read."""

import json
import secrets
from typing import Any

from omni.sandbox.bearer import Answer, BearerService, Call, text_in
from omni.sandbox.web import Problem, Request, Response, Router, json_response
from omni.sandbox.world import World

CHANNELS = ("sms", "wechat")
LONGEST_TEXT = 4000


class Inbox:
    """Stores what was sent, newest first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bearer = BearerService(world, "messages", world.credentials.messages_api_key)

    def add_routes(self, router: Router) -> None:
        """Add one sending URL for each channel, and the list as JSON."""
        for channel in CHANNELS:
            handler = self._bearer.call(channel, self._receiver(channel), lambda request: text_in(request, "to"))
            router.add("POST", f"/messages/{channel}", handler)
        router.add("GET", "/messages/_log", self._log)

    def messages(self, recipient: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """Return messages, newest first; with every further field the sender gave."""
        rows = self._world.database.rows(
            "SELECT * FROM message WHERE ? IN ('', recipient) ORDER BY id DESC LIMIT ?", recipient, limit
        )
        return [
            json.loads(row["fields"])
            | {
                "message_id": row["message_id"],
                "channel": row["channel"],
                "to": row["recipient"],
                "text": row["text"],
                "at": row["at"],
            }
            for row in rows
        ]

    def _receiver(self, channel: str) -> Call:
        def receive(request: Request) -> Answer:
            body = request.json()
            for name in ("to", "text"):
                if not isinstance(body.get(name), str) or not 1 <= len(body[name]) <= LONGEST_TEXT:
                    raise Problem(400, "invalid", f"{name} must have 1 to {LONGEST_TEXT} characters.", name)
            message_id = f"M{secrets.token_hex(8)}"
            fields = {name: value for name, value in body.items() if name not in {"to", "text"}}
            self._world.database.change(
                "INSERT INTO message (message_id, channel, recipient, text, fields, at) VALUES (?, ?, ?, ?, ?, ?)",
                message_id, channel, body["to"], body["text"], json.dumps(fields), self._world.clock.stamp(),
            )  # fmt: skip
            return Answer({"message_id": message_id}, 201)

        return receive

    def _log(self, request: Request) -> Response:
        return json_response({"messages": self.messages(request.query.get("to", ""))})
