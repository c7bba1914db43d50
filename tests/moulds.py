"""Rows that many tests begin with are made once in a process and laid down again: the same rows, in one statement."""

import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection, transaction

from stores.models import District

T = TypeVar("T")
INSERT = re.compile(r'INSERT INTO "(\w+)"')
# A build says by these what it makes. Rows of statements that only PostgreSQL understands would be missed.
UNDERSTOOD = ('INSERT INTO "', 'UPDATE "', "SELECT ", "SAVEPOINT ", "RELEASE SAVEPOINT ")
COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
        string_agg(format('quote_nullable(%%I::text)', attname), ', ' ORDER BY attnum)
    FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


@dataclass(frozen=True)
class Mould:
    """What puts the rows back, and the objects that go with them.

    Keys are what the sequences gave when the rows were first made, so they are nobody else's. What triggers wrote is
    not among the rows: they write it again, as new as ever.
    """

    statement: str
    objects: bytes


# By what is built, and whether the districts of the migrations are there: a test that commits takes them away.
MOULDS: dict[tuple[str, bool], Mould] = {}


def laid_down(build: Callable[[], T]) -> T:
    """Return what `build` returns, with its rows in the database; the test's transaction takes them back.

    In a test that commits it is built as ever.
    """
    if not connection.in_atomic_block:
        return build()
    name = (f"{build.__module__}.{build.__qualname__}", District.objects.exists())
    if name not in MOULDS:
        MOULDS[name] = cast(build)
    with connection.cursor() as cursor:
        cursor.execute(MOULDS[name].statement)
    made: T = pickle.loads(MOULDS[name].objects)
    return made


def cast(build: Callable[[], object]) -> Mould:
    """Build once, note which rows that made, and take them back."""
    with transaction.atomic():
        with inserted_tables() as tables:
            objects = pickle.dumps(build())
        after = {table: rows_of(table) for table in tables}
        transaction.set_rollback(True)
    statements = []
    for table, rows in after.items():
        former = set(rows_of(table))
        values = ", ".join(row for row in rows if row not in former)
        statements.append(f"INSERT INTO {table} ({columns_of(table)[0]}) VALUES {values}")
    return Mould(";".join(statements), objects)


@contextmanager
def inserted_tables() -> Iterator[dict[str, None]]:
    """Yield the tables that statements of the block insert into, in their order."""
    tables: dict[str, None] = {}

    def note(execute: Callable[..., object], statement: str, *rest: object) -> object:
        assert statement.startswith(UNDERSTOOD), f"no rows to note of: {statement}"
        tables.update(dict.fromkeys(INSERT.findall(statement)))
        return execute(statement, *rest)

    with connection.execute_wrapper(note):
        yield tables


def columns_of(table: str) -> tuple[str, str]:
    """Return the columns that are not computed, and what writes their values as literals."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [table])
        names, literals = cursor.fetchone()
    return names, literals


def rows_of(table: str) -> list[str]:
    """Return the rows of a table as they are written behind VALUES, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT concat('(', concat_ws(', ', {columns_of(table)[1]}), ')') FROM {table} ORDER BY ctid")
        return [row for (row,) in cursor.fetchall()]
