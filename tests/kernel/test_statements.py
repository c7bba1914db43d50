from collections.abc import Iterator

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from omni.kernel import statements
from omni.kernel.statements import execute_prepared

ADD = "SELECT %(left)s::int + %(right)s::int, %(left)s::int, 'a %% of it'"


@pytest.fixture(autouse=True)
def _fresh(db: None) -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        statements._PREPARED.pop(cursor.connection, None)


def run(statement: str, **values: object) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        execute_prepared(cursor, statement, values)
        row: tuple[object, ...] = cursor.fetchone()
    return row


def test_statement_returns_what_it_would_return_unprepared() -> None:
    assert run(ADD, left=2, right=3) == (5, 2, "a % of it")
    assert run(ADD, left=40, right=2) == (42, 40, "a % of it")
    assert run("SELECT 1") == (1,)


def test_statement_is_prepared_once_for_a_connection() -> None:
    with CaptureQueriesContext(connection) as first:
        run(ADD, left=1, right=1)
    with CaptureQueriesContext(connection) as second:
        run(ADD, left=1, right=1)

    assert [query["sql"].split()[0] for query in (*first, *second)] == ["PREPARE", "EXECUTE", "EXECUTE"]


@pytest.mark.django_db(transaction=True)
def test_statement_is_prepared_again_after_the_connection_was_lost() -> None:
    run(ADD, left=1, right=1)
    connection.close()

    assert run(ADD, left=1, right=2) == (3, 1, "a % of it")


def test_statement_stays_prepared_when_the_transaction_is_rolled_back() -> None:
    with transaction.atomic():
        run(ADD, left=1, right=1)
        transaction.set_rollback(True)

    assert run(ADD, left=1, right=2) == (3, 1, "a % of it")


def test_statement_that_cannot_be_prepared_is_tried_again() -> None:
    for _try in range(2):
        with pytest.raises(ProgrammingError), transaction.atomic():
            run("SELECT * FROM nowhere")


def test_values_are_no_part_of_the_text() -> None:
    quoted = "'); DROP TABLE orders_order; --"

    row = run("SELECT %(text)s::text, %(none)s::int, %(list)s::text[]", text=quoted, none=None, list=["a'b", "%s"])

    assert row == (quoted, None, ["a'b", "%s"])
