"""Loading tables with COPY: rows are collected as text, keys are assigned here, sequences follow at the end."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime
from io import StringIO
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Table:
    """Rows for one table, in the text format of COPY. `next_id` starts after what the table holds already."""

    def __init__(self, name: str, *columns: str) -> None:
        self.name = name
        self.columns = columns
        self.lines: list[str] = []
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT coalesce(max(id), 0) + 1 FROM "{name}"')  # noqa: S608  names are of this package
            self.next_id: int = cursor.fetchone()[0]

    def add(self, values: Sequence[object]) -> int:
        """Add a row (its columns without the id) and return the id it gets."""
        row_id = self.next_id
        self.next_id += 1
        self.lines.append("\t".join([str(row_id), *map(encode, values)]))
        return row_id

    def load(self) -> int:
        """Copy the rows, set the sequence after them, and return how many there were."""
        names = ", ".join(f'"{column}"' for column in ("id", *self.columns))
        with connection.cursor() as cursor:
            text = StringIO("\n".join(self.lines))
            cursor.copy_expert(f'COPY "{self.name}" ({names}) FROM STDIN', text)
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [f'"{self.name}"', self.next_id]
            )
        return len(self.lines)


def encode(value: object) -> str:
    """Write a value in the text format of COPY; sequences become PostgreSQL arrays of numbers."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(map(str, value)) + "}"
    return str(value)


@contextmanager
def without_indexes(names: Sequence[str]) -> Iterator[None]:
    """Drop foreign keys, unique constraints, plain indexes and own triggers of big tables, and restore them after.

    All in the open transaction: nobody else ever sees the tables without them, and a failure brings them back.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(_CONSTRAINTS, [list(names)])
        constraints = cursor.fetchall()
        for table, constraint, _definition in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"')
        cursor.execute(_INDEXES, [list(names)])
        indexes = cursor.fetchall()
        for index, _definition in indexes:
            cursor.execute(f'DROP INDEX "{index}"')
        for table in names:
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        yield
        for _index, definition in indexes:
            cursor.execute(definition)
        for table, constraint, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{constraint}" {definition}')
        for table in names:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u')
ORDER BY contype = 'f', conname
"""

_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index
WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
ORDER BY 1
"""
