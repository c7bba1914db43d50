"""Deliveries: their states, what is kept of one, and what callers are told."""

import json
import secrets
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from omni.sandbox.courier.geometry import Point, between, ride_seconds
from omni.sandbox.web import Problem
from omni.sandbox.world import World

RIDE_OUT = ("CREATED", "DISPATCHING", "ASSIGNED", "AT_STORE", "PICKED_UP", "IN_TRANSIT")
# Every way a delivery can go; `advance` follows the first that leads from here to there.
ROUTES: tuple[tuple[str, ...], ...] = (
    (*RIDE_OUT, "DELIVERED"),
    (*RIDE_OUT, "EXCEPTION", "RETURNING", "RETURNED", "RETURN_CONFIRMED"),
    (*RIDE_OUT, "EXCEPTION", "LOST"),
    ("CREATED", "CREATE_FAILED"),
    ("ASSIGNED", "DISPATCHING"),
    ("AT_STORE", "DISPATCHING"),
    *((state, "CANCELLED") for state in RIDE_OUT[:4]),
)
STATES = frozenset(state for route in ROUTES for state in route)
BEFORE_PICKUP = frozenset(RIDE_OUT[:4])
PICKED_UP_OR_LATER = frozenset({"PICKED_UP", "IN_TRANSIT", "DELIVERED"})
FREE_SECONDS, NO_SHOW_SECONDS, CANCEL_FEE_FEN = 60.0, 900.0, 200


@dataclass(frozen=True)
class Delivery:
    """One delivery; `assigned`, `leg_started` and `due` are in sandbox seconds."""

    id: str
    external_id: str
    state: str
    seq: int
    attempt: int
    callback_url: str
    pickup_code: str
    wrong_tries: int
    origin: Point
    destination: Point
    note: str
    distance_metres: float
    fee_fen: int
    tip_fen: int
    cancel_fee_fen: int
    cancelled_by: str | None
    reason: str
    courier: dict[str, Any] | None
    assigned: float | None
    leg_started: float
    due: float | None
    created_at: str
    updated_at: str

    @property
    def subjects(self) -> list[str]:
        """The names under which a fault can be meant for this one."""
        return [self.id, self.external_id]

    def position(self, now: float) -> Point | None:
        """Return where the courier is, riding along the line of the present leg."""
        if self.courier is None:
            return None
        part = 1.0 if self.due is None else (now - self.leg_started) / max(0.001, self.due - self.leg_started)
        start = Point(self.courier["lat"], self.courier["lng"])
        legs = {
            "ASSIGNED": (start, self.origin),
            "IN_TRANSIT": (self.origin, self.destination),
            "DELIVERED": (self.destination, self.destination),
            "EXCEPTION": (self.destination, self.destination),
            "RETURNING": (self.destination, self.origin),
        }
        return between(*legs.get(self.state, (self.origin, self.origin)), part)

    def remaining_seconds(self, now: float) -> float | None:
        """Return the sandbox seconds left until the door, or None when nobody is on the way there."""
        if self.state not in {"ASSIGNED", "AT_STORE", "PICKED_UP", "IN_TRANSIT"}:
            return None
        leg = max(0.0, self.due - now) if self.due is not None else 0.0
        return leg if self.state == "IN_TRANSIT" else leg + ride_seconds(self.distance_metres)

    def cancel_terms(self, now: float) -> tuple[bool, int, str]:
        """Return whether the merchant may cancel now, what that costs in fen, and why."""
        if self.state not in BEFORE_PICKUP:
            return False, 0, "picked_up" if self.state in PICKED_UP_OR_LATER else "finished"
        if self.assigned is None:
            return True, 0, "not_assigned"
        waited = now - self.assigned
        if waited <= FREE_SECONDS:
            return True, 0, "just_assigned"
        if waited > NO_SHOW_SECONDS and self.state == "ASSIGNED":
            return True, 0, "no_show"
        return True, CANCEL_FEE_FEN, "courier_on_the_way"


