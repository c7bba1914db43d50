"""How a delivery goes from state to state by itself, and what the faults do to it."""

import json
import math
import random
from dataclasses import replace

from omni.sandbox.courier.deliveries import ROUTES, Deliveries, Delivery
from omni.sandbox.courier.geometry import METRES_PER_SECOND, offset, ride_seconds
from omni.sandbox.web import Problem
from omni.sandbox.webhooks import News, Webhooks
from omni.sandbox.world import World

NO_SHOW_CHECK_SECONDS = 60.0
AT_DOOR_SECONDS = 60.0
NAMES = ("王师傅", "李师傅", "张师傅", "刘师傅", "陈师傅", "杨师傅", "赵师傅", "周师傅")
# On the way back the delivery still says why.
KEEP_REASON = frozenset({"RETURNING", "RETURNED", "RETURN_CONFIRMED", "LOST"})
FAILED_HANDOVERS = {"lost": "LOST", "refuse": "REFUSED", "unreachable": "UNREACHABLE"}


class Walk:
    """Moves deliveries; every move is an event, and all but the first are told to the merchant."""

    def __init__(self, world: World, deliveries: Deliveries, webhooks: Webhooks) -> None:
        self._world = world
        self._database = world.database
        self._deliveries = deliveries
        self._webhooks = webhooks

    def begin(self, delivery: Delivery) -> None:
        """Set a new delivery going."""
        self._set_leg(delivery, self._world.clock.elapsed())

    def walk_due(self) -> None:
        """Take every step whose time has come."""
        with self._database.transaction():
            for delivery in self._deliveries.due(self._world.clock.elapsed()):
                self._step(delivery)
            if self._world.faults.is_on("courier", "self_pickup"):
                for delivery in self._deliveries.in_state("AT_STORE"):
                    if self._takes("self_pickup", delivery):
                        self.enter(delivery, "PICKED_UP")

    def advance(self, delivery: Delivery, to: str, *, reason: str = "", by: str = "SYSTEM", jump: bool) -> Delivery:
        """Go on to a state at once, through the states between, or straight with `jump`.

        :raises Problem: 409 "state_conflict" when no way leads there.
        """
        if jump:
            return self.enter(delivery, to, reason=reason, by=by)
        for route in ROUTES:
            if delivery.state in route and to in route and route.index(delivery.state) < route.index(to):
                with self._database.transaction():
                    for state in route[route.index(delivery.state) + 1 : route.index(to) + 1]:
                        delivery = self.enter(delivery, state, reason=reason or _default_reason(state, to), by=by)
                return delivery
        raise Problem(409, "state_conflict", f"No way leads from {delivery.state} to {to}.", "to")

    def enter(
        self,
        delivery: Delivery,
        state: str,
        *,
        reason: str = "",
        by: str = "",
        fee_fen: int = 0,
        at: float | None = None,
    ) -> Delivery:
        """Put a delivery in a state, write the event, start the leg, and tell the merchant."""
        now = self._world.clock.elapsed() if at is None else at
        stamp = self._world.clock.stamp()
        if state in KEEP_REASON:
            reason = reason or delivery.reason
        changed = replace(delivery, state=state, seq=delivery.seq + 1, reason=reason, updated_at=stamp)
        if state == "ASSIGNED":
            changed = self._with_courier(changed, now)
        elif state == "DISPATCHING" and delivery.state != "CREATED":
            changed = replace(changed, attempt=delivery.attempt + 1, courier=None, assigned=None)
        elif state == "CANCELLED":
            changed = replace(changed, cancelled_by=by, cancel_fee_fen=fee_fen)
        with self._database.transaction():
            self._keep(changed)
            self._database.change(
                "INSERT INTO delivery_event VALUES (?, ?, ?, ?, ?)", changed.id, changed.seq, state, stamp, reason
            )
            self._set_leg(changed, now)
            changed = self._deliveries.get(changed.id)
            facts = self._deliveries.facts(changed)
            self._webhooks.announce(News(changed.subjects, changed.callback_url, facts, stamp))
        return changed

    def _step(self, delivery: Delivery) -> None:
        """Take the next step of one delivery, as the faults would have it."""
        at = delivery.due
        if delivery.state == "CREATED":
            if self._takes("create_failed", delivery):
                self.enter(delivery, "CREATE_FAILED", reason="NO_CAPACITY", at=at)
            else:
                self.enter(delivery, "DISPATCHING", at=at)
        elif delivery.state == "ASSIGNED":
            self._step_to_store(delivery)
        elif delivery.state == "AT_STORE":
            self._step_at_door(delivery)
        elif delivery.state == "IN_TRANSIT":
            failure = next((name for name in FAILED_HANDOVERS if self._takes(name, delivery)), None)
            if failure is None:
                self.enter(delivery, "DELIVERED", at=at)
            else:
                self.enter(delivery, "EXCEPTION", reason=FAILED_HANDOVERS[failure], at=at)
        elif delivery.state == "EXCEPTION":
            self.enter(delivery, "LOST" if delivery.reason == "LOST" else "RETURNING", at=at)
        else:
            following = {"DISPATCHING": "ASSIGNED", "PICKED_UP": "IN_TRANSIT", "RETURNING": "RETURNED"}
            self.enter(delivery, following[delivery.state], at=at)

    def _step_to_store(self, delivery: Delivery) -> None:
        if self._takes("no_show", delivery):
            self._database.change(
                "UPDATE delivery SET due = ? WHERE id = ?",
                self._world.clock.elapsed() + NO_SHOW_CHECK_SECONDS,
                delivery.id,
            )
        elif self._takes("reassign", delivery):
            self.enter(delivery, "DISPATCHING", reason="COURIER_DROPPED_OUT", at=delivery.due)
        else:
            self.enter(delivery, "AT_STORE", at=delivery.due)

    def _step_at_door(self, delivery: Delivery) -> None:
        """Take the goods from the sender, who tells the code; ride off when nobody opens."""
        if self._takes("nobody_home", delivery):
            self.enter(delivery, "CANCELLED", reason="SENDER_ABSENT", by="COURIER", at=delivery.due)
        else:
            self.enter(delivery, "PICKED_UP", at=delivery.due)

    def _takes(self, fault: str, delivery: Delivery) -> bool:
        return bool(self._world.faults.take("courier", fault, delivery.subjects))

    def _with_courier(self, delivery: Delivery, now: float) -> Delivery:
        dice = self._dice(delivery)
        start = offset(delivery.origin, dice.uniform(500, 1500), dice.uniform(0, 2 * math.pi))
        courier = {
            "name": dice.choice(NAMES),
            "phone_masked": f"13{dice.randrange(10)}****{dice.randrange(10_000):04d}",
            **start.as_json(),
        }
        return replace(delivery, courier=courier, assigned=now)

    def _set_leg(self, delivery: Delivery, now: float) -> None:
        """Start the leg of the present state; a state without one waits for somebody, or is the end."""
        seconds = self._leg_seconds(delivery)
        self._database.change(
            "UPDATE delivery SET leg_started = ?, due = ? WHERE id = ?",
            now, None if seconds is None else now + seconds, delivery.id,
        )  # fmt: skip

    def _leg_seconds(self, delivery: Delivery) -> float | None:
        dice = self._dice(delivery)
        legs = {
            "CREATED": 3.0,
            "DISPATCHING": dice.uniform(20, 90),
            "ASSIGNED": dice.uniform(700, 2000) / METRES_PER_SECOND,
            "AT_STORE": AT_DOOR_SECONDS if self._deliveries.is_at_door(delivery) else None,
            "PICKED_UP": 20.0,
            "IN_TRANSIT": 120 + ride_seconds(delivery.distance_metres),
            "EXCEPTION": 60.0,
            "RETURNING": 60 + ride_seconds(delivery.distance_metres),
        }
        return legs.get(delivery.state)

    def _dice(self, delivery: Delivery) -> random.Random:
        """Return the same small variations for the same delivery, attempt and state."""
        seed = f"{self._world.config.seed}:{delivery.external_id}:{delivery.attempt}:{delivery.state}"
        return random.Random(seed)  # noqa: S311 -- variety, not secrecy

    def _keep(self, delivery: Delivery) -> None:
        self._database.change(
            "UPDATE delivery SET state = ?, seq = ?, attempt = ?, reason = ?, courier = ?, assigned = ?, "
            "cancelled_by = ?, cancel_fee_fen = ?, updated_at = ? WHERE id = ?",
            delivery.state, delivery.seq, delivery.attempt, delivery.reason,
            None if delivery.courier is None else json.dumps(delivery.courier, ensure_ascii=False), delivery.assigned,
            delivery.cancelled_by, delivery.cancel_fee_fen, delivery.updated_at, delivery.id,
        )  # fmt: skip


def _default_reason(state: str, to: str) -> str:
    """Say why a delivery that is sent to LOST, or back, met an exception."""
    if state != "EXCEPTION":
        return ""
    return "LOST" if to == "LOST" else "REFUSED"
