"""The rows of an order, written by plain SQL with the stores planned beforehand: what placing is held against.

One transaction an order, one statement a table, several rows a statement, the same guards in the updates. Every row is
one that placing wrote, but for its ids, numbers and times: so the columns are the same whatever becomes of the models.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2
from django.db import connection

from omni.kernel.numbers import public_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

Row = dict[str, Any]

# Which rows of a table belong to an order.
TABLES = {
    "fulfillment_fulfillment": "id = %(fulfillment)s",
    "fulfillment_fulfillmentline": "fulfillment_id = %(fulfillment)s",
    "fulfillment_fulfillmentorder": "fulfillment_id = %(fulfillment)s",
    "inventory_reservation": "id IN (SELECT part.reservation_id FROM fulfillment_fulfillmentorderline part"
    " JOIN fulfillment_fulfillmentorder share ON share.id = part.fulfillment_order_id"
    " WHERE share.fulfillment_id = %(fulfillment)s)",
    "fulfillment_fulfillmentorderline": "fulfillment_order_id IN"
    " (SELECT id FROM fulfillment_fulfillmentorder WHERE fulfillment_id = %(fulfillment)s)",
    "fulfillment_routingdecision": "fulfillment_id = %(fulfillment)s",
    "orders_checkout": "id = (SELECT checkout_id FROM orders_order WHERE id = %(order)s)",
    "orders_order": "id = %(order)s",
    "orders_orderline": "order_id = %(order)s",
    "orders_lineadjustment": "order_line_id IN (SELECT id FROM orders_orderline WHERE order_id = %(order)s)",
    "orders_ordercharge": "order_id = %(order)s",
    "members_offeruse": "owner = 'order:' || %(order)s",
    "kernel_event": "name = 'orders.OrderPlaced' AND entity = 'order_id:' || %(order)s",
}
# Orders that one store has whole.
WHOLE = """
SELECT o.id, o.fulfillment_id FROM orders_order o
WHERE (SELECT count(*) FROM fulfillment_fulfillmentorder f WHERE f.fulfillment_id = o.fulfillment_id) = 1
ORDER BY o.id DESC LIMIT 40
"""
# Two levels of one store each.
PAIRS = """
SELECT store_id, (array_agg(id))[1:2], (array_agg(variant_id))[1:2] FROM (
    SELECT id, store_id, variant_id, row_number() OVER (PARTITION BY store_id ORDER BY random()) AS rank
    FROM inventory_stocklevel WHERE on_hand - held - allocated - unsellable - safety >= 2
) level WHERE rank <= 60
GROUP BY store_id, (rank - 1) / 2 HAVING count(*) = 2
"""
CAPACITY = """
INSERT INTO stores_storecapacity AS capacity (store_id, on_date, "limit", used) VALUES (%s, %s, 100000, 1)
ON CONFLICT (store_id, on_date) DO UPDATE SET used = capacity.used + 1 WHERE capacity.used < capacity."limit"
"""
STOCK = """
UPDATE inventory_stocklevel SET held = held + 1
WHERE id IN (%s, %s) AND on_hand - held - allocated - unsellable - safety >= 1
"""


class NotEnough(Exception):
    """A planned level has nothing left."""


@dataclass(frozen=True)
class PlannedOrder:
    """A store, two of its levels with their variants, and the rows of an order that was placed."""

    store_id: int
    level_ids: tuple[int, int]
    variant_ids: tuple[int, int]
    rows: Mapping[str, list[Row]]


def plan_orders(seed: int) -> list[PlannedOrder]:
    """Plan orders for levels that have enough, after the rows of orders that were really placed."""
    source = random.Random(seed)
    with connection.cursor() as cursor:
        cursor.execute(WHOLE)
        templates = [
            {table: _rows_of(cursor, table, order_id, fulfillment_id) for table in TABLES}
            for order_id, fulfillment_id in cursor.fetchall()
        ]
        cursor.execute(PAIRS)
        pairs = cursor.fetchall()
    source.shuffle(pairs)
    return [
        PlannedOrder(store_id, (min(levels), max(levels)), (variants[0], variants[1]), source.choice(templates))
        for store_id, levels, variants in pairs
    ]


def _rows_of(cursor: Any, table: str, order_id: int, fulfillment_id: int) -> list[Row]:  # noqa: ANN401  the driver's
    """Read the rows of one table that belong to an order, without their ids."""
    cursor.execute(
        f"SELECT * FROM {table} WHERE {TABLES[table]} ORDER BY id", {"order": order_id, "fulfillment": fulfillment_id}
    )
    names = [column.name for column in cursor.description]
    return [{name: value for name, value in zip(names, row, strict=True) if name != "id"} for row in cursor.fetchall()]


class PlainWriter:
    """Writes planned orders over a connection of its own, with the settings of Django's."""

    def __init__(self) -> None:
        self._connection = psycopg2.connect(**connection.get_connection_params())
        self._statements: dict[tuple[str, int], str] = {}

    def backend_pid(self) -> int:
        """Return the process that serves the connection."""
        return int(self._connection.info.backend_pid)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def write(self, planned: PlannedOrder, now: datetime) -> None:
        """Write one order and commit it.

        :raises NotEnough: when a level has nothing left; nothing was written.
        """
        with self._connection, self._connection.cursor() as cursor:
            self._write(cursor, planned, now)

    def _write(self, cursor: Any, planned: PlannedOrder, now: datetime) -> None:  # noqa: ANN401  the driver's
        rows = planned.rows
        insert = functools.partial(self._insert_changed, cursor, rows)
        (fulfillment,) = insert("fulfillment_fulfillment", [{"created_at": now}])
        of_it = {"fulfillment_id": fulfillment}
        lines = insert("fulfillment_fulfillmentline", [{**of_it, "variant_id": id_} for id_ in planned.variant_ids])
        cursor.execute(CAPACITY, [planned.store_id, rows["fulfillment_fulfillmentorder"][0]["capacity_on"]])
        cursor.execute(STOCK, planned.level_ids)
        if cursor.rowcount != 2:
            raise NotEnough
        share_columns = {"number": public_number("F"), "store_id": planned.store_id, "created_at": now}
        (share,) = insert("fulfillment_fulfillmentorder", [{**of_it, **share_columns}])
        owner = {"owner": f"fulfillment_order:{share}", "created_at": now}
        reservations = insert("inventory_reservation", [{**owner, "level_id": id_} for id_ in planned.level_ids])
        insert(
            "fulfillment_fulfillmentorderline",
            [
                {"fulfillment_order_id": share, "fulfillment_line_id": line, "reservation_id": reservation}
                for line, reservation in zip(lines, reservations, strict=True)
            ],
        )
        insert("fulfillment_routingdecision", [{**of_it, "decided_at": now}])
        (checkout,) = insert("orders_checkout", [{"created_at": now}])
        order_columns = {"checkout_id": checkout, "number": public_number("O"), "placed_at": now}
        (order,) = insert("orders_order", [{**of_it, **order_columns}])
        order_lines = insert(
            "orders_orderline",
            [
                {"order_id": order, "fulfillment_line_id": line, "variant_id": variant}
                for line, variant in zip(lines, planned.variant_ids, strict=True)
            ],
        )
        former = [row["order_line_id"] for row in rows["orders_lineadjustment"]]
        line_of = dict(zip(dict.fromkeys(former), order_lines, strict=False))
        insert("orders_lineadjustment", [{"order_line_id": line_of[id_]} for id_ in former])
        uses = rows["members_offeruse"]
        insert("members_offeruse", [{"owner": f"order:{order}", "used_at": now} for _use in uses])
        insert("orders_ordercharge", [{"order_id": order} for _charge in rows["orders_ordercharge"]])
        insert("kernel_event", [{"entity": f"order_id:{order}", "created_at": now}])

    def _insert_changed(
        self,
        cursor: Any,  # noqa: ANN401  the driver's
        rows: Mapping[str, Sequence[Row]],
        table: str,
        changes: Sequence[Row],
    ) -> list[int]:
        """Insert the rows of a table with what is different for each, and return their ids."""
        values = [row | change for row, change in zip(rows[table], changes, strict=True)]
        return self._insert(cursor, table, values) if values else []

    def _insert(self, cursor: Any, table: str, rows: Sequence[Row]) -> list[int]:  # noqa: ANN401  the driver's
        """Insert rows in one statement and return their ids."""
        statement = self._statements.get((table, len(rows)))
        if statement is None:
            names = ", ".join(f'"{name}"' for name in rows[0])
            values = ", ".join(["(" + ", ".join(["%s"] * len(rows[0])) + ")"] * len(rows))
            statement = f"INSERT INTO {table} ({names}) VALUES {values} RETURNING id"
            self._statements[table, len(rows)] = statement
        cursor.execute(statement, [value for row in rows for value in row.values()])
        return [row[0] for row in cursor]
