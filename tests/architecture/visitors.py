"""Those who walk to every address, what they get there, and what it writes."""

import copy
import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.test import Client
from psycopg2 import sql

from tests.architecture.routes import ADMIN_SIGN_IN, SIGN_IN, Answer

TOKEN = "t" * 32
# What a page says of the address itself, and its token, which is another each time.
INCIDENTAL = re.compile(r"[0-9A-Za-z]{64}")
# Which tables were written to in this transaction, and how often, counting also what was rolled back.
WRITTEN = """
    SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables
    WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND relname <> 'django_session'
"""
CONTENT = "SELECT md5(string_agg(row::text, '' ORDER BY row::text)) FROM {} row"


@dataclass(frozen=True)
class Seen:
    """What somebody got, and which tables were written to for it."""

    answer: Answer
    body: str
    written: frozenset[str]


@dataclass
class Visitor:
    """Somebody with a browser, or with a key."""

    client: Client
    headers: dict[str, str] = field(default_factory=dict)
    _counted: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)
    _savepoint: str = ""

    def begin(self) -> None:
        """Remember how everything is now."""
        self._counted, self._savepoint = written_rows(), transaction.savepoint()

    def ask(self, method: str, address: str, sent: dict[str, Any]) -> Seen:
        """Ask for an address, and take back whatever that did, here and in the database."""
        cookies = copy.deepcopy(self.client.cookies)
        status, location, page = self._send(method, address, sent)
        self.client.cookies = cookies
        before, self._counted = self._counted, written_rows()
        touched = {table for table, _counts in self._counted - before}
        after = {table: content_of(table) for table in touched}
        transaction.savepoint_rollback(self._savepoint)
        written = frozenset(table for table in touched if content_of(table) != after[table])
        return Seen(answer_of(status, location), INCIDENTAL.sub("", page.replace(address, "")), written)

    def _send(self, method: str, address: str, sent: dict[str, Any]) -> tuple[int, str, str]:
        headers = {"accept-language": "en", "x-csrftoken": TOKEN, **self.headers}
        if method == "GET":
            response = self.client.get(address, sent, headers=headers)
        elif address.startswith("/api/"):
            headers["idempotency-key"] = "once"
            response = self.client.post(address, json.dumps(sent), content_type="application/json", headers=headers)
        else:
            response = self.client.post(address, sent, headers=headers)
        return response.status_code, response.headers.get("Location", ""), response.content.decode(errors="replace")


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
