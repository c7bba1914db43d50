"""What the courier and the message gateways have in common: a bearer key, idempotency, faults, the journal."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from omni.sandbox.web import NoAnswer, Problem, Request, Response, json_response, problem_response
from omni.sandbox.world import World


@dataclass(frozen=True)
class Answer:
    """What a call came to."""

    content: Mapping[str, Any]
    status: int = 200


def refusal(problem: Problem) -> Answer:
    """Refuse without undoing what the call wrote, as raising the problem would."""
    return Answer(problem.content, problem.status)


Call = Callable[[Request], Answer]


def text_in(request: Request, name: str) -> list[str]:
    """Return the text of one name in a call's body: the subject of a call which has no name of the company's yet."""
    try:
        text = request.json().get(name)
    except Problem:
        return []
    return [text] if isinstance(text, str) else []


class BearerService:
    """Wraps the calls of one service."""

    def __init__(self, world: World, service: str, api_key: str) -> None:
        self._world = world
        self._service = service
        self._api_key = api_key

    def call(
        self, operation: str, handler: Call, subjects_of: Callable[[Request], list[str]]
    ) -> Callable[[Request], Response]:
        """Return a handler that authenticates, replays, suffers faults and is written down."""

        def answer(request: Request) -> Response:
            subjects, faults = subjects_of(request), self._world.faults
            try:
                self._authenticate(request)
                if faults.take(self._service, "http_500", subjects, operation):
                    response = problem_response(Problem(500, "internal_error", "The gateway is out of order."))
                else:
                    response = self._once(request, handler)
            except Problem as problem:
                response = problem_response(problem)
            hangs = bool(faults.take(self._service, "timeout", subjects, operation))
            self._world.journal.write(
                service=self._service, kind="call", operation=operation, subject=subjects[0] if subjects else "",
                method=request.method, url=request.target, status=None if hangs else response.status,
                request=request.body.decode("utf-8", "replace"), response=response.body.decode("utf-8"),
            )  # fmt: skip
            if hangs:
                raise NoAnswer
            return response

        return answer

    def _authenticate(self, request: Request) -> None:
        """:raises Problem: 401 "unauthorized"."""
        expected = f"Bearer {self._api_key}".encode()
        if not hmac.compare_digest(request.headers.get("authorization", "").encode("latin-1", "replace"), expected):
            raise Problem(401, "unauthorized", "Authorization: Bearer <api_key> is missing or wrong.")

    def _once(self, request: Request, handler: Call) -> Response:
        """Run a call; with an Idempotency-Key, once: refusals are not kept, so they may be mended and repeated.

        :raises Problem: 422 "idempotency_mismatch" for a key that came with another request.
        """
        key = request.headers.get("idempotency-key", "")
        if request.method != "POST" or not key:
            answer = handler(request)
            return json_response(answer.content, answer.status)
        database = self._world.database
        fingerprint = hashlib.sha256(request.path.encode("utf-8") + b"\n" + request.body).hexdigest()
        with database.transaction():
            kept = database.row("SELECT * FROM replay WHERE service = ? AND idempotency_key = ?", self._service, key)
            if kept is not None:
                if kept["fingerprint"] != fingerprint:
                    raise Problem(422, "idempotency_mismatch", "This Idempotency-Key came with another request.")
                replayed = (("Idempotent-Replayed", "true"),)
                return json_response(json.loads(kept["body"]), kept["status"]).with_headers(replayed)
            answer = handler(request)
            if answer.status < 400:
                database.change(
                    "INSERT INTO replay VALUES (?, ?, ?, ?, ?)",
                    self._service, key, fingerprint, answer.status, json.dumps(answer.content),
                )  # fmt: skip
            return json_response(answer.content, answer.status)
