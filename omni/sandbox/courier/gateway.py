"""The HTTP interface of the courier."""

import hmac
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from omni.sandbox.bearer import Answer, BearerService, Call, refusal, text_in
from omni.sandbox.courier.deliveries import PICKED_UP_OR_LATER, Deliveries, Delivery
from omni.sandbox.courier.geometry import (
    REACH_METRES,
    Point,
    fee_fen,
    great_circle_metres,
    read_point,
    ride_seconds,
)
from omni.sandbox.courier.walk import Walk
from omni.sandbox.web import Problem, Request, Router
from omni.sandbox.webhooks import Webhooks
from omni.sandbox.world import World

OFFER_SECONDS = 600.0
# Until a courier is found and has come to the store, and for handing over.
APPROACH_SECONDS = 600.0
MAX_TRIES = 5


class Courier:
    """The company's account of one merchant."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.deliveries = Deliveries(world)
        webhooks = Webhooks(world, "courier", "delivery.updated", world.credentials.courier_webhook_secret)
        self.walk = Walk(world, self.deliveries, webhooks)
        self._bearer = BearerService(world, "courier", world.credentials.courier_api_key)

    def add_routes(self, router: Router) -> None:
        """Add the company's own URLs."""
        one = "/courier/v1/deliveries/{delivery_id}"
        self._add(router, "POST", "/courier/v1/quotes", "quote", self._quote)
        self._add(router, "POST", "/courier/v1/deliveries", "create", self._create)
        self._add(router, "GET", one, "get", self._get)
        self._add(router, "POST", f"{one}/cancel-quote", "cancel_quote", self._cancel_quote)
        self._add(router, "POST", f"{one}/cancel", "cancel", self._cancel)
        self._add(router, "POST", f"{one}/pickup", "pickup", self._pickup)
        self._add(router, "POST", f"{one}/pickup-code", "pickup_code", self._new_code)
        self._add(router, "POST", f"{one}/tip", "tip", self._tip)
        self._add(router, "POST", f"{one}/confirm-return", "confirm_return", self._confirm_return)

    def _add(self, router: Router, method: str, pattern: str, operation: str, handler: Call) -> None:
        router.add(method, pattern, self._bearer.call(operation, handler, self._subjects))

    def _subjects(self, request: Request) -> list[str]:
        """Return the names of the delivery this call is about."""
        if "delivery_id" in request.params:
            row = self._world.database.row(
                "SELECT external_id FROM delivery WHERE id = ?", request.params["delivery_id"]
            )
            return [request.params["delivery_id"], *([] if row is None else [str(row["external_id"])])]
        return text_in(request, "external_id")

    def _quote(self, request: Request) -> Answer:
        body = request.json()
        metres = _distance(read_point(body, "from"), read_point(body, "to"))
        offer_id, expires_at = f"Q{secrets.token_hex(8)}", time.time() + OFFER_SECONDS
        self._world.database.change("INSERT INTO offer VALUES (?, ?, ?)", offer_id, fee_fen(metres), expires_at)
        offer = {
            "id": offer_id,
            "fee_fen": fee_fen(metres),
            "eta_minutes": int(-(-(APPROACH_SECONDS + ride_seconds(metres)) // 60)),
            "distance_metres": round(metres),
            "expires_at": datetime.fromtimestamp(expires_at, UTC).isoformat(timespec="seconds"),
        }
        return Answer({"offers": [offer]})

    def _create(self, request: Request) -> Answer:
        body = request.json()
        external_id, callback_url = read_text(body, "external_id", 64), read_text(body, "callback_url", 500)
        origin, destination = read_point(body, "from"), read_point(body, "to")
        code, metres = read_code(body, "pickup_code"), _distance(origin, destination)
        code_from = body.get("code_from", "courier")
        if code_from not in {"courier", "sender"}:
            raise Problem(400, "invalid", "code_from must be courier or sender.", "code_from")
        if not callback_url.startswith(("http://", "https://")):
            raise Problem(400, "invalid", "callback_url must be an http(s) address.", "callback_url")
        with self._world.database.transaction():
            existing = self.deliveries.find_external(external_id)
            if existing is not None:
                return Answer(self.deliveries.content(existing), 409)
            delivery = self.deliveries.add(
                external_id=external_id,
                callback_url=callback_url,
                pickup_code=code,
                origin=origin,
                destination=destination,
                note=str(body.get("note", ""))[:200],
                distance_metres=metres,
                fee_fen=self._offered_fee(body, metres),
            )
            if code_from == "sender":
                self.deliveries.mark_at_door(delivery)
            self.walk.begin(delivery)
        return Answer(self.deliveries.content(self.deliveries.get(delivery.id)), 201)

    def _offered_fee(self, body: Mapping[str, Any], metres: float) -> int:
        """:raises Problem: 422 "unknown_offer", 410 "offer_expired"."""
        if not body.get("offer_id"):
            return fee_fen(metres)
        row = self._world.database.row("SELECT * FROM offer WHERE id = ?", str(body["offer_id"]))
        if row is None:
            raise Problem(422, "unknown_offer", "There is no such offer.", "offer_id")
        if row["expires_at"] <= time.time():
            raise Problem(410, "offer_expired", "The offer has expired; ask again.", "offer_id")
        return int(row["fee_fen"])

    def _get(self, request: Request) -> Answer:
        return self._answer(self._delivery(request))

    def _cancel_quote(self, request: Request) -> Answer:
        allowed, fee, reason = self._delivery(request).cancel_terms(self._world.clock.elapsed())
        return Answer({"allowed": allowed, "fee_fen": fee, "reason": reason})

    def _cancel(self, request: Request) -> Answer:
        reason = str(request.json().get("reason") or "")[:200]
        with self._world.database.transaction():
            delivery = self._delivery(request)
            if delivery.state == "CANCELLED":
                return self._answer(delivery)
            allowed, fee, _why = delivery.cancel_terms(self._world.clock.elapsed())
            if not allowed:
                raise Problem(409, "cannot_cancel", f"The delivery is {delivery.state}.")
            return self._answer(self.walk.enter(delivery, "CANCELLED", reason=reason, by="MERCHANT", fee_fen=fee))

    def _pickup(self, request: Request) -> Answer:
        code = read_code(request.json(), "code")
        delivery = self._delivery(request)
        if delivery.state != "AT_STORE" and delivery.state not in PICKED_UP_OR_LATER:
            raise Problem(409, "state_conflict", f"The delivery is {delivery.state}.")
        if delivery.wrong_tries >= MAX_TRIES:
            raise Problem(429, "too_many_tries", "Give the delivery a new code.")
        if not hmac.compare_digest(code, delivery.pickup_code):
            self._world.database.change("UPDATE delivery SET wrong_tries = wrong_tries + 1 WHERE id = ?", delivery.id)
            return refusal(Problem(422, "wrong_code", "That is not the code.", "code"))
        with self._world.database.transaction():
            delivery = self._delivery(request)
            return self._answer(self.walk.enter(delivery, "PICKED_UP") if delivery.state == "AT_STORE" else delivery)

    def _new_code(self, request: Request) -> Answer:
        code, delivery = read_code(request.json(), "pickup_code"), self._delivery(request)
        changed = self._world.database.change(
            "UPDATE delivery SET pickup_code = ?, wrong_tries = 0 "
            "WHERE id = ? AND state IN ('CREATED', 'DISPATCHING', 'ASSIGNED', 'AT_STORE')",
            code, delivery.id,
        )  # fmt: skip
        if not changed:
            raise Problem(409, "state_conflict", f"The delivery is {delivery.state}.")
        return self._answer(delivery)

    def _tip(self, request: Request) -> Answer:
        tip = request.json().get("tip_fen")
        if not isinstance(tip, int) or isinstance(tip, bool) or not 1 <= tip <= 100_000:
            raise Problem(400, "invalid", "tip_fen must be from 1 to 100000.", "tip_fen")
        delivery = self._delivery(request)
        changed = self._world.database.change(
            "UPDATE delivery SET tip_fen = tip_fen + ? WHERE id = ? "
            "AND state IN ('CREATED', 'DISPATCHING', 'ASSIGNED', 'AT_STORE')",
            tip, delivery.id,
        )  # fmt: skip
        if not changed:
            raise Problem(409, "state_conflict", f"The delivery is {delivery.state}.")
        return self._answer(self.deliveries.get(delivery.id))

    def _confirm_return(self, request: Request) -> Answer:
        with self._world.database.transaction():
            delivery = self._delivery(request)
            if delivery.state == "RETURNED":
                delivery = self.walk.enter(delivery, "RETURN_CONFIRMED")
            if delivery.state != "RETURN_CONFIRMED":
                raise Problem(409, "state_conflict", f"The delivery is {delivery.state}.")
            return self._answer(delivery)

    def _delivery(self, request: Request) -> Delivery:
        return self.deliveries.get(request.params["delivery_id"])

    def _answer(self, delivery: Delivery) -> Answer:
        return Answer(self.deliveries.content(delivery))


def _distance(start: Point, end: Point) -> float:
    """:raises Problem: 422 "out_of_reach"."""
    metres = great_circle_metres(start, end)
    if metres > REACH_METRES:
        raise Problem(422, "out_of_reach", f"{metres / 1000:.1f} km is farther than couriers ride.", "to")
    return metres


def read_text(body: Mapping[str, Any], name: str, longest: int) -> str:
    """:raises Problem: 400 "invalid" unless this is a text of 1 to `longest` characters."""
    text = body.get(name)
    if not isinstance(text, str) or not 1 <= len(text.strip()) <= longest:
        raise Problem(400, "invalid", f"{name} must have 1 to {longest} characters.", name)
    return text.strip()


def read_code(body: Mapping[str, Any], name: str) -> str:
    """:raises Problem: 400 "invalid" unless this is a code of 4 to 8 digits."""
    code = body.get(name)
    if not isinstance(code, str) or not (code.isascii() and code.isdigit() and 4 <= len(code) <= 8):
        raise Problem(400, "invalid", f"{name} must be 4 to 8 digits.", name)
    return code
