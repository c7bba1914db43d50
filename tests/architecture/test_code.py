"""Habits that no linter knows: sizes, where locks and SQL may stand, and who opens transactions."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import Source, functions, length_of, own_sources

STATEMENT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s+[a-z]\w+.*\s(FROM|SET|VALUES|AS|SELECT)\s", re.DOTALL
)
# Statuses without a table of changes: they are guarded updates, and nobody asks for their history.
FREE_STATUSES = frozenset({"PickupCodeStatus"})
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 50
APPS = ("stores", "inventory", "members", "fulfillment", "orders", "settlement", "omni/accounts", "omni/messages")


def too_long(source: Source) -> Iterator[str]:
    if source.length > MAX_FILE_LINES:
        yield f"{source.path} has {source.length} lines"
    for node in functions(source.tree):
        if length_of(node) > MAX_FUNCTION_LINES:
            yield f"{source.path}:{node.lineno} {node.name} has {length_of(node)} lines"


def lock_out_of_place(source: Source) -> Iterator[str]:
    for node in _calls(source, {"select_for_update", "locked"}):
        if not _is_module(source, "locks"):
            yield f"{source.path}:{node.lineno} locks rows outside locks.py"


def sql_out_of_place(source: Source) -> Iterator[str]:
    """A service may run a statement that has a name in sql.py; the text of one stands nowhere else."""
    if _is_module(source, "sql"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield f"{source.path}:{node.lineno} has a statement outside sql.py"
    for call in _calls(source, {"raw", "extra", "RawSQL"}):
        yield f"{source.path}:{call.lineno} has a statement outside sql.py"


def status_by_hand(source: Source) -> Iterator[str]:
    """A status with a table of changes moves by `kernel.states.transition` alone, which logs it."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(ast.unparse(target).endswith(".status") and not _is_own(target) for target in targets):
                yield f"{source.path}:{node.lineno} assigns a status"
    for call in _calls(source, {"update"}):
        values = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "status"]
        if any(value.partition(".")[0] not in FREE_STATUSES for value in values):
            yield f"{source.path}:{call.lineno} updates a status"


def clock_read_inside(source: Source) -> Iterator[str]:
    if not any(_is_module(source, name) for name in ("services", "rules", "queries", "locks", "sql", "models")):
        return
    for node in _calls(source, {"now", "today", "utcnow", "localdate", "localtime"}):
        yield f"{source.path}:{node.lineno} reads the clock; services take now"


def transaction_opened_by_hand(source: Source) -> Iterator[str]:
    """Only `kernel.transactions.entry` opens transactions; inside one, a savepoint is `atomic()` in a service."""
    for node in _calls(source, {"atomic"}):
        if not _is_module(source, "services"):
            yield f"{source.path}:{node.lineno} opens a transaction by hand"


def _calls(source: Source, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in names:
                yield node


def _is_own(target: ast.expr) -> bool:
    """Tell whether it is `self.status`: an attribute of an error or a value, since models have no such methods."""
    return ast.unparse(target) == "self.status"


def _is_module(source: Source, name: str) -> bool:
    """Tell whether a file is that module of its app, or inside the package of that name."""
    return f"/{name}.py" in f"/{source.path}" or f"/{name}/" in f"/{source.path}"


def test_sizes_of_files_and_functions_are_small(repository: Path) -> None:
    found = [problem for source in own_sources(repository) for problem in too_long(source)]
    assert found == []


@pytest.mark.parametrize(
    "check", [lock_out_of_place, sql_out_of_place, status_by_hand, clock_read_inside, transaction_opened_by_hand]
)
def test_habit_in_the_apps_is_kept(repository: Path, check: Callable[[Source], Iterator[str]]) -> None:
    found = [problem for source in own_sources(repository, *APPS) for problem in check(source)]
    assert found == []


@pytest.mark.parametrize(
    ("check", "path", "line", "problem"),
    [
        (too_long, "orders/rules.py", "x = 1\n" * 501, "orders/rules.py has 501 lines"),
        (too_long, "orders/rules.py", "def f() -> None:\n" + "    x = 1\n" * 50, "orders/rules.py:1 f has 51 lines"),
        (
            lock_out_of_place,
            "orders/queries.py",
            "q.select_for_update()",
            "orders/queries.py:1 locks rows outside locks.py",
        ),
        (
            sql_out_of_place,
            "orders/services/a.py",
            "cursor.execute('SELECT id FROM orders_order')",
            "orders/services/a.py:1 has a statement outside sql.py",
        ),
        (
            sql_out_of_place,
            "orders/queries.py",
            "f'UPDATE orders_order SET {y}'",
            "orders/queries.py:1 has a statement outside sql.py",
        ),
        (sql_out_of_place, "orders/queries.py", "RawSQL('1')", "orders/queries.py:1 has a statement outside sql.py"),
        (status_by_hand, "orders/services.py", "order.status = 'paid'", "orders/services.py:1 assigns a status"),
        (
            status_by_hand,
            "orders/services.py",
            "q.filter(pk=1).update(status='paid')",
            "orders/services.py:1 updates a status",
        ),
        (
            clock_read_inside,
            "orders/services.py",
            "clock.now()",
            "orders/services.py:1 reads the clock; services take now",
        ),
        (
            transaction_opened_by_hand,
            "orders/views/shop.py",
            "transaction.atomic()",
            "orders/views/shop.py:1 opens a transaction by hand",
        ),
    ],
)
def test_habit_with_a_planted_violation_is_named(
    check: Callable[[Source], Iterator[str]], path: str, line: str, problem: str
) -> None:
    assert list(check(Source(path, line))) == [problem]


def test_habits_in_their_places_are_free() -> None:
    assert list(lock_out_of_place(Source("orders/locks.py", "q.select_for_update()"))) == []
    assert list(sql_out_of_place(Source("orders/sql.py", "X = 'SELECT id FROM orders_order'"))) == []
    assert list(transaction_opened_by_hand(Source("fulfillment/services/planning.py", "transaction.atomic()"))) == []
    assert list(status_by_hand(Source("fulfillment/services.py", "q.update(status=PickupCodeStatus.REVOKED)"))) == []
    assert list(clock_read_inside(Source("orders/tasks.py", "clock.now()"))) == []
