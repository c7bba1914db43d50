"""Those who walk to every address, what they get there, and what it writes."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.test import Client
from psycopg2 import sql

from tests.architecture.routes import ADMIN_SIGN_IN, SIGN_IN, Answer

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

TOKEN = "t" * 32
# What a page says of the address itself, and its token, which is another each time.
INCIDENTAL = re.compile(r"[0-9A-Za-z]{64}")
# Which tables were written to in this transaction, and how often, counting also what was rolled back.
WRITTEN = """
    SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables
    WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND relname <> 'django_session'
"""
CONTENT = "SELECT md5(string_agg(row::text, '' ORDER BY row::text)) FROM {} row"
# Statements that leave nothing behind; a function that writes and is only selected from is found by `unnoticed`.
READS = ("SELECT ", "SAVEPOINT ", "RELEASE SAVEPOINT ")
URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Seen:
    """What somebody got, and which tables were written to for it; whether that could depend on what follows the ?."""

    answer: Answer
    body: str
    written: frozenset[str]
    is_query_read: bool = field(compare=False)


@dataclass
class Ground:
    """How everything was before anybody asked; several may stand on the same one.

    Looking for what was written takes longer than most pages do, so it is only done after a statement that could have.
    """

    counted: set[tuple[str, tuple[int, ...]]]
    savepoint: str
    is_shaken: bool = False

    def watch(self, execute: Callable[..., object], statement: object, *rest: object) -> object:
        """Run a statement; notice when it may write, or fails, so that there is something to take back."""
        is_read = isinstance(statement, str) and statement.startswith(READS)
        self.is_shaken |= not is_read
        try:
            return execute(statement, *rest)
        except Exception:
            self.is_shaken = True
            raise

    def restore(self) -> frozenset[str]:
        """Take back what was done since the last time, and return the tables of which it changed rows."""
        if not self.is_shaken:
            return frozenset()
        touched = self.unnoticed()
        after = {table: content_of(table) for table in touched}
        transaction.savepoint_rollback(self.savepoint)
        self.is_shaken = False
        return frozenset(table for table in touched if content_of(table) != after[table])

    def unnoticed(self) -> set[str]:
        """Return the tables that were written to since the last time."""
        before, self.counted = self.counted, written_rows()
        return {table for table, _counts in self.counted - before}


@dataclass
class Visitor:
    """Somebody with a browser, or with a key."""

    client: Client
    headers: dict[str, str] = field(default_factory=dict)
    ground: Ground = field(init=False)

    def begin(self) -> None:
        """Remember how everything is now."""
        self.ground = Ground(written_rows(), transaction.savepoint())

    def ask(self, method: str, address: str, sent: dict[str, Any]) -> Seen:
        """Ask for an address, and take back whatever that did, here and in the database."""
        cookies: SimpleCookie = SimpleCookie(self.client.cookies)
        with connection.execute_wrapper(self.ground.watch):
            response = self._send(method, address, sent)
        self.client.cookies = cookies
        written = self.ground.restore()
        page = response.content.decode(errors="replace").replace(address, "")
        return Seen(
            answer_of(response.status_code, response.headers.get("Location", "")),
            INCIDENTAL.sub("", page),
            written,
            "GET" in vars(response.wsgi_request) or "Location" in response.headers,
        )

    def _send(self, method: str, address: str, sent: dict[str, Any]) -> "_MonkeyPatchedWSGIResponse":
        headers = {"accept-language": "en", "x-csrftoken": TOKEN, **self.headers}
        if method == "GET":
            return self.client.get(address, sent, headers=headers)
        if address.startswith("/api/"):
            headers["idempotency-key"] = "once"
            return self.client.post(address, json.dumps(sent), content_type="application/json", headers=headers)
        if not sent:
            return self.client.post(address, "", content_type=URLENCODED, headers=headers)
        return self.client.post(address, sent, headers=headers)


def written_rows() -> set[tuple[str, tuple[int, ...]]]:
    """Return the tables that were written to, with how often."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return {(table, tuple(counts)) for table, *counts in cursor.fetchall()}


def content_of(table: str) -> str:
    """Return a digest of all rows of a table."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(CONTENT).format(sql.Identifier(table)))
        return str(cursor.fetchone()[0])


def answer_of(status: int, location: str) -> Answer:
    """Return the answer as the table of routes has it."""
    if location.startswith("/accounts/login/"):
        return SIGN_IN
    return ADMIN_SIGN_IN if location.startswith("/admin/login/") else status
