"""How a violation is planted, and how it is named."""

from collections.abc import Callable
from typing import NamedTuple

from django.db import connection

from tests.audit.history import History
from tests.factories.orders import shares_of

Naming = Callable[[History], str]


def share(order: str) -> Naming:
    """Return what names the first share of an order of the history."""
    return lambda history: shares_of(getattr(history, order))[0].number


def number(order: str) -> Naming:
    return lambda history: getattr(history, order).number


NO_ORDERS = {"orphan", "try_on"}


class Plant(NamedTuple):
    """`statement` may name orders of the history by their ids ({placed}), and their first shares ({placed_share}).

    `claims` are those that break; no other may. `naming` is found in what is printed.
    """

    what: str
    statement: str
    claims: set[str]
    naming: str | Naming

    def put(self, history: History) -> None:
        """Spoil the database."""
        keys = {name: getattr(history, name).pk for name in vars(history)}
        shares = {f"{name}_share": shares_of(getattr(history, name))[0].pk for name in keys if name not in NO_ORDERS}
        spoil(self.statement.format(**keys, **shares))

    def name(self, history: History) -> str:
        """Return what of the printed rows names the violation."""
        return self.naming if isinstance(self.naming, str) else self.naming(history)


def spoil(statement: str) -> None:
    """Do what no code does: triggers and foreign keys are off for a moment."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        assert cursor.rowcount > 0
        cursor.execute("SET LOCAL session_replication_role = origin")
