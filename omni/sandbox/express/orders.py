"""Orders for a carriage: the codes of their states, what is kept of one, and what callers are told.

The codes are those of the table that Chinese tracking services share (kuaidi100); `lost` is the company's own.
"""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from omni.sandbox.courier.geometry import Point
from omni.sandbox.web import Problem
from omni.sandbox.world import World

CARRIER = "沙盒速运"
ORDERED, COLLECTED, ON_THE_ROAD, ARRIVED, OUT, SIGNED = "101", "103", "1002", "1001", "5", "301"
REFUSED, UNREACHABLE, COMING_BACK, BACK, CALLED_OFF, LOST = "14", "206", "6", "4", "401", "lost"
ROAD = (ORDERED, COLLECTED, ON_THE_ROAD, ARRIVED, OUT)
# Every way an order can go; `advance` follows the first that leads from here to there.
ROUTES: tuple[tuple[str, ...], ...] = (
    (*ROAD, SIGNED),
    (*ROAD, REFUSED, COMING_BACK, BACK),
    (*ROAD, UNREACHABLE, COMING_BACK, BACK),
    (*ROAD[:3], LOST),
    (ORDERED, CALLED_OFF),
)
STATES = frozenset(state for route in ROUTES for state in route)
CITY = re.compile(r"(?:[^省区市]{2,8}(?:省|自治区))?([^省市]{2,10}市)")


@dataclass(frozen=True)
class Order:
    """One order for the carriage of some parcels; `due` is in sandbox seconds."""

    id: str
    external_id: str
    state: str
    seq: int
    callback_url: str
    waybills: tuple[str, ...]
    sort_code: str
    origin: str
    destination: str
    distance_metres: float
    fee_fen: int
    reason: str
    due: float | None
    created_at: str
    updated_at: str

    @property
    def subjects(self) -> list[str]:
        """The names under which a fault can be meant for this one."""
        return [self.id, self.external_id, *self.waybills]


class Orders:
    """The rows of orders and their stages."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def add(
        self,
        *,
        external_id: str,
        callback_url: str,
        parcels: int,
        cities: tuple[str, str],
        distance_metres: float,
        fee_fen: int,
    ) -> Order:
        """Keep a new order, with a waybill for each parcel."""
        order_id, stamp = f"E{secrets.token_hex(8)}", self._world.clock.stamp()
        waybills = [f"SX{secrets.randbelow(10**13):013d}" for _parcel in range(parcels)]
        letter = secrets.choice("ABCDEFGHJK")
        sort_code = f"{secrets.randbelow(900) + 100}-{letter}{secrets.randbelow(90) + 10} {secrets.randbelow(1000):03d}"
        self._database.change(
            "INSERT INTO express_order (id, external_id, state, seq, callback_url, waybills, sort_code, origin, "
            "destination, distance_metres, fee_fen, reason, created_at, updated_at) "
            "VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
            order_id, external_id, ORDERED, callback_url, json.dumps(waybills), sort_code, *cities, distance_metres,
            fee_fen, stamp, stamp,
        )  # fmt: skip
        return self.get(order_id)

    def add_stage(self, order: Order, state: str, words: str, *, reason: str = "") -> Order:
        """Put an order in a state and write the stage."""
        stamp = self._world.clock.stamp()
        self._database.change(
            "UPDATE express_order SET state = ?, seq = seq + 1, reason = ?, updated_at = ? WHERE id = ?",
            state, reason, stamp, order.id,
        )  # fmt: skip
        self._database.change(
            "INSERT INTO express_stage VALUES (?, ?, ?, ?, ?)", order.id, order.seq + 1, state, words, stamp
        )
        return self.get(order.id)

    def set_due(self, order: Order, due: float | None) -> None:
        """Keep when the next step is due."""
        self._database.change("UPDATE express_order SET due = ? WHERE id = ?", due, order.id)

    def get(self, order_id: str) -> Order:
        """Return an order.

        :raises Problem: 404 "not_found".
        """
        row = self._database.row("SELECT * FROM express_order WHERE id = ?", order_id)
        if row is None:
            raise Problem(404, "not_found", "There is no such order.")
        return _order(row)

    def find_external(self, external_id: str) -> Order | None:
        """Return the order of the merchant's number."""
        row = self._database.row("SELECT * FROM express_order WHERE external_id = ?", external_id)
        return None if row is None else _order(row)

    def due(self, now: float) -> list[Order]:
        """Return those whose next step is due."""
        rows = self._database.rows("SELECT * FROM express_order WHERE due <= ? ORDER BY due LIMIT 200", now)
        return [_order(row) for row in rows]

    def newest(self, limit: int) -> list[Order]:
        """Return the newest first."""
        rows = self._database.rows("SELECT * FROM express_order ORDER BY rowid DESC LIMIT ?", limit)
        return [_order(row) for row in rows]

    def facts(self, order: Order, eta_at: str | None) -> dict[str, Any]:
        """Return what answers and callbacks both say."""
        stages = self._database.rows(
            "SELECT seq, state, words, at FROM express_stage WHERE order_id = ? ORDER BY seq", order.id
        )
        return {
            "order_id": order.id,
            "external_id": order.external_id,
            "carrier": CARRIER,
            "waybills": list(order.waybills),
            "sort_code": order.sort_code,
            "state": order.state,
            "seq": order.seq,
            "reason": order.reason,
            "fee_fen": order.fee_fen,
            "eta_at": eta_at,
            "stages": [dict(stage) for stage in stages],
        }


def city_of(address: str) -> str:
    """Return the city in an address, as the stages name it."""
    found = CITY.match(address)
    return found[1] if found else ""


def _order(row: Row) -> Order:
    fields: dict[str, Any] = dict(row)
    waybills: Sequence[str] = json.loads(fields["waybills"])
    return Order(**fields | {"waybills": tuple(waybills)})


def is_in_country(point: Point) -> bool:
    """Tell whether a point is in the box around China to which the company carries."""
    return 18.0 <= point.lat <= 54.0 and 73.0 <= point.lng <= 135.5
