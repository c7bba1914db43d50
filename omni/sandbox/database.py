"""The state of the sandbox: one SQLite file, one connection, one writer at a time."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = Path(__file__).with_name("schema.sql")
# What a reset forgets: everything but the settings, children first.
TABLES = (
    "delivery_event",
    "door_pickup",
    "delivery",
    "offer",
    "express_stage",
    "express_order",
    "refund",
    "trade",
    "callback",
    "fault",
    "log_entry",
    "replay",
    "message",
    "invoice",
)
Value = str | int | float | None


class Database:
    """Serialises every statement through one connection, so that a decision and its writes are one act."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(SCHEMA.read_text(encoding="utf-8"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the database; an inner transaction joins the outer one, which commits or undoes all of it."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        """Return all rows of one statement."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """Return the first row of one statement, or None."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def change(self, sql: str, *values: Value) -> int:
        """Run one writing statement; return how many rows it touched."""
        with self.transaction():
            return self._connection.execute(sql, values).rowcount

    def forget(self) -> None:
        """Empty every table but the settings."""
        with self.transaction():
            for table in TABLES:
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- names from the tuple above

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        with self._lock:
            self._connection.close()