class Deliveries:
    """The rows of deliveries."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def add(
        self,
        *,
        external_id: str,
        callback_url: str,
        pickup_code: str,
        origin: Point,
        destination: Point,
        note: str,
        distance_metres: float,
        fee_fen: int,
    ) -> Delivery:
        """Keep a new delivery, CREATED."""
        delivery_id, now, stamp = f"D{secrets.token_hex(8)}", self._world.clock.elapsed(), self._world.clock.stamp()
        self._database.change(
            "INSERT INTO delivery (id, external_id, state, seq, callback_url, pickup_code, origin, destination, note, "
            "distance_metres, fee_fen, leg_started, created_at, updated_at) "
            "VALUES (?, ?, 'CREATED', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            delivery_id, external_id, callback_url, pickup_code, json.dumps(origin.as_json()),
            json.dumps(destination.as_json()), note, distance_metres, fee_fen, now, stamp, stamp,
        )  # fmt: skip
        self._database.change("INSERT INTO delivery_event VALUES (?, 1, 'CREATED', ?, '')", delivery_id, stamp)
        return self.get(delivery_id)

    def get(self, delivery_id: str) -> Delivery:
        """Return a delivery.

        :raises Problem: 404 "not_found".
        """
        row = self._database.row("SELECT * FROM delivery WHERE id = ?", delivery_id)
        if row is None:
            raise Problem(404, "not_found", "There is no such delivery.")
        return _delivery(row)

    def mark_at_door(self, delivery: Delivery) -> None:
        """Keep that the courier asks the sender for the code."""
        self._database.change("INSERT INTO door_pickup VALUES (?)", delivery.id)

    def is_at_door(self, delivery: Delivery) -> bool:
        """Tell whether the courier asks the sender for the code, at a door, rather than showing it at a store."""
        return self._database.row("SELECT 1 FROM door_pickup WHERE delivery_id = ?", delivery.id) is not None

    def find_external(self, external_id: str) -> Delivery | None:
        """Return the delivery of the merchant's number."""
        row = self._database.row("SELECT * FROM delivery WHERE external_id = ?", external_id)
        return None if row is None else _delivery(row)

    def due(self, now: float) -> list[Delivery]:
        """Return those whose present leg has ended."""
        rows = self._database.rows("SELECT * FROM delivery WHERE due <= ? ORDER BY due LIMIT 200", now)
        return [_delivery(row) for row in rows]

    def in_state(self, state: str) -> list[Delivery]:
        """Return all in one state."""
        return [_delivery(row) for row in self._database.rows("SELECT * FROM delivery WHERE state = ?", state)]

    def newest(self, limit: int) -> list[Delivery]:
        """Return the newest first."""
        rows = self._database.rows("SELECT * FROM delivery ORDER BY rowid DESC LIMIT ?", limit)
        return [_delivery(row) for row in rows]

    def content(self, delivery: Delivery) -> dict[str, Any]:
        """Return the body of answers."""
        events = self._database.rows(
            "SELECT seq, state, occurred_at, reason FROM delivery_event WHERE delivery_id = ? ORDER BY seq", delivery.id
        )
        return self.facts(delivery) | {
            "created_at": delivery.created_at,
            "updated_at": delivery.updated_at,
            "history": [dict(event) for event in events],
        }

    def facts(self, delivery: Delivery) -> dict[str, Any]:
        """Return what answers and callbacks both say; never the pickup code."""
        now = self._world.clock.elapsed()
        position, remaining = delivery.position(now), delivery.remaining_seconds(now)
        courier = delivery.courier
        return {
            "delivery_id": delivery.id,
            "external_id": delivery.external_id,
            "state": delivery.state,
            "seq": delivery.seq,
            "attempt": delivery.attempt,
            "courier": None if courier is None else {key: courier[key] for key in ("name", "phone_masked")},
            "position": None if position is None else position.as_json(),
            "eta_at": None if remaining is None else self._world.clock.stamp_after(remaining),
            "fee_fen": delivery.fee_fen,
            "tip_fen": delivery.tip_fen,
            "cancel_fee_fen": delivery.cancel_fee_fen,
            "cancelled_by": delivery.cancelled_by,
            "reason": delivery.reason,
        }


def _delivery(row: Row) -> Delivery:
    fields: dict[str, Any] = dict(row)
    for name in ("origin", "destination"):
        fields[name] = Point(**json.loads(fields[name]))
    fields["courier"] = json.loads(fields["courier"]) if fields["courier"] else None
    return Delivery(**fields)
