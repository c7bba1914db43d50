"""The log of what was asked of the sandbox and what it told others."""

import json
from typing import Any

from omni.sandbox.clock import Clock
from omni.sandbox.database import Database

KEPT_ENTRIES = 5000


class Journal:
    """Every call answered and every callback tried, oldest first."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def write(
        self,
        *,
        service: str,
        kind: str,
        operation: str,
        subject: str,
        url: str,
        status: int | None,
        method: str = "POST",
        **detail: object,
    ) -> None:
        """Append one entry; `status` is None when no answer was given or received."""
        with self._database.transaction():
            self._database.change(
                "INSERT INTO log_entry (at, service, kind, operation, subject, method, url, status, detail) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                self._clock.stamp(), service, kind, operation, subject, method, url, status,
                json.dumps(detail, ensure_ascii=False),
            )  # fmt: skip
            self._database.change("DELETE FROM log_entry WHERE id <= (SELECT MAX(id) FROM log_entry) - ?", KEPT_ENTRIES)

    def entries(
        self, *, service: str = "", kind: str = "", subject: str = "", after: int = 0, limit: int = 500
    ) -> list[dict[str, Any]]:
        """Return entries behind the id `after`, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM log_entry WHERE id > ? AND ? IN ('', service) AND ? IN ('', kind) AND ? IN ('', subject) "
            "ORDER BY id LIMIT ?",
            after, service, kind, subject, limit,
        )  # fmt: skip
        return [dict(row) | {"detail": json.loads(row["detail"])} for row in rows]
