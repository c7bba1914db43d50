"""Faults that can be switched on: which exist, which are on, and who has used them up."""

import json
from collections.abc import Iterable
from typing import Any

from omni.sandbox.database import Database

# What may happen to a company's callback, and to any call.
WEBHOOK_FAULTS = ("drop", "duplicate", "delay", "reorder", "bad_signature", "old_timestamp")
CALL_FAULTS = ("http_500", "timeout")
CATALOGUE: dict[str, tuple[str, ...]] = {
    "wechat": (
        "drop_notify",
        "duplicate_notify",
        "delay_notify",
        "forge_signature",
        "unknown_serial",
        "stale_timestamp",
        "wrong_amount",
        "wrong_currency",
        "wrong_mchid",
        "wrong_appid",
        "other_order",
        "http_500",
        "timeout",
        "forge_answer",
        "refund_abnormal",
        "refund_closed",
        "not_enough",
        "refund_interval",
        "close_says_paid",
    ),
    "courier": (
        *WEBHOOK_FAULTS,
        *CALL_FAULTS,
        "create_failed",
        "no_show",
        "reassign",
        "self_pickup",
        "nobody_home",
        "refuse",
        "unreachable",
        "lost",
    ),
    "express": (
        *WEBHOOK_FAULTS,
        *CALL_FAULTS,
        "no_van",
        "called_off",
        "refuse",
        "unreachable",
        "lost",
    ),
    "messages": CALL_FAULTS,
    "invoices": (*CALL_FAULTS, "title_unknown", "slow"),
}
MAX_VALUE = 10_000_000
# For these a number is the parameter, not how many times.
PARAMETERISED = frozenset({"duplicate_notify", "delay_notify", "duplicate", "delay"})


class UnknownFault(Exception):
    """There is no such fault, or its value makes no sense."""


class Faults:
    """The switches, kept in the database so that a restart leaves them as they were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def switch(
        self,
        service: str,
        name: str,
        value: object,
        *,
        subject: str = "",
        operation: str = "",
        times: int | None = None,
    ) -> None:
        """Switch one fault on (true, or a number) or off (false, 0, null).

        :raises UnknownFault: for a name this service does not have, or a value that is neither.
        """
        if name not in CATALOGUE[service]:
            raise UnknownFault(f"{service} has no fault {name!r}; it has: {', '.join(CATALOGUE[service])}")
        if value is not None and not (isinstance(value, int) and 0 <= value <= MAX_VALUE):
            raise UnknownFault(f"{name}: true, false or a whole number, not {value!r}")
        if name in PARAMETERISED and value is True:
            raise UnknownFault(f"{name} needs a number")
        if not value:
            self._database.change(
                "DELETE FROM fault WHERE service = ? AND name = ? AND subject = ? AND operation = ?",
                service, name, subject, operation,
            )  # fmt: skip
            return
        remaining = times if value is True or name in PARAMETERISED else int(value)
        self._database.change(
            "INSERT OR REPLACE INTO fault (service, name, subject, operation, value, remaining) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            service, name, subject, operation, json.dumps(value), remaining,
        )  # fmt: skip

    def take(self, service: str, name: str, subjects: Iterable[str] = (), operation: str = "") -> float:
        """Use a fault once: return its number (1 for a plain one), or 0 when it does not apply here."""
        known = set(subjects)
        with self._database.transaction():
            for row in self._database.rows(
                "SELECT * FROM fault WHERE service = ? AND name = ? ORDER BY subject DESC, operation DESC",
                service,
                name,
            ):
                if (row["subject"] and row["subject"] not in known) or (
                    row["operation"] and row["operation"] != operation
                ):
                    continue
                if row["remaining"] == 1:
                    self._database.change("DELETE FROM fault WHERE id = ?", row["id"])
                elif row["remaining"] is not None:
                    self._database.change("UPDATE fault SET remaining = remaining - 1 WHERE id = ?", row["id"])
                return float(json.loads(row["value"])) if name in PARAMETERISED else 1.0
        return 0.0

    def is_on(self, service: str, name: str) -> bool:
        """Say whether the fault is on for anything at all, without using it."""
        return (
            self._database.row("SELECT 1 FROM fault WHERE service = ? AND name = ? LIMIT 1", service, name) is not None
        )

    def active(self, service: str) -> list[dict[str, Any]]:
        """Return the faults that are on."""
        return [
            {
                "fault": row["name"],
                "value": json.loads(row["value"]),
                "subject": row["subject"],
                "operation": row["operation"],
                "remaining": row["remaining"],
            }
            for row in self._database.rows("SELECT * FROM fault WHERE service = ? ORDER BY id", service)
        ]

    def clear(self, service: str) -> None:
        """Switch all faults of one service off."""
        self._database.change("DELETE FROM fault WHERE service = ?", service)
