"""Hot statements that the database plans once for each connection, not at every call."""

from __future__ import annotations

import functools
import hashlib
import re
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.backends.utils import CursorWrapper

_PARAMETER = re.compile(r"%\((\w+)\)s")
# What each connection has prepared: the call of a statement, by its text. A new connection starts with nothing.
_PREPARED: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


def execute_prepared(cursor: CursorWrapper, statement: str, values: Mapping[str, Any]) -> None:
    """Run a statement with named parameters, prepared at its first use on the connection.

    The database must be able to tell the parameters' types from the text, so one that stands alone needs a cast. After
    five calls the plan may be made for any values: not for statements whose best plan depends on them.
    """
    prepared = _PREPARED.setdefault(cursor.connection, {})
    call = prepared.get(statement)
    if call is None:
        preparation, call = _forms_of(statement)
        cursor.execute(preparation)
        prepared[statement] = call
    cursor.execute(call, values)


@functools.cache
def _forms_of(statement: str) -> tuple[str, str]:
    """Return what prepares a statement, and what calls it."""
    names = list(dict.fromkeys(_PARAMETER.findall(statement)))
    body = _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", statement).replace("%%", "%")
    name = f"s_{hashlib.sha256(statement.encode()).hexdigest()[:16]}"
    arguments = ", ".join(f"%({parameter})s" for parameter in names)
    return f"PREPARE {name} AS {body}", f"EXECUTE {name} ({arguments})" if names else f"EXECUTE {name}"
